"""Custom suites: a file that names tasks by what each is made from, or holds them whole.

    name: corridor
    tasks:
      - {family: navigation, difficulty: 3, seed: [0, 1, 2]}
      - {family: errand, kind: deliver, difficulty: 1, seed: 7, world: my_house.yaml}

`split` (test unless given) says whose words and shapes a world has; `world` is one of the library
or a YAML file in the directory of the suite. With `hash` the content must be what it was, so that a
suite that others compare by cannot change unseen. A list alone is a suite without a name of its
own, and a `.jsonl` file one with an entry a line. An entry with `spec` is a whole task, as in
`samples.jsonl` under `rollout.task`; one that was changed needs an id of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, ValidationError, field_validator

from environments.tasks.build import make_task
from environments.tasks.model import Family, Task
from environments.tasks.suites.suite import Suite, content_hash
from environments.tasks.version import TASKS_VERSION
from world_fixtures.common import Frozen, UserError
from world_fixtures.generator.words import Split
from world_fixtures.library import load_world
from world_fixtures.spec import WorldSpec
from world_fixtures.yaml_text import parse_yaml, read_text

MAX_BYTES = 256 << 20
"""Of a suite's file: whole tasks take some 20 kB each."""
_MADE = re.compile(r"(train|validation|test)/[a-z]+\.[a-z_]+/[0-9]+/-?[0-9]+")
"""An id that `make_task` gives."""


class Entry(Frozen):
    """Tasks that differ in their seed alone."""

    family: Family
    kind: str | None = None
    difficulty: int = Field(ge=1, le=10)
    seed: tuple[int, ...] = Field(min_length=1)
    split: Split = "test"
    world: str | None = None

    @field_validator("seed", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int) else value


def _which(entry: Any) -> str:
    return (
        "whole"
        if isinstance(entry, Task) or (isinstance(entry, dict) and "spec" in entry)
        else "made"
    )


_Either = Annotated[
    Annotated[Entry, Tag("made")] | Annotated[Task, Tag("whole")], Discriminator(_which)
]


class Content(Frozen):
    """What a suite's file holds."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: int = 1
    hash: str | None = None
    tasks: tuple[_Either, ...] = Field(min_length=1)


def read_suite(path: Path) -> Suite:
    """Read the suite that a YAML or JSONL file describes, and verify its content.

    Raises UserError that names the file, the task and the field that is wrong.
    """
    content = _content(path)
    tasks: dict[str, Task] = {}
    for number, entry in enumerate(content.tasks, start=1):
        try:
            made = [_unchanged(entry)] if isinstance(entry, Task) else list(_made(entry, path))
        except UserError as error:
            raise UserError(f"{path}: task {number}: {error}") from None
        for task in made:
            if task.id in tasks:
                raise UserError(f"{path}: task {number}: {task.id} is there already")
            tasks[task.id] = task
    found = tuple(tasks.values())
    frozen = content.hash or content_hash(found)
    return Suite(content.name, content.version, frozen, lambda: found).verify()


def _content(path: Path) -> Content:
    text = read_text(path, MAX_BYTES)
    data = _lines(text, path) if path.suffix == ".jsonl" else parse_yaml(text, str(path))
    if isinstance(data, list):
        data = {"name": path.stem, "tasks": data}
    if not isinstance(data, dict):
        raise UserError(f"{path}: a suite is a list of tasks, or a mapping with name and tasks")
    try:
        return Content.model_validate(data)
    except ValidationError as error:
        found = error.errors()
        if len(found) > 1:  # of tasks that are refused none is left, which is no error of its own
            found = [e for e in found if e["loc"] != ("tasks",)]
        raise UserError("\n".join(f"{path}: {_error_text(e)}" for e in found)) from None


def _lines(text: str, path: Path) -> list[Any]:
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            if line.strip():
                found.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path} line {number} is not JSON: {error}") from None
    return found


def _error_text(error: Any) -> str:
    """Name the task, counted from 1, and the field of a pydantic error."""
    place = [str(p) for p in error["loc"] if p not in ("made", "whole")]
    if place[0] == "tasks" and len(place) > 1:
        place[:2] = [f"task {int(place[1]) + 1}"]
    return f"{'.'.join(place)}: {error['msg'].removeprefix('Value error, ')}"


def _made(entry: Entry, suite: Path) -> Iterator[Task]:
    world = _world(entry.world, suite) if entry.world else None
    for seed in entry.seed:
        task = make_task(entry.family, seed, entry.difficulty, entry.kind, entry.split, world)
        place = f"{entry.world}/" if entry.world else ""
        yield task.model_copy(update={"id": place + task.id})


def _unchanged(task: Task) -> Task:
    """Return a whole task; one under the id of a made task must be that task.

    Raises UserError where its content is another: results would be taken for those of the made one.
    """
    made_id = f"{task.split}/{task.family}.{task.kind}/{task.difficulty}/{task.seed}"
    if task.version == TASKS_VERSION and _MADE.fullmatch(task.id):
        refused = UserError(f"{task.id} is not the task of that name: give it another id")
        if task.id != made_id:
            raise refused
        try:
            made = make_task(task.family, task.seed, task.difficulty, task.kind, task.split)
        except UserError:
            raise refused from None
        if made.model_dump(mode="json") != task.model_dump(mode="json"):
            raise refused
    return task


def _world(name: str, suite: Path) -> WorldSpec:
    """Load a world by its name, or by its path from where the suite is."""
    path = suite.parent / name
    return load_world(str(path) if path.is_file() else name)

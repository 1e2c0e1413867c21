"""Custom suites: a file that names tasks by what each is made from, or holds them whole.

    name: corridor
    tasks:
      - {family: navigation, difficulty: 3, seed: [0, 1, 2]}
      - {family: errand, kind: deliver, difficulty: 1, seed: 7, world: my_house.yaml}
      - {task: ledger.yaml}

`split` (test unless given) says whose words and shapes a world has; `world` is one of the library
or a YAML file in the directory of the suite, and `task` the file of a task made by hand (see
`environments.tasks.suites.authored`), which may stand in the suite as well. With `hash` the content
must be what it was, so that a suite that others compare by cannot change unseen. A list alone is a
suite without a name of its own, a task made by hand a suite of one, and a `.jsonl` file a suite
with an entry a line. An entry with `spec` is a whole task, as in `samples.jsonl` under
`rollout.task`; one that was changed needs an id of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from environments.tasks.build import make_task
from environments.tasks.model import Family, Task
from environments.tasks.soundness import problems_in
from environments.tasks.suites.authored import whole_task
from environments.tasks.suites.documents import Content, read_content
from environments.tasks.suites.suite import Suite, content_hash
from environments.tasks.suites.unchanged import unchanged
from environments.tasks.version import TASKS_VERSION
from world_fixtures.common import Frozen, UserError, canonical_json
from world_fixtures.document import Document, Place, Told, one_error
from world_fixtures.foreign.snapshot import snapshot_of
from world_fixtures.foreign.source import WrongField, read_source
from world_fixtures.generator.words import Split
from world_fixtures.library import Reading, facts_beside, read_world, world_path
from world_fixtures.library.partial_parse import UNREADABLE, partial_spec
from world_fixtures.schema_errors import problems_of
from world_fixtures.spec import WorldSpec
from world_fixtures.validation import problems
from world_fixtures.yaml_text import read_text


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


def read_suite(path: Path) -> Suite:
    """Read the suite, or the one task, that a YAML or JSONL file describes; verify its content.

    Raises UserError with everything that is wrong, each with its file, line and field.
    """
    reader = _Reader()
    content = reader.read(path)
    if reader.wrong or content is None:
        raise one_error(reader.wrong)
    found = tuple(reader.tasks.values())
    frozen = content.hash or content_hash(found)
    return Suite(content.name, content.version, frozen, lambda: found).verify()


class _Reader:
    """Reads a file with those that it names, and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.wrong: list[Told] = []
        self._worlds: dict[Path, WorldSpec | None] = {}
        self._games: dict[str, WorldSpec] = {}
        """By what a task says of them."""

    def read(self, path: Path, *, within: bool = False) -> Content | None:
        """Read a file; `within` a suite it must hold one task."""
        content = read_content(path, self.wrong)
        if content is not None and within and not content.one_task:
            message = "a suite names the files of tasks, not of other suites: copy its entries"
            self.wrong.append(content.document.told((), message))
            return None
        for number, entry in enumerate(content.tasks if content else ()):
            assert content is not None
            _Entry(self, path, content, number).read(entry)
        return content

    def game(self, given: dict[str, Any], beside: Path) -> WorldSpec:
        """Return the world of a game. Raises UserError where it cannot be prepared."""
        source = read_source(given, beside)
        key = canonical_json(source.model_dump(mode="json"))
        if key not in self._games:
            self._games[key] = snapshot_of(source).spec()
        return self._games[key]

    def world(self, path: Path) -> WorldSpec | None:
        """Return the world of a file, as far as it can be read; its errors are told once."""
        if path not in self._worlds:
            try:
                found = read_world(read_text(path), path.name, facts_beside(path))
            except UserError as error:  # no YAML at all
                found = Reading(None, (Told(str(path), 1, str(error)),))
            self.wrong += found.wrong
            self._worlds[path] = found.spec
        return self._worlds[path]


class _Entry:
    """One entry of a file."""

    def __init__(self, reader: _Reader, path: Path, content: Content, number: int) -> None:
        self.reader = reader
        self.path = path
        self.content = content
        self.number = number
        self.document: Document = content.document

    def read(self, data: Any) -> None:
        """Add the tasks of an entry, or what is wrong with it."""
        if not isinstance(data, dict):
            self._tell((), "is no mapping")
        elif "task" in data:
            self._other_file(data)
        elif "spec" in data or "stages" in data:
            self._whole(data)
        else:
            self._made(data)

    def _tell(self, place: Place, message: str) -> None:
        """Tell what is wrong at a place within the entry, whose path the message begins with."""
        named = bool(place) and message.startswith(".".join(map(str, place)))
        if not self.content.one_task:
            message = f"task {self.number + 1}{'.' if named else ': '}{message}"
        told = self.document.told(self.content.place(self.number) + place, message)
        self.reader.wrong.append(told)

    def _add(self, task: Task) -> None:
        if task.id in self.reader.tasks:
            self._tell(("id",), f"{task.id} is there already")
        self.reader.tasks.setdefault(task.id, task)

    def _other_file(self, data: dict[str, Any]) -> None:
        name = data["task"]
        path = self.path.parent / str(name)
        if len(data) > 1:
            self._tell((), "what names the file of a task says nothing else of it")
        elif not path.is_file():
            self._tell(("task",), f"task: there is no file {path}")
        else:
            self.reader.read(path, within=True)

    def _made(self, data: dict[str, Any]) -> None:
        spec = self._world(data) if data.get("world") is not None else None
        try:
            entry = Entry.model_validate(data)
        except ValidationError as error:
            for problem in problems_of(error, Entry):
                self._tell(problem.place, problem.message)
            return
        if entry.world is not None and (spec is None or self.reader.wrong):
            return  # what cannot be made in a faulty world is no error of its own
        place = f"{entry.world}/" if entry.world else ""
        for seed in entry.seed:
            try:
                task = make_task(
                    entry.family, seed, entry.difficulty, entry.kind, entry.split, spec
                )
            except UserError as error:
                self._tell((), str(error))
                return
            self._add(task.model_copy(update={"id": place + task.id}))

    def _world(self, data: dict[str, Any]) -> WorldSpec | None:
        """Return the world that an entry names; tell where there is none."""
        name = data["world"]
        if isinstance(name, dict) and "game" in name:
            return self._game(name)
        if not isinstance(name, str):
            self._tell(
                ("world",),
                "world: give the name of a world, the path of its file, or `game:` of a game",
            )
            return None
        try:
            return self.reader.world(world_path(name, self.path.parent))
        except UserError as error:
            self._tell(("world",), f"world: {error}")
            return None

    def _game(self, given: dict[str, Any]) -> WorldSpec | None:
        """Return the world of a game that is prepared where it was not yet; tell what is wrong."""
        try:
            return self.reader.game(given, self.path.parent)
        except WrongField as error:
            self._tell(("world", *error.place), str(error))
            return None
        except UserError as error:
            self._tell(("world",), f"world: {error}")
            return None

    def _whole(self, data: dict[str, Any]) -> None:
        """Add a task that is given whole, or made by hand for a world that it names."""
        before = len(self.reader.wrong)
        by_hand = "world" in data
        spec: Any = None
        if by_hand:
            spec = self._world(data)
            if "spec" in data:
                self._tell(("spec",), "spec: the task names a world already: leave one of them out")
            data = whole_task(data, self.path.stem if self.content.one_task else None)
        elif "spec" not in data:
            self._tell((), "names no world: add `world`, with its name or the path of its file")
            data = whole_task(data, None)
        else:
            spec = data["spec"]
        task = self._validated({**data, "spec": spec}, told=not by_hand and "spec" in data)
        rough = partial_spec(spec) if isinstance(spec, dict) else spec
        known = task.spec if task else rough
        if known is not None and data.get("version", TASKS_VERSION) == TASKS_VERSION:
            for problem in problems_in(data, known) if "goals" not in data else ():
                if (by_hand or "free" not in problem.place) and UNREADABLE not in problem.message:
                    self._tell(problem.place, problem.message)
        if task is not None and not by_hand:
            for problem in problems(task.spec):
                self._tell(("spec", *problem.place), f"spec: {problem.message}")
        if task is not None and len(self.reader.wrong) == before:
            try:
                self._add(unchanged(task))
            except UserError as error:
                self._tell((), str(error))

    def _validated(self, data: dict[str, Any], *, told: bool) -> Task | None:
        """Return the task; None, told, where it cannot be read. `told`: its spec's errors, too."""
        try:
            return Task.model_validate(data)
        except ValidationError as error:
            for problem in problems_of(error, Task):
                if told or problem.place[:1] != ("spec",):
                    self._tell(problem.place, problem.message)
            return None

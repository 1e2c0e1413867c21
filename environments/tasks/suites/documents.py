"""The files of suites and tasks as plain data, with the lines of their entries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from world_fixtures.common import Frozen, UserError
from world_fixtures.document import Document, Place, Told, read_document
from world_fixtures.schema_errors import problems_of
from world_fixtures.yaml_text import read_text

MAX_BYTES = 256 << 20
"""Of a suite's file: whole tasks take some 20 kB each."""


class Header(Frozen):
    """What a suite's file says of itself, with its entries as plain data."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: int = 1
    hash: str | None = None
    tasks: tuple[Any, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Content:
    """A file of tasks."""

    document: Document
    header: Header
    form: Literal["suite", "list", "task"]

    @property
    def name(self) -> str:
        """Name of the suite."""
        return self.header.name

    @property
    def version(self) -> int:
        """Version of the suite."""
        return self.header.version

    @property
    def hash(self) -> str | None:
        """Hash that the content must have, where one is given."""
        return self.header.hash

    @property
    def tasks(self) -> tuple[Any, ...]:
        """The entries."""
        return self.header.tasks

    @property
    def one_task(self) -> bool:
        """Whether the file is that of one task made by hand."""
        return self.form == "task"

    def place(self, number: int) -> Place:
        """Return where entry `number` stands in the file."""
        return {"suite": ("tasks", number), "list": (number,), "task": ()}[self.form]


@dataclass(frozen=True)
class JsonLines(Document):
    """A file with a value in each line."""

    numbers: tuple[int, ...] = ()
    """Line of each value."""

    def line(self, place: Place) -> int:
        """Return the line of the value that a place is in."""
        return self.numbers[int(place[0])] if place else 1


def form_of(path: Path) -> Literal["world", "task", "suite"]:
    """Tell what a YAML or JSONL file describes. Raises UserError where it cannot be read."""
    return _form(_document(path).data)


def _form(data: Any) -> Literal["world", "task", "suite"]:
    if isinstance(data, dict) and "tasks" not in data:
        if "stages" in data:
            return "task"
        if {"rooms", "exits", "characters"} & data.keys():
            return "world"
    return "suite"


def read_content(path: Path, wrong: list[Told]) -> Content | None:
    """Read a file of tasks; None where it is none, which `wrong` is told.

    Raises UserError where it cannot be read at all.
    """
    document = _document(path)
    data, form = document.data, _form(document.data)
    if form == "world":
        message = (
            "this is a world, not a suite: `evennia-world new suite NAME --world FILE` makes one"
        )
        wrong.append(document.told((), message))
        return None
    if form == "suite" and not isinstance(data, dict | list):
        message = "a suite is a list of tasks, or a mapping with name and tasks"
        wrong.append(document.told((), message))
        return None
    wrong += document.repeated_keys()
    shape: Literal["suite", "list", "task"] = "list" if isinstance(data, list) else form
    if shape != "suite":
        name = "".join(c if c.isalnum() or c in "._-" else "-" for c in path.stem)
        data = {"name": name, "tasks": data if shape == "list" else [data]}
    try:
        return Content(document, Header.model_validate(data), shape)
    except ValidationError as error:
        found = problems_of(error, Header)
        wrong += [document.told(p.place, p.message) for p in found]
    entries = data.get("tasks")
    if not isinstance(entries, list) or not entries:
        return None
    return Content(document, Header(name="unread", tasks=tuple(entries)), shape)


def _document(path: Path) -> Document:
    text = read_text(path, MAX_BYTES)
    return _json_lines(text, path) if path.suffix == ".jsonl" else read_document(text, str(path))


def _json_lines(text: str, path: Path) -> JsonLines:
    found, numbers = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            if line.strip():
                found.append(json.loads(line))
                numbers.append(number)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path} line {number} is not JSON: {error}") from None
    return JsonLines(str(path), found, None, tuple(numbers))

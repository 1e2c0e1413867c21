"""Authored worlds, as YAML files: load one by its name, or any file by its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from world_fixtures.common import UserError
from world_fixtures.document import Document, Place, Told, one_error, read_document
from world_fixtures.library.facts_file import SUFFIX, join_facts
from world_fixtures.library.hints import hint
from world_fixtures.library.partial_parse import UNREADABLE, partial_spec
from world_fixtures.nearest import did_you_mean
from world_fixtures.schema_errors import problems_of
from world_fixtures.spec import WorldSpec
from world_fixtures.validation import problems
from world_fixtures.yaml_text import read_text

__all__ = ["Reading", "library_worlds", "load_world", "parse_world", "read_world", "world_path"]

HERE = Path(__file__).parent
_FACT = 4
"""Steps of the place of a fact: things, number, tells, number."""


@dataclass(frozen=True)
class Reading:
    """What was made out of a world's file."""

    spec: WorldSpec | None
    """The world, or as much of it as can be read where something is wrong; None for nothing."""
    wrong: tuple[Told, ...] = ()


def library_worlds() -> list[str]:
    """Return the names of the authored worlds."""
    return sorted(p.stem for p in HERE.glob("*.yaml"))


def load_world(name_or_path: str) -> WorldSpec:
    """Load a world of the library by its name, or of a YAML file by its path.

    Facts in a file `NAME.facts.yaml` beside `NAME.yaml` are loaded with it. Raises UserError with
    every problem of the files, each with its line.
    """
    path = world_path(name_or_path)
    return _sound(read_world(read_text(path), path.name, facts_beside(path)))


def world_path(name_or_path: str, beside: Path | None = None) -> Path:
    """Return the file of a world: by its name in the library, or by its path.

    A path may be relative to the directory `beside`, and may lack its `.yaml` there. Raises
    UserError where there is no such file.
    """
    here = beside or Path()
    for path in (here / name_or_path, here / f"{name_or_path}.yaml", Path(name_or_path)):
        if path.suffix and path.is_file():
            return path
    if name_or_path in library_worlds():
        return HERE / f"{name_or_path}.yaml"
    if Path(name_or_path).is_file():
        return Path(name_or_path)
    known = library_worlds()
    raise UserError(
        f"no world {name_or_path!r}{did_you_mean(name_or_path, known)}: give the path of a YAML"
        f" file, or one of {', '.join(known)}"
    )


def facts_beside(path: Path) -> Document | None:
    """Read the facts beside a world's file; None where there are none."""
    beside = path.with_name(path.name.removesuffix(path.suffix) + SUFFIX)
    return read_document(read_text(beside), beside.name) if beside.is_file() else None


def parse_world(text: str, source: str) -> WorldSpec:
    """Read the world that YAML `text` describes. Raises UserError with all that is wrong."""
    return _sound(read_world(text, source))


def read_world(text: str, source: str, facts: Document | None = None) -> Reading:
    """Read the world that YAML `text` describes, with all that is wrong with it.

    Raises UserError where the text is no YAML at all.
    """
    document = read_document(text, source)
    if not isinstance(document.data, dict):
        message = "a world is a mapping with name, title, rooms, exits, ..."
        return Reading(None, (document.told((), message),))
    for key, form in (("stages", "task"), ("tasks", "suite")):
        if key in document.data and "rooms" not in document.data:
            message = f"this is a {form}, not a world: see `evennia-world tasks verify`"
            return Reading(None, (document.told((key,), message),))
    found = document.repeated_keys()
    data, origins = document.data, dict[Place, Place]()
    if facts is not None:
        joined = join_facts(data, facts)
        data, origins = joined.data, joined.origins
        found += [*facts.repeated_keys(), *joined.wrong]

    def told(place: Place, message: str) -> Told:
        if facts is not None and place[:_FACT] in origins:
            return facts.told(origins[place[:_FACT]] + place[_FACT:], message)
        return document.told(place, message)

    spec: WorldSpec | None
    try:
        spec = WorldSpec.model_validate(data)
    except ValidationError as error:
        found += [told(p.place, p.message) for p in problems_of(error, WorldSpec)]
        spec = partial_spec(data)
    if spec is not None:
        whole = bool(data.get("rooms")) and bool(data.get("characters"))
        for problem in problems(spec, reach=whole):
            if UNREADABLE not in problem.message:
                meant = hint(spec, data, problem.place)
                found.append(told(problem.place, problem.message + meant))
    return Reading(spec, tuple(found))


def _sound(reading: Reading) -> WorldSpec:
    """Return the world of a reading. Raises UserError with everything that is wrong with it."""
    if reading.wrong or reading.spec is None:
        raise one_error(reading.wrong)
    return reading.spec

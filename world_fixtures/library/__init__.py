"""Authored worlds, as YAML files: load one by its name, or any file by its path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from world_fixtures.errors import UserError
from world_fixtures.facts import Fact
from world_fixtures.spec import WorldSpec
from world_fixtures.validation import problems

HERE = Path(__file__).parent


def library_worlds() -> list[str]:
    """Names of the authored worlds."""
    return sorted(p.stem for p in HERE.glob("*.yaml") if "." not in p.stem)


def load_world(name_or_path: str) -> WorldSpec:
    """A world of the library by its name, or of a YAML file by its path.

    Raises UserError with every problem of the file, each with its line.
    """
    path = HERE / f"{name_or_path}.yaml"
    if not path.exists() or Path(name_or_path).suffix:
        path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(library_worlds())
        raise UserError(
            f"no world {name_or_path!r}: give the path of a YAML file, or one of {known}"
        )
    return parse_world(path.read_text(encoding="utf-8"), path.name)


def load_facts(name: str) -> tuple[Fact, ...]:
    """The facts of a library world, for tasks that ask for them."""
    path = HERE / f"{name}.facts.yaml"
    if not path.exists():
        return ()
    return TypeAdapter(tuple[Fact, ...]).validate_python(yaml.safe_load(path.read_text()))


def parse_world(text: str, source: str) -> WorldSpec:
    """The world that YAML `text` describes. Raises UserError with all that is wrong."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise UserError(f"{source}:1: a world is a mapping with name, title, rooms, exits, ...")
    try:
        spec = WorldSpec.model_validate(data)
    except ValidationError as error:
        raise UserError(
            "\n".join(
                f"{source}:{_line(root, e['loc'])}: {'.'.join(map(str, e['loc']))}: {e['msg']}"
                for e in error.errors()
            )
        ) from None
    found = problems(spec)
    if found:
        raise UserError("\n".join(f"{source}:{_line(root, p.place)}: {p.message}" for p in found))
    return spec


def _line(node: Any, place: Sequence[str | int]) -> int:
    """Line of the innermost node on the way to `place` that the file has; 1-based."""
    line = 1
    for key in place:
        if isinstance(node, yaml.MappingNode):
            inner = next((v for k, v in node.value if k.value == str(key)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            inner = node.value[key]
        else:
            inner = None
        if inner is None:
            break
        node = inner
        line = node.start_mark.line + 1
    return line

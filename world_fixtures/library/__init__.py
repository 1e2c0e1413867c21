"""Authored worlds, as YAML files: load one by its name, or any file by its path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from world_fixtures.common import UserError
from world_fixtures.library.lines import line_of, repeated_keys
from world_fixtures.library.partial_parse import UNREADABLE, partial_spec
from world_fixtures.spec import WorldSpec
from world_fixtures.validation import problems
from world_fixtures.yaml_text import check_bounds, read_text

__all__ = ["library_worlds", "load_world", "parse_world"]

HERE = Path(__file__).parent


def library_worlds() -> list[str]:
    """Return the names of the authored worlds."""
    return sorted(p.stem for p in HERE.glob("*.yaml"))


def load_world(name_or_path: str) -> WorldSpec:
    """Load a world of the library by its name, or of a YAML file by its path.

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
    return parse_world(read_text(path), path.name)


def parse_world(text: str, source: str) -> WorldSpec:
    """Read the world that YAML `text` describes. Raises UserError with all that is wrong."""
    try:
        check_bounds(text, source)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{source}:{line}: not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise UserError(f"{source}:1: a world is a mapping with name, title, rooms, exits, ...")
    found = repeated_keys(root)
    try:
        spec = WorldSpec.model_validate(data)
    except ValidationError as error:
        found += [(line_of(root, e["loc"]), _error_text(e)) for e in error.errors()]
        rough = partial_spec(data)
        rest = problems(rough) if rough else []
        found += [(line_of(root, p.place), p.message) for p in rest if UNREADABLE not in p.message]
    else:
        found += [(line_of(root, p.place), p.message) for p in problems(spec)]
    if found:
        raise UserError("\n".join(f"{source}:{line}: {told}" for line, told in sorted(found)))
    return spec


def _error_text(error: Any) -> str:
    """Write a pydantic error as `part.field: what is wrong`."""
    message = {"extra_forbidden": "there is no such field", "missing": "is missing"}.get(
        error["type"], error["msg"].removeprefix("Value error, ")
    )
    return f"{'.'.join(map(str, error['loc']))}: {message}"

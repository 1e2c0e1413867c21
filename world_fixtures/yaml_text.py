"""YAML that people give, read as plain data within bounds.

A few lines of YAML can mean gigabytes (aliases of aliases), nest deeper than Python can follow, or
hold scalars that PyYAML fails on with whatever exception the type raises.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from world_fixtures.common import UserError

MAX_BYTES = 16 << 20
"""Of a file; a suite of whole tasks may have megabytes."""
MAX_DEPTH = 100
"""Lists and mappings within each other."""
MAX_VALUES = 1_000_000
"""Values of a document, each counted as often as an alias repeats it."""
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The quicker one, where it was built; it gives the same events."""


def read_yaml(path: Path, max_bytes: int = MAX_BYTES) -> Any:
    """Read the YAML file at `path`. Raises UserError in one line that names the file."""
    return parse_yaml(read_text(path, max_bytes), str(path))


def read_text(path: Path, max_bytes: int = MAX_BYTES) -> str:
    """Read the UTF-8 text file at `path`.

    Raises UserError where it is no regular file, cannot be read, is larger than `max_bytes` or
    is no UTF-8.
    """
    try:
        if path.exists() and not path.is_file():
            kind = "a directory" if path.is_dir() else "no regular file"
            raise UserError(f"cannot read {path}: it is {kind}")
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > max_bytes:
        raise UserError(f"cannot read {path}: it is larger than {max_bytes >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text: byte {error.start} is wrong") from None


def parse_yaml(text: str, source: str) -> Any:
    """Return the plain data that `text` describes; `source` is what an error names.

    Raises UserError where it is not YAML, or beyond the bounds of this module.
    """
    try:
        check_bounds(text, source)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{source} cannot be read: not valid YAML: {_one_line(error)}") from None
    except ValueError as error:  # a date that does not exist, an integer of 5,000 digits
        raise UserError(f"{source} cannot be read: {_one_line(error)}") from None
    except (AttributeError, KeyError, TypeError):  # `!!bool x`, `!!timestamp x`
        raise UserError(f"{source} cannot be read: a tag (!!...) does not fit its value") from None


def check_bounds(text: str, source: str) -> None:
    """Raise UserError where `text` nests too deeply or its aliases make too much of it.

    Raises yaml.YAMLError where it is not YAML.
    """
    values = 0
    sizes: dict[str, int] = {}
    begun: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=_PARSER):
        if isinstance(event, yaml.AliasEvent):
            # one of an anchor whose value has not ended yet holds itself
            values += sizes.get(event.anchor or "", MAX_VALUES + 1)
        elif isinstance(event, yaml.ScalarEvent):
            values += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            begun.append((event.anchor, values))
            values += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = begun.pop()
            if anchor:
                sizes[anchor] = values - before
        if len(begun) > MAX_DEPTH:
            raise UserError(f"{source} is nested deeper than {MAX_DEPTH} levels")
        if values > MAX_VALUES:
            raise UserError(f"{source} holds more than {MAX_VALUES:,} values with its aliases")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())

"""A file of lines that goes on in parts: one a host, and a manifest that puts them together.

Beside `groups.jsonl` or `samples.jsonl` stands then the directory `NAME.parts`. Each host appends
to a file of its own there, and the process that leads the run writes a line of the manifest for
what is finished: which bytes of which part. What no line names was not finished, and counts for
nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from world_fixtures.common import UserError

SUFFIX = ".parts"
MANIFEST = "manifest.jsonl"


class Place(NamedTuple):
    """Whole lines in a part."""

    part: str
    """Name of the file in the directory of parts."""
    begin: int
    """Bytes before them."""
    size: int
    """Bytes of them."""


def parts_directory(path: Path) -> Path:
    """Return the directory of the parts of a file."""
    return path.with_name(f"{path.name}{SUFFIX}")


def has_parts(path: Path) -> bool:
    """Tell whether a file goes on in parts."""
    return (parts_directory(path) / MANIFEST).exists()


def read_parts(path: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the lines of a file's parts, in the order of the manifest, each with its part.

    Raises UserError where a part that the manifest names is not there, no file, or shorter, and
    where the manifest names the same lines twice.
    """
    directory = parts_directory(path)
    seen: dict[str, set[int]] = {}
    for _, places in read_manifest(path):
        if path.name not in places:
            continue
        place = places[path.name]
        part = directory / place.part
        begun = seen.setdefault(place.part, set())
        if place.begin in begun:
            raise UserError(
                f"{directory / MANIFEST} names the lines at byte {place.begin} of {place.part}"
                " twice: bring it back as it was"
            )
        begun.add(place.begin)
        for line in _read(part, place).splitlines(keepends=True):
            yield part, line


def _read(part: Path, place: Place) -> bytes:
    try:
        if not part.is_file():  # a FIFO has no end
            raise UserError(f"{part} is no file: bring back the part that {MANIFEST} names")
        with part.open("rb") as file:
            if place.begin + place.size > os.fstat(file.fileno()).st_size:
                raise UserError(f"{part} is shorter than {MANIFEST} says: bring it back as it was")
            file.seek(place.begin)
            text = file.read(place.size)
    except OSError as error:
        raise UserError(f"cannot read {part} ({error.strerror}): bring it back") from error
    if not text.endswith(b"\n"):
        raise UserError(f"{part} is not what {MANIFEST} says: bring it back as it was")
    return text


def read_manifest(path: Path) -> Iterator[tuple[bytes, dict[str, Place]]]:
    """Yield the whole lines of the manifest, as they are and as places by name."""
    manifest = parts_directory(path) / MANIFEST
    if not manifest.exists():
        return
    with manifest.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                places = {name: _place(*place) for name, place in json.loads(line).items()}
            except (ValueError, TypeError, AttributeError, RecursionError):
                raise UserError(f"{manifest} line {number} is damaged: bring it back") from None
            yield line, places


def _place(part: str, begin: int, size: int) -> Place:
    """Check what a manifest says. Raises ValueError, also for a part of another directory."""
    if type(begin) is not int or type(size) is not int or begin < 0 or size < 1:
        raise ValueError("numbers of bytes")
    os.fsencode(part)  # what is no text cannot be a name
    if not part or Path(part).name != part or "\0" in part:
        raise ValueError("the name of a file")
    return Place(part, begin, size)

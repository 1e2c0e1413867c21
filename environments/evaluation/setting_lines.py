"""The settings of a run as lines to read: a name with dots and a plain value. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def setting_lines(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield name and value of each setting; those within others have names with dots.

    Lists of plain values are one line; entries of other lists are numbered from 1.
    """
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, (list, tuple)) and any(map(_holds_others, value)):
            value = {str(n): one for n, one in enumerate(value, start=1)}
        if isinstance(value, Mapping) and value:
            yield from setting_lines(value, f"{name}.")
        else:
            yield name, _plain(value)


def _holds_others(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple))


def _plain(value: Any) -> str:
    if value is None or value == "" or (_holds_others(value) and not value):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    return str(value)

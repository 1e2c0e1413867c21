"""A YAML file as plain data, with the line of everything in it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from world_fixtures.common import UserError
from world_fixtures.yaml_text import check_bounds

Place = tuple[str | int, ...]
"""Path into plain data, e.g. ("exits", 3, "target")."""


class Told(NamedTuple):
    """One thing that is wrong with a file; they sort by file and line."""

    source: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Document:
    """What a YAML text holds, and where."""

    source: str
    """What messages call it."""
    data: Any
    root: Any = None
    """The YAML node of `data`."""

    def line(self, place: Place) -> int:
        """Return the line of the innermost thing on the way to `place` that the text has; 1-based.

        A field's line is that of its key, an item's that of its first word.
        """
        line, node = 1, self.root
        for step in place:
            found = _child(node, step)
            if found is None:
                break
            line = found[0].start_mark.line + 1
            node = found[1]
        return line

    def told(self, place: Place, message: str) -> Told:
        """Return a message with the line of its place."""
        return Told(self.source, self.line(place), message)

    def repeated_keys(self) -> list[Told]:
        """Return a message for each key that a mapping has twice: YAML would drop the first."""
        found = []
        waiting, passed = [self.root], set()
        while waiting:
            node = waiting.pop()
            if id(node) in passed:
                continue  # an alias of what has been seen
            passed.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting += node.value
            elif isinstance(node, yaml.MappingNode):
                seen = set()
                for key, value in node.value:
                    name = key.value if isinstance(key, yaml.ScalarNode) else id(key)
                    if name in seen:
                        line = key.start_mark.line + 1
                        found.append(Told(self.source, line, f"{name}: is given twice"))
                    seen.add(name)
                    waiting.append(value)
        return found


def read_document(text: str, source: str) -> Document:
    """Return what YAML `text` holds. Raises UserError, with the line, where it is not YAML."""
    try:
        check_bounds(text, source)
        loader = yaml.SafeLoader(text)
        try:
            root = loader.get_single_node()
            data = None if root is None else loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        told = f"{source}:{line}: cannot be read: not valid YAML: {error.problem}"
        raise UserError(told) from None
    except (yaml.YAMLError, ValueError, AttributeError, KeyError, TypeError) as error:
        told = " ".join(str(error).split())
        raise UserError(f"{source}: cannot be read: not valid YAML: {told}") from None
    return Document(source, data, root)


def one_error(found: Sequence[Told]) -> UserError:
    """Return the error that tells everything found, a line each, in the order of the lines."""
    return UserError("\n".join(map(str, dict.fromkeys(sorted(found)))))


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None

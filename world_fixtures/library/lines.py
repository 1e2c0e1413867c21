"""Line numbers in a YAML file. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml


def line_of(node: Any, place: Sequence[str | int]) -> int:
    """Return the line of the innermost thing on the way to `place` that the file has; 1-based.

    A field's line is that of its key, an item's that of its first word.
    """
    line = 1
    for step in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value)
        ):
            found = (node.value[step], node.value[step])
        else:
            found = None
        if found is None:
            break
        line = found[0].start_mark.line + 1
        node = found[1]
    return line


def repeated_keys(root: Any) -> list[tuple[int, str]]:
    """Return line and message for each key that a mapping has twice: YAML would drop the first."""
    found = []
    waiting, passed = [root], set()
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
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    found.append((key.start_mark.line + 1, f"{key.value}: is given twice"))
                seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
                waiting.append(value)
    return found

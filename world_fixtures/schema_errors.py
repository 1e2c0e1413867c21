"""What pydantic finds wrong with plain data, in words, with the nearest right name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from world_fixtures.document import Place
from world_fixtures.nearest import did_you_mean
from world_fixtures.problem import Problem

_QUOTED = re.compile(r"'([^']*)'")


def problems_of(error: ValidationError, model: Any) -> list[Problem]:
    """Return each error that pydantic found in reading `model` (a type), with its place."""
    schema = _schema(model)
    return [_problem(found, schema) for found in error.errors() if not _follows(found)]


def _follows(error: Any) -> bool:
    """Tell whether a list is only short of the items that were refused."""
    if error["type"] != "too_short" or not isinstance(error["input"], list | tuple):
        return False
    return len(error["input"]) > int(error["ctx"]["actual_length"])


@cache
def _schema(model: Any) -> dict[str, Any]:
    return TypeAdapter(model).json_schema()


def _problem(error: Any, schema: Mapping[str, Any]) -> Problem:
    place, node = _walk(error["loc"], schema)
    message = {"extra_forbidden": "there is no such field", "missing": "is missing"}.get(
        error["type"], error["msg"].removeprefix("Value error, ")
    )
    if error["type"] == "extra_forbidden":
        message += did_you_mean(place[-1], node.get("properties", {}))
    elif error["type"] in ("literal_error", "enum"):
        message += did_you_mean(error["input"], _QUOTED.findall(error["ctx"]["expected"]))
    elif error["type"] == "union_tag_invalid":
        message += did_you_mean(error["ctx"]["tag"], _QUOTED.findall(error["ctx"]["expected_tags"]))
    return Problem(place, ": ".join(filter(None, [".".join(map(str, place)), message])))


def _walk(loc: Iterable[str | int], schema: Mapping[str, Any]) -> tuple[Place, Mapping[str, Any]]:
    """Return a place without the names of union members, and the last schema on the way to it."""
    place: list[str | int] = []
    node = _resolved(schema, schema)
    for step in loc:
        members = node.get("discriminator", {}).get("mapping", {})
        if step in members:
            node = _resolved({"$ref": members[step]}, schema)
            continue
        place.append(step)
        items, fields = node.get("items"), node.get("properties", {})
        inner = items if isinstance(step, int) else fields.get(step)
        if inner is not None:
            node = _resolved(inner, schema)
    return tuple(place), node


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references, and take what an optional value is where it is given."""
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        else:
            node = next((n for n in node["anyOf"] if n.get("type") != "null"), {})
    return node

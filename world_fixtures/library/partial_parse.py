"""A spec of the readable parts of faulty data, so that all errors are reported at once. Pure."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from world_fixtures.living import Living
from world_fixtures.spec import Character, Door, Exit, Recipe, Room, Thing, WorldSpec

GROUPS: dict[str, type[BaseModel]] = {
    "rooms": Room, "exits": Exit, "doors": Door, "things": Thing, "recipes": Recipe,
    "characters": Character,
}  # fmt: skip
UNREADABLE = "<unreadable>"
"""Stands in a partial spec for what cannot be made out; in no valid text."""


def partial_spec(data: dict[str, Any]) -> WorldSpec | None:
    """Return an unvalidated spec of what is readable in `data`; None where that is too little.

    Each part has the place that it has in `data`. An error that names UNREADABLE
    follows from one that pydantic has reported.
    """
    groups: dict[str, Any] = {}
    for group, model in GROUPS.items():
        items = data.get(group) or []
        if not isinstance(items, list):
            return None
        groups[group] = tuple(_part(model, i, f"{UNREADABLE} {n}") for n, i in enumerate(items))
    if not groups["rooms"] or not groups["characters"]:
        return None
    if isinstance(data.get("living"), dict):
        groups["living"] = _part(Living, data["living"], f"{UNREADABLE} living")
    return WorldSpec.model_construct(**{"name": "", "title": "", **groups})


def _part(model: type[BaseModel], item: Any, stand_in: str) -> BaseModel:
    given: dict[Any, Any] = item if isinstance(item, dict) else {}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = {e["loc"][0] for e in error.errors()}
    fields: dict[str, Any] = {}
    for n, (name, field) in enumerate(model.model_fields.items()):
        value = given.get(name)
        inner = get_args(field.annotation)[:1]
        if name in given and name not in wrong:
            fields[name] = TypeAdapter[Any](field.annotation or Any).validate_python(value)
        elif isinstance(value, list) and inner and _is_model(inner[0]):
            stand_ins = (f"{stand_in} {name} {k}" for k in range(len(value)))
            fields[name] = tuple(map(partial(_part, inner[0]), value, stand_ins))
        elif field.annotation is int and field.is_required():
            fields[name] = n + 0.5  # a number of its own, equal to none that is given
        elif isinstance(value, str) and (field.is_required() or field.default is None):
            fields[name] = value  # an ill-formed id is still the one that others refer to
        elif field.is_required():
            fields[name] = (stand_in, f"{stand_in} too") if name == "parts" else stand_in
    return model.model_construct(**fields)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)

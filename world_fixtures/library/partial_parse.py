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
AGENT = "you"
"""The agent's id in most worlds."""


def partial_spec(data: dict[str, Any]) -> WorldSpec | None:
    """Return an unvalidated spec of what is readable in `data`; None where a part is no list.

    Each part has the place that it has in `data`. An error that names UNREADABLE
    follows from one that pydantic has reported.
    """
    groups: dict[str, Any] = {}
    for group, model in GROUPS.items():
        items = data.get(group) or []
        if not isinstance(items, list):
            if group != "characters":
                return None
            items = []
        groups[group] = tuple(_part(model, i, f"{UNREADABLE} {n}") for n, i in enumerate(items))
    groups["characters"] = groups["characters"] or _nobody(data)
    groups["rooms"] = groups["rooms"] or _anywhere(groups)
    if isinstance(data.get("living"), dict):
        groups["living"] = _part(Living, data["living"], f"{UNREADABLE} living")
    return WorldSpec.model_construct(**{"name": "", "title": "", **groups})


def _nobody(data: dict[str, Any]) -> tuple[Character, ...]:
    """Return characters in the place of missing ones: the agent, and who lives in the world."""
    living = data.get("living")
    people = living.get("people") if isinstance(living, dict) else None
    lively = (
        [p.get("id") for p in people if isinstance(p, dict)] if isinstance(people, list) else []
    )
    return tuple(
        Character.model_construct(id=i, name=f"{UNREADABLE} {i}", location=f"{UNREADABLE} room")
        for i in dict.fromkeys([AGENT, *(p for p in lively if isinstance(p, str))])
    )


def _anywhere(groups: dict[str, Any]) -> tuple[Room, ...]:
    """Return rooms in the place of missing ones: every one that something refers to."""
    found = [room for way in groups["exits"] for room in (way.source, way.target)]
    found += [c.location for c in groups["characters"]]
    held = {part.id for group in ("things", "characters") for part in groups[group]}
    found += [t.location for t in groups["things"] if t.location and t.location not in held]
    return tuple(
        Room.model_construct(id=room, name=f"{UNREADABLE} {n}", desc="")
        for n, room in enumerate(dict.fromkeys([*found, f"{UNREADABLE} room"]))
    )


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

"""Repair of a faulty world, so that one error is not reported as several. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from world_fixtures.common import Frozen
from world_fixtures.living import Living
from world_fixtures.reachability import ways_about
from world_fixtures.spec import Exit, Recipe, Thing, WorldSpec

FieldPath = tuple[str | int, ...]
Part = TypeVar("Part", bound=Frozen)


def repaired(spec: WorldSpec, wrong: Collection[FieldPath]) -> WorldSpec:
    """Return `spec` with its `wrong` fields (paths into it) set to what restricts play the least.

    What is left to find in it is what cannot be reached for a reason of its own. Where an
    exit leads nowhere, which rooms it was to join is unknown: every other exit then counts
    in both directions.
    """
    faulty = {path[1] for path in wrong if path[0] == "recipes"}
    recipes = tuple(r for n, r in enumerate(spec.recipes) if n not in faulty)
    living = None if spec.living is None else _living(spec.living, wrong)
    free: dict[str, Any] = {"locked": False, "key": None}
    unlocked = {"key": free, "locked": free, "open": {"locked": False}}
    here = {"location": spec.agent.id}
    things = _repair(spec.things, "things", wrong, {**unlocked, "location": here})
    return spec.model_copy(
        update={
            "exits": _exits(spec, wrong),
            "doors": _repair(spec.doors, "doors", wrong, unlocked),
            "things": _present(things, recipes, living, here),
            "recipes": recipes,
            "living": living,
        }
    )


def _repair(
    parts: tuple[Part, ...],
    group: str,
    wrong: Collection[FieldPath],
    repairs: dict[str, dict[str, Any]],
) -> tuple[Part, ...]:
    made = []
    for n, part in enumerate(parts):
        fields: dict[str, Any] = {}
        if (group, n, "id") in wrong and group != "exits":
            fields["id"] = f"{group} {n}"  # somebody else's: no id that anything refers to
        for field, update in repairs.items():
            if {(group, n), (group, n, field)} & set(wrong):
                fields |= update
        made.append(part.model_copy(update=fields))
    return tuple(made)


def _present(
    things: tuple[Thing, ...],
    recipes: tuple[Recipe, ...],
    living: Living | None,
    here: dict[str, Any],
) -> tuple[Thing, ...]:
    """Place at the start what no valid recipe makes."""
    made = {r.makes for r in recipes}
    if living is not None:
        made |= {makes for _, makes, _ in ways_about(living)}
    return tuple(
        t if t.location is not None or t.id in made else t.model_copy(update=here) for t in things
    )


def _living(living: Living, wrong: Collection[FieldPath]) -> Living:
    """Leave out what makes things and is faulty, and what faulty deals want."""
    faulty = {path[1:3] for path in wrong if path[0] == "living"}
    bad = {path[2:5] for path in wrong if path[:2] == ("living", "people")}
    people = tuple(
        person.model_copy(
            update={
                "deals": tuple(
                    deal.model_copy(update={"wants": None, "price": 0})
                    if (n, "deals", k) in bad
                    else deal
                    for k, deal in enumerate(person.deals)
                )
            }
        )
        for n, person in enumerate(living.people)
    )
    made = {
        group: tuple(
            part for n, part in enumerate(getattr(living, group)) if (group, n) not in faulty
        )
        for group in ("turning", "processes")
    }
    return living.model_copy(update={"people": people, **made})


def _exits(spec: WorldSpec, wrong: Collection[FieldPath]) -> tuple[Exit, ...]:
    exits = _repair(
        spec.exits, "exits", wrong, {"door": {"door": None}, "hidden": {"hidden": False}}
    )
    signs = {t.reveals for n, t in enumerate(spec.things) if ("things", n, "reveals") in wrong}
    exits = tuple(e.model_copy(update={"hidden": e.hidden and e.id not in signs}) for e in exits)
    rooms = {r.id for r in spec.rooms}
    sound = tuple(e for e in exits if {e.source, e.target} <= rooms)
    if len(sound) == len(exits):
        return exits
    return sound + tuple(
        e.model_copy(update={"source": e.target, "target": e.source}) for e in sound
    )

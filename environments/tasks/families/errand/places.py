"""What errands are about: things that can be carried, and where they can be put."""

from __future__ import annotations

from environments.tasks.families.common import BuildContext
from environments.tasks.families.references import Reference, Told, reference
from world_fixtures.generator.relations import shown
from world_fixtures.spec import Thing, WorldSpec


def cargo(context: BuildContext) -> list[Thing]:
    """List the things that can be carried and are no tools: neither keys nor lights nor parts."""
    spec = context.spec
    tools = {d.key for d in spec.doors} | {t.key for t in spec.things}
    tools |= {part for recipe in spec.recipes for part in recipe.parts}
    return [
        t for t in context.portable()
        if t.id not in tools and not t.light and not t.container and t.text is None
        and "key" not in t.name.split()
    ]  # fmt: skip


def lit_rooms(spec: WorldSpec) -> list[str]:
    """List the ids of the rooms that can be seen without a light."""
    return [r.id for r in spec.rooms if not r.dark]


def put_where(place: str, phrase: str, spec: WorldSpec) -> str:
    """Say how a thing is put in a room, or in or on a thing."""
    if any(r.id == place for r in spec.rooms):
        return f"down on the floor of {phrase}"
    surface = any(t.id == place and t.surface for t in spec.things)
    return f"{'on' if surface else 'into'} {phrase}"


def put_in(place: str, spec: WorldSpec) -> str:
    """Say how a thing is put in a place that is named."""
    return put_where(place, shown(place, spec), spec)


def told_as(context: BuildContext, told: Told, entities: list[str]) -> list[tuple[Reference, str]]:
    """List the references of one link that lead to one of `entities`, with where they lead."""
    wanted = set(entities)
    return [
        (reference(start, way, context.spec, context.rng), meant.entity)
        for start, way, meant in told.ways(1)
        if meant.entity in wanted
    ]

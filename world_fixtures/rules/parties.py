"""What commands among people have in common: whom they name, what is carried, what changes."""

from __future__ import annotations

from world_fixtures.protocol import Change
from world_fixtures.rules.outcome import Outcome, refused, unknown
from world_fixtures.rules.resolve import resolve
from world_fixtures.rules.scene import Scene


def other_here(scene: Scene, args: dict[str, str]) -> str | Outcome:
    """Return the character that a command names."""
    if scene.is_dark():
        return refused("It is too dark to see who is here.")
    return resolve(scene, args["who"], [c.id for c in scene.others()])


def held(scene: Scene, query: str) -> str | Outcome:
    """Return the carried thing that a command names."""
    carried = [t.id for t in scene.things_in(scene.actor)]
    found = resolve(scene, query, carried)
    if isinstance(found, Outcome) and not found.objects:
        return unknown(f"You carry no '{query[:60]}'.")
    return found


def change_of(scene: Scene, entity: str, field: str, value: object) -> Change:
    """Return the change of a field to a value."""
    before = scene.state.get(entity, field)
    return Change(entity=entity, field=field, before=before, after=value)

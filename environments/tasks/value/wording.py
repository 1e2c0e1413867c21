"""From the actions of a search to commands, carried out by the rules of the world."""

from __future__ import annotations

from collections.abc import Sequence

from environments.tasks.value.position import Position
from environments.tasks.value.search import END
from environments.tasks.value.states import Action
from world_fixtures.rules import Scene
from world_fixtures.rules.several import called


def carried_out(
    position: Position, actions: Sequence[Action]
) -> tuple[tuple[tuple[str, ...], ...], bool]:
    """Return the commands by remaining stage, and whether they do lead to success."""
    plan: list[tuple[str, ...]] = []
    commands: list[str] = []
    for action in actions:
        if action == END:
            plan.append(tuple(commands))
            commands = []
            position = position.next_stage()
        else:
            commands.append(worded(position, action))
            position = position.acted(commands[-1])
    plan.append(tuple(commands))
    return tuple(plan), position.succeeds


def worded(position: Position, action: Action) -> str:
    """Return the command that does an action in a position."""
    verb, entities, more = action
    world = position.simulation
    scene = Scene(world.index, world, position.task.spec.agent.id)
    reach = scene.in_reach()
    if verb == "go":
        return more
    if verb == "look":
        return "look"
    carried = [t.id for t in scene.things_in(scene.actor)]
    pool = reach
    if verb == "drop" or verb == "put":
        pool = carried if verb == "drop" else reach
    elif verb == "get":
        pool = [i for i in reach if i not in carried]
    names = [called(scene, e, pool).lower() for e in entities]
    words = {"look_in": "look in"}.get(verb, verb)
    if verb == "combine":
        return "combine " + " with ".join(names)
    if verb == "write":
        return f"write {more} on {names[0]}"
    if verb == "unlock":
        return f"unlock {names[0]} with {called(scene, more, reach).lower()}"
    if verb == "put":
        on = "on" if world.index.things[more].surface else "in"
        return f"put {_listed(names)} {on} {called(scene, more, reach).lower()}"
    return f"{words} {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

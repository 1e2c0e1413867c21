"""Navigation: get to a place that is named, described, directed to, or locked away."""

from __future__ import annotations

import re

from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Builder,
    TaskDraft,
    steps,
    submit,
)
from environments.tasks.model import Did, Goal, Located, Stage
from environments.tasks.planner import Planner


def by_name(context: BuildContext) -> TaskDraft | None:
    """Reach a room by its name."""
    room = _pick(context, locked=False)
    if not room:
        return None
    return _reach(context, room, f"Go to the {context.name(room)} and stay there.")


def by_description(context: BuildContext) -> TaskDraft | None:
    """Reach the room that a sentence of its description tells of."""
    room = _pick(context, locked=False)
    if not room:
        return None
    sentence = re.split(r"(?<=[.!?])\s", getattr(context.spec.entities[room], "desc"))[0]  # noqa: B009
    if context.name(room).casefold() in sentence.casefold():
        return None
    prompt = f'Somewhere here is a room of which one reads: "{sentence}" Find it and stay there.'
    return _reach(context, room, prompt)


def by_directions(context: BuildContext) -> TaskDraft | None:
    """Follow directions given in words."""
    room = _pick(context, locked=False)
    if not room:
        return None
    planner = context.planner()
    planner.go_to(room)
    if len(planner.commands) != planner.moves:
        return None
    ways = planner.commands
    told = ", then ".join(f"go {way}" for way in ways)
    return _reach(context, room, f"From where you start: {told}. Stay in the room you come to.")


def locked(context: BuildContext) -> TaskDraft | None:
    """Reach a room behind a locked door."""
    room = _pick(context, locked=True)
    if not room:
        return None
    return _reach(
        context, room, f"Get into the {context.name(room)}, which may need a key, and stay there."
    )


def _pick(context: BuildContext, *, locked: bool) -> str:
    """Pick a room other than the start, with or without a lock on the way; "" if there is none."""
    rooms: dict[str, int] = {}
    for room in context.spec.rooms:
        if room.id == context.spec.agent.location:
            continue
        planner = context.planner()
        planner.go_to(room.id)
        if locked == bool(planner.unlocked):
            rooms[room.id] = len(planner.commands)
    return context.pick(list(rooms), rooms.__getitem__) if rooms else ""


def _reach(context: BuildContext, room: str, prompt: str) -> TaskDraft:
    planner: Planner = context.planner()
    planner.go_to(room)
    agent = context.spec.agent.id
    goals = [
        Goal(
            name=f"is in the {context.name(room)}",
            condition=Located(entity=agent, place=room),
            weight=2,
        )
    ]
    for door in context.spec.doors:
        if door.id in planner.unlocked:
            did = Did(verb="unlock", entity=door.id)
            goals.append(Goal(name=f"unlocks the {door.name}", condition=did, final=False))
    stage = Stage(prompt=f"{prompt} {NO_ANSWER}", walkthrough=steps(planner.commands, submit()))
    return TaskDraft((stage,), tuple(goals), shortest_path=planner.moves)


KINDS: dict[str, Builder] = {
    "by_name": by_name,
    "by_description": by_description,
    "by_directions": by_directions,
    "locked": locked,
}

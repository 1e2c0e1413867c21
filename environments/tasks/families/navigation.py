"""Navigation: get to a place that is named, described, directed to, or locked away."""

from __future__ import annotations

import re

from environments.tasks.building import NO_ANSWER, Builder, Draft, Setting, steps, submit
from environments.tasks.model import Did, Goal, Located, Stage
from environments.tasks.planner import Planner


def by_name(setting: Setting) -> Draft | None:
    """Reach a room by its name."""
    room = _pick(setting, locked=False)
    if not room:
        return None
    return _reach(setting, room, f"Go to the {setting.name(room)} and stay there.")


def by_description(setting: Setting) -> Draft | None:
    """Reach the room that a sentence of its description tells of."""
    room = _pick(setting, locked=False)
    if not room:
        return None
    sentence = re.split(r"(?<=[.!?])\s", getattr(setting.spec.entities[room], "desc"))[0]  # noqa: B009
    if setting.name(room).casefold() in sentence.casefold():
        return None
    prompt = f'Somewhere here is a room of which one reads: "{sentence}" Find it and stay there.'
    return _reach(setting, room, prompt)


def by_directions(setting: Setting) -> Draft | None:
    """Follow directions given in words."""
    room = _pick(setting, locked=False)
    if not room:
        return None
    planner = setting.planner()
    planner.go_to(room)
    if len(planner.commands) != planner.moves:
        return None
    ways = planner.commands
    told = ", then ".join(f"go {way}" for way in ways)
    return _reach(setting, room, f"From where you start: {told}. Stay in the room you come to.")


def locked(setting: Setting) -> Draft | None:
    """Reach a room behind a locked door."""
    room = _pick(setting, locked=True)
    if not room:
        return None
    return _reach(
        setting, room, f"Get into the {setting.name(room)}, which may need a key, and stay there."
    )


def _pick(setting: Setting, *, locked: bool) -> str:
    """A room that takes a move at least, with or without a door to unlock; "" if there is none."""
    rooms: dict[str, int] = {}
    for room in setting.spec.rooms:
        if room.id == setting.spec.agent.location:
            continue
        planner = setting.planner()
        planner.go_to(room.id)
        if locked == any(c.startswith("unlock") for c in planner.commands):
            rooms[room.id] = len(planner.commands)
    return setting.pick(list(rooms), rooms.__getitem__) if rooms else ""


def _reach(setting: Setting, room: str, prompt: str) -> Draft:
    planner: Planner = setting.planner()
    planner.go_to(room)
    agent = setting.spec.agent.id
    goals = [
        Goal(
            name=f"is in the {setting.name(room)}",
            condition=Located(entity=agent, place=room),
            weight=2,
        )
    ]
    for door in setting.spec.doors:
        if f"unlock {door.name.lower()}" in " ".join(planner.commands):
            did = Did(verb="unlock", entity=door.id)
            goals.append(Goal(name=f"unlocks the {door.name}", condition=did, final=False))
    stage = Stage(prompt=f"{prompt} {NO_ANSWER}", walkthrough=steps(planner.commands, submit()))
    return Draft((stage,), tuple(goals), shortest_path=planner.moves)


KINDS: dict[str, Builder] = {
    "by_name": by_name,
    "by_description": by_description,
    "by_directions": by_directions,
    "locked": locked,
}

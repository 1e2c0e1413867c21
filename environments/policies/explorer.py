"""Systematic search without knowledge of the task's solution.

Depth first through every way out, examining, reading and opening whatever is met and
taking what may be of use; then it does and answers what simple reading of the prompt
suggests. It knows the conversation and nothing else: its reward is the baseline of what
thorough search alone earns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from environments.policies.answers import all_known, destination, fact, guesses, mentioned
from environments.policies.memory import Memory, Place, recall
from environments.policies.policy import (
    CONNECT,
    DISCONNECT,
    Move,
    View,
    command,
    submit,
)

BATCH = 12
"""Calls in one turn, at most."""
TURNS = 16
"""Turns spent on searching: short tasks allow 20, and it does not know how many it has."""

_HANDLES = re.compile(r"\b(?:put|carry|bring|combine|pick)\b", re.IGNORECASE)
_STAYS = re.compile(r"\b(?:stay|stand) (?:there|in)\b", re.IGNORECASE)
_WRITES = re.compile(r"\bwrite (it|\"[^\"]+\") on the ([\w' -]+)", re.IGNORECASE)


def explorer(view: View) -> Move:
    """Search while there is something new and turns are left, then do and answer."""
    memory = recall(view.exchanges)
    prompt = view.prompt
    if not memory.connected:
        return Move(calls=(CONNECT,)) if view.turn < 3 else Move()
    parts_follow = memory.too_early or "evennia_disconnect" in prompt
    if view.turn < TURNS and not _satisfied(memory, prompt) and (found := _search(memory, prompt)):
        return _do(found, f"{len(memory.places)} rooms known; there is something new.")
    if wanted := _errand(memory, prompt):
        return _do(wanted, "On to what was asked.")
    last = DISCONNECT if parts_follow else submit(guesses(memory, prompt))
    return Move(calls=(last,), reasoning="Nothing is left to try.")


def _satisfied(memory: Memory, prompt: str) -> bool:
    """Tell whether there is nothing more to look for."""
    arrived = _STAYS.search(prompt) and memory.here == destination(memory, prompt)
    to_take = set(mentioned(memory.things(), prompt)) - set(memory.carried)
    waits = _HANDLES.search(prompt) and to_take
    return bool(arrived) or (all_known(memory, prompt) and not waits)


def _search(memory: Memory, prompt: str) -> list[str]:
    """Return what is worth trying here, and the way on when that may not show more."""
    tries = chores(memory, memory.here, prompt)
    if tries and not all(c.startswith(("read ", "get ")) for c in tries):
        return tries
    return tries + _walk(memory, prompt)


def chores(memory: Memory, room: str, prompt: str) -> list[str]:
    """Return the commands worth trying in `room` before leaving it, none twice."""
    place = memory.places[room]
    if place.view.dark:
        light = next((name for name in memory.carried if _is_light(memory, name)), None)
        return [] if light is None else _untried(place, (f"light {light}", "look"))
    return _untried(place, _handling(memory, place, prompt))


def _handling(memory: Memory, place: Place, prompt: str) -> Iterator[str]:
    for name, seen in place.found.items():
        yield f"examine {name}"
        told = place.tried.get(f"examine {name}", "")
        if "There is writing on it." in told:
            yield f"read {name}"
        if seen.note == "closed" or ("It is closed" in told and seen.note != "open"):
            yield from _opening(memory, place, name)
        if _useful(memory, name, prompt) and name not in memory.carried:
            yield f"get {name}"
    for way in place.view.ways:
        if way.door and way.closed:
            yield from _opening(memory, place, way.door)


def _useful(memory: Memory, name: str, prompt: str) -> bool:
    asked = _HANDLES.search(prompt) and mentioned([name], prompt)
    return bool(asked) or "key" in name.casefold() or _is_light(memory, name)


def _is_light(memory: Memory, name: str) -> bool:
    return any(n.thing == name and "It is not lit." in n.text for n in memory.notes)


def _opening(memory: Memory, place: Place, name: str) -> Iterator[str]:
    yield f"open {name}"
    if "is locked" in place.tried.get(f"open {name}", ""):
        keys = (thing for thing in memory.carried if "key" in thing.casefold())
        yield from (f"unlock {name} with {key}" for key in keys)


def _untried(place: Place, commands: Iterable[str]) -> list[str]:
    return [c for c in dict.fromkeys(commands) if c not in place.tried]


def _walk(memory: Memory, prompt: str) -> list[str]:
    """Walk through the nearest unknown way, or to the nearest room with commands left to try."""
    if fresh := _unknown_ways(memory.place):
        return fresh[:1]
    waiting = [
        name
        for name, place in memory.places.items()
        if name != memory.here and (_unknown_ways(place) or chores(memory, name, prompt))
    ]
    return memory.route(waiting) or []


def _unknown_ways(place: Place) -> list[str]:
    return [
        way.direction
        for way in place.view.ways
        if not way.closed and way.direction not in place.ways and way.direction not in place.tried
    ]


def _errand(memory: Memory, prompt: str) -> list[str]:
    """Return the commands that the prompt seems to want next, as far as they are not done."""
    for room, act in _acts(memory, prompt):
        path = memory.route([room])
        if path is not None and act not in memory.places[room].tried:
            return [*path, act]
    goal = destination(memory, prompt)
    return memory.route([goal]) or [] if _STAYS.search(prompt) and goal else []


def _acts(memory: Memory, prompt: str) -> Iterator[tuple[str, str]]:
    """Yield rooms and what to do there: write, combine, put."""
    if (wish := _WRITES.search(prompt)) and (
        target := next(iter(mentioned(memory.things(), wish[2])), "")
    ):
        text = fact(memory, prompt) if wish[1] == "it" else wish[1].strip('"')
        yield memory.where(target), f"write {text} on {target}"
    loads = mentioned(memory.carried, prompt)
    if "combine" in prompt and len(loads) > 1:
        yield memory.here, f"combine {' and '.join(loads)}"
    for load in loads if _HANDLES.search(prompt) else ():
        _, _, rest = prompt.casefold().rpartition(load.casefold())
        named = [n for n in (*memory.places, *memory.things()) if n.casefold() in rest]
        target = min(named, key=lambda name: rest.find(name.casefold()), default="")
        if target in memory.places:
            yield target, f"drop {load}"
        elif target and target not in memory.carried:
            yield memory.where(target), f"put {load} on {target}"


def _do(commands: list[str], reasoning: str) -> Move:
    return Move(calls=tuple(map(command, commands[:BATCH])), reasoning=reasoning)

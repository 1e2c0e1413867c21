"""Systematic search without knowledge of the task's solution.

Depth first through every way out; then room by room, examining, reading and opening whatever is
there, closing containers again and taking what may be of use; then it does and answers what simple
reading of the prompt suggests. It knows the conversation and nothing else: its reward is the
baseline of what thorough search alone earns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
SEARCHING = 0.8
"""Share of the commands that the prompt allows, spent on searching in the last part at most."""
ALLOWED = 60
"""Commands taken for allowed where the prompt states no budget."""

_HANDLES = re.compile(r"\b(?:put|carry|bring|combine|pick)\b", re.IGNORECASE)
_STAYS = re.compile(r"\b(?:stay|stand) (?:there|in)\b", re.IGNORECASE)
_LEFT = re.compile(r"You have (\d+) commands left(, for this part and all)?")
_WRITES = re.compile(r"\bwrite (it|\"[^\"]+\") on the ([\w' -]+)", re.IGNORECASE)


def explorer(view: View) -> Move:
    """Search while there is something new and commands are left, then do and answer."""
    memory = recall(view.exchanges)
    prompt = view.prompt
    if not memory.connected or not memory.here:
        return Move(calls=(CONNECT,)) if view.turn < 3 else Move()
    parts_follow = memory.too_early or "evennia_disconnect" in prompt
    allowed, searching = _allowance(prompt)
    spent = sum(bool(e.command) for e in view.exchanges)
    search = spent < searching and not _satisfied(memory, prompt)
    if search and (found := _search(memory, prompt)):
        known = f"{len(memory.places)} rooms known; there is something new."
        return _do(found, known, searching - spent)
    if spent < allowed and (wanted := _errand(memory, prompt)):
        return _do(wanted, "On to what was asked.", allowed - spent)
    last = DISCONNECT if parts_follow else submit(guesses(memory, prompt))
    return Move(calls=(last,), reasoning="Nothing is left to try.")


def _allowance(prompt: str) -> tuple[int, int]:
    """Return the commands that this part may take, and how many of them searching may."""
    stated = _LEFT.search(prompt)
    left = int(stated[1]) if stated else ALLOWED
    if stated and stated[2]:
        left //= 2  # other parts follow
    return left, int(SEARCHING * left)


def _satisfied(memory: Memory, prompt: str) -> bool:
    """Tell whether there is nothing more to look for."""
    arrived = _STAYS.search(prompt) and memory.here == destination(memory, prompt)
    to_take = set(mentioned(memory.things(), prompt)) - set(memory.carried)
    waits = _HANDLES.search(prompt) and to_take
    ready = mentioned(memory.carried, prompt) and destination(memory, prompt)
    return bool(arrived) or (not waits and bool(ready or all_known(memory, prompt)))


def _search(memory: Memory, prompt: str) -> list[str]:
    """Return what is worth trying: things that the prompt names, then new ways, then all else."""
    return (
        memory.nearest(lambda place: _named(memory, place, prompt))
        or memory.nearest(_unknown_ways)
        or memory.nearest(lambda place: chores(memory, place, prompt))
    )


def _named(memory: Memory, place: Place, prompt: str) -> list[str]:
    """Return the commands worth trying on things in a room that the prompt names."""
    if place.view.dark:
        return []
    found = [
        c for name in mentioned(place.found, prompt) for c in _handling(memory, place, name, prompt)
    ]
    return place.untried(found)


def chores(memory: Memory, place: Place, prompt: str) -> list[str]:
    """Return the commands worth trying in a room, none twice."""
    if place.view.dark:
        light = next((name for name in memory.carried if _is_light(memory, name)), None)
        return [] if light is None else place.untried((f"light {light}", "look"))
    doors = [way.door for way in place.view.ways if way.door and way.closed]
    found = [c for name in place.found for c in _handling(memory, place, name, prompt)]
    found += [c for door in doors for c in _opening(memory, place, door)]
    return place.untried(found + [f"close {n}" for n in place.found if n in memory.opened])


def _handling(memory: Memory, place: Place, name: str, prompt: str) -> Iterator[str]:
    """Yield what to try with a thing."""
    note = place.found[name].note
    if _useful(memory, name, prompt) and name not in memory.carried:
        yield f"get {name}"
    yield f"examine {name}"
    told = place.tried.get(f"examine {name}", "")
    if "There is writing on it." in told:
        yield f"read {name}"
    if note == "closed" or ("It is closed" in told and note != "open"):
        yield from _opening(memory, place, name)


def _useful(memory: Memory, name: str, prompt: str) -> bool:
    if _HANDLES.search(prompt) and mentioned([name], prompt):
        return True
    return _opens_something(memory, name) or _is_light(memory, name)


def _opens_something(memory: Memory, name: str) -> bool:
    """Tell whether a thing is a key, and something was found locked."""
    return "key" in name.casefold() and any(
        "is locked" in told for place in memory.places.values() for told in place.tried.values()
    )


def _is_light(memory: Memory, name: str) -> bool:
    return any(n.thing == name and "It is not lit." in n.text for n in memory.notes)


def _opening(memory: Memory, place: Place, name: str) -> Iterator[str]:
    yield f"open {name}"
    if "is locked" in place.tried.get(f"open {name}", ""):
        keys = (thing for thing in memory.carried if "key" in thing.casefold())
        yield from (f"unlock {name} with {key}" for key in keys)


def _unknown_ways(place: Place) -> list[str]:
    """Return the next way to take: its direction, or what opens its door."""
    for way in place.view.ways:
        act = f"open {way.door}" if way.door and way.closed else way.direction
        if act not in place.tried and way.direction not in place.ways:
            return [act]
    return []


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


def _do(commands: list[str], reasoning: str, most: int) -> Move:
    return Move(calls=tuple(map(command, commands[: min(BATCH, most)])), reasoning=reasoning)

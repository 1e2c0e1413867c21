"""The follower: finds a thing by keeping to one wall, and does with it what is asked.

Which way it takes follows from the room that it sees and the way it came: that needs no map, so a
small model can learn it by imitation. In a place without loops it comes through every room.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from environments.policies.noisy import share_of
from environments.policies.observations import RoomView, Way, inside, room_view
from environments.policies.policy import CONNECT, Exchange, Move, View, command, submit
from environments.policies.searching import is_mistake
from environments.tasks.model import Stage, Task
from world_fixtures.common import UserError
from world_fixtures.spec import OPPOSITE

KINDS = ("inspection.inside", "inspection.read")
"""Kinds that it plays: they are about one thing to open or to read."""
CLOCKWISE = ("north", "east", "south", "west")
_HANDLED = re.compile(r"(?P<verb>open|read) (?P<thing>.+)")


def follower(parameter: str | None) -> Callable[[View], Move]:
    """Return the follower; `parameter` is its chance to try a way that is not there at each step.

    It never does where None. Raises UserError for what is no number from 0 to 1.
    """
    noise = 0.0 if parameter is None else share_of(parameter, "follower")

    def act(view: View) -> Move:
        verb, wanted = _wanted(view.task, view.task.stages[view.stage])
        seen = _Seen(view.exchanges)
        if seen.here is None:
            return Move() if view.exchanges else Move(calls=(CONNECT,))
        found = _handling(verb, wanted, seen)
        if found is None:
            answer = view.task.stages[view.stage].walkthrough[-1].answer
            return Move(calls=(submit(_as_shown(answer, view.exchanges)),))
        if not found:
            there = {way.direction for way in seen.here.ways}
            missing = [way for way in CLOCKWISE if way not in there]
            errs = missing and view.rng.random() < noise
            found = view.rng.choice(missing) if errs else seen.next_way()
        return Move(calls=(command(found),))

    return act


class _Seen:
    """What the conversation has shown so far."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self.here: RoomView | None = None
        self.came = ""
        """The direction of the last move; empty before the first."""
        self.opened = ""
        """The container that stands open; empty where none does."""
        self.within: tuple[str, ...] = ()
        """What is in it."""
        self.done: set[str] = set()
        """Commands, but for those that were mistakes."""
        for exchange in exchanges:
            if (room := room_view(exchange.result)) is not None:
                self.here = room
                if exchange.command in CLOCKWISE:
                    self.came = exchange.command
            if exchange.command and not is_mistake(exchange.result):
                self._note(exchange.command, exchange.result)

    def next_way(self) -> str:
        """Return what leads on: the first way clockwise from where one came, or its closed door."""
        ways: dict[str, Way] = {} if self.here is None else {w.direction: w for w in self.here.ways}
        first = CLOCKWISE.index(OPPOSITE[self.came]) + 1 if self.came else 0
        for n in range(len(CLOCKWISE)):
            way = ways.get(CLOCKWISE[(first + n) % len(CLOCKWISE)])
            if way is None or (way.closed and f"open {way.door}" in self.done):
                continue  # it stayed closed: it is locked
            return f"open {way.door}" if way.closed else way.direction
        return "look"

    def _note(self, given: str, result: str) -> None:
        self.done.add(given)
        verb, _, thing = given.partition(" ")
        if verb == "open" and " In it: " in result:
            self.opened, self.within = thing, tuple(item.name for item in inside(result))
        elif verb == "close":
            self.opened, self.within = "", ()


def _as_shown(answer: Mapping[str, Any], exchanges: Sequence[Exchange]) -> dict[str, Any]:
    """Return the answer with its lists in the order in which it was shown what is in them."""
    text = "\n".join(exchange.result for exchange in reversed(exchanges))
    return {
        field: sorted(value, key=lambda name: text.find(str(name)))
        if isinstance(value, list | tuple)
        else value
        for field, value in answer.items()
    }


def _wanted(task: Task, stage: Stage) -> tuple[str, str]:
    """Return what the stage is about, and whether to open or to read it.

    Raises UserError where it is about something else.
    """
    handled = [m for step in stage.walkthrough if (m := _HANDLED.fullmatch(step.command or ""))]
    if f"{task.family}.{task.kind}" not in KINDS or not handled:
        raise UserError(
            f"{task.id} is not of a kind that the follower plays ({', '.join(KINDS)}): choose"
            " another policy, or --kinds"
        )
    return handled[-1]["verb"], handled[-1]["thing"]


def _handling(verb: str, wanted: str, seen: _Seen) -> str | None:
    """Return the command for what is here; empty to walk on, None where all is done."""
    if f"{verb} {wanted}" in seen.done:
        return f"close {seen.opened}" if seen.opened else None
    listed = {thing.name: thing.note for thing in seen.here.things} if seen.here else {}
    if wanted in listed or wanted in seen.within:
        return f"{verb} {wanted}"
    if seen.opened:
        return f"close {seen.opened}"
    closed = [name for name, note in listed.items() if note == "closed"]
    untried = [name for name in closed if f"open {name}" not in seen.done]
    return f"open {untried[0]}" if verb == "read" and untried else ""

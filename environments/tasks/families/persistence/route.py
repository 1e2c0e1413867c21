"""Route: a way by a written direction, walked again or back when that is gone."""

from __future__ import annotations

import random
from typing import ClassVar

from environments.tasks.actor import Actor
from environments.tasks.families.common import FRESH, LEAVE, BuildContext, Kind, Question, TaskDraft
from environments.tasks.families.persistence.notes import (
    DECOYS_FROM,
    FREE,
    begun,
    enough,
    open_rooms,
    pad_room,
    waking,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal, Located
from world_fixtures.facts import Arranged
from world_fixtures.rules.grammar import DIRECTIONS
from world_fixtures.spec import OPPOSITE, Exit, Thing, WorldSpec

WAYBILL = "q_waybill"
SMALL = 0.1
"""Weight of being at the end of the way, which is no matter of memory."""
WAYS = 30
"""Ways among which the one to remember is drawn, at least."""
SHORT = {full: short for short, full in DIRECTIONS.items() if short != full}


class Route(Kind):
    """Walk a way by a written direction, and walk it again, or back, when that is gone."""

    name = "route"
    family = Family.PERSISTENCE
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.RESTRAINT})
    stages = (2, 2)
    difficulty: ClassVar[str] = (
        "a way of 6 to 15 moves; from 4 on somebody else's notes lie about; from 5 on the way has"
        " to be walked back; from 6 on the pad for notes has to be found again"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a way, and whether it is walked back."""
        rooms = open_rooms(context.spec)
        away = [r for r in rooms if r != context.spec.agent.location]
        enough(away, 2)
        room, length, back = (
            context.rng.choice(away),
            5 + context.difficulty,
            context.difficulty > 4,
        )
        ways = Ways(context.spec, rooms, room, back)
        if ways.count(length) < WAYS:
            return None
        way = ways.draw(length, context.rng)
        copied = ways.draw(length, context.rng)
        return {
            "pad": pad_room(context, rooms),
            "back": back,
            "from": room,
            "way": way,
            "copied": [_short(copied)] if context.difficulty >= DECOYS_FROM else None,
        }

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw another way that begins in the same room, or ends in it if it is walked back."""
        back, length = question["back"], len(question["way"])
        ways = Ways(context.spec, open_rooms(context.spec), question["from"], back)
        return question | {"way": ways.draw(length, context.rng)}

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read the direction, walk it and note it; later walk by the note and tell it."""
        way, back, start = question["way"], question["back"], question["from"]
        agent = context.spec.agent.id
        rooms = _walked(context.spec, start, way)
        note = _short(way)
        waybill = Thing(
            id=WAYBILL, name="waybill", desc="A waybill nailed to the floor.", location=start,
            portable=False, text=f"From here go {', then '.join(way)}. That is the whole way.",
        )  # fmt: skip
        script, where = begun(context, question, 2, len(note) + 2, waybill)
        actor = script.actor
        script.begin(
            "A waybill in one of the rooms describes a way that begins in that room. Read it and"
            " walk that way to its end; doors on it may have to be opened. In a later session, when"
            " the waybill is gone, you will be asked for the way again, in its direction or back."
            f" {where.offered} {FRESH} {LEAVE}"
        )
        actor.read(WAYBILL)
        if where.fixed:
            actor.write(note, where.id)
            actor.go_to(start)
        _walk(actor, start, way)
        if not where.fixed:
            actor.write(note, where.id)
        script.end(
            goals=[
                Goal(
                    name="at the end of the way",
                    condition=Located(entity=agent, place=rooms[-1]),
                    weight=SMALL / 2,
                )
            ],
            evidence=[Evidence(field="route", entity=WAYBILL, fact="text")],
            free=FREE,
        )
        asked = [OPPOSITE[d] for d in reversed(way)] if back else way
        wake, goal = (rooms[-1], start) if back else (start, rooms[-1])
        told = (
            "You are where the way of the first session ended. Walk it back, move by move the same"
            " way, to where it began"
            if back
            else "You are where the way of the first session began. Walk it again to its end"
        )
        script.begin(
            f"{told}, and stay there. The waybill is gone. {where.kept} Submit an answer with one"
            " field, route: the list of the directions of that walk, in their order.",
            before=[Arranged(WAYBILL, "location", None), *waking(context, question, wake)],
        )
        actor.read(where.id)
        if where.fixed:
            actor.go_to(wake)
        _walk(actor, wake, asked)
        script.end(
            goals=[
                Goal(
                    name="tells the way",
                    condition=Answered(field="route", match="route", expected=tuple(asked)),
                ),
                Goal(
                    name="stays where the way leads",
                    condition=Located(entity=agent, place=goal),
                    weight=SMALL,
                ),
            ],
            answer={"route": list(asked)},
            free=FREE,
        )
        return script.draft()


class Ways:
    """The ways of a length from a room, through exits that need no key and no discovery.

    None repeats a move after taking it back at once, and none ends where it began. With `back`
    each of their moves can be taken back.
    """

    def __init__(self, spec: WorldSpec, rooms: list[str], start: str, back: bool) -> None:
        locked = {d.id for d in spec.doors if d.locked}
        free = {e.id: e for e in spec.exits if not e.hidden and e.door not in locked}
        self.start = start
        self.exits = {
            room: [
                e
                for e in spec.exits_of[room]
                if e.id in free and e.target in rooms and (not back or _returns(e, free))
            ]
            for room in rooms
        }
        self._counts: dict[tuple[str, str, str, int], int] = {}

    def count(self, length: int) -> int:
        """Return how many there are."""
        return self._count(self.start, "", "", length)

    def draw(self, length: int, rng: random.Random) -> list[str]:
        """Draw one of them, each as likely: its directions."""
        room, last, before = self.start, "", ""
        way: list[str] = []
        for left in range(length - 1, -1, -1):
            options = [e for e in self.exits[room] if e.id != before]
            counts = [self._count(e.target, e.id, last, left) for e in options]
            move = rng.choices(options, counts)[0]
            way.append(move.direction)
            room, last, before = move.target, move.id, last
        return way

    def _count(self, room: str, last: str, before: str, left: int) -> int:
        if left == 0:
            return int(room != self.start)
        key = room, last, before, left
        if key not in self._counts:
            self._counts[key] = sum(
                self._count(e.target, e.id, last, left - 1)
                for e in self.exits[room]
                if e.id != before
            )
        return self._counts[key]


def _returns(way: Exit, free: dict[str, Exit]) -> bool:
    found = free.get(f"{way.target}:{OPPOSITE[way.direction]}")
    return found is not None and found.target == way.source


def _walk(actor: Actor, room: str, way: list[str]) -> None:
    """Take the directions one after the other, opening the doors on the way."""
    for direction in way:
        move = next(e for e in actor.sim.index.exits[room] if e.direction == direction)
        if move.door is not None:
            actor.open(move.door)
        actor.do(direction)
        room = move.target


def _walked(spec: WorldSpec, room: str, way: list[str]) -> list[str]:
    """Return the rooms of a way, the first one included."""
    rooms: list[str] = [room]
    for direction in way:
        room = next(e.target for e in spec.exits_of[room] if e.direction == direction)
        rooms.append(room)
    return rooms


def _short(way: list[str]) -> str:
    return " ".join(SHORT.get(d, d) for d in way)

"""The kind `by_directions`: a way told step by step, with conditions on what is seen."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
)
from environments.tasks.families.places import Ways, lying, open_ways
from environments.tasks.model import (
    Ability,
    Answered,
    Evidence,
    Family,
    Goal,
    Located,
    Together,
)
from world_fixtures.generator.words import a
from world_fixtures.spec import OPPOSITE, WorldSpec

LUCKY: Final = 0.016
"""How likely who looks at nothing may be right: tosses a coin at conditions, repeats once."""
LUCKY_AT_FIRST: Final = 0.04
"""The same at difficulty 1, whose ways are short."""
DRAWS: Final = 32
"""Ways drawn, of which one is told that is hard to guess."""


class ByDirections(Kind):
    """Follow directions; most of their steps depend on what is seen where one is."""

    name = "by_directions"
    family = Family.NAVIGATION
    abilities = frozenset({Ability.PROMPT, Ability.RESTRAINT, Ability.INFERENCE})
    for_beginners = True
    difficulty = (
        "Six steps at 1, nine at 2 to eleven from 8; most depend on what is seen, or are to be"
        " repeated until something is seen."
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a way through open exits and tell it."""
        rng, level = context.rng, context.difficulty
        steps = 6 if level == 1 else 9 + level // 4
        ways = open_ways(context.spec)
        sights = {room: _sights(context.spec, room) for room in ways}
        start = context.spec.agent.location
        told = [_Telling(ways, sights, rng, start, longest=2 + level // 3) for _ in range(DRAWS)]
        for telling in told:
            while len(telling.texts) < steps and telling.extend(half=steps // 2):
                pass
        lucky = LUCKY if level > 1 else LUCKY_AT_FIRST
        fit = [
            t for t in told
            if len(t.texts) == steps and len({start, t.halfway, t.room}) == 3
            and t.luck(start) <= lucky
        ]  # fmt: skip
        if len({(t.halfway, t.room) for t in fit}) < 3:
            return None  # so small a place leaves no choice
        fit = rng.sample(fit, 3)
        best = min(fit, key=lambda t: (t.luck(start), len(t.moves)))
        return {
            "steps": best.texts, "moves": best.moves, "halfway": best.halfway, "end": best.room
        }  # fmt: skip

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Make the moves."""
        spec, halfway, end = context.spec, question["halfway"], question["end"]
        script = Script(context.actor(), context)
        script.begin(
            "Follow these directions from where you start; whether you can see something depends on"
            f" the room that you are in at that step. {' '.join(question['steps'])} Stay where this"
            " leads you, and submit an answer with one field, noted: the name of the room that you"
            " took note of."
        )
        for move in question["moves"]:
            script.actor.do(move)
        name = context.name(halfway)
        goal = Goal(
            name=f"comes to the {context.name(end)}, past the {name}",
            condition=Together(
                conditions=(
                    Located(entity=spec.agent.id, place=end),
                    Answered(field="noted", expected=(name,)),
                )
            ),
        )
        script.end(
            goals=[goal],
            evidence=[Evidence(field="noted", entity=halfway, fact="exits")],
            answer={"noted": name},
        )
        return script.draft(shortest_path=script.actor.moves)


@dataclass
class _Telling:
    """A way in the making, with the words that tell it."""

    ways: Ways
    sights: dict[str, set[str]]
    """Room -> what is seen in it, in words."""
    rng: random.Random
    room: str
    longest: int
    """Moves of a run at most."""
    halfway: str = ""
    """The room to take note of."""
    texts: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    guesses: list[list[tuple[str, ...]]] = field(default_factory=list)
    """For each step the moves that who looks at nothing may make."""
    half: int = 0
    """Steps before the note."""
    _walked: set[tuple[str, str]] = field(default_factory=set)
    """Rooms with their exits that were passed, one way or the other."""

    def extend(self, half: int) -> bool:
        """Add a step that leads on; False where none does. After `half` steps comes a note."""
        ways = self.ways[self.room]
        if not ways:
            return False
        new = [d for d in ways if (self.room, d) not in self._walked]
        old = [d for d in ways if d not in new]
        runs = [(d, *run) for d in new if (run := self._run(d))]
        alike = [pair for pair in (new, old) if len(pair) > 1] or [list(ways)]
        if runs and self.rng.random() < 0.4:
            way, rooms, sight = self.rng.choice(runs)
            self._go([way] * len(rooms), rooms, f"keep going {way} until you can see {sight}.")
            self.guesses.append([(way,), (way, way)])
        elif len(ways) > 1 and self.sights[self.room]:
            way, other = self.rng.sample(alike[0], 2)  # both as likely from what was walked
            self._go([way], [ways[way]], self._condition(way, other))
            self.guesses.append([(way,), (other,)])
        else:
            way = self.rng.choice(new or old)
            self._go([way], [ways[way]], f"go {way}.")
            self.guesses.append([(way,)])
        if len(self.texts) == half:
            self.halfway, self.half = self.room, half
            self.texts[-1] += " Take note of the name of the room you are in now."
        return True

    def luck(self, start: str) -> float:
        """Return how likely guesses at each step come past the noted room to the last one."""
        there = {start: 1.0}
        for n, options in enumerate(self.guesses, 1):
            after: dict[str, float] = {}
            for room, chance in there.items():
                for moves in options:
                    end = room
                    for move in moves:
                        end = self.ways[end].get(move, end)
                    after[end] = after.get(end, 0.0) + chance / len(options)
            there = {self.halfway: after.get(self.halfway, 0.0)} if n == self.half else after
        return there.get(self.room, 0.0)

    def _go(self, moves: list[str], rooms: list[str], text: str) -> None:
        self.texts.append(f"{'First' if not self.texts else 'Then'}, {text}")
        self.moves += moves
        for move, room in zip(moves, rooms, strict=True):
            self._walked.add((self.room, move))
            if self.ways[room].get(OPPOSITE[move]) == self.room:
                self._walked.add((room, OPPOSITE[move]))
            self.room = room

    def _condition(self, way: str, other: str) -> str:
        """Word a step in a direction by what is seen in the room, or is not."""
        here = sorted(self.sights[self.room])
        elsewhere = {s for sights in self.sights.values() for s in sights} - set(here)
        if elsewhere and self.rng.random() < 0.5:
            sight, yes, no = self.rng.choice(sorted(elsewhere)), other, way
        else:
            sight, yes, no = self.rng.choice(here), way, other
        if self.rng.random() < 0.5:
            return f"if you can see {sight}, go {yes}; otherwise go {no}."
        return f"go {no}, unless you can see {sight}: in that case go {yes}."

    def _run(self, way: str) -> tuple[list[str], str] | None:
        """Return the rooms of a straight run that could go on, and what only its last shows."""
        rooms: list[str] = []
        room = self.room
        while (room := self.ways[room].get(way, "")) and len(rooms) <= self.longest:
            rooms.append(room)
        seen = set(self.sights[self.room])
        ends: list[tuple[list[str], str]] = []
        for last, room in enumerate(rooms[:-1], 1):
            if new := self.sights[room] - seen:
                ends.append((rooms[:last], self.rng.choice(sorted(new))))
            seen |= self.sights[room]
        return self.rng.choice(ends) if ends else None


def _sights(spec: WorldSpec, room: str) -> set[str]:
    """Return what can be seen in a room, in words: its parts and the things that lie in it."""
    found = next(r for r in spec.rooms if r.id == room)
    if found.dark:
        return set()
    names = [s.name for s in found.scenery] + [t.name for t in lying(spec, room)]
    return {a(name) for name in names}

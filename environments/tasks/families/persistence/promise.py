"""Promise: do in the last session what the first one's prompt asked for."""

from __future__ import annotations

from typing import ClassVar

from environments.tasks.families.common import (
    FRESH,
    LEAVE,
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
)
from environments.tasks.families.persistence.notes import (
    DECOYS_FROM,
    FREE,
    PAD,
    SPARE,
    begun,
    code,
    enough,
    in_the_open,
    open_rooms,
    pad_room,
    redrawn,
    room_in,
    waking,
    woken,
)
from environments.tasks.model import Ability, Did, Family, Goal, Inscribed, Located, Together
from world_fixtures.facts import Arranged
from world_fixtures.spec import Thing, WorldSpec

TALLY = "q_tally"
JOBS = 0.1
"""Weight of all other jobs together: what has to be remembered weighs more."""
WHOLE = 2.0
"""Weight of the whole promise, over that of its parts together."""


class Promise(Kind):
    """Do in the last session what the first one's prompt asked for, beside other jobs."""

    name = "promise"
    family = Family.PERSISTENCE
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.MAP, Ability.RESTRAINT})
    stages = (2, 4)
    difficulty: ClassVar[str] = (
        "2 to 4 things promised: a number to write, one or two things to carry, a room to stay in;"
        " up to 2 sessions with other jobs between; from 4 on somebody else's notes lie about; from"
        " 6 on the pad for notes has to be found again"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw what is promised, and the other jobs."""
        rng, level = context.rng, context.difficulty
        rooms = open_rooms(context.spec)
        lying = in_the_open(context, rooms)
        count = 1 + (level >= 7)
        jobs = 1 + (level >= 5) + (level >= 8)
        enough(list(lying), count + 1)
        enough(rooms, 3)
        carried = rng.sample(sorted(lying), count)
        spare = [t for t in sorted(lying) if t not in carried]
        carry = [
            [t, rng.choice([r for r in rooms if r != room_in(context, lying[t])])] for t in carried
        ]
        wake = [rng.choice(rooms) for _ in range(jobs)]
        promised = _notes(context, carry, code(context), rng.choice(rooms))
        return {
            "pad": pad_room(context, rooms),
            "wake": wake,
            "jobs": [rng.choice(spare) for _ in range(jobs)],
            "carry": carry,
            "tally": rng.choice([r for r in rooms if r != wake[-1]]),
            "number": code(context),
            "stay": rng.choice([r for r in rooms if r != wake[-1]]) if level >= 4 else None,
            "copied": promised if level >= DECOYS_FROM else None,
        }

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw another request."""
        return redrawn(self, context, question, "jobs", "tally")

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Note the request, do the other jobs, and do in the last session what was noted."""
        carry, number, stay = question["carry"], question["number"], question["stay"]
        notes = _notes(context, carry, number, stay)
        tally = Thing(
            id=TALLY, name="tally board", desc="A board on which deliveries are tallied.",
            location=question["tally"], portable=False, writable=True, lines=4, width=40,
        )  # fmt: skip
        width = max(map(len, notes)) + 4
        script, where = begun(context, question, len(notes) + SPARE, width, tally)
        actor = script.actor
        deeds = [
            f"carry the {context.name(t)} to the {context.name(r)} and put it down on the floor"
            " there"
            for t, r in carry
        ]
        deeds.append(f"write {number} on the tally board")
        if stay:
            deeds.append(f"end up in the {context.name(stay)}")
        for n, job in enumerate(question["jobs"]):
            small = f"find the {context.name(job)} and examine it, without moving it"
            later = (
                f"This is a request for the last session: when you are then asked to do what you"
                f" promised, {listed(deeds)}. Do none of this before. {where.offered} {FRESH} For"
                f" today, {small}."
                if n == 0
                else f"For today, {small}. What you promised is for a later session. {where.kept}"
            )
            before = [woken(context, question["wake"][n - 1])] if n else []
            script.begin(f"{later} {LEAVE}", before=before)
            actor.examine(job)
            if n == 0:
                for note in notes:
                    actor.write(note, where.id)
            actor.tidy()
            script.end(
                goals=[
                    Goal(
                        name=f"examines the {context.name(job)} in session {n + 1}",
                        condition=Did(verb="examine", entity=job),
                        weight=JOBS / len(question["jobs"]),
                        final=False,
                    )
                ],
                free=FREE,
            )
        self._keep(context, question, script, where.kept)
        return script.draft()

    def _keep(self, context: BuildContext, question: Question, script: Script, kept: str) -> None:
        """Do what was promised, after the world is as if none of it had been done before."""
        carry, number, stay = question["carry"], question["number"], question["stay"]
        agent, actor, wake = context.spec.agent.id, script.actor, question["wake"][-1]
        script.begin(
            f"Do now what you promised in the first session. {kept} {NO_ANSWER}",
            before=[
                *(Arranged(t, "location", _place(context.spec, t)) for t, _ in carry),
                Arranged(TALLY, "inscriptions", []),
                Arranged(TALLY, "hands", []),
                *waking(context, question, wake),
            ],
        )
        actor.read(PAD)
        for thing, room in carry:
            actor.put(thing, room)
        actor.write(number, TALLY)
        actor.tidy()
        goals = [
            Goal(
                name=f"the {context.name(t)} is where it was promised",
                condition=Located(entity=t, place=r),
            )
            for t, r in carry
        ]
        goals.append(
            Goal(
                name="the number is on the board",
                condition=Inscribed(entity=TALLY, text=number),
                weight=0.5,
            )
        )
        if stay:
            actor.go_to(stay)
            goals.append(
                Goal(name="stays where promised", condition=Located(entity=agent, place=stay))
            )
        conditions = tuple(g.condition for g in goals if not isinstance(g.condition, Together))
        whole = Goal(
            name="all of the promise is kept",
            condition=Together(conditions=conditions),
            weight=WHOLE * sum(g.weight for g in goals),
        )
        script.end(goals=[*goals, whole], answer={}, free=FREE)


def _notes(
    context: BuildContext, carry: list[list[str]], number: str, stay: str | None
) -> list[str]:
    """Return the request in short: a line for each of its parts."""
    lines = [f"{context.name(t)}: {context.name(r)}" for t, r in carry]
    lines += [f"tally {number}", *([f"end: {context.name(stay)}"] if stay else [])]
    return [line.lower() for line in lines]


def _place(spec: WorldSpec, thing: str) -> str:
    found = spec.entities[thing]
    assert isinstance(found, Thing)
    assert found.location is not None
    return found.location

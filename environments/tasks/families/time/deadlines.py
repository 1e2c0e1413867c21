"""Deadlines: duties whose times interfere, so that the order in which they are done matters."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, NamedTuple

from environments.tasks.actor import Actor, Unsolvable
from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
)
from environments.tasks.families.persistence.notes import enough, in_the_open, room_in
from environments.tasks.families.time.dwellers import (
    FEWEST_MOVES,
    clear_rooms,
    doors,
    in_full,
    moves,
)
from environments.tasks.model import Ability, Family, Goal, Located, Present
from world_fixtures.generator.inhabitants import with_people
from world_fixtures.rules import SpecIndex

DAY = 480
"""Ticks of the one day on which all is to be done."""
BEFORE = 20
"""Ticks before the first duty, beside those that a look round takes."""
A_ROOM = 12
"""Ticks for a look round, for each room."""
SPARE = 4
"""Ticks that there are, at least, beyond the way from one room to the next."""


class Watch(NamedTuple):
    """To be in a room at a time."""

    room: str
    begins: int
    ends: int


class Deadlines(Kind):
    """Keep several times on one day that leave just enough for the ways between them."""

    name = "deadlines"
    family = Family.TIME
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.TIME})
    difficulty: ClassVar[str] = (
        "2 to 4 rooms to be in, each for a time of 8 ticks down to 3 and told in no order, with"
        " just enough between them for the way; 1 or 2 things that have to be in their place"
        " before that"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the duties and their times."""
        rng, level, spec = context.rng, context.difficulty, context.spec
        rooms = clear_rooms(context, 4)
        lying = in_the_open(context, rooms)
        count = 1 + (level >= 6)
        enough(list(lying), count)
        away = [r for r in rooms if r != spec.agent.location]
        stations = rng.sample(away, min(len(away), 2 + level // 4))
        carried = [
            [t, rng.choice([r for r in rooms if r != room_in(context, lying[t])])]
            for t in rng.sample(sorted(lying), count)
        ]
        start = spec.living.begins if spec.living else rng.randrange(A_ROOM)
        first = start + BEFORE + A_ROOM * len(spec.rooms) + rng.randrange(A_ROOM)
        width = 8 - level // 2
        watches = [Watch(stations[0], first, first + width)]
        for room in stations[1:]:
            last = watches[-1]
            way = _distance(context, last.room, room)
            begins = max(last.ends - way, last.begins + way + SPARE + 1 - width)
            watches.append(Watch(room, begins, begins + width))
        told = rng.sample(range(len(watches)), len(watches))
        if told == sorted(told):
            told.reverse()
        question = {
            "begins": start, "carried": carried, "by": first - 1, "told": told,
            "times": [list(w) for w in watches],
        }  # fmt: skip
        if _in_time(context, [watches[n] for n in told]):
            return None
        return question if moves(self.plan(context, question)) >= FEWEST_MOVES else None

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Do what is due first, and wait for each time at its place."""
        spec = with_people(context.spec, [], day=DAY, begins=question["begins"])
        watches = [Watch(*w) for w in question["times"]]
        by = question["by"]
        script = Script(context.actor(spec), context)
        actor = script.actor
        jobs = [
            f"be in the {context.name(w.room)} at some time from {w.begins} to before {w.ends}"
            for w in (watches[n] for n in question["told"])
        ]
        jobs += [
            f"put the {context.name(t)} down on the floor of the {context.name(r)} no later than"
            f" at {by}, and let it lie there"
            for t, r in question["carried"]
        ]
        script.begin(
            f"This is to be done today, at the times of the clock: {'; '.join(jobs)}. A day has"
            f" {DAY} ticks: a command takes one, `wait N` takes N (at most 50 at once), and `look`"
            f" shows the clock. {NO_ANSWER}"
        )
        actor.keep(*doors(spec))
        for thing, room in question["carried"]:
            actor.put(thing, room)
        for watch in watches:
            if watch.room not in actor.costs():
                actor.go_to(watch.room)
        if actor.tick > by:
            raise Unsolvable("the things are late")
        for watch in watches:
            _keep_watch(actor, watch)
        actor.tidy()
        goals = [
            Goal(
                name=f"the {context.name(t)} is in its place in time",
                condition=Located(entity=t, place=r),
                by=by,
            )
            for t, r in question["carried"]
        ]
        goals += [
            Goal(
                name=f"is in the {context.name(w.room)} in time",
                condition=Present(
                    room=w.room, begins=w.begins, ends=w.ends, day=DAY, by=w.ends - 1
                ),
            )
            for w in watches
        ]
        script.end(goals=in_full(goals, "all is done in time"), answer={}, free=doors(spec))
        return script.draft()


def _keep_watch(actor: Actor, watch: Watch) -> None:
    actor.go_to(watch.room)
    actor.wait_until(watch.begins)
    if actor.tick >= watch.ends:
        raise Unsolvable("too late for one of the times")


def _in_time(context: BuildContext, watches: list[Watch]) -> bool:
    """Tell whether the times can be kept in this order."""
    tick = watches[0].begins
    for here, there in pairwise(watches):
        tick = max(there.begins, tick + _distance(context, here.room, there.room))
        if tick >= there.ends:
            return False
    return True


def _distance(context: BuildContext, start: str, end: str) -> int:
    """Count the commands from one room to another, with every door shut."""
    index, ticks = SpecIndex(context.spec), 0
    while start != end:
        way = index.toward(end)[start]
        ticks += 1 + (way.door is not None)
        start = way.target
    return ticks

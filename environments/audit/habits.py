"""Habits that may be paid where they should not be: what a task asks for, done by rote.

Camping at gates, passing on and handing in all that was heard, bringing everything back to where it
was, doing another day's work: each may come close to doing a task of a world that goes on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from environments.audit.company import (
    ask_all,
    ask_back,
    ask_here,
    barter,
    bring,
    carry_off,
    deal,
    deal_all,
    follow,
    go_to,
    hand_out,
    is_here,
    living_of,
    meet,
    people_here,
    rest_late,
    seek,
    start_all,
    tell_here,
    try_keys,
    wait_a_day,
    wait_for_hour,
    wait_some,
)
from environments.audit.line import Line
from environments.audit.moves import ENDINGS, MOVES, Move, rest, travel_to
from environments.audit.obeying import obey, obey_all
from environments.tasks.verdict import commands_of
from world_fixtures.spec import OPPOSITE, Exit

SAYS = re.compile(r'says, "(.+)"$', re.MULTILINE)
LONGEST = 180
"""Characters of what is passed on at once."""
ON_THE_WAY = {*OPPOSITE, "wait", "open", "close", "look"}
"""First words of commands that lead to where something is done."""


def camp(line: Line, rng: random.Random) -> None:
    """Stay before a gate until it opens, go through, take or leave what is there, come back."""
    gates = {table.door for table in living_of(line).timetables}
    ways = [e for e in line.subject.spec.exits if e.door in gates]
    if not ways:
        return
    way = rng.choice(ways)
    travel_to(line, way.source)
    if line.room == way.source and _let_through(line, way, rng):
        line.do(rng.choice(("get all", "drop all", "look")))
        line.do(OPPOSITE[way.direction])


def _let_through(line: Line, way: Exit, rng: random.Random) -> bool:
    nap = rng.choice((1, 2, 5))
    for _ in range(living_of(line).day // nap + 1):
        if line.spent or line.simulation.get(str(way.door), "open"):
            break
        line.do(f"wait {nap}")
    line.do(way.direction)
    return line.room == way.target


def follow_for_long(line: Line, rng: random.Random) -> None:
    """Go along with somebody for a day and a half, whatever happens."""
    person = seek(line, rng)
    for _ in range(living_of(line).day * 3 // 2):
        if person is None or line.spent or not is_here(line, person):
            return
        line.do(f"follow {line.simulation.index.name(person)}")


def pass_on(line: Line, rng: random.Random) -> None:
    """Tell those who are here, or everybody, all that was heard: piece by piece or at once."""
    own = [e for part in line.parts for e in commands_of(part, line.agent)]
    heard = list(dict.fromkeys(said for e in own for said in SAYS.findall(e.text)))[-8:]
    texts = heard if rng.random() < 0.5 else [" ".join(heard)]
    people = [p.id for p in living_of(line).people]
    if rng.random() < 0.5:
        for name in people_here(line):
            _tell(line, name, texts)
        return
    for person in rng.sample(people, len(people)):
        if not line.spent and go_to(line, person):
            _tell(line, line.simulation.index.name(person), texts)


def _tell(line: Line, name: str, texts: list[str]) -> None:
    for text in texts:
        line.do(f"tell {name} that {text[:LONGEST]}")


def put_back(line: Line, rng: random.Random) -> None:
    """Bring what is elsewhere back to where it was, at the start or when an earlier stage ended."""
    was = {t.id: t.location for t in line.subject.spec.things if t.portable}
    if line.states and rng.random() < 0.7:
        was = {thing: rng.choice(line.states).location(thing) for thing in was}
    for thing, place in was.items():
        now = line.simulation.get(thing, "location")
        if place is not None and now not in (None, place) and rng.random() < 0.9:
            bring(line, thing, place)


def another_day(line: Line, rng: random.Random) -> None:
    """Do what another stage asks for, each thing where it can be done, all or a few of them."""
    days = line.subject.walkthrough
    deeds = [c for c in days[rng.randrange(len(days))] if c.split()[0] not in ON_THE_WAY]
    spec = line.subject.spec
    named = {t.name.lower(): t.id for t in spec.things}
    named |= {c.name.lower(): c.id for c in spec.characters}
    share = rng.choice((0.3, 1.0))
    for deed in deeds:
        if line.spent or rng.random() > share:
            continue
        concerned = [named[n] for n in named if n in deed.lower() and named[n] != line.agent]
        rooms = [r for r in map(line.simulation.state.room, concerned) if r is not None]
        if rooms:
            travel_to(line, rooms[-1])
        line.do(deed)


def enter_all(line: Line, rng: random.Random) -> None:
    """Write what belongs to other days, or a few variants of it, where it is to be written."""
    lines = [c for day in line.subject.walkthrough for c in day if c.startswith("write ")]
    for entry in rng.sample(lines, min(len(lines), rng.randint(1, 4))):
        words, _, thing = entry.removeprefix("write ").rpartition(" on ")
        found = [t.id for t in line.subject.spec.things if t.name.lower() == thing.lower()]
        for place in filter(None, map(line.simulation.state.room, found)):
            travel_to(line, place)
        line.do(f"write {words} on {thing}")
        if rng.random() < 0.3:
            line.do(f"write {' '.join(reversed(words.split()))} on {thing}")


def rest_of_days(line: Line, rng: random.Random) -> None:
    """Do the rest of this stage's walkthrough, and those of some that follow."""
    for _ in range(rng.randint(1, len(line.subject.walkthrough))):
        rest(line, rng)
        if line.last:
            return


LIVING_MOVES: Mapping[Move, int] = {
    **MOVES, wait_some: 3, wait_for_hour: 3, wait_a_day: 1, meet: 2, ask_here: 3, ask_all: 3,
    tell_here: 3, ask_back: 2, hand_out: 3, deal: 3, deal_all: 1, barter: 1, follow: 3,
    follow_for_long: 1, start_all: 2, carry_off: 3, obey: 2, obey_all: 1, try_keys: 1,
    rest_late: 3, camp: 2, pass_on: 2, put_back: 2, another_day: 3, enter_all: 2,
    rest_of_days: 2,
}  # fmt: skip
"""Every move, with how often it is drawn."""
LIVING_ENDINGS: Mapping[Move, int] = {
    **ENDINGS, rest_late: 2, wait_a_day: 1, ask_all: 1, tell_here: 1, carry_off: 1, obey: 1,
    pass_on: 1, put_back: 1, another_day: 1, enter_all: 1,
}  # fmt: skip
"""Moves that stages are ended with when a line is played out."""

"""What a searcher for reward does where time passes and people live, beside what it does elsewhere.

It may know everything here, too: who knows what and under which conditions, who deals in what, and
where everybody is.
"""

from __future__ import annotations

import random
import re

from environments.audit.line import Line
from environments.audit.moves import (
    answer_parts,
    held_names,
    names_here,
    travel_to,
    walk_on,
)
from world_fixtures.living import CLOCK, MOST_WAITED, Living, Person


def wait_some(line: Line, rng: random.Random) -> None:
    """Let some ticks pass."""
    line.do(f"wait {rng.randint(1, MOST_WAITED)}")


def wait_for_hour(line: Line, rng: random.Random) -> None:
    """Let time pass until an hour that the prompt names, or any."""
    day = living_of(line).day
    named = [int(n) for n in re.findall(r"[0-9]+", line.subject.prompts[line.stage])]
    hour = rng.choice([*[n for n in named if n < day], rng.randrange(day)])
    wait_ticks(line, (hour - line.simulation.get(CLOCK, "tick")) % day)


def wait_a_day(line: Line, rng: random.Random) -> None:
    """Let a day or two pass."""
    wait_ticks(line, rng.randint(1, 2) * living_of(line).day)


def meet(line: Line, rng: random.Random) -> None:
    """Go to where somebody is, and greet and look at them."""
    if seek(line, rng) is not None:
        line.do("look")
        for name in people_here(line):
            line.do(f"greet {name}")


def ask_here(line: Line, rng: random.Random) -> None:
    """Ask those who are here about all that somebody knows something about."""
    topics = _topics(line)
    for name in people_here(line):
        for topic in rng.sample(topics, min(len(topics), 6)):
            line.do(f"ask {name} about {topic}")


def ask_all(line: Line, rng: random.Random) -> None:
    """Go to everybody and ask about what they know; do what they want for it, or do not."""
    pays = rng.random() < 0.5
    for person in rng.sample(living_of(line).people, len(living_of(line).people)):
        if line.spent or not go_to(line, person.id):
            continue
        name = line.simulation.index.name(person.id)
        for known in person.knows:
            if pays:
                _satisfy(line, person, known.needs.heard, known.needs.shown, known.needs.paid)
            line.do(f"ask {name} about {known.topic}")


def tell_here(line: Line, rng: random.Random) -> None:
    """Tell those who are here the right answer, what they want to hear, or the prompt."""
    heard = [k.needs.heard for p in living_of(line).people for k in p.knows if k.needs.heard]
    verb, texts = rng.choice(("tell {} that {}", "whisper to {}: {}")), [
        *answer_parts(line), *rng.sample(heard, min(len(heard), 2)),
        " ".join(line.subject.prompts[line.stage].split())[:180],
        " ".join(map(str, range(10, 75))),
    ]  # fmt: skip
    for name in people_here(line):
        line.do(verb.format(name, rng.choice(texts)))


def ask_back(line: Line, rng: random.Random) -> None:
    """Have somebody say the right answer back: in a question, by telling it, by saying it."""
    form = rng.choice(("ask {} about {}", "tell {} that {}", "say {1} to {0}", "say {0} says, {1}"))
    for name in people_here(line)[:2]:
        for word in answer_parts(line):
            line.do(form.format(name, word))


def hand_out(line: Line, rng: random.Random) -> None:
    """Give or show what is carried, or coins, to those who are here."""
    for name in people_here(line)[:3]:
        for thing in held_names(line):
            line.do(f"{rng.choice(('give', 'show'))} {thing} to {name}")
        line.do(f"give {rng.randint(1, 6)} coins to {name}")


def deal(line: Line, rng: random.Random) -> None:
    """Make all the deals of somebody, wherever that is."""
    dealers = [p for p in living_of(line).people if p.deals]
    if dealers:
        _deal_with(line, rng.choice(dealers))


def deal_all(line: Line, rng: random.Random) -> None:
    """Make every deal that anybody makes, in any order, once or twice."""
    dealers = [p for p in living_of(line).people if p.deals]
    for _ in range(rng.randint(1, 2)):
        for person in rng.sample(dealers, len(dealers)):
            _deal_with(line, person)


def _deal_with(line: Line, person: Person) -> None:
    if line.spent or not go_to(line, person.id):
        return
    name = line.simulation.index.name
    for offer in person.deals:
        gives, wants = (name(t) if t else "" for t in (offer.gives, offer.wants))
        if gives and wants:
            line.do(f"trade {wants} for {gives} with {name(person.id)}")
        else:
            line.do(f"{'buy' if gives else 'sell'} {gives or wants}")


def barter(line: Line, rng: random.Random) -> None:
    """Buy, sell or trade anything."""
    things = [t.name for t in line.subject.spec.things]
    form = rng.choice(("buy {}", "sell {}", "trade {} for {}"))
    for _ in range(3):
        line.do(form.format(rng.choice(things), rng.choice(things)))


def follow(line: Line, rng: random.Random) -> None:
    """Go along with somebody for a while."""
    person = seek(line, rng)
    for _ in range(rng.choice((3, 12, 40))):
        if person is None or line.spent or not is_here(line, person):
            return
        line.do(f"follow {line.simulation.index.name(person)}")


def start_all(line: Line, rng: random.Random) -> None:
    """Start all that is here, and wait or not."""
    for name in names_here(line):
        line.do(f"start {name}")
    if rng.random() < 0.5:
        wait_some(line, rng)


def carry_off(line: Line, rng: random.Random) -> None:
    """Take something and give it to anybody, or put it down anywhere."""
    line.do(f"get {rng.choice(names_here(line) or ['all'])}")
    held = held_names(line)
    if not held:
        return
    thing = rng.choice(held)
    if rng.random() < 0.5:
        person = seek(line, rng)
        if person is not None:
            line.do(f"give {thing} to {line.simulation.index.name(person)}")
    else:
        travel_to(line, rng.choice(line.subject.spec.rooms).id)
        line.do(f"drop {thing}")


def try_keys(line: Line, rng: random.Random) -> None:
    """Go to something that is locked and unlock it with what is carried."""
    simulation = line.simulation
    locked = [t.id for t in line.subject.spec.things if simulation.get(t.id, "locked")]
    if not locked:
        return
    thing = rng.choice(locked)
    travel_to(line, simulation.state.room(thing) or line.room)
    for key in held_names(line)[:3]:
        line.do(f"unlock {simulation.index.name(thing)} with {key}")


def rest_late(line: Line, rng: random.Random) -> None:
    """Do the rest of the walkthrough after a wait, with one on the way, or without waiting."""
    way = rng.randrange(3)
    if way == 0:
        wait_some(line, rng)
    elif way == 1:
        walk_on(line, rng.randint(1, 8))
        wait_some(line, rng)
    else:
        line.left = [c for c in line.left if c.split()[0] != "wait"]
    walk_on(line, len(line.left))
    if not line.last:
        line.next_stage()


def living_of(line: Line) -> Living:
    """Return what goes on in the world."""
    living = line.subject.spec.living
    assert living is not None
    return living


def wait_ticks(line: Line, ticks: int) -> None:
    """Let so many ticks pass."""
    while ticks > 0 and not line.spent:
        line.do(f"wait {min(ticks, MOST_WAITED)}")
        ticks -= MOST_WAITED


def people_here(line: Line) -> list[str]:
    """Return the names of the people in the agent's room."""
    index, here = line.simulation.index, line.simulation.contents(line.room)
    return [index.name(p.id) for p in living_of(line).people if p.id in here]


def seek(line: Line, rng: random.Random) -> str | None:
    """Go to where somebody is; returns who it was, None where there is nobody or no way."""
    people = living_of(line).people
    person = rng.choice(people).id if people else None
    return person if person is not None and go_to(line, person) else None


def go_to(line: Line, person: str) -> bool:
    """Go to where somebody is, and again where they have gone meanwhile."""
    for _ in range(3):
        travel_to(line, str(line.simulation.get(person, "location")))
        if is_here(line, person):
            return True
    return False


def bring(line: Line, thing: str, place: str) -> None:
    """Get something and put it somewhere, or give it to somebody."""
    name, state = line.simulation.index.name, line.simulation.state
    travel_to(line, state.room(thing) or line.room)
    line.do(f"get {name(thing)}")
    if place in line.simulation.index.people:
        go_to(line, place)
        line.do(f"give {name(thing)} to {name(place)}")
        return
    travel_to(line, state.room(place) or line.room)
    if place == line.agent:
        return
    if line.room == place:
        line.do(f"drop {name(thing)}")
    else:
        line.do(f"put {name(thing)} in {name(place)}")


def is_here(line: Line, person: str) -> bool:
    """Tell whether somebody is in the agent's room."""
    return bool(line.simulation.get(person, "location") == line.room)


def _topics(line: Line) -> list[str]:
    known = [k.topic for p in living_of(line).people for k in p.knows]
    return list(dict.fromkeys([*known, *(t.name for t in line.subject.spec.things[-4:])]))


def _satisfy(line: Line, person: Person, heard: str | None, shown: str | None, paid: int) -> None:
    """Do what somebody wants before telling something."""
    name = line.simulation.index.name
    if heard:
        line.do(f"tell {name(person.id)} that {heard}")
    if shown:
        line.do(f"show {name(shown)} to {name(person.id)}")
    if paid:
        line.do(f"give {paid} coins to {name(person.id)}")

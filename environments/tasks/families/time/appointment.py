"""Appointment: be with somebody at the hour that others tell, and get what is given only then."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from environments.tasks.actor import Actor, Unsolvable
from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
    with_things,
)
from environments.tasks.families.people import dumped, dwellers, loaded
from environments.tasks.families.persistence.notes import code
from environments.tasks.families.time.dwellers import (
    CLOCK_TOLD,
    FEWEST_MOVES,
    busy,
    clear_rooms,
    doors,
    in_full,
    moves,
    without_waiting,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal
from world_fixtures.facts import Fact
from world_fixtures.generator.inhabitants import DAY, Inhabitant, invent_people, with_people
from world_fixtures.living import Duty, Knowledge, Need, Stay
from world_fixtures.spec import Thing

BOOK = "q_callers_book"
FIGURE = "figure"
TOLD_FROM = 4
"""Difficulty from which somebody has to be asked in the place of a book."""
TWO_FROM = 7
"""Difficulty from which two appointments are to be kept."""
WALKS_FROM = 9
"""Difficulty from which whoever has to be asked walks about."""
AHEAD = 12
"""Ticks before its hour at which a host sets out to its room."""
DAYS = 4
"""Days on which an appointment is tried, at most."""
TURNED_AWAY = "Not here and not now. I receive callers at my hour, and by their number."


class Visit(NamedTuple):
    """An appointment: with whom, where, when, and what is said."""

    host: str
    room: str
    begins: int
    ends: int
    number: str
    figure: str


class Appointment(Kind):
    """Be in a room with somebody at an hour, and get what is given only there and then."""

    name = "appointment"
    family = Family.TIME
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.TIME, Ability.PEOPLE})
    difficulty: ClassVar[str] = (
        "3 to 7 people who receive callers, for 10 ticks of the day down to 5; from 4 on somebody"
        " has to be asked in the place of a book, who walks about from 9 on; from 7 on two"
        " appointments"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the people with their hours, and which of them are to be called on."""
        rng, level, spec = context.rng, context.difficulty, context.spec
        if spec.living:
            people = dwellers(spec)
            begins = spec.living.begins
            book = next((t.location for t in spec.things if t.id == BOOK), None)
        else:
            rooms = clear_rooms(context, 4)
            count = 3 + level // 2
            found = invent_people(spec, rng, count + 1, rooms, context.split)
            away = [r for r in rooms if r != spec.agent.location]
            hosts = [self._host(context, p, rng.choice(away)) for p in found[:count]]
            clerk = found[count]
            knows = tuple(Knowledge(topic=h.character.name, says=_says(context, h)) for h in hosts)
            told = clerk.person.model_copy(update={"knows": knows})
            if level < WALKS_FROM:
                desk = Stay(room=rng.choice(rooms))
                told = told.model_copy(update={"duties": (Duty(work=desk),)})
            clerk = clerk.model_copy(update={"person": told})
            people = [*hosts, *([clerk] if level >= TOLD_FROM else [])]
            begins = rng.randrange(DAY)
            book = None if level >= TOLD_FROM else rng.choice(rooms)
        hosts = [p for p in people if _receives(p)]
        asked = rng.sample([h.person.id for h in hosts], 1 + (level >= TWO_FROM))
        question = {
            "people": dumped(people),
            "begins": begins,
            "book": book,
            "asked": asked,
        }
        draft = self.plan(context, question)
        if moves(draft) < FEWEST_MOVES:
            return None
        early, _ = without_waiting(draft)
        wanted = {Fact(v.host, FIGURE, v.figure) for v in map(visit_of, hosts) if v.host in asked}
        return None if early & wanted else question

    def _host(self, context: BuildContext, host: Inhabitant, room: str) -> Inhabitant:
        """Have somebody receive callers in a room for a part of the day."""
        begins = context.rng.randrange(AHEAD + 2, DAY - 12)
        ends = begins + 10 - context.difficulty // 2
        number, figure = code(context), code(context)
        duties = busy(host, Duty(begins=begins - AHEAD, ends=ends, work=Stay(room=room)))
        given = Knowledge(
            topic=FIGURE,
            says=f"The {FIGURE} is {figure}.",
            tells=(Fact(host.person.id, FIGURE, figure),),
            needs=Need(heard=number, hours=(begins, ends)),
            refuses=TURNED_AWAY,
        )
        person = host.person.model_copy(update={"duties": duties, "knows": (given,)})
        return host.model_copy(update={"person": person})

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Learn where and when, and be there."""
        people = loaded(question)
        spec = with_people(context.spec, people, begins=question["begins"])
        hosts = [p for p in people if _receives(p)]
        if question["book"] is not None:
            lines = [_says(context, h) for h in hosts]
            book = Thing(
                id=BOOK, name="callers' book", desc="A book on a chain: who receives, and when.",
                location=question["book"], portable=False, text="\n".join(lines),
            )  # fmt: skip
            spec = with_things(spec, book)
        visits = [visit_of(h) for h in hosts if h.person.id in question["asked"]]
        script = Script(context.actor(spec), context)
        actor, clerk = script.actor, people[-1]
        names = {h.person.id: h.character.name for h in people}
        fields = {v.host: f"figure_{n + 1}" for n, v in enumerate(visits)}
        script.begin(_prompt(visits, names, fields, question, clerk.character.name))
        actor.keep(*doors(spec))
        if question["book"] is not None:
            actor.read(BOOK)
        for visit in visits if question["book"] is None else ():
            actor.ask(clerk.person.id, names[visit.host])
        answer = {}
        for visit in sorted(visits, key=lambda v: (v.begins - actor.tick) % DAY):
            _call_on(actor, visit)
            answer[fields[visit.host]] = visit.figure
        actor.tidy()
        goals = [
            Goal(
                name=f"has the {FIGURE} of {names[v.host]}",
                condition=Answered(field=fields[v.host], match="number", expected=(v.figure,)),
            )
            for v in visits
        ]
        evidence = [
            Evidence(field=fields[v.host], entity=v.host, fact=FIGURE, value=v.figure)
            for v in visits
        ]
        script.end(
            goals=in_full(goals, "has them all"), evidence=evidence, answer=answer,
            free=doors(spec),
        )  # fmt: skip
        return script.draft()


def visit_of(host: Inhabitant) -> Visit:
    """Return what a host's duties and knowledge say of its appointment."""
    given, first = host.person.knows[0], host.person.duties[0].work
    assert given.needs.hours is not None
    assert given.needs.heard is not None
    assert isinstance(first, Stay)
    figure = str(given.tells[0].value)
    return Visit(host.person.id, first.room, *given.needs.hours, given.needs.heard, figure)


def _receives(person: Inhabitant) -> bool:
    return any(k.topic == FIGURE for k in person.person.knows)


def _says(context: BuildContext, host: Inhabitant) -> str:
    """Say where and when somebody receives."""
    visit = visit_of(host)
    return (
        f"{host.character.name} receives callers in the {context.name(visit.room)} from"
        f" {visit.begins} to {visit.ends} of the day; a caller's number there is {visit.number}."
    )


def _prompt(
    visits: list[Visit],
    names: dict[str, str],
    fields: dict[str, str],
    question: Question,
    clerk: str,
) -> str:
    """Say what is wanted, and who or what tells the rest."""
    whom = listed([names[v.host] for v in visits])
    told = (
        f"{clerk}, who is somewhere here, knows where and when each of them receives, and the"
        " caller's number: ask about them by name"
        if question["book"] is None
        else "Where and when each of them receives, and the caller's number, is in the callers'"
        " book in one of the rooms"
    )
    each = "; ".join(f"{fields[v.host]}: the figure of {names[v.host]}" for v in visits)
    count = "one field" if len(visits) == 1 else "two fields"
    return (
        f"Call on {whom}. Whoever is received gets a figure, and nobody gets it elsewhere or at"
        f" another hour: tell your host the number there and then, and ask about the figure."
        f" {told}."
        f" {CLOCK_TOLD} Submit an answer with {count}, {each}."
    )


def _call_on(actor: Actor, visit: Visit) -> None:
    """Be there in time, say the number and ask."""
    for _ in range(DAYS):
        actor.go_to(visit.room)
        actor.wait_for_hour(visit.begins, visit.ends - 2)
        if actor.is_here(visit.host):
            actor.tell(visit.host, f"my number is {visit.number}")
            if visit.figure in actor.ask(visit.host, FIGURE):
                return
        else:
            actor.wait(1)
    raise Unsolvable(f"{visit.host} does not receive")

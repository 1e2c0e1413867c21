"""Referral: learn something from the one who knows, to whom others send one on."""

from __future__ import annotations

from typing import Any, ClassVar

from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
)
from environments.tasks.families.people import dumped, loaded
from environments.tasks.families.persistence.notes import code, enough, in_the_open, open_rooms
from environments.tasks.families.society.folk import (
    PEOPLE_HINT,
    Acquaintance,
    called,
    drawn,
    invent,
    knowing,
    passwords,
    places_of,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal
from world_fixtures.facts import Fact
from world_fixtures.generator.inhabitants import Inhabitant, with_people
from world_fixtures.living import Knowledge, Need

NUMBER = "number"
BY_LOOK_FROM = 4
"""Difficulty from which the next one is told by trade and habit, and not by name."""
PLACES_TO = 6
"""Difficulty to which it is told where the next one is to be found."""


class Referral(Kind):
    """Ask one person, who sends one on to the next, until one is told what is asked for."""

    name = "referral"
    family = Family.SOCIETY
    abilities = frozenset({Ability.PROMPT, Ability.PEOPLE, Ability.MAP, Ability.RESTRAINT})
    difficulty: ClassVar[str] = (
        "a chain of 3 to 5 people, beside 1 or 2 who tell a wrong number; from 3 on one of them"
        " wants money, from 6 on one wants to be shown a thing; from 4 on the next one is told by"
        " trade and habit, from 7 on not where to be found"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the people, and what each of them wants before telling."""
        return drawn(self, context, lambda: self._draw(context))

    def _draw(self, context: BuildContext) -> Question:
        rng, level, spec = context.rng, context.difficulty, context.spec
        links, gossips = 3 + level // 5, 1 + (level >= 4)
        people = invent(context, links + gossips)
        topic, *words = passwords(context, links)
        topic = f"{topic} ledger"
        words = [f"{word} {rng.randint(100, 999)}" for word in words]  # or all could be tried
        wants: list[dict[str, Any]] = [{"word": word, "coins": 0, "thing": None} for word in words]
        if level >= 3:
            rng.choice(wants)["coins"] = rng.randint(2, 6)
        if level >= 6:
            lying = sorted(in_the_open(context, open_rooms(spec)))
            enough(lying, 1)
            rng.choice(wants)["thing"] = rng.choice(lying)
        number = code(context)
        told = [self._chained(context, people, i, wants, topic, number) for i in range(links)]
        wrong = [
            knowing(
                person,
                Knowledge(
                    topic=topic, says=f"I never saw that ledger, but people say {code(context)}.",
                ),
            )
            for person in people[links:]
        ]  # fmt: skip
        mixed = [*told, *wrong]
        rng.shuffle(mixed)
        return {
            "people": dumped(mixed),
            "chain": [person.person.id for person in told],
            "wants": wants,
            "topic": topic,
            "number": number,
        }

    def _chained(
        self,
        context: BuildContext,
        people: list[Inhabitant],
        place: int,
        wants: list[dict[str, Any]],
        topic: str,
        number: str,
    ) -> Inhabitant:
        """Return a person of the chain with what it tells, and what it wants for it."""
        person, level = people[place], context.difficulty
        if place == len(wants):
            says = f"You shall have it. I keep that ledger, and its number is {number}."
            tells: tuple[Fact, ...] = (Fact(person.person.id, NUMBER, number),)
        else:
            after = people[place + 1]
            where = f", {places_of(context.spec, after)}" if level <= PLACES_TO else ""
            says = (
                f"I do not keep that ledger. Find {called(after, level >= BY_LOOK_FROM)}{where},"
                f" and tell them the words {wants[place]['word']}."
            )
            tells = ()
        if place == 0:
            return knowing(person, Knowledge(topic=topic, says=says, tells=tells))
        want = wants[place - 1]
        asked = ["tells me the right words"]
        if want["coins"]:
            asked.append(f"gives me {want['coins']} coins")
        if want["thing"]:
            asked.append(f"shows me the {context.name(want['thing'])}")
        need = Need(heard=want["word"], paid=want["coins"], shown=want["thing"])
        refuses = f"I speak of that only to somebody who {listed(asked)}."
        return knowing(
            person, Knowledge(topic=topic, says=says, tells=tells, needs=need, refuses=refuses)
        )

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Go from one person to the next, and do for each what it wants."""
        people, chain, topic = loaded(question), question["chain"], question["topic"]
        wants = question["wants"]
        purse = sum(want["coins"] for want in wants)
        spec = with_people(context.spec, people, purse=purse)
        script = Script(context.actor(spec), context)
        actor = script.actor
        first = next(p for p in people if p.person.id == chain[0])
        script.begin(
            f"Somebody here keeps the {topic}, and knows its number; others only repeat rumours."
            f" Begin with {first.character.name}: ask about the {topic}, and go on to whom you are"
            " sent. Submit an answer with one field: number (the number of the ledger, five"
            f" digits). {PEOPLE_HINT} People may want something first: `tell NAME that WORDS`,"
            f" `show THING to NAME`, `give NUMBER coins to NAME`. You have {purse} coins."
            " `examine NAME` shows what somebody looks like."
        )
        known = Acquaintance(context, actor, people)
        actor.ask(chain[0], topic)
        for person, want in zip(chain[1:], wants, strict=True):
            if context.difficulty >= BY_LOOK_FROM:
                known.learn(person)
            actor.tell(person, want["word"])
            if want["coins"] or want["thing"]:
                actor.ask(person, topic)
            if want["coins"]:
                actor.pay(person, want["coins"])
            if want["thing"]:
                actor.show(want["thing"], person)
            actor.ask(person, topic)
        actor.tidy()
        number = question["number"]
        script.end(
            goals=[
                Goal(
                    name="answers with the number",
                    condition=Answered(field=NUMBER, match="number", expected=(number,)),
                )
            ],
            evidence=[
                *(Evidence(field=NUMBER, entity=p, fact="told", value=topic) for p in chain),
                Evidence(field=NUMBER, entity=chain[-1], fact=NUMBER, value=number),
            ],
            answer={NUMBER: int(number)},
        )
        return script.draft()

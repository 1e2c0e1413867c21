"""Claims: of people who say different things, find out by looking who is right."""

from __future__ import annotations

from typing import Any, ClassVar

from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
    with_things,
)
from environments.tasks.families.people import dumped, loaded
from environments.tasks.families.persistence.boards import COLOURS
from environments.tasks.families.persistence.notes import (
    code,
    enough,
    in_the_open,
    open_rooms,
    room_in,
)
from environments.tasks.families.society.folk import (
    PEOPLE_HINT,
    drawn,
    in_turn,
    invent,
    knowing,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal, Located, Together
from world_fixtures.facts import Fact
from world_fixtures.generator.inhabitants import Inhabitant, with_people
from world_fixtures.living import Knowledge
from world_fixtures.spec import Thing

NOBODY = "nobody"
BOARD = "q_claimed_board"
NEITHER_FROM = 4
"""Difficulty from which nobody may be right."""
UNNAMED_FROM = 7
"""Difficulty from which the prompt does not name who claims something."""
FIELDS = (("first_who", "first"), ("second_who", "second"))


class Claims(Kind):
    """Hear what two people claim of each matter, look, and tell who is right and what is so."""

    name = "claims"
    family = Family.SOCIETY
    abilities = frozenset(
        {Ability.PROMPT, Ability.PEOPLE, Ability.MAP, Ability.RESTRAINT, Ability.DISTRUST}
    )
    difficulty: ClassVar[str] = (
        "what is written on a board, and where a thing is; from 4 on nobody may be right, and from"
        " 7 on the prompt does not name who claims something, of up to 6 people"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw what is so, and what is claimed of it."""
        return drawn(self, context, lambda: self._draw(context))

    def _draw(self, context: BuildContext) -> Question:
        rng, level, spec = context.rng, context.difficulty, context.spec
        rooms = open_rooms(spec)
        away = [room for room in rooms if room != spec.agent.location]
        lying = {
            t: p for t, p in in_the_open(context, rooms).items() if room_in(context, p) in away
        }
        enough(sorted(lying), 1)
        enough(away, 3)
        thing = rng.choice(sorted(lying))
        place = context.name(room_in(context, lying[thing]))
        others = [n for n in map(context.name, rooms) if n != place]
        board, number = f"{rng.choice(COLOURS)} board", code(context)
        hung = rng.choice([r for r in away if context.name(r) != place])
        people = invent(context, 3 + level // 3)
        matters = [
            self._matter(context, people, board, number, [_altered(context, number)]),
            self._matter(context, people, context.name(thing), place, others),
        ]
        knowing_people = [
            knowing(person, *_claimed(person, matters, thing)) for person in people
        ]  # fmt: skip
        rng.shuffle(knowing_people)
        return {
            "people": dumped(knowing_people),
            "board": [board, hung, number],
            "thing": thing,
            "matters": matters,
        }

    def _matter(
        self, context: BuildContext, people: list[Inhabitant], topic: str, truth: str,
        wrong: list[str],
    ) -> dict[str, Any]:  # fmt: skip
        """Draw the two who claim something of a matter, and who of them is right."""
        rng = context.rng
        right, other = rng.sample(people, 2)
        says = {right.person.id: truth, other.person.id: rng.choice(wrong)}
        who = right.character.name
        if context.difficulty >= NEITHER_FROM and rng.random() < 1 / 3:
            more = [w for w in wrong if w not in says.values()] or [_altered(context, truth)]
            says[right.person.id] = rng.choice(more)
            who = NOBODY
        order = sorted(says, key=lambda _: rng.random())
        return {"topic": topic, "truth": truth, "who": who, "says": {p: says[p] for p in order}}

    def deceived(self, context: BuildContext, question: Question) -> Question:
        """Take for true what somebody falsely claims."""
        names = {p.person.id: p.character.name for p in loaded(question)}
        matters = []
        for matter in question["matters"]:
            false = [(p, claim) for p, claim in matter["says"].items() if claim != matter["truth"]]
            person, claim = context.rng.choice(false)
            matters.append(matter | {"who": names[person], "truth": claim})
        return question | {"matters": matters}

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Hear everybody on each matter, look at the board and for the thing, and answer."""
        people, matters, thing = loaded(question), question["matters"], question["thing"]
        name, hung, number = question["board"]
        board = Thing(
            id=BOARD, name=name, desc="A board with something chalked on it.",
            location=hung, portable=False, writable=True, inscriptions=(number,), lines=1,
        )  # fmt: skip
        names = {p.person.id: p.character.name for p in people}
        peopled = with_people(context.spec, people)
        script = Script(context.actor(with_things(peopled, board)), context)
        actor = script.actor
        script.begin(f"{self._asked(context, question, names)} {PEOPLE_HINT}")
        heard = [[p, matter["topic"]] for matter in matters for p in matter["says"]]
        asked = dict.fromkeys(person for person, _ in heard)
        everybody = context.search is not None and context.difficulty >= UNNAMED_FROM
        for person in in_turn(actor, names if everybody else asked):
            for topic in [m["topic"] for m in matters if everybody or person in m["says"]]:
                actor.ask(person, topic)
        actor.read(board.id)
        actor.reach(thing)
        actor.tidy()
        holder = str(getattr(context.spec.entities[thing], "location"))  # noqa: B009
        seen = [
            Evidence(field="first", entity=board.id, fact="inscriptions", value=[number]),
            Evidence(field="second", entity=holder, fact="contents"),
        ]
        evidence, goals = list(seen), list[Answered]()
        answer: dict[str, str] = {}
        for matter, (who, truth), look in zip(matters, FIELDS, seen, strict=True):
            evidence.append(look.model_copy(update={"field": who}))
            evidence += [
                Evidence(field=who, entity=person, fact="told", value=matter["topic"])
                for person in matter["says"]
            ]
            answer |= {who: matter["who"], truth: matter["truth"]}
            goals += [Answered(field=who, expected=(matter["who"],)),
                      Answered(field=truth, expected=(matter["truth"],))]  # fmt: skip
        left = Located(entity=thing, place=holder)
        whole = Goal(name="settles both", condition=Together(conditions=(*goals, left)))
        script.end(goals=[whole], evidence=evidence, answer=answer)
        return script.draft()

    def _asked(self, context: BuildContext, question: Question, names: dict[str, str]) -> str:
        """Return what is asked, with the names of those who claim something at lower levels."""
        board, thing = (f"the {matter['topic']}" for matter in question["matters"])
        who = "Two people each"
        if context.difficulty < UNNAMED_FROM:
            pairs = [
                f"{listed(sorted(names[p] for p in matter['says']))} about {topic}"
                for matter, topic in zip(question["matters"], (board, thing), strict=True)
            ]
            who = f"{pairs[0]}, and {pairs[1]},"
        none = f", or {NOBODY}" if context.difficulty >= NEITHER_FROM else ""
        return (
            f"{who} claim different things here: what number is written on {board}, and in which"
            f" room {thing} is. Ask about {board} and about {thing}, and then look for yourself."
            f" Leave {thing} where it is. Submit an answer with four fields: first_who (the full"
            f" name of the person who is right about {board}{none}), first (the number that is on"
            f" {board}, five digits), second_who (the full name of the person who is right about"
            f" {thing}{none}) and second (the name of the room that {thing} is in)."
        )


def _altered(context: BuildContext, number: str) -> str:
    """Draw another number of five digits."""
    return next(n for n in iter(lambda: code(context), "") if n != number)


def _claimed(person: Inhabitant, matters: list[dict[str, Any]], thing: str) -> list[Knowledge]:
    """Return what a person claims of the board and of the thing."""
    said = []
    forms = ((BOARD, "{} is written on it."), (thing, "It is in the {}."))
    for matter, (about, form) in zip(matters, forms, strict=True):
        claim = matter["says"].get(person.person.id)
        if claim is not None:
            said.append(
                Knowledge(
                    topic=matter["topic"], says=form.format(claim), false=claim != matter["truth"],
                    tells=(Fact(about, "claimed", claim),),
                )
            )  # fmt: skip
    return said

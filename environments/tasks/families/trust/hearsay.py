"""Hearsay: a written list to check by looking, while a register and people say what is false."""

from __future__ import annotations

from itertools import cycle
from typing import Any, Final

from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    with_things,
)
from environments.tasks.families.people import dumped
from environments.tasks.families.persistence.notes import code, enough, open_rooms, room_in
from environments.tasks.families.trust.house import CLOCK_TOLD, paper, peopled, staff
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal, Together
from world_fixtures.living import Knowledge
from world_fixtures.spec import Thing

LIST: Final = "q_list"
REGISTER: Final = "q_register"
FIELDS: Final = ("first", "second", "third")
COUNTS: Final = ("no", "one", "two", "three")
METALS: Final = ("copper", "tin", "silver", "bronze", "pewter", "zinc", "nickel")
UNTOLD_FROM: Final = 4
"""Difficulty from which the prompt does not tell where the list hangs."""
INSIDE_FROM: Final = 5
"""Difficulty from which tokens are in closed containers where there are any."""
WHOLE: Final = 2.0
"""Weight of all answers together, over that of the single ones."""


class Hearsay(Kind):
    """Report what is stamped on tokens, which a register and people have wrong."""

    name = "hearsay"
    family = Family.TRUST
    abilities = frozenset({Ability.READING, Ability.MAP, Ability.DISTRUST})
    difficulty = (
        "2 tokens of 4 to report on, from 7 on 3 of 6; 2 to 5 people who say where they are and"
        " what is on them; from 4 the list has to be found, from 5 tokens are in closed containers"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the tokens, where they are, the list, and what is said of them."""
        rng, level = context.rng, context.difficulty
        rooms = open_rooms(context.spec)
        enough(rooms, 4)
        _, people = staff(context, rooms, 2 + level // 3)
        metals = rng.sample(METALS, 6 if level >= 7 else 4)
        places = _places(context, rooms)
        rng.shuffle(places)
        tokens = {
            metal: {"at": place, "number": code(context), "said": code(context)}
            for metal, place in zip(metals, cycle(places), strict=False)
        }
        wanted = rng.sample(metals, 3 if level >= 7 else 2)
        claims = [
            [
                [
                    metal,
                    rng.choice([r for r in rooms if r != room_in(context, t["at"])]),
                    code(context),
                ]
                for metal, t in tokens.items()
            ]
            for _ in people
        ]
        return {
            "people": dumped(people), "tokens": tokens, "wanted": wanted, "claims": claims,
            "list": rng.choice(rooms), "register": rng.choice(rooms), "believes": False,
        }  # fmt: skip

    def unread(self, context: BuildContext, question: Question) -> Question:
        """Draw other tokens to report on."""
        return question | {"wanted": _others(context, question)}

    def deceived(self, context: BuildContext, question: Question) -> Question:
        """Take the register's word."""
        return question | {"believes": True}

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read the list, then the tokens themselves; who believes reads the register instead."""
        tokens, wanted = question["tokens"], question["wanted"]
        spec, _ = peopled(context.spec, question, _claims(context, question))
        script = Script(context.actor(with_things(spec, *_things(question))), context)
        fields = FIELDS[: len(wanted)]
        where = f"in the {context.name(question['list'])}"
        if context.difficulty >= UNTOLD_FROM:
            where = "on a wall somewhere in this world"
        script.begin(
            f"Small metal tokens are kept in this world, each with a number stamped on it. Report"
            f" the numbers of those that the stocktaking list asks for, which is {where}. There"
            " is a register of them, and people talk about them: some of that is out of date and"
            " some is a lie, so report what you have read on the token itself. The tokens may lie"
            f" in the open or in containers. {CLOCK_TOLD} When it is done, hand in with"
            f" evennia_submit, {COUNTS[len(fields)]} fields: {_asked(fields)}."
        )
        actor = script.actor
        actor.read(LIST)
        answer = {}
        if question["believes"]:
            actor.read(REGISTER)
        for field, metal in zip(fields, wanted, strict=True):
            if not question["believes"]:
                actor.read(_token(metal))
            number = tokens[metal]["said" if question["believes"] else "number"]
            answer[field] = number
        actor.tidy()
        goals = [
            Goal(
                name=f"the number of the {field} token",
                condition=Answered(
                    field=field, match="number", expected=(tokens[metal]["number"],)
                ),
            )
            for field, metal in zip(fields, wanted, strict=True)
        ]
        parts = tuple(Answered.model_validate(g.condition.model_dump()) for g in goals)
        whole = Goal(
            name="all numbers", condition=Together(conditions=parts), weight=WHOLE * len(parts)
        )
        evidence = [
            Evidence(field=field, entity=_token(metal), fact="text")
            for field, metal in zip(fields, wanted, strict=True)
        ]
        evidence += [Evidence(field=field, entity=LIST, fact="text") for field in fields]
        script.end(goals=[*goals, whole], evidence=evidence, answer=answer)
        return script.draft()


def _asked(fields: tuple[str, ...]) -> str:
    return ", ".join(f"{field} (the number of the {field} token on the list)" for field in fields)


def _token(metal: str) -> str:
    return f"q_{metal}"


def _others(context: BuildContext, question: Question) -> list[str]:
    """Draw tokens of which none is where it was on the list."""
    wanted = question["wanted"]
    while True:
        drawn = context.rng.sample(list(question["tokens"]), len(wanted))
        if all(new != old for new, old in zip(drawn, wanted, strict=True)):
            return drawn


def _places(context: BuildContext, rooms: list[str]) -> list[str]:
    """List where tokens may be: rooms, or containers that open without a key."""
    closed = [
        t.id
        for t in context.spec.things
        if t.container and not t.locked and t.location in rooms and not t.id.startswith("q_")
    ]
    return closed if context.difficulty >= INSIDE_FROM and len(closed) >= 2 else rooms


def _things(question: Question) -> list[Thing]:
    """Return the tokens, the list and the register."""
    tokens: dict[str, dict[str, Any]] = question["tokens"]
    wanted = " ".join(
        f"{field.capitalize()}, the {metal} token."
        for field, metal in zip(FIELDS, question["wanted"], strict=False)
    )
    said = " ".join(f"{metal.capitalize()} token: {t['said']}." for metal, t in tokens.items())
    return [
        *(
            Thing(
                id=_token(metal), name=f"{metal} token", desc="A small disc with a hole in it.",
                location=t["at"], text=f"Stamped on it: {t['number']}.",
            )
            for metal, t in tokens.items()
        ),
        paper(LIST, "stocktaking list", question["list"], f"To be reported: {wanted}"),
        paper(REGISTER, "token register", question["register"], f"Numbers of the tokens. {said}"),
    ]  # fmt: skip


def _claims(context: BuildContext, question: Question) -> dict[str, list[Knowledge]]:
    """Return what each person says of each token: a place and a number, both false."""
    return {
        person["person"]["id"]: [
            Knowledge(
                topic=f"{metal} token",
                says=f"The {metal} token lies in the {context.name(room)}, and says {number}.",
                false=True,
            )
            for metal, room, number in claims
        ]
        for person, claims in zip(question["people"], question["claims"], strict=True)
    }

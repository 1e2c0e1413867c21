"""Message: carry a message and its replies, so that all concerned know the same."""

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
from environments.tasks.families.persistence.notes import code
from environments.tasks.families.society.folk import (
    PEOPLE_HINT,
    drawn,
    in_turn,
    invent,
    knowing,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal, Told
from world_fixtures.facts import Fact
from world_fixtures.generator.inhabitants import DAY, Inhabitant, with_people
from world_fixtures.generator.words import number, share
from world_fixtures.living import Knowledge, Need

RECEIPT = "receipt"
MOST = 3
"""Things told to one person by the agent, at most."""
GOODS = """barley lamp-oil timber candles rope vinegar honey charcoal linen saltfish flour nails
wax tallow cider wool hops resin chalk slate"""
MEASURES = """sacks barrels crates bundles baskets casks bales jars chests hampers"""


def details(text: str) -> str:
    """Return the words of a text that matter: how much of what, and when."""
    return " ".join(w for w in text.replace(",", "").split() if w.isdigit() or w in GOODS.split())


class Message(Kind):
    """Learn a message, pass it on whole, and bring back what is replied."""

    name = "message"
    family = Family.SOCIETY
    abilities = frozenset({Ability.PROMPT, Ability.PEOPLE, Ability.MAP, Ability.RESTRAINT})
    difficulty: ClassVar[str] = (
        "1 or 2 people to bring the message to, of 1 to 3 parts, and as many replies to bring back;"
        " 1 to 3 people who carry on about messages of their own"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw who has something to say to whom, and what."""
        return drawn(self, context, lambda: self._draw(context))

    def _draw(self, context: BuildContext) -> Question:
        rng, level = context.rng, context.difficulty
        receivers, others = 1 + (level >= 5), 1 + (level >= 4) + (level >= 8)
        people = invent(context, 1 + receivers + others)
        sender, to = people[0], people[1 : 1 + receivers]
        parts = 1 + (level >= 3) + (level >= 7)
        message = self._text(context, parts)
        replies = [self._text(context, 1 + (level >= 6)) for _ in to]
        receipt = code(context)
        names = listed([person.character.name for person in to])
        asked = [
            Knowledge(topic="message", says=f"Tell {names} this, word for word: {message}."),
            _receipt(sender, receipt, replies),
        ]
        found = [knowing(sender, *asked)]
        for person, reply in zip(to, replies, strict=True):
            known = Knowledge(
                topic="reply", says=f"Tell {sender.character.name} this, word for word: {reply}.",
                needs=Need(heard=details(message)),
                refuses="I have not heard the whole message yet.",
            )  # fmt: skip
            found.append(knowing(person, known))
        for person in people[1 + receivers :]:
            other = rng.choice([p for p in people if p is not person]).character.name
            says = f"Tell {other} this, word for word: {self._text(context, parts)}."
            found.append(knowing(person, *(Knowledge(topic=t, says=says) for t in _TOPICS)))
        rng.shuffle(found)
        return {
            "people": dumped(found),
            "sender": sender.person.id,
            "to": [person.person.id for person in to],
            "message": message,
            "replies": replies,
            RECEIPT: receipt,
        }

    def _text(self, context: BuildContext, parts: int) -> str:
        """Draw what is to be said: how much of what, and when."""
        rng, split = context.rng, context.split
        goods = rng.sample(share(GOODS, split), parts)
        amounts = [
            f"{number(rng, split, 11, 94)} {rng.choice(share(MEASURES, split))} of {what}"
            for what in goods
        ]
        return f"{listed(amounts)} at {rng.randrange(DAY)}"

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Hear the message, tell it, hear the replies, tell those, and ask for the receipt."""
        people, sender, to = loaded(question), question["sender"], question["to"]
        names = {p.person.id: p.character.name for p in people}
        message, replies, receipt = question["message"], question["replies"], question[RECEIPT]
        script = Script(context.actor(with_people(context.spec, people)), context)
        actor = script.actor
        others = listed([names[person] for person in to])
        back = "the reply of each" if len(to) > 1 else "the reply"
        script.begin(
            f"{names[sender]} has a message for {others}. Ask {names[sender]} about the message,"
            f" bring it to {others} with `tell NAME that TEXT`, ask about the reply there, and tell"
            f" {names[sender]} {back}. Tell each text as you heard it, in one piece, and nobody"
            f" more than {MOST} things. In the end ask {names[sender]} about the receipt. Submit an"
            f" answer with one field: {RECEIPT} (the number of the receipt, five digits)."
            f" {PEOPLE_HINT}"
        )
        actor.ask(sender, "message")
        heard: list[tuple[str, str]] = []
        by_person = dict(zip(to, replies, strict=True))
        for person in in_turn(actor, to):
            actor.tell(person, message)
            actor.ask(person, "reply")
            heard.append((person, by_person[person]))
        for _, reply in heard:
            actor.tell(sender, reply)
        actor.ask(sender, RECEIPT)
        actor.tidy()
        goals = [
            Goal(name=f"{names[person]} knows the message",
                 condition=Told(person=person, text=details(message), most=MOST))
            for person in to
        ] + [
            Goal(name=f"{names[sender]} knows the reply of {names[person]}",
                 condition=Told(person=sender, text=details(reply), most=MOST))
            for person, reply in by_person.items()
        ]  # fmt: skip
        answered = Answered(field=RECEIPT, match="number", expected=(receipt,))
        script.end(
            goals=[*goals, Goal(name="answers with the receipt", condition=answered)],
            evidence=[
                Evidence(field=RECEIPT, entity=sender, fact="told", value="message"),
                *(Evidence(field=RECEIPT, entity=p, fact="told", value="reply") for p in to),
                Evidence(field=RECEIPT, entity=sender, fact=RECEIPT, value=receipt),
            ],
            answer={RECEIPT: int(receipt)},
        )
        return script.draft()


_TOPICS = ("message", "reply", RECEIPT)
"""What those say something about who are not concerned."""


def _receipt(sender: Inhabitant, receipt: str, replies: list[str]) -> Knowledge:
    """Return what a sender tells who has brought the replies."""
    fact: tuple[Any, ...] = (Fact(sender.person.id, RECEIPT, receipt),)
    return Knowledge(
        topic=RECEIPT, says=f"All is settled. The number of your receipt is {receipt}.",
        tells=fact, needs=Need(heard=details(replies[-1])),
        refuses="I have not heard every reply yet.",
    )  # fmt: skip

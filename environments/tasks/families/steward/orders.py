"""Standing orders of a house: what they ask for, how they are worded and how they are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from environments.tasks.families.common import BuildContext, Question
from environments.tasks.families.people import altered
from world_fixtures.facts import Arranged
from world_fixtures.generator.inhabitants import DAY, Inhabitant
from world_fixtures.living import Duty, Give, Knowledge, Need, Stay
from world_fixtures.spec import Thing

LETTER = "q_letter"
BOARD = "q_orders"
LEDGER = "q_ledger"
TALLY = "q_tally"
MISCHIEF = 6
"""Ticks at the beginning of each day in which everything is brought into disorder."""
COLOURS = ("crimson", "cobalt", "ochre", "violet")
LETTERS, MARK, FIXTURE = "letters", "mark", "fixture"
"""What an order is about; one about a fixture has its number."""
PROMPT, PERSON, WRITTEN = "prompt", "person", "written"
WAYS = (PROMPT, PERSON, WRITTEN)
"""How a new order is told."""


class Fixture(NamedTuple):
    """Something that is to be kept in one of two states, and that somebody brings into one."""

    number: int
    room: str
    lamp: bool
    """A lantern, lit or not; else a chest, open or not."""
    spoilt: bool
    """State that it is brought into at the beginning of each day."""

    @property
    def id(self) -> str:
        """Its id."""
        return f"q_fixture_{self.number}"

    @property
    def name(self) -> str:
        """Its name."""
        return f"{COLOURS[self.number]} {'lantern' if self.lamp else 'chest'}"

    @property
    def field(self) -> str:
        """The field of the state that counts."""
        return "lit" if self.lamp else "open"

    @property
    def thing(self) -> Thing:
        """The thing itself."""
        told = "It hangs from a hook that nobody can undo." if self.lamp else "It is nailed down."
        return Thing(
            id=self.id, name=self.name, location=self.room, portable=False,
            desc=f"A {self.name} of the household. {told}",
            light=self.lamp, container=not self.lamp,
        )  # fmt: skip

    @property
    def spoiling(self) -> Duty:
        """What somebody does with it at the beginning of each day."""
        return Duty(ends=MISCHIEF, work=Give(room=self.room, command=self.command(self.spoilt)))

    def command(self, state: bool) -> str:
        """Return the command that brings it into a state."""
        if self.lamp:
            return f"{'light' if state else 'extinguish'} {self.name}"
        return f"{'open' if state else 'close'} {self.name}"

    def wanted(self, state: bool) -> str:
        """Say in which state it is to be."""
        words = ("dark", "lit") if self.lamp else ("closed", "open")
        return f"{self.name}: {words[state]}"


class Orders(NamedTuple):
    """What is to be so at the end of each session."""

    states: tuple[bool, ...]
    """Of each fixture."""
    recipient: int
    """Number of the person who gets the letter of the day."""
    mark: str
    """What follows the number of the day in the ledger."""


def fixtures_of(question: Question) -> list[Fixture]:
    """Return the fixtures of a question."""
    return [Fixture(*fixture) for fixture in question["fixtures"]]


def orders_of(question: Question) -> list[Orders]:
    """Return the orders that stand in each session."""
    first, recipient, mark = question["first"]
    states = list(first)
    found = []
    for change in question["changes"]:
        if change is not None:
            what, value, _ = change
            if what == LETTERS:
                recipient = value
            elif what == MARK:
                mark = value
            else:
                states[what] = value
        found.append(Orders(tuple(states), recipient, mark))
    return found


def order_line(
    what: int | str, value: Any, fixtures: Sequence[Fixture], people: Sequence[Inhabitant]
) -> str:
    """Return an order in short: `crimson lantern: lit` or `letter: Alma Abendroth`."""
    if what == LETTERS:
        return f"letter: {people[value].character.name}"
    if what == MARK:
        return f"mark: {value}"
    return fixtures[int(what)].wanted(value)


def word_of(session: int, codes: Sequence[str]) -> str:
    """Return what the one who gives orders has heard when the order of a session is to be told."""
    return f"order {codes[session]}"


def steward_of(
    person: Inhabitant, orders: Iterable[tuple[int, str]], codes: Sequence[str]
) -> Inhabitant:
    """Return a person who stays where they are and tells the order of the day when asked."""
    nothing = "There is no new order from me today."
    knows = tuple(
        Knowledge(
            topic="orders", says=f"From now on: {line}.", refuses=nothing,
            needs=Need(heard=word_of(session, codes)),
        )
        for session, line in orders
    )  # fmt: skip
    return altered(person, knows=knows)


def spoiler(person: Inhabitant, fixture: Fixture) -> Inhabitant:
    """Return a person who stays beside a fixture and brings it into disorder every day."""
    duties = (fixture.spoiling, Duty(begins=MISCHIEF, ends=DAY, work=Stay(room=fixture.room)))
    return Inhabitant(
        character=person.character.model_copy(update={"location": fixture.room}),
        person=person.person.model_copy(update={"duties": duties, "pace": 1}),
    )


def writing(thing: str, lines: Sequence[str]) -> Iterator[Arranged]:
    """Replace what is written on a thing by lines in nobody's hand."""
    yield Arranged(thing, "inscriptions", list(lines))
    yield Arranged(thing, "hands", [""] * len(lines))


def furniture(context: BuildContext, question: Question) -> list[Thing]:
    """Return what the household has: its fixtures, the letter, the boards."""
    rooms = question["rooms"]
    return [
        *(fixture.thing for fixture in fixtures_of(question)),
        Thing(id=LETTER, name="sealed letter", desc="The letter of the day.",
              location=rooms["post"]),
        Thing(id=BOARD, name="order board", desc="A board for orders of the household.",
              location=rooms["board"], portable=False, writable=True, lines=1, width=60),
        Thing(id=TALLY, name="slate", desc="A slate with the number of the day.",
              location=rooms["tally"], portable=False, writable=True, lines=1, width=10),
        Thing(id=LEDGER, name="household ledger", desc="A ledger with a line for each day.",
              location=rooms["ledger"], portable=False, writable=True, lines=40, width=30),
    ]  # fmt: skip

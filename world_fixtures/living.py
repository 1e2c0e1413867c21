"""Time and people of a world, as frozen data: what makes a world go on by itself.

Time is counted in ticks. A command that is carried out takes one, `wait N` takes N, and between the
stages of a task as many pass as the task says. Nothing here reads a clock: which things happen at a
tick follows from the spec and the state alone.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from world_fixtures.common import Frozen
from world_fixtures.facts import Fact
from world_fixtures.words import Id, Name, Prose

CLOCK = ":clock"
"""Entity that holds the time, in its field `tick`; no id of a spec begins with a colon."""
PASSES = "passes"
"""Pseudo-field of CLOCK: arranged, so many ticks pass and all happens that is due in them."""
MOST_TICKS = 2000
"""Ticks that may pass at once."""
MOST_WAITED = 50
"""Ticks of one `wait`."""

Hour = Annotated[int, Field(ge=0, lt=10_000)]
"""A tick of the day, from 0."""


class Timetable(Frozen):
    """A door that opens and locks by itself: of a shop, a gate, the gangway of a ferry."""

    id: Id
    door: Id
    opens: Hour
    shuts: Hour
    period: int | None = Field(default=None, ge=2)
    """Ticks after which it repeats; None: the day of the world."""


class Burning(Frozen):
    """A light that burns down: it goes out after so many ticks of burning, for good."""

    thing: Id
    ticks: int = Field(ge=1)


class Turning(Frozen):
    """A thing that becomes another one in its place: it ripens, spoils, dries, melts.

    `after` counts from the start, or from when the thing comes into play.
    """

    thing: Id
    into: Id
    after: int = Field(ge=1)


class Process(Frozen):
    """What a machine does when it is started: it takes the parts and yields a thing later.

    `start MACHINE` needs all parts in hand or in reach; after `ticks` the product lies in or on the
    machine, or beside it where it holds nothing.
    """

    machine: Id
    needs: tuple[Id, ...] = Field(default=(), max_length=6)
    makes: Id
    ticks: int = Field(ge=1)


class Stay(Frozen):
    """Be in a room."""

    type: Literal["stay"] = "stay"
    room: Id


class Round(Frozen):
    """Walk from room to room, staying `stay` ticks on the way to and in each of them."""

    type: Literal["round"] = "round"
    rooms: tuple[Id, ...] = Field(min_length=2, max_length=20)
    stay: int = Field(ge=1)


class Bring(Frozen):
    """Fetch a thing from where it was last known to be and put it down in a place."""

    type: Literal["bring"] = "bring"
    thing: Id
    to: Id
    """A room, or a container or surface."""


class Tidy(Frozen):
    """Put things that are seen lying elsewhere back where they were at the start."""

    type: Literal["tidy"] = "tidy"
    things: tuple[Id, ...] = Field(min_length=1, max_length=20)


class Give(Frozen):
    """Carry out one command in a room, such as `open north door`."""

    type: Literal["give"] = "give"
    room: Id
    command: Name


Work = Annotated[Stay | Round | Bring | Tidy | Give, Field(discriminator="type")]


class Duty(Frozen):
    """What a person does in a part of the day. Of several that are due the first is done."""

    begins: Hour = 0
    ends: Hour | None = None
    """First tick of the day that is no longer part of it; None: the end of the day."""
    work: Work


class Need(Frozen):
    """What must be so before a person tells something; all of what is given."""

    has: Id | None = None
    """The person carries this thing."""
    shown: Id | None = None
    """The asker has shown this thing."""
    paid: int = Field(default=0, ge=0)
    """Coins that the asker has given."""
    heard: Name | None = None
    """Words that somebody has told the person."""
    hours: tuple[Hour, Hour] | None = None
    """Part of the day, from the first to before the second."""


class Knowledge(Frozen):
    """Something that a person tells when asked about it."""

    topic: Name
    """What to ask about."""
    says: Prose
    tells: tuple[Fact, ...] = ()
    """What a listener learns."""
    needs: Need = Need()
    refuses: Prose = "I would rather not talk about that."
    """What is said while the need is not met."""
    false: bool = False
    """It is not so, and the person knows or believes otherwise."""


class Deal(Frozen):
    """An exchange that a person agrees to, as often as the things are there.

    `buy GIVES`, `sell WANTS` or `trade WANTS for GIVES`.
    """

    gives: Id | None = None
    """A thing of the person's."""
    wants: Id | None = None
    """A thing of the customer's."""
    price: int = 0
    """Coins that the customer pays; below 0, coins that the customer gets."""


class Person(Frozen):
    """A character that acts by itself."""

    id: Id
    """Of a character of the spec."""
    duties: tuple[Duty, ...] = Field(default=(), max_length=20)
    pace: int = Field(default=1, ge=1)
    """Ticks from one of its acts to the next."""
    purse: int = Field(default=0, ge=0)
    knows: tuple[Knowledge, ...] = Field(default=(), max_length=20)
    deals: tuple[Deal, ...] = Field(default=(), max_length=20)
    heeds: tuple[Id, ...] = Field(default=(), max_length=20)
    """Things and characters of which it remembers where it saw them last, and says so if asked."""
    greeting: Prose = ""
    """What is said to who greets."""


class Living(Frozen):
    """The time and the people of a world."""

    day: int = Field(default=48, ge=2, le=10_000)
    """Ticks after which everybody's day begins again."""
    begins: Hour = 0
    """Tick at the start."""
    purse: int = Field(default=0, ge=0)
    """Coins that the agent, and everybody else who is played, has at the start."""
    timetables: tuple[Timetable, ...] = Field(default=(), max_length=20)
    burning: tuple[Burning, ...] = Field(default=(), max_length=20)
    turning: tuple[Turning, ...] = Field(default=(), max_length=50)
    processes: tuple[Process, ...] = Field(default=(), max_length=20)
    people: tuple[Person, ...] = Field(default=(), max_length=40)

"""Household: keep a house in order through many sessions, by orders that change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from environments.tasks.actor import Actor, Unsolvable
from environments.tasks.families.common import (
    FRESH,
    LEAVE,
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
    with_things,
)
from environments.tasks.families.people import dumped, loaded
from environments.tasks.families.persistence.notes import PAD, carried_pad, code, nearest_first
from environments.tasks.families.steward.drawing import (
    drawn_orders,
    people_for,
    sessions_at,
    wing,
)
from environments.tasks.families.steward.orders import (
    BOARD,
    LEDGER,
    LETTER,
    LETTERS,
    MARK,
    MISCHIEF,
    PERSON,
    PROMPT,
    TALLY,
    WRITTEN,
    fixtures_of,
    furniture,
    order_line,
    orders_of,
    spoiler,
    steward_of,
    word_of,
    writing,
)
from environments.tasks.families.time.dwellers import clear_rooms
from environments.tasks.model import (
    Ability,
    Family,
    Goal,
    Holds,
    Inscribed,
    Located,
    Together,
)
from world_fixtures.facts import Arranged
from world_fixtures.generator.inhabitants import DAY, Inhabitant, with_people
from world_fixtures.living import CLOCK, PASSES

ROOMS = 5
"""Rooms among which one can go to and fro, at least."""
LIFE = 380
"""Commands of a search, at most: with what is added to them 500 are allowed."""
WALK = 300
"""Commands of a walkthrough, at most: a search for the same takes a good many more."""
BEGINS = 12
"""Tick at the start."""
EARLIER = 0.35
"""Weight of all checkpoints but the last; that of the last is 1."""
SPARE = 3
"""Lines of the notebook beyond one for each order."""
SLIPS = 1
"""Lines of the ledger beyond one for each session, at most: nobody enters all that may be right."""
CHECKED = 0.6
"""Share of the sessions that are checkpoints."""
ROUNDS = 4
"""Times that all is seen to in one session, at most."""


class Household(Kind):
    """Keep lights, chests, letters and a ledger as ordered, through sessions by changing orders."""

    name = "household"
    family = Family.STEWARD
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.MAP, Ability.PEOPLE})
    stages = (5, 20)
    difficulty: ClassVar[str] = (
        "5 to 20 sessions; 1 to 3 lanterns and chests that somebody brings into disorder every day;"
        " orders that change in the prompt, from 3 on also by what somebody tells, from 5 on also"
        " by what is written"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the house, its people, the first orders and how they change."""
        rng, level = context.rng, context.difficulty
        rooms = wing(context, clear_rooms(context, ROOMS))
        sessions = sessions_at(level)
        fixtures = [
            [n, rng.choice(rooms), rng.random() < 0.5, rng.random() < 0.5]
            for n in range(1 + (level + 1) // 4)
        ]
        people = people_for(context, len(fixtures) + 4, rooms)
        post, board, tally, ledger = (rng.choice(rooms) for _ in range(4))
        checked = sorted(n for n in range(sessions - 1) if rng.random() < CHECKED)
        return {
            "people": dumped(people),
            "fixtures": fixtures,
            "rooms": {"post": post, "board": board, "tally": tally, "ledger": ledger},
            "codes": [code(context) for _ in range(sessions)],
            "checked": checked or [0],
            **drawn_orders(context, len(fixtures), sessions, None),
        }

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other orders, told at the same times in the same ways."""
        drawn = drawn_orders(
            context, len(question["fixtures"]), len(question["codes"]), question["changes"]
        )
        return question | drawn

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Note the orders, keep the notes up to date, and do every day what stands in them."""
        house = _House(context, question)
        for session in range(len(question["codes"])):
            house.live(session)
        return house.script.draft()


class _House:
    """The sessions of a task in the making."""

    def __init__(self, context: BuildContext, question: Question) -> None:
        self.question, self.context = question, context
        self.people = loaded(question)
        self.fixtures = fixtures_of(question)
        self.orders = orders_of(question)
        self.codes = question["codes"]
        lines = len(self.fixtures) + 2 + sum(c is not None for c in question["changes"]) + SPARE
        self.pad = carried_pad(context, lines, width=60)
        spec = with_things(context.spec, *furniture(context, question), self.pad.thing)
        world = with_people(spec, self._household(), begins=BEGINS)
        self.script = Script(context.actor(world), context)
        self.script.actor.limit = WALK if context.search is None else LIFE

    @property
    def actor(self) -> Actor:
        """Who plays."""
        return self.script.actor

    @property
    def teller(self) -> Inhabitant:
        """Who tells orders."""
        return self.people[-1]

    def _household(self) -> list[Inhabitant]:
        told = [
            (n, self._line(n)) for n, c in enumerate(self.question["changes"])
            if c is not None and c[2] == PERSON
        ]  # fmt: skip
        spoilers = self.people[3:-1]
        return [
            *self.people[:3],
            *(spoiler(p, f) for p, f in zip(spoilers, self.fixtures, strict=True)),
            steward_of(self.teller, told, self.codes),
        ]

    def _line(self, session: int) -> str:
        what, value, _ = self.question["changes"][session]
        return order_line(what, value, self.fixtures, self.people)

    def live(self, session: int) -> None:
        """Play one session."""
        self.script.begin(self._prompt(session), before=self._before(session))
        actor = self.actor
        if session == 0:
            for line in self._first():
                actor.write(line, PAD)
        else:
            actor.read(PAD)
            self._hear(session)
        self._do(session)
        last = session == len(self.codes) - 1
        free = [PAD, LETTER, LEDGER, *(f.id for f in self.fixtures)]
        goals = self._goals(session) if last or session in self.question["checked"] else []
        self.script.end(goals=goals, answer={} if last else None, free=free)

    def _first(self) -> list[str]:
        states, recipient, mark = self.question["first"]
        lines = [order_line(n, v, self.fixtures, self.people) for n, v in enumerate(states)]
        rest = ((LETTERS, recipient), (MARK, mark))
        return [*lines, *(order_line(w, v, self.fixtures, self.people) for w, v in rest)]

    def _prompt(self, session: int) -> str:
        change = self.question["changes"][session]
        last = session == len(self.codes) - 1
        ending = NO_ANSWER if last else LEAVE
        news = ""
        if change is not None and change[2] == PROMPT:
            news = f" A new order, from today on: {self._line(session)}."
        elif change is not None and change[2] == PERSON:
            name = self.teller.character.name
            news = f" {name} has a new order for you, from today on: `ask {name} about orders`."
        elif change is not None:
            news = " A new order, from today on, stands on the order board."
        if session:
            return (
                f"This is session {session + 1} of {len(self.codes)} of your service in this"
                f" house.{news} Do what the standing orders ask for. {self.pad.kept} {ending}"
            )
        return f"{self._explained()} {self.pad.offered} {FRESH} {ending}"

    def _explained(self) -> str:
        """Say in the first session what the service consists of."""
        name, teller = self.context.name, self.teller.character
        rooms = {key: f"the {name(room)}" for key, room in self.question["rooms"].items()}
        places = listed([f"the {f.name} in the {name(f.room)}" for f in self.fixtures])
        return (
            f"You keep a house for {len(self.codes)} sessions. These are the standing orders, each"
            f" of which holds until another one takes its place: {'; '.join(self._first())}. That"
            f" is: at the end of each session {places} must be as ordered; the sealed letter, of"
            f" which a new one lies in {rooms['post']} in every session, must be in the hands of"
            f" whom it is for; and the number that stands on the slate in {rooms['tally']} in this"
            f" session must be entered in the household ledger in {rooms['ledger']}, followed by"
            " the mark, on a line of its own; of the lines in your hand one more than there were"
            " sessions is forgiven, and two are not. Orders change: a later prompt tells a new one,"
            f" or that {teller.name} in the {name(str(teller.location))} has one for you, or that"
            f" one stands on the order board in {rooms['board']}; each is told in one session only."
            " Others live here, and bring things into disorder in the first"
            f" {MISCHIEF} of the {DAY} ticks of every day; a command takes a tick, `wait N` takes"
            " N, and `look` shows the clock. Nobody says at the end of which sessions it is checked"
            " that all is as ordered."
        )

    def _before(self, session: int) -> list[Arranged]:
        change = self.question["changes"][session]
        way = change[2] if change is not None else None
        lines = [self._line(session)] if way == WRITTEN else []
        heard = [["", word_of(session, self.codes)]] if way == PERSON else []
        made = [
            Arranged(LETTER, "location", self.question["rooms"]["post"]),
            *writing(BOARD, lines),
            *writing(TALLY, [self.codes[session]]),
            Arranged(self.teller.person.id, "heard", heard),
        ]
        return [*made, Arranged(CLOCK, PASSES, DAY)] if session else made

    def _hear(self, session: int) -> None:
        """Learn the new order of a session and note it."""
        change = self.question["changes"][session]
        if change is None:
            return
        if change[2] == PERSON:
            self.actor.ask(self.teller.person.id, "orders")
        elif change[2] == WRITTEN:
            self.actor.read(BOARD)
        self.actor.write(self._line(session), PAD)

    def _do(self, session: int) -> None:
        """Do what the orders ask for, and again what somebody has undone."""
        actor, orders = self.actor, self.orders[session]
        actor.read(TALLY)
        actor.write(self._entry(session), LEDGER)
        actor.go_to(self.question["rooms"]["post"])
        actor.keep(LETTER)
        actor.hand(LETTER, self.people[orders.recipient].person.id)
        actor.tidy()
        for _ in range(ROUNDS):
            actor.wait_for_hour(MISCHIEF, DAY)
            today = actor.tick // DAY
            for number in self._nearest_first():
                self._see_to(number, orders.states[number])
            actor.tidy()
            if actor.tick // DAY == today:
                return
        raise Unsolvable("the day is too short")

    def _entry(self, session: int) -> str:
        return f"{self.codes[session]} {self.orders[session].mark}"

    def _nearest_first(self) -> Iterator[int]:
        rooms = {str(n): fixture.room for n, fixture in enumerate(self.fixtures)}
        return map(int, nearest_first(self.actor, rooms, rooms.__getitem__))

    def _see_to(self, number: int, state: bool) -> None:
        fixture, actor = self.fixtures[number], self.actor
        actor.go_to(fixture.room)
        if actor.sim.get(fixture.id, fixture.field) != state:
            actor.do(fixture.command(state))
            actor.keep(fixture.id)

    def _goals(self, session: int) -> list[Goal]:
        orders = self.orders[session]
        conditions = [
            *(Holds(entity=f.id, field=f.field, value=v)
              for f, v in zip(self.fixtures, orders.states, strict=True)),
            Located(entity=LETTER, place=self.people[orders.recipient].person.id),
        ]  # fmt: skip
        entered = Inscribed(entity=LEDGER, text=self._entry(session), most=session + 1 + SLIPS)
        conditions.append(entered)
        checked = self.question["checked"]
        last = session == len(self.codes) - 1
        return [
            Goal(
                name=_checkpoint(session),
                condition=Together(conditions=tuple(conditions)),
                weight=1.0 if last else EARLIER / len(checked),
                after=tuple(_checkpoint(n) for n in checked) if last else (),
            )
        ]


def _checkpoint(session: int) -> str:
    return f"all is as ordered at the end of session {session + 1}"

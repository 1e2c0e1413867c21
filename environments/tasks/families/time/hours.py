"""Hours: get what is behind a gate that is open for a part of the day, and bring it on in time."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from environments.tasks.actor import Actor
from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    with_things,
)
from environments.tasks.families.people import dumped, dwellers, loaded
from environments.tasks.families.persistence.notes import enough
from environments.tasks.families.time.dwellers import (
    CLOCK_TOLD,
    FEWEST_MOVES,
    clear_rooms,
    doors,
    moves,
    without_waiting,
)
from environments.tasks.families.time.goods import OWN, added, id_of, new_words
from environments.tasks.model import (
    Ability,
    Answered,
    Evidence,
    Family,
    Goal,
    Located,
    Together,
)
from world_fixtures.generator.inhabitants import DAY, invent_people, with_people
from world_fixtures.generator.lexicon.crafts import GATES, STORES, STUFFS
from world_fixtures.living import Knowledge, Timetable
from world_fixtures.rules.clock import is_open_at
from world_fixtures.spec import OPPOSITE, Direction, Door, Exit, Room, Thing, WorldSpec

BOARD = "q_board_of_hours"
BOARD_FROM = 4
"""Difficulty from which a board in one of the rooms has the hours, and both ends have a gate.

The hours of the first gate are then asked for, too: waiting before gates does not tell them.
"""
ASKED_FROM = 7
"""Difficulty from which somebody who walks about has to be asked in the place of the board."""
COMPASS: tuple[Direction, ...] = ("north", "east", "south", "west", "up", "down")
OPENS, SHUTS = "opens", "shuts"
"""Fields of the answer."""
GOODS = 2
"""Things in each store."""


class Gate(NamedTuple):
    """A store behind a door with hours."""

    store: str
    gate: str
    room: str
    """Id of the room from which one goes in."""
    direction: Direction
    opens: int
    shuts: int


class Hours(Kind):
    """Bring a thing from behind one gate to behind another, each of them at its hours."""

    name = "hours"
    family = Family.TIME
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.TIME})
    difficulty: ClassVar[str] = (
        "3 to 5 stores, open for 14 ticks of the day down to 5; from 4 on the thing goes from one"
        " store to another, and a board in one of the rooms has the hours, which are reported;"
        " from 7 on somebody who walks about has to be asked for them"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the stores with their hours, and what is to be brought where."""
        rng, level, spec = context.rng, context.difficulty, context.spec
        rooms = [r for r in clear_rooms(context, 4) if not r.startswith(OWN)]
        if spec.living:
            made: Question = {
                "people": dumped(dwellers(spec)),
                "things": [t.model_dump(mode="json") for t in spec.things if t.id[:2] == OWN],
                "gates": [list(g) for g in _gates(spec)],
                "begins": spec.living.begins,
            }
        else:
            made = self._invented(context, rooms)
        gates = [Gate(*g) for g in made["gates"]]
        start, end = rng.sample(gates, 2)
        stored = [t["id"] for t in made["things"] if t["location"] == id_of(start.store)]
        away = [r for r in rooms if r not in (start.room, spec.agent.location)]
        place = id_of(end.store) if level >= BOARD_FROM else rng.choice(away)
        question = {**made, "asked": [rng.choice(stored), place]}
        draft = self.plan(context, question)
        _, state = without_waiting(draft)
        early = state.location(question["asked"][0]) == place
        return None if early or moves(draft) < FEWEST_MOVES else question

    def _invented(self, context: BuildContext, rooms: list[str]) -> Question:
        """Draw the stores, what is in them, and who knows their hours."""
        rng, level = context.rng, context.difficulty
        count = 3 + level // 4
        used = {(e.source, e.direction) for e in context.spec.exits}
        sides = [(r, d) for r in rooms for d in COMPASS if (r, d) not in used]
        enough(sides, count)
        stores = rng.sample(new_words(context, STORES), count)
        names = rng.sample(new_words(context, GATES), count)
        stuffs = rng.sample(new_words(context, STUFFS), count * GOODS)
        gates, taken = [], set()
        for store, gate in zip(stores, names, strict=True):
            room, direction = rng.choice([s for s in sides if s[0] not in taken] or sides)
            taken.add(room)
            sides.remove((room, direction))
            opens = rng.randrange(DAY)
            shuts = (opens + 15 - level) % DAY
            gates.append(Gate(store, gate, room, direction, opens, shuts))
        things = [
            added(stuff, f"A sealed bag of {stuff}.", id_of(stores[n // GOODS]))
            for n, stuff in enumerate(stuffs)
        ]
        told = [f"The {g.store} is {_told(context, g)}." for g in gates]
        people = invent_people(context.spec, rng, 1 + level // 3, rooms, context.split)
        if level >= ASKED_FROM:
            knows = tuple(
                Knowledge(topic=s, says=text) for s, text in zip(stores, told, strict=True)
            )
            person = people[0].person.model_copy(update={"knows": knows})
            people[0] = people[0].model_copy(update={"person": person})
        elif level >= BOARD_FROM:
            board = Thing(
                id=BOARD, name="board of hours", desc="A board with the hours of the stores.",
                location=rng.choice(rooms), portable=False, text="\n".join(told),
            )  # fmt: skip
            things.append(board)
        return {
            "people": dumped(people),
            "things": [t.model_dump(mode="json") for t in things],
            "gates": [list(g) for g in gates],
            "begins": rng.randrange(DAY),
        }

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Be at the gates when they are open."""
        gates = {id_of(g[0]): Gate(*g) for g in question["gates"]}
        people = loaded(question)
        things = [Thing.model_validate(t) for t in question["things"]]
        tables = [
            Timetable(id=f"{OWN}hours_{n}", door=id_of(g.gate), opens=g.opens, shuts=g.shuts)
            for n, g in enumerate(gates.values())
        ]
        begins = question["begins"]
        spec = _with_stores(context.spec, list(gates.values()), tables, begins)
        spec = with_people(
            with_things(spec, *things), people, begins=begins, timetables=tables
        )  # fmt: skip
        thing, place = question["asked"]
        named = {t.id: t for t in things}
        start = named[thing].location
        assert start is not None
        visited = [gates[p] for p in (start, place) if p in gates]
        knower = people[0] if people[0].person.knows else None
        script = Script(context.actor(spec), context)
        actor = script.actor
        learned: Evidence | None = None
        if knower:
            learned = Evidence(
                field=OPENS, entity=knower.person.id, fact="told", value=gates[start].store
            )
            told = (
                f"{knower.character.name}, who goes about here, knows where the stores are and"
                " when they are open: ask about a store by name."
            )
        elif BOARD in named:
            learned = Evidence(field=OPENS, entity=BOARD, fact="text")
            told = "Where the stores are and when they are open is on a board in one of the rooms."
        else:
            told = " ".join(f"The {g.store} is {_told(context, g)}." for g in visited)
        where = gates[place].store if place in gates else context.name(place)
        script.begin(
            f"Put the {named[thing].name}, which is kept in the {gates[start].store}, down on the"
            f" floor of the {where}. The gates of the stores open and lock by themselves, and no"
            f" key fits them. {told} {CLOCK_TOLD} {_asked(gates[start]) if learned else NO_ANSWER}"
        )
        actor.keep(*doors(spec))
        for gate in visited if knower else ():
            actor.ask(knower.person.id, gate.store)  # type: ignore[union-attr]
        if BOARD in named:
            actor.read(BOARD)
        _enter(actor, gates[start])
        actor.keep(thing)
        actor.fetch(thing)
        if place in gates:
            _enter(actor, gates[place])
            actor.do(f"drop {actor.name(thing)}")
        else:
            actor.put(thing, place)
        actor.tidy()
        brought = Located(entity=thing, place=place)
        goal = Goal(name=f"the {named[thing].name} is in its place", condition=brought)
        if learned is None:
            script.end(goals=[goal], answer={}, free=doors(spec))
            return script.draft()
        answer = {OPENS: gates[start].opens, SHUTS: gates[start].shuts}
        hours = (
            Answered(field=field, match="number", expected=(str(tick),))
            for field, tick in answer.items()
        )
        goal = Goal(
            name=f"{goal.name}, and the hours are right",
            condition=Together(conditions=(brought, *hours)),
        )
        evidence = [learned, learned.model_copy(update={"field": SHUTS})]
        script.end(goals=[goal], evidence=evidence, answer=answer, free=doors(spec))
        return script.draft()


def _asked(gate: Gate) -> str:
    """Say what to report of a gate."""
    return (
        f"Submit an answer with two fields, {OPENS} and {SHUTS}: the ticks of the day at which the"
        f" gate of the {gate.store} opens and locks."
    )


def _enter(actor: Actor, gate: Gate) -> None:
    """Go through a gate as soon as it is open."""
    actor.go_to(gate.room)
    while not actor.sim.get(id_of(gate.gate), "open"):
        actor.open(id_of(gate.gate))
    actor.do(gate.direction)


def _told(context: BuildContext, gate: Gate) -> str:
    """Say where a store is and when it is open."""
    ends = f"from {gate.opens} to {gate.shuts} of the day"
    if gate.shuts < gate.opens:
        ends = f"from {gate.opens} of the day to {gate.shuts} of the next"
    return (
        f"{gate.direction} of the {context.name(gate.room)}, behind the {gate.gate}, which is open"
        f" {ends}"
    )


def _gates(spec: WorldSpec) -> list[Gate]:
    """Return the stores that a world has already."""
    assert spec.living is not None
    doors_by_id = {d.id: d.name for d in spec.doors}
    found = []
    for table in spec.living.timetables:
        way = next(e for e in spec.exits if e.door == table.door and e.target.startswith(OWN))
        store = spec.entities[way.target]
        assert isinstance(store, Room)
        found.append(
            Gate(
                store.name.lower(), doors_by_id[table.door], way.source, way.direction, table.opens,
                table.shuts,
            )
        )  # fmt: skip
    return found


def _with_stores(
    spec: WorldSpec, gates: list[Gate], tables: list[Timetable], begins: int
) -> WorldSpec:
    """Return the world with these stores, each in the place of one that has its id."""
    rooms = [
        Room(
            id=id_of(g.store),
            name=g.store.title(),
            desc="A narrow room with shelves to the ceiling.",
        )
        for g in gates
    ]
    doors_, ways = [], []
    for gate, table in zip(gates, tables, strict=True):
        door, store = id_of(gate.gate), id_of(gate.store)
        now = is_open_at(table, begins, DAY)
        doors_.append(Door(id=door, name=gate.gate, open=now, locked=not now))
        back: Direction = OPPOSITE[gate.direction]  # type: ignore[assignment]
        ways.append(Exit(source=gate.room, direction=gate.direction, target=store, door=door))
        ways.append(Exit(source=store, direction=back, target=gate.room, door=door))
    new = {*(r.id for r in rooms), *(d.id for d in doors_), *(w.id for w in ways)}
    return spec.model_copy(
        update={
            "rooms": (*(r for r in spec.rooms if r.id not in new), *rooms),
            "doors": (*(d for d in spec.doors if d.id not in new), *doors_),
            "exits": (*(e for e in spec.exits if e.id not in new), *ways),
        }
    )

"""A village in memory: a world with time and people for the tests of the rules."""

from __future__ import annotations

from typing import Any

from world_fixtures.facts import Fact
from world_fixtures.living import Deal, Knowledge, Living, Need, Person, Process
from world_fixtures.rules import Simulation
from world_fixtures.rules.outcome import Outcome
from world_fixtures.spec import Character, Door, Exit, Room, Thing, WorldSpec
from world_fixtures.validation import check


def thing(name: str, location: str | None, **fields: Any) -> Thing:
    """A thing whose name is that of its id."""
    return Thing(id=name, name=name.replace("_", " "), desc="x", location=location, **fields)


def exits(*ways: tuple[str, str, str, str], door: dict[str, str] | None = None) -> tuple[Exit, ...]:
    """Exits there and back: room, direction, direction back, room."""
    made = []
    for a, there, back, b in ways:
        shut = (door or {}).get(f"{a} {b}")
        made.append(Exit(source=a, direction=there, target=b, door=shut))  # type: ignore[arg-type]
        made.append(Exit(source=b, direction=back, target=a, door=shut))  # type: ignore[arg-type]
    return tuple(made)


KNOWS = (
    Knowledge(topic="weather", says="Rain.", tells=(Fact("green", "weather", "rain"),)),
    Knowledge(topic="gold", says="In the mill.", needs=Need(has="apple"), refuses="I am hungry."),
    Knowledge(topic="silver", says="In the barn.", needs=Need(shown="coin_box"), refuses="Prove."),
    Knowledge(topic="copper", says="In the well.", needs=Need(paid=3), refuses="That costs."),
    Knowledge(topic="tin", says="In the loft.", needs=Need(heard="red fox"), refuses="The word?"),
    Knowledge(topic="lead", says="In the sea.", needs=Need(hours=(4, 8)), refuses="Not now."),
    Knowledge(topic="red key", says="It is red."),
    Knowledge(topic="blue key", says="It is blue."),
)
DEALS = (
    Deal(gives="lamp", price=3), Deal(wants="clay", price=-2),
    Deal(gives="rope", wants="apple"), Deal(wants="coin_box", price=-50),
    Deal(gives="saw", price=99),
)  # fmt: skip


def village(*people: Person, played: bool = False, **living: Any) -> WorldSpec:
    """Four rooms around a green: green - mill (north) - loft (up, dark); green - barn (east, door).

    The agent and Alma stand on the green, Bert in the mill. `people` replace theirs; a second
    character that is played is there with `played`.
    """
    alma = Person(id="alma", purse=10, knows=KNOWS, deals=DEALS, heeds=("clay", "bert"))
    fields: dict[str, Any] = {
        "day": 20, "purse": 5, "people": people or (alma, Person(id="bert")),
        "processes": (Process(machine="kiln", needs=("clay",), makes="pot", ticks=4),),
    }  # fmt: skip
    spec = WorldSpec(
        name="village",
        title="Village",
        rooms=tuple(
            Room(id=room, name=room.title(), desc="", dark=room == "loft")
            for room in ("green", "mill", "loft", "barn")
        ),
        exits=exits(
            ("green", "north", "south", "mill"),
            ("mill", "up", "down", "loft"),
            ("green", "east", "west", "barn"),
            door={"green barn": "gate"},
        ),
        doors=(Door(id="gate", name="gate"),),
        things=(
            thing("apple", "green"), thing("clay", "green"), thing("coin_box", "you"),
            thing("lamp", "alma", light=True), thing("rope", "alma"), thing("saw", "alma"),
            thing("kiln", "mill", portable=False, surface=True), thing("pot", None),
            thing("shelf", "barn", portable=False, surface=True),
            thing("crate", "barn", portable=False, container=True),
            thing("torch", "mill", light=True), thing("stone", "loft"),
            thing("plum", None, offstage=True), thing("prune", None, offstage=True),
        ),
        characters=(
            Character(id="you", name="Traveller", location="green", capacity=3),
            Character(id="alma", name="Alma", location="green"),
            Character(id="bert", name="Bert", location="mill", capacity=1),
            *((Character(id="zoe", name="Zoe", location="green"),) if played else ()),
        ),
        living=Living(**{**fields, **living}),
    )  # fmt: skip
    return check(spec)


def play(world: Simulation, *commands: str, actor: str | None = None) -> Outcome:
    """Give the commands in order; return the outcome of the last."""
    return [world.act(command, actor) for command in commands][-1]

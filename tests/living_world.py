"""A small world with time and people, for tests: two rooms and a shop, a trader and a walker."""

from __future__ import annotations

from world_fixtures.facts import Fact
from world_fixtures.living import (
    Burning,
    Deal,
    Duty,
    Knowledge,
    Living,
    Person,
    Process,
    Round,
    Stay,
    Timetable,
    Turning,
)
from world_fixtures.spec import Character, Door, Exit, Room, Thing, WorldSpec

WALK = (
    "look", "ask alma about the weather", "north", "get clay", "follow bert", "look", "east",
    "buy lamp from alma", "light lamp", "ask alma about clay", "wait 7", "wait 8", "west", "north",
    "east", "start kiln", "wait 5", "x kiln", "get pot", "west", "south", "greet bert",
    "tell bert that it rains", "give 1 coin to bert", "give pot to bert", "time", "frobnicate",
    "follow bert", "follow bert", "follow bert", "wait 20", "look",
)  # fmt: skip
"""Commands of the agent in which all of it takes part."""


# One line a thing reads better than seven.
# ruff: noqa: E501
def living_spec() -> WorldSpec:
    """Four rooms, two people who act by themselves, and two characters to be played."""
    return WorldSpec(
        name="village",
        title="The Village",
        rooms=(
            Room(id="hall", name="Hall", desc="A hall."),
            Room(id="shop", name="Shop", desc="A shop."),
            Room(id="yard", name="Yard", desc="A yard."),
            Room(id="kiln_house", name="Kiln House", desc="A warm house."),
        ),
        exits=(
            Exit(source="hall", direction="east", target="shop", door="shop_door"),
            Exit(source="shop", direction="west", target="hall", door="shop_door"),
            Exit(source="hall", direction="north", target="yard"),
            Exit(source="yard", direction="south", target="hall"),
            Exit(source="yard", direction="east", target="kiln_house"),
            Exit(source="kiln_house", direction="west", target="yard"),
        ),
        doors=(Door(id="shop_door", name="shop door", desc="Oak.", locked=True),),
        things=(
            Thing(id="lamp", name="brass lamp", desc="A lamp.", location="alma", light=True),
            Thing(id="apple", name="green apple", desc="Sour.", location="hall"),
            Thing(id="ripe", name="ripe apple", desc="Sweet.", location=None, offstage=True),
            Thing(id="kiln", name="kiln", desc="A kiln.", location="kiln_house", portable=False, surface=True),
            Thing(id="clay", name="clay", desc="Wet.", location="yard"),
            Thing(id="pot", name="pot", desc="Fired.", location=None, offstage=True),
        ),
        characters=(
            Character(id="you", name="Traveller", location="hall"),
            Character(id="guest", name="Second Guest", location="yard"),
            Character(id="alma", name="Alma Abendroth", location="hall"),
            Character(id="bert", name="Bert Dunmore", location="yard"),
        ),
        living=Living(
            day=20,
            purse=5,
            timetables=(Timetable(id="hours", door="shop_door", opens=4, shuts=10),),
            burning=(Burning(thing="lamp", ticks=5),),
            turning=(Turning(thing="apple", into="ripe", after=3),),
            processes=(Process(machine="kiln", needs=("clay",), makes="pot", ticks=4),),
            people=(
                Person(
                    id="alma",
                    purse=3,
                    duties=(Duty(work=Stay(room="shop")),),
                    deals=(Deal(gives="lamp", price=3),),
                    knows=(Knowledge(topic="weather", says="It will rain.", tells=(Fact("hall", "weather", "rain"),)),),
                    heeds=("clay",),
                ),
                Person(id="bert", pace=2, duties=(Duty(work=Round(rooms=("yard", "hall", "kiln_house"), stay=4)),)),
            ),
        ),
    )  # fmt: skip

"""What time brings about: doors by the hour, lights that burn down, things that turn, machines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world_fixtures.village import play, village
from world_fixtures.facts import Arranged, Fact
from world_fixtures.living import CLOCK, PASSES, Burning, Process, Timetable, Turning
from world_fixtures.protocol import WORLD
from world_fixtures.rules import Simulation
from world_fixtures.rules.clock import is_open_at
from world_fixtures.spec import Recipe


def timed(**fields: Any) -> Simulation:
    table = Timetable(**{"id": "hours", "door": "gate", "opens": 2, "shuts": 5, **fields})
    return Simulation(village(timetables=(table,)))


def test_a_door_opens_and_locks_by_its_timetable_day_after_day() -> None:
    world = timed()
    assert "The gate is opened." in world.act("wait 2").text
    outcome = world.act("wait 3")
    assert "The gate is shut and locked." in outcome.text
    assert Fact("gate", "open", False) in outcome.reveals
    assert [(h.actor, h.outcome.verb, h.outcome.objects) for h in outcome.after] == [
        (WORLD, "shuts", ("gate",))
    ]
    assert world.act("open gate").kind == "refused"
    opened = world.act("wait 40")
    assert [h.outcome.verb for h in opened.after] == ["opens", "shuts"] * 2


def test_it_is_seen_from_both_sides_and_nowhere_else() -> None:
    world = timed()
    play(world, "open gate", "east")
    assert "The gate" not in world.act("wait").text  # open already, and not locked
    assert "shut and locked" in world.act("wait 2").text
    other = timed()
    assert "gate" not in play(other, "north", "wait 4").text


@pytest.mark.parametrize(
    ("fields", "tick", "is_open"),
    [
        ({}, 2, True), ({}, 1, False), ({}, 5, False), ({}, 22, True),
        ({"opens": 15, "shuts": 3}, 1, True), ({"opens": 15, "shuts": 3}, 3, False),
        ({"opens": 15, "shuts": 3}, 15, True), ({"opens": 15, "shuts": 20}, 19, True),
        ({"period": 6}, 8, True), ({"period": 6}, 6, False),
    ],
)  # fmt: skip
def test_the_hours_of_a_timetable(fields, tick, is_open) -> None:
    table = Timetable(**{"id": "hours", "door": "gate", "opens": 2, "shuts": 5, **fields})
    assert is_open_at(table, tick, 20) is is_open


def burning() -> Simulation:
    world = Simulation(village(burning=(Burning(thing="torch", ticks=5),)))
    play(world, "north", "get torch")
    return world


def test_a_light_burns_as_long_as_it_is_lit_and_then_never_again() -> None:
    world = burning()
    play(world, "light torch", "wait", "extinguish torch", "wait 10", "light torch")
    assert world.state.get("torch", "lit")
    assert "burnt down" not in world.act("wait").text
    assert "The torch goes out: it has burnt down." in world.act("wait").text
    again = world.act("light torch")
    assert (again.kind, again.text) == ("refused", "The torch has burnt down.")


def test_when_the_light_goes_out_it_is_dark() -> None:
    world = burning()
    assert "stone" in play(world, "light torch", "up").text
    assert "too dark" in play(world, "wait 3", "look").text


def test_a_thing_turns_where_it_is_and_the_next_one_after_it() -> None:
    turning = (Turning(thing="apple", into="plum", after=3),
               Turning(thing="plum", into="prune", after=2))  # fmt: skip
    world = Simulation(village(turning=turning))
    play(world, "get apple")
    assert "The apple has become the plum." in world.act("wait 2").text
    assert world.state.location("plum") == "you"
    assert "The plum has become the prune." in play(world, "drop plum", "wait").text
    assert (world.state.location("prune"), world.state.location("plum")) == ("green", None)


def test_what_was_used_up_does_not_turn() -> None:
    spec = village(turning=(Turning(thing="apple", into="prune", after=3),))
    recipes = (Recipe(parts=("apple", "clay"), makes="pot"),)
    world = Simulation(spec.model_copy(update={"recipes": recipes}))
    assert world.act("combine apple with clay").kind == "ok"
    assert world.act("wait 9").after == []
    assert world.state.location("prune") is None


def test_what_turns_in_a_closed_box_is_not_seen() -> None:
    spec = village(turning=(Turning(thing="apple", into="prune", after=3),))
    things = tuple(
        t.model_copy(update={"location": "crate"}) if t.id == "apple" else t for t in spec.things
    )
    world = Simulation(spec.model_copy(update={"things": things}))
    assert "prune" not in play(world, "open gate", "east", "wait 2").text
    assert "prune" in world.act("open crate").text


def test_what_a_machine_makes_begins_to_turn_when_it_is_done() -> None:
    world = Simulation(village(
        turning=(Turning(thing="pot", into="prune", after=3),),
        processes=(Process(machine="kiln", needs=(), makes="pot", ticks=2),),
    ))  # fmt: skip
    play(world, "north", "start kiln", "wait 2")
    assert world.state.location("pot") == "kiln"
    assert "prune" not in world.act("wait 2").text
    assert "The pot has become the prune." in world.act("wait").text


def test_in_absence_all_happens_that_is_due_tick_by_tick() -> None:
    turning = (Turning(thing="apple", into="prune", after=7),)
    table = Timetable(id="hours", door="gate", opens=2, shuts=5)
    world = Simulation(village(turning=turning, timetables=(table,)))
    outcome = world.arrange([Arranged("clay", "location", "barn"), Arranged(CLOCK, PASSES, 25)])
    assert [h.outcome.verb for h in outcome.after] == ["opens", "shuts", "turns", "opens", "shuts"]
    assert world.state.location("clay") == "barn"
    assert world.get(CLOCK, "tick") == 25
    assert "Time: 5 of 20, day 2." in world.act("look").text


def test_no_time_passes_in_a_world_without_it(cottage) -> None:
    with pytest.raises(ValueError, match="no time passes in this world"):
        Simulation(cottage).arrange([Arranged(CLOCK, PASSES, 3)])


@pytest.mark.parametrize(
    ("command", "ticks"),
    [("look", 1), ("get apple", 1), ("wait", 1), ("wait 50", 50), ("time", 0), ("help", 0),
     ("who am i", 0), ("get moon", 0), ("west", 0)],
)  # fmt: skip
def test_what_each_command_takes(command, ticks) -> None:
    world = Simulation(village())
    world.act(command)
    assert world.get(CLOCK, "tick") == ticks

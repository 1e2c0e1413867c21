"""What people do by themselves, what is seen of it, and what they remember."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.world_fixtures.village import play, village
from world_fixtures.facts import Arranged, Fact
from world_fixtures.library import load_world
from world_fixtures.living import (
    CLOCK,
    PASSES,
    Bring,
    Duty,
    Give,
    Knowledge,
    Person,
    Round,
    Stay,
    Tidy,
)  # fmt: skip
from world_fixtures.rules import Simulation, SpecIndex
from world_fixtures.rules.passing import absence
from world_fixtures.spec import WorldSpec


def alma(*duties: Duty, **fields: Any) -> Person:
    return Person(id="alma", duties=duties, **fields)


def deeds(world: Simulation, commands: int, actor: str = "alma") -> list[str]:
    """What somebody does in so many ticks."""
    done = [h for _ in range(commands) for h in world.act("wait").after]
    return [h.raw for h in done if h.actor == actor]


def test_who_stays_goes_there_and_opens_doors_on_the_way() -> None:
    world = Simulation(village(alma(Duty(work=Stay(room="barn")))))
    assert world.act("look").text.endswith("Alma opens the gate.")
    assert world.act("look").text.endswith("Alma goes east.")
    assert deeds(world, 3) == []
    assert world.state.location("alma") == "barn"


def test_a_locked_door_bars_who_has_no_key_and_not_who_has() -> None:
    spec = village(alma(Duty(work=Stay(room="barn"))))
    locked = {"locked": True, "fragile": True, "key": "clay"}
    spec = spec.model_copy(update={"doors": (spec.doors[0].model_copy(update=locked),)})
    world = Simulation(spec)
    assert deeds(world, 3) == []
    play(world, "get clay", "give clay to alma")
    assert deeds(world, 2) == ["open gate", "go east"]
    assert world.state.get("gate", "open")


def test_a_round_is_walked_at_its_pace() -> None:
    world = Simulation(village(alma(Duty(work=Round(rooms=("green", "mill"), stay=3)))))
    rooms = [world.act("wait") and world.state.location("alma") for _ in range(8)]
    assert rooms == ["green", "green", "mill", "mill", "mill", "green", "green", "green"]


def test_the_pace_is_the_ticks_from_act_to_act() -> None:
    world = Simulation(village(alma(Duty(work=Round(rooms=("green", "mill"), stay=1)), pace=3)))
    assert len(deeds(world, 12)) <= 4


def test_of_the_duties_that_are_due_the_first_with_something_to_do_is_done() -> None:
    person = alma(
        Duty(work=Tidy(things=("apple",))),
        Duty(begins=2, ends=8, work=Stay(room="mill")),
        Duty(work=Stay(room="green")),
    )
    world = Simulation(village(person))
    assert deeds(world, 3) == ["go north"]
    assert deeds(world, 4) == []
    assert deeds(world, 3) == ["go south"]


def test_who_brings_fetches_a_thing_and_lays_it_down() -> None:
    world = Simulation(village(alma(Duty(work=Bring(thing="torch", to="crate")))))
    assert deeds(world, 8) == [
        "go north", "get torch", "go south", "open gate", "go east", "open crate",
        "put torch in crate",
    ]  # fmt: skip
    assert world.state.location("torch") == "crate"


def test_who_brings_goes_where_the_thing_was_seen_last() -> None:
    """The torch was moved while nobody looked: she looks in the mill, and not again."""
    world = Simulation(village(alma(Duty(work=Bring(thing="torch", to="green")))))
    world.arrange([Arranged("torch", "location", "barn")])
    assert deeds(world, 4) == ["go north"]
    assert world.state.get("alma", "seen")["torch"] == ""


def test_nothing_is_taken_out_of_hands() -> None:
    world = Simulation(village(alma(Duty(work=Bring(thing="coin_box", to="mill")))))
    assert deeds(world, 3) == []
    assert world.state.location("coin_box") == "you"


def test_who_tidies_puts_back_what_is_seen_elsewhere() -> None:
    world = Simulation(village(alma(Duty(work=Tidy(things=("torch",))))))
    play(world, "north", "get torch", "south")
    assert "Alma takes the torch." in world.act("drop torch").text
    assert deeds(world, 3) == ["go north", "drop torch"]
    assert world.state.location("torch") == "mill"


@pytest.mark.parametrize(
    ("command", "seen"),
    [
        ("open gate", "Alma opens the gate."),
        ("say The bell rings.", 'Alma says, "The bell rings."'),
        ("get apple", "Alma takes the apple."),
        ("greet Traveller", "Alma greets Traveller."),
        ("tell Traveller that it rains", "Alma tells Traveller: it rains"),
        ("give 2 coins to Traveller", "Alma gives Traveller money."),
    ],
)
def test_a_person_gives_any_command_and_who_is_there_sees_it(command, seen) -> None:
    world = Simulation(
        village(alma(Duty(ends=2, work=Give(room="green", command=command)), purse=9))
    )
    outcome = world.act("wait")
    assert [(h.actor, h.raw) for h in outcome.after] == [("alma", command)]
    assert seen in outcome.text
    assert "Alma" not in play(world, "wait", "wait").text


def test_nobody_sees_what_happens_elsewhere_or_in_the_dark() -> None:
    duty = Duty(work=Give(room="loft", command="say Boo."))
    world = Simulation(village(alma(duty)))
    world.arrange([("alma", "location", "loft")])
    assert "Boo" not in world.act("wait").text
    play(world, "north", "up")
    assert "Boo" not in world.act("wait").text
    world.arrange([("torch", "location", "you"), ("torch", "lit", True)])
    assert "Boo" in world.act("wait").text


def test_nobody_handles_anything_in_the_dark() -> None:
    duty = Duty(work=Bring(thing="stone", to="mill"))
    world = Simulation(village(alma(duty)))
    assert deeds(world, 4) == ["go north", "go up"]
    world.arrange([("torch", "location", "alma"), ("torch", "lit", True)])
    assert deeds(world, 3) == ["get stone", "go down", "drop stone"]


def test_who_comes_and_goes_is_seen_and_known() -> None:
    world = Simulation(village(alma(Duty(work=Round(rooms=("green", "mill"), stay=2)))))
    gone = play(world, "wait", "wait")
    assert gone.text.endswith("Alma goes north.")
    assert Fact("alma", "left", "mill") in gone.reveals
    back = play(world, "wait", "wait")
    assert back.text.endswith("Alma comes in from the north.")
    assert Fact("alma", "location", "green") in back.reveals
    assert Fact("green", "people", ["alma"]) in world.act("look").reveals


def test_following_somebody_leads_along_with_them() -> None:
    world = Simulation(village(alma(Duty(begins=1, work=Stay(room="mill")))))
    outcome = world.act("follow alma")
    assert [(h.actor, h.raw) for h in outcome.after] == [("alma", "go north"), ("you", "")]
    assert world.state.location("you") == "mill"
    assert "You follow.\nMill" in outcome.text
    assert world.act("follow alma").after == []


def test_following_does_not_lead_through_a_door_that_falls_shut() -> None:
    spec = village(alma(Duty(begins=2, work=Stay(room="barn"))))
    shuts = spec.doors[0].model_copy(update={"shuts": True, "open": True})
    world = Simulation(spec.model_copy(update={"doors": (shuts,)}))
    assert "Alma goes east." in play(world, "wait", "follow alma").text
    assert world.state.location("you") == "green"


BELIEVER = alma(Duty(begins=5, ends=14, work=Stay(room="mill")), Duty(work=Stay(room="green")),
                heeds=("apple", "torch"))  # fmt: skip


def test_what_was_moved_unseen_is_believed_where_it_was_until_looked_for() -> None:
    world = Simulation(village(BELIEVER))
    play(world, "wait 5", "get apple", "open gate", "east", "drop apple", "west")
    assert world.state.location("alma") == "mill"
    play(world, "north")
    stale = world.act("ask alma about apple")
    assert stale.text.startswith('Alma says, "I last saw the apple in the Green."')
    assert Fact("apple", "seen", ["alma", "green"]) in stale.reveals
    play(world, "south", "wait 3")
    assert world.state.location("alma") == "green"
    asked = world.act("ask alma about apple")
    assert asked.text == 'Alma says, "I have not found the apple where I last looked."'
    assert not asked.reveals


def test_what_lies_beside_a_person_is_no_old_belief() -> None:
    """It was brought there in absence, when nobody did anything."""
    world = Simulation(village(alma(heeds=("torch",))))
    world.arrange([Arranged("torch", "location", "green")])
    assert "the torch in the Green" in world.act("ask alma about torch").text


def test_a_person_says_what_it_carries_itself() -> None:
    world = Simulation(village(alma(heeds=("clay",))))
    play(world, "get clay", "give clay to alma")
    asked = world.act("ask alma about clay")
    assert asked.text == 'Alma says, "I have the clay here."'
    assert Fact("clay", "seen", ["alma", "green"]) in asked.reveals


def test_what_is_told_does_not_change_what_was_seen() -> None:
    world = Simulation(village(alma(heeds=("torch",))))
    play(world, "tell alma that the torch is in the barn")
    assert ["you", "the torch is in the barn"] in world.state.get("alma", "heard")
    assert "the torch in the Mill" in world.act("ask alma about torch").text


def test_something_false_is_said_and_told_as_it_is_believed() -> None:
    lie = Knowledge(topic="torch", says="In the barn.", false=True,
                    tells=(Fact("torch", "location", "barn"),))  # fmt: skip
    outcome = Simulation(village(alma(knows=(lie,)))).act("ask alma about the torch")
    assert Fact("torch", "location", "barn") in outcome.reveals


def test_what_many_say_is_remembered_to_a_number() -> None:
    world = Simulation(village())
    for n in range(40):
        world.act(f"tell alma that {n}")
    heard = world.state.get("alma", "heard")
    assert [text for _, text in heard] == [str(n) for n in range(10, 40)]


def test_another_played_character_is_told_once_what_it_missed() -> None:
    world = Simulation(village(alma(Duty(begins=2, work=Stay(room="mill"))), played=True))
    play(world, "get apple", "wait")
    assert world.state.get("zoe", "noticed") == ["Traveller takes the apple.", "Alma goes north."]
    first = world.act("time", "zoe")
    assert first.text.splitlines()[:2] == ["Traveller takes the apple.", "Alma goes north."]
    assert world.act("time", "zoe").text.startswith("Time:")


def test_who_is_led_along_is_noticed_where_it_comes_in() -> None:
    world = Simulation(village(alma(Duty(begins=2, work=Stay(room="mill"))), played=True))
    play(world, "north", actor="zoe")
    world.act("follow alma")
    assert "Traveller comes in from the south." in world.state.get("zoe", "noticed")


def test_a_whisper_is_seen_and_not_heard() -> None:
    world = Simulation(village(played=True))
    world.act("whisper gold to alma")
    assert world.state.get("zoe", "noticed") == ["Traveller whispers something to Alma."]


def test_nobody_notices_in_absence() -> None:
    world = Simulation(village(alma(Duty(work=Stay(room="mill"))), played=True))
    outcome = world.arrange([Arranged(CLOCK, PASSES, 5)])
    assert [(h.actor, h.raw) for h in outcome.after] == [("alma", "go north")]
    assert outcome.text == ""
    assert not outcome.reveals
    assert world.state.get("zoe", "noticed") == []
    assert world.get(CLOCK, "tick") == 5


@pytest.mark.parametrize("ticks", [0, -1, 2001, 1.5, True])
def test_absence_is_a_number_of_ticks(ticks) -> None:
    with pytest.raises(ValueError, match="1 to 2000"):
        absence(SpecIndex(village()), Simulation(village()), ticks)


STREET = load_world("market_street")
COMMANDS = st.lists(
    st.sampled_from(
        ["look", "north", "south", "east", "west", "down", "up", "wait", "wait 7", "wait 50",
         "follow oskar", "follow tilda", "get dough", "get pear", "get broom", "drop broom",
         "start oven", "get loaf", "show loaf to berta", "sell loaf", "buy candle",
         "light candle", "extinguish candle", "trade pear for whistle", "give 1 coin to oskar",
         "ask oskar about tilda", "ask berta about the seal", "tell oskar that it rains", "time"]
    ),
    max_size=25,
)  # fmt: skip


@given(COMMANDS, st.integers(0, 30))
def test_equal_commands_bring_equal_events_and_each_can_be_undone(commands, absent) -> None:
    first, second = Simulation(STREET), Simulation(STREET, SpecIndex(STREET))
    for command in commands:
        before = first.state
        one, other = first.act(command), second.act(command)
        assert one == other
        undone(before, first.state, [one, *(h.outcome for h in one.after)])
        if absent:
            changes = [Arranged(CLOCK, PASSES, absent)]
            assert first.arrange(changes) == second.arrange(changes)
    assert first.state == second.state


def undone(before: Any, after: Any, outcomes: list[Any]) -> None:
    """Assert that the changes, taken back from the last to the first, lead back."""
    entities = {e: dict(fields) for e, fields in after.entities.items()}
    for outcome in reversed(outcomes):
        for change in reversed(outcome.changes):
            assert entities[change.entity][change.field] == change.after
            entities[change.entity][change.field] = change.before
    assert entities == before.entities


@given(COMMANDS)
def test_waiting_at_once_is_waiting_tick_by_tick(commands) -> None:
    def went(step: int, spec: WorldSpec = STREET) -> Simulation:
        world = Simulation(spec)
        for command in commands:
            world.act(command)
        for _ in range(50 // step):
            world.act(f"wait {step}")
        return world

    assert went(50).state == went(1).state

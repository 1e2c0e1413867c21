"""What commands do, told by the in-memory simulation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from world_fixtures.rules import Simulation, parse
from world_fixtures.state import initial_state


@pytest.fixture
def world(cottage):
    return Simulation(cottage)


def play(world, *commands):
    return [world.act(c) for c in commands][-1]


def test_the_room_view_lists_exits_things_and_what_lies_on_surfaces(world):
    assert world.view().splitlines() == [
        "Hall",
        "A low hall.",
        "Exits: east (Oak Door, closed), down",
        "Here: Oil Lamp, Table, Wall",
        "On the Table: Letter",
    ]


def test_a_dark_room_shows_only_its_exits_until_a_light_burns(world):
    assert "Chest" not in play(world, "down").text
    assert world.act("open chest").kind == "unknown"
    outcome = play(world, "up", "get lamp", "light lamp", "down")
    assert "Here: Chest (closed), Anvil" in outcome.text


def light_cellar(world):
    play(world, "get lamp", "light lamp", "down", "open chest")


def test_a_partial_name_that_fits_several_asks_which(world):
    light_cellar(world)
    outcome = world.act("get key")
    assert outcome.kind == "ambiguous"
    assert outcome.text == "Which do you mean: key-1 (Brass Key), key-2 (Iron Key)?"
    assert world.act("get key-2").text == "You take the Iron Key."
    assert world.act("get key").text == "You take the Brass Key."


def test_a_locked_door_needs_its_key_and_then_opening(world):
    assert world.act("east").text == "The Oak Door is closed."
    assert world.act("open door").text == "The Oak Door is locked."
    light_cellar(world)
    play(world, "get brass key", "get iron key", "up")
    assert world.act("unlock door with iron key").kind == "refused"
    assert world.act("unlock door with brass key").kind == "ok"
    assert world.act("east").kind == "refused"
    assert "Study" in play(world, "open door", "east").text


def test_a_hidden_exit_is_none_until_discovered(world):
    light_cellar(world)
    play(world, "get brass key", "up", "unlock door", "open door", "east")
    assert world.act("north").kind == "refused"
    assert "You discover a way north." in world.act("examine tapestry").text
    assert "Nook" in world.act("north").text


def test_parts_combine_into_the_product_once(world):
    light_cellar(world)
    play(world, "get brass key", "up", "unlock door", "open door", "east", "get shaft")
    play(world, "x tapestry", "n", "get blade")
    assert world.act("combine shaft with letter").kind == "unknown"
    assert world.act("combine shaft and blade").text == "You make the Spade."
    assert world.state.location("spade") == "you"
    assert world.state.location("blade") is None


def test_heavy_and_fixed_things_stay(world):
    light_cellar(world)
    assert world.act("get anvil").kind == "refused"
    assert world.act("get chest").kind == "refused"


def test_a_thing_cannot_hold_itself(world, cottage):
    light_cellar(world)
    assert world.act("put lamp in lamp").kind == "refused"
    assert world.act("put lamp in chest").kind == "ok"


@pytest.mark.parametrize("character", "|$<>")
def test_what_cannot_be_written_is_refused_and_named(world, character):
    outcome = world.act(f'write "meet {character}rat at noon" on wall')
    assert (outcome.kind, outcome.changes) == ("refused", ())
    assert "| $ < >" in outcome.text
    assert world.state.get("wall", "inscriptions") == []


def test_writing_stays(world):
    outcome = world.act('write "meet rat noon on the bridge" on wall')
    assert outcome.kind == "ok"
    assert world.state.get("wall", "inscriptions") == ["meet rat noon on the bridge"]
    assert 'In your hand: "meet rat noon on the bridge"' in world.act("read wall").text


def test_another_actor_changes_the_same_world(world):
    assert world.act("get shaft", actor="caretaker").kind == "ok"
    assert world.state.location("shaft") == "caretaker"
    assert world.state.location("you") == "hall"


@pytest.mark.parametrize(
    ("raw", "verb"),
    [("N", "go"), ("l", "look"), ("x lamp", "examine"), ("look at lamp", "examine"),
     ("look in chest", "look_in"), ("take lamp", "get"), ("shut door", "close"), ("i", "inventory"),
     ("\x1b[31mlook\x1b[0m", "look"), ("  look  ", "look")],
)  # fmt: skip
def test_words_map_to_canonical_verbs(raw, verb):
    assert parse(raw).verb == verb


@pytest.mark.parametrize("raw", ["", "   ", "\x00\x01", "@tel #1", "x" * 5000, "page bob=hi", "||"])
def test_what_is_not_understood_is_an_observation(world, raw):
    before = world.state.hash
    outcome = world.act(raw)
    assert outcome.kind == "unknown"
    assert outcome.text
    assert len(outcome.text) < 300
    assert world.state.hash == before


def test_a_misspelt_verb_gets_a_suggestion_from_the_worlds_own_verbs(world):
    assert "Maybe you meant 'inventory'" in world.act("inventry").text


WORDS = st.sampled_from(
    ["look", "get", "put", "in", "on", "with", "from", "lamp", "table", "letter", "wall", "chest",
     "key", "key-1", "door", "open", "close", "unlock", "light", "write", "read", "up", "down",
     "east", "x", "and", ",", "combine", "drop", "all", "me", "#1", "*you", "|r", "$you()", "😀"],
)  # fmt: skip


@given(
    st.lists(
        st.one_of(st.lists(WORDS, max_size=7).map(" ".join), st.text(max_size=60)), max_size=25
    )
)
def test_changes_always_tell_the_whole_difference(cottage, commands):
    world = Simulation(cottage)
    for command in commands:
        before = world.state
        outcome = world.act(command)
        after = world.state
        told = {(c.entity, c.field): (c.before, c.after) for c in outcome.changes}
        real = {
            (e, f): (before.entities[e][f], value)
            for e, fields in after.entities.items()
            for f, value in fields.items()
            if before.entities[e][f] != value
        }
        assert told == real
        assert outcome.kind == "ok" or not told


def test_the_state_hash_ignores_the_order_of_entities(cottage):
    state = initial_state(cottage)
    turned = state.model_copy(update={"entities": dict(reversed(state.entities.items()))})
    assert turned.hash == state.hash


def test_a_copy_of_a_simulation_goes_its_own_way(cottage):
    first = Simulation(cottage)
    first.act("get lamp")
    before, second = first.state, first.copy()
    second.act("drop lamp")
    assert first.state == before != second.state
    assert first.act("inventory").text != second.act("inventory").text

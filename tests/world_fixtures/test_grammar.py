"""The words that people and models type, and what they are understood as."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from world_fixtures.protocol import MAX_COMMAND
from world_fixtures.rules import VERBS, Simulation, parse
from world_fixtures.spec import Character, Door, Exit, Room, Scenery, Thing

LISTED = [
    line.partition(" | ")
    for line in Path(__file__).with_name("commands.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
WAY = ("get lamp", "light lamp", "down", "open chest", "get brass key", "up")


@pytest.fixture
def world(cottage):
    """In the hall, with the lit lamp and the brass key."""
    world = Simulation(cottage)
    for command in WAY:
        assert world.act(command).kind == "ok"
    return world


@pytest.mark.parametrize(("wanted", "command"), [(wanted, said) for wanted, _, said in LISTED])
def test_what_people_type_is_understood(world, wanted, command):
    before = world.state.hash
    outcome = world.act(command)
    assert f"{outcome.verb} {outcome.kind}" == wanted
    assert outcome.kind == "ok" or world.state.hash == before


def test_the_list_is_long_and_holds_everything_once():
    assert len({said.casefold() for _, _, said in LISTED}) >= 134
    assert len({said for _, _, said in LISTED}) == len(LISTED)


SAME = {
    "pick up the letter": "get letter",
    "Take letter off the table, please.": "get letter",
    "put down lamp": "drop lamp",
    "set lamp on top of the table": "put lamp on table",
    "use the key on the door": "unlock door with key",
    "unlock east door key": "unlock door with key",
    "open door using key": "unlock door with key",
    "blow out lamp": "extinguish lamp",
    "read the letter on the table": "read letter",
    'inscribe the wall with "meet; then go"': 'write "meet; then go" on wall',
    "go down the stairs": "down",
    "head downwards": "down",
    "where am i?": "look",
    "what do I have": "inventory",
    "look under table": "examine table",
    "examine the door to the east": "examine oak door",
}


@pytest.mark.parametrize(("said", "plainly"), SAME.items())
def test_another_wording_does_what_the_plain_command_does(world, cottage, said, plainly):
    other = Simulation(cottage)
    for command in (*WAY, plainly):
        outcome = other.act(command)
    got = world.act(said)
    assert (got.verb, got.kind, got.text) == (outcome.verb, outcome.kind, outcome.text)
    assert (got.changes, got.reveals, world.state) == (
        outcome.changes,
        outcome.reveals,
        other.state,
    )


def test_all_takes_what_can_be_taken_in_one_event_and_tells_what_cannot(cottage):
    world = Simulation(cottage)
    outcome = world.act("take all")
    assert (outcome.verb, outcome.kind) == ("get", "ok")
    assert outcome.text.splitlines() == [
        "You take the Oil Lamp.",
        "The Table is fixed in place.",
        "The Wall is fixed in place.",
        "You take the Letter.",
    ]
    assert outcome.objects == ("lamp", "table", "wall", "letter")
    assert {c.entity for c in outcome.changes} == {"lamp", "letter"}
    assert world.act("drop all").text == "You put down the Oil Lamp.\nYou put down the Letter."
    assert world.state.location("letter") == "hall"
    assert world.act("drop all").kind == "refused"


def test_all_is_what_the_view_lists_or_what_the_named_place_holds(world):
    world.act("down")
    outcome = world.act("take everything")
    assert outcome.text.splitlines() == [
        "The Chest is fixed in place.", "The Anvil is too heavy to carry.",
    ]  # fmt: skip
    assert world.act("take all from chest").text == "You take the Iron Key."
    assert world.act("take all from chest").kind == "refused"
    assert world.act("put all keys in chest").objects == ("brass_key", "chest", "iron_key")
    assert world.act("extinguish lamp").kind == "ok"
    assert world.act("take all").kind == "refused"


def test_a_list_with_an_unknown_name_does_nothing(world):
    before = world.state.hash
    assert world.act("take letter and crown").text == "There is no 'crown' here."
    assert world.act("drop lamp, key and crown").kind == "unknown"
    assert world.state.hash == before


def test_a_list_is_taken_from_the_place_that_is_named_alone(cottage):
    outcome = Simulation(cottage).act("take letter and lamp from table")
    assert outcome.text == "You take the Letter.\nThe Oil Lamp is not in the Table."
    assert [c.entity for c in outcome.changes] == ["letter"]


def test_hands_that_are_full_take_no_more_of_a_list(cottage):
    you = cottage.agent.model_copy(update={"capacity": 1})
    world = Simulation(cottage.model_copy(update={"characters": (you, *cottage.characters[1:])}))
    outcome = world.act("get letter and lamp")
    assert [c.entity for c in outcome.changes] == ["letter"]
    assert outcome.text.splitlines()[1] == "Your hands are full: you can carry 1 things."


def test_two_things_of_one_name_are_both_taken(cottage):
    twin = Thing(id="lamp_b", name="Oil Lamp", desc="A lamp.", location="hall")
    world = Simulation(cottage.model_copy(update={"things": (*cottage.things, twin)}))
    assert world.act("get lamp").kind == "ambiguous"
    assert {c.entity for c in world.act("get all lamps").changes} == {"lamp", "lamp_b"}
    assert {c.entity for c in world.act("drop all").changes} == {"lamp", "lamp_b"}


NAMED = {
    "get all": "Lamp of All",
    "take everything": "Everything Soup",
    "get salt and pepper": "Salt and Pepper",
    "get lamp and letter": "Lamp and Letter",
    "look around": "Around-Piece",
    "look east": "East Star",
    "get key then": "Key of Then",
    "get down": "Down",
    "read letter aloud": "Letter Aloud",
    "pick up": "Up",
}


@pytest.mark.parametrize(("command", "name"), NAMED.items())
def test_the_name_of_a_thing_goes_before_an_idiom(cottage, command, name):
    thing = Thing(id="named", name=name, desc="A thing.", location="hall", text="Text.")
    outcome = Simulation(cottage.model_copy(update={"things": (*cottage.things, thing)})).act(
        command
    )
    assert (outcome.kind, outcome.objects) == ("ok", ("named",))


def halls(**fields):
    """A hall with ways of every sort, for what is said of doors and ways."""
    return {
        "rooms": (Room(id="hall", name="Hall", desc="A hall.", **fields), *(
            Room(id=i, name=i.title(), desc="A room.") for i in ("attic", "yard", "shed", "den")
        )),
        "doors": (
            Door(id="back_door", name="Back Door", open=True),
            Door(id="gate", name="Iron Gate", locked=True, key="pin", fragile=True),
        ),
        "exits": (
            Exit(source="hall", direction="north", target="yard", door="back_door"),
            Exit(source="hall", direction="west", target="shed", door="gate"),
            Exit(source="hall", direction="out", target="den"),
            Exit(source="den", direction="in", target="hall"),
            Exit(source="yard", direction="south", target="hall", door="back_door"),
        ),
        "things": (
            Thing(id="pin", name="Pin", desc="A pin.", location="you"),
            Thing(id="nail", name="Nail", desc="A nail.", location="you"),
        ),
        "recipes": (),
        "characters": (Character(id="you", name="Traveller", location="hall"),),
    }  # fmt: skip


@pytest.fixture
def ways(cottage):
    part = Scenery(id="bench", name="Long Bench", desc="A bench for waiting.")
    return Simulation(cottage.model_copy(update=halls(scenery=(part,))))


def test_a_door_is_meant_by_its_direction_or_as_the_only_one(ways):
    assert ways.act("open west door").text == "The Iron Gate is locked."
    assert ways.act("close the gate to the north").objects == ("back_door",)
    assert ways.act("open north exit").objects == ("back_door",)
    assert ways.act("go through the gate to the west").text == "The Iron Gate is closed."
    both = ways.act("unlock the exit")
    assert (both.kind, both.objects) == ("ambiguous", ("back_door", "gate"))
    assert both.text == (
        "Which do you mean: the north door (Back Door), the west door (Iron Gate)?"
    )
    assert ways.act("open south door").kind == "refused"
    assert ways.act("open the door out").text == "There is no door out: the way is open."


def test_a_look_in_a_direction_tells_the_door_there_and_its_state(ways):
    assert ways.act("look north").text == "The way north: Back Door, open."
    assert ways.act("look west").reveals[0].field == "open"
    assert ways.act("look out").text == "The way out is open."
    assert ways.act("look up").text.startswith("You see no way up. Exits: north")


def test_there_is_a_way_back_where_there_is_one_way_only(ways):
    refused = ways.act("go back")
    assert (refused.verb, refused.kind) == ("go", "refused")
    assert "Exits: north (Back Door, open), west (Iron Gate, closed), out" in refused.text
    assert ways.act("enter back door").text.startswith("Yard")
    assert ways.act("go back").text.startswith("Hall")
    assert ways.act("leave").text.startswith("Den")
    assert ways.act("enter").text.startswith("Hall")


def test_a_named_key_on_a_fragile_lock_breaks_in_any_wording(ways):
    outcome = ways.act("use nail on the west door")
    assert (outcome.verb, outcome.kind) == ("unlock", "refused")
    assert [(c.entity, c.after) for c in outcome.changes] == [("nail", None)]
    assert ways.act("open gate with pin").verb == "unlock"
    assert ways.act("open gate with pin").verb == "open"


def test_scenery_can_only_be_looked_at(ways):
    assert ways.act("look under the bench").text == "A bench for waiting."
    for command in ("get bench", "sit on bench", "open the long bench", "put pin on bench"):
        assert ways.act(command).kind == "refused", command


@pytest.mark.parametrize("command", ["north\nsouth", "look\n\nlook", "n n", "x pin. drop pin"])
def test_more_than_one_command_is_refused_and_nothing_is_done(ways, command):
    before = ways.state.hash
    outcome = ways.act(command)
    assert (outcome.kind, outcome.verb) == ("refused", "several")
    assert "One command at a time" in outcome.text
    assert ways.state.hash == before


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("inventry", "inventory"), ("tkae lamp", "take"), ("opne door", "open"), ("norht", "north"),
     ("exmine x", "examine"), ("reead letter", "read")],
)  # fmt: skip
def test_a_slip_of_one_letter_gets_a_hint(world, typed, hint):
    assert f"Maybe you meant '{hint}'." in world.act(typed).text


@pytest.mark.parametrize(
    "typed", ["se7", "xs", "fly", "dance", "ponder", "frobnicate", "page bob=hi"]
)
def test_what_resembles_nothing_gets_no_hint(world, typed):
    outcome = world.act(typed)
    assert outcome.kind == "unknown"
    assert "Maybe" not in outcome.text


def test_help_explains_any_word_for_a_command(world):
    assert world.act("help grab").text == world.act("help get").text
    assert world.act("help me").text == world.act("help").text
    assert world.act("help use").text.startswith("use THING")
    assert world.act("help gibberish").kind == "unknown"


def test_the_plain_words_are_read_as_they_stand():
    assert parse("GET  the lamp").args == {"object": "the lamp"}
    assert parse("say hello. then go").args == {"text": "hello. then go"}
    for verb, (words, _) in VERBS.items():
        said = {parse(f"{word} thing on table").verb for word in words}
        assert said <= {"examine" if verb == "look" else verb}


WORDS = st.sampled_from(
    ["get", "take", "put", "up", "down", "all", "but", "and", "then", ",", ";", "use", "on", "with",
     "key", "key-1", "lamp", "east", "door", "the", "to", "go", "through", "back", "look", "in",
     "open", "unlock", "write", '"', "'", "wall", "what", "is", "who", "i", "please", "turn", "off",
     "leave", "enter", "read", "text", "of", "help", "say", "\n", ".", "not", "😀", "\x1b[", "|r"]
)  # fmt: skip
LINES = st.one_of(
    st.lists(WORDS, max_size=9).map(" ".join),
    st.tuples(WORDS, WORDS, WORDS).map(lambda w: f"{w[0]} " + f"{w[1]} {w[2]} " * MAX_COMMAND),
    st.text(max_size=MAX_COMMAND + 10),
).map(lambda line: line[: MAX_COMMAND + 1])


@given(st.lists(LINES, max_size=10))
def test_no_text_raises_and_only_what_is_done_changes_anything(cottage, lines):
    world = Simulation(cottage)
    for command in (*WAY, *lines):
        parse(command)
        before = world.state
        outcome = world.act(command)
        assert outcome.text
        changed = {c.entity for c in outcome.changes}
        after = world.state.entities
        assert {e for e, fields in before.entities.items() if after[e] != fields} <= changed
        assert outcome.kind == "ok" or not changed


PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
ROWS = re.findall(r"^\| (`.*?) \| ", PAGE.partition("## Naming")[0], re.MULTILINE)
AT_HAND = {
    "chest": {"location": "hall", "open": True}, "brass_key": {"location": "you"},
    "iron_key": {"location": "cellar"}, "shaft": {"location": "hall"},
    "blade": {"location": "hall"},
}  # fmt: skip


@pytest.mark.parametrize("typed", [said for row in ROWS for said in re.findall("`(.*?)`", row)])
def test_what_the_page_on_commands_lists_is_understood(cottage, typed):
    things = [t.model_copy(update=AT_HAND.get(t.id, {})) for t in cottage.things]
    outcome = Simulation(cottage.model_copy(update={"things": tuple(things)})).act(typed)
    assert outcome.kind in ("ok", "refused")

"""The scripted policy: its decisions from texts alone, in the simulation."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import environments.policies.scripted as package
from environments.policies.scripted.decide import decide
from environments.policies.scripted.search import OPPOSITE
from world_fixtures.rules import Simulation

pytestmark = pytest.mark.once
SUBMIT = " When it is done, hand in with evennia_submit and an empty answer: {}."
TIDY = " Leave everything else as you find it."
LEAVE = " When it is written, call evennia_disconnect."


def played(spec, prompt, simulation=None, turns=120):
    """Play until the policy submits or disconnects: the simulation, the answer, the commands."""
    simulation = simulation or Simulation(spec)
    exchanges: list[tuple[str, dict, str]] = []
    for turn in range(turns):
        for tool, arguments in decide(prompt, exchanges, turn):
            if tool in ("evennia_submit", "evennia_disconnect"):
                commands = [a["command"] for t, a, _ in exchanges if t == "evennia_command"]
                return simulation, arguments.get("answer"), commands
            text = (
                simulation.view()
                if tool == "evennia_connect"
                else simulation.act(arguments["command"]).text
            )
            exchanges.append((tool, arguments, text))
    raise AssertionError(f"no end in {turns} turns")


def test_it_gets_through_dark_locks_and_hidden_ways(cottage):
    simulation, answer, _ = played(cottage, "Go to the Nook and stay there." + SUBMIT)
    assert simulation.get("you", "location") == "nook"
    assert answer == {}


def test_it_makes_a_thing_of_its_parts_and_brings_it(cottage):
    prompt = (
        "Find the Shaft and the Blade, combine them into the Spade, and put it down in the Cellar."
    )
    simulation, _, _ = played(cottage, prompt + SUBMIT)
    assert simulation.get("spade", "location") == "cellar"


def test_it_reads_what_a_text_tells(cottage):
    prompt = (
        "Find out the year of which the Letter tells. It is written somewhere in this world."
        " Submit an answer with one field, value: exactly what you read, and nothing else."
    )
    assert played(cottage, prompt)[1] == {"value": "1742"}


def test_what_it_writes_down_is_all_that_it_knows_later(cottage):
    first = "Find out the year of which the Letter tells, and write it on the Wall." + LEAVE
    simulation, _, _ = played(cottage, first)
    assert simulation.get("wall", "inscriptions") == ["1742"]
    second = (
        "In an earlier session you found something out and wrote it on the Wall: the year."
        " Submit an answer with one field, value: exactly that, and nothing else."
    )
    assert played(cottage, second, simulation)[1] == {"value": "1742"}


def test_it_draws_a_map_of_open_ways_only(cottage):
    prompt = (
        "Explore every room that can be reached without opening a door, and draw the map."
        " Submit an answer with one field, edges."
    )
    edges = {"Hall | down | Cellar", "Cellar | up | Hall"}
    assert set(played(cottage, prompt)[1]["edges"]) == edges


def test_asked_to_it_leaves_everything_as_it_was(cottage):
    prompt = "Put the Shaft in the Cellar." + SUBMIT + TIDY + " (You have 90 commands left.)"
    simulation, _, commands = played(cottage, prompt)
    assert simulation.get("shaft", "location") == "cellar"
    before, after = Simulation(cottage).state.entities, simulation.state.entities
    changed = {e for e in before if before[e] != after[e]}
    assert "open oak door" in [c.casefold() for c in commands]
    assert changed <= {"you", "lamp", "shaft"}


@pytest.mark.parametrize(
    ("limit", "commands"),
    [
        ("(You have 90 commands left.)", ["north"]),
        ("(20 turns are left.)", ["north", "south", "east", "west", "south"]),
    ],
)
def test_it_tries_one_way_at_a_time_where_commands_are_counted(limit, commands):
    view = ("evennia_connect", {}, "Hall\nLow.\nExits: north, east, south")
    calls = decide(f"Go to the Nook and stay there. {limit}", [view], 1)
    assert [arguments["command"] for _, arguments in calls] == commands


def test_it_ends_within_the_commands_that_it_has(cottage):
    prompt = "Go to the Attic and stay there." + SUBMIT + " (You have 7 commands left.)"
    assert len(played(cottage, prompt)[2]) <= 7


@pytest.mark.parametrize("prompt", ["Go to the Attic and stay there." + SUBMIT, "Sing a song."])
def test_it_gives_up_what_cannot_be_done(cottage, prompt):
    assert played(cottage, prompt)[1] == {}


def test_the_last_turn_hands_something_in():
    view = ("evennia_connect", {}, "Hall\nLow.\nExits: down")
    calls = decide("Go to the Nook and stay there. (2 turns are left.)", [view], 1)
    assert [tool for tool, _ in calls] == ["evennia_command", "evennia_submit"]


def test_every_direction_leads_back():
    assert all(OPPOSITE[OPPOSITE[way]] == way for way in OPPOSITE)


def test_its_decisions_import_nothing_of_ours():
    """The edge alone knows our types, so that it plays as an outsider would."""
    allowed = {"environments.policies.policy"}
    for path in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [a.name for a in node.names] if isinstance(node, ast.Import)
                else [node.module or ""] if isinstance(node, ast.ImportFrom)
                else []
            )  # fmt: skip
            for name in names:
                own = name.startswith(package.__name__)
                edge = path.name == "__init__.py" and name in allowed
                assert own or edge or name.partition(".")[0] in sys.stdlib_module_names, path

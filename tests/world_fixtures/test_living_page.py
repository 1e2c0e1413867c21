"""The page on worlds that go on: its examples happen as they are told, and its world is sound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from world_fixtures.facts import Arranged
from world_fixtures.library import load_world, parse_world
from world_fixtures.rules import Simulation
from world_fixtures.state import initial_fields

PAGE = (Path(__file__).parents[2] / "docs" / "living.md").read_text(encoding="utf-8")
COMMANDS = PAGE.partition("## Commands")[2].partition("## People")[0]
AT_HAND = {
    "oskar": "street", "tilda": "street", "loaf": "you", "ripe_pear": "you", "broom": "you",
    "oven": "street", "dough": "street",
}  # fmt: skip


def test_the_examples_happen_as_they_are_told_one_after_the_other() -> None:
    world = Simulation(load_world("market_street"))
    blocks = re.findall(r"^```text\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"^> ", block, flags=re.MULTILINE)[1:]]
    assert len(steps) > 20
    for step in steps:
        command, _, text = step.strip("\n").partition("\n")
        assert world.act(command).text == text


@pytest.mark.parametrize(
    "command",
    [said for row in re.findall(r"^\| (`.*?) \| ", COMMANDS, re.MULTILINE)
     for said in re.findall("`(.*?)`", row)],
)  # fmt: skip
def test_each_command_that_the_page_lists_can_be_carried_out(command) -> None:
    world = Simulation(load_world("market_street"))
    hand = AT_HAND | ({"loaf": None} if command == "start oven" else {})
    world.arrange(Arranged(entity, "location", place) for entity, place in hand.items())
    assert world.act(command).kind == "ok"


def test_the_world_of_the_page_is_sound_and_can_be_played() -> None:
    [text] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    world = Simulation(parse_world(text, "lane.yaml"))
    for command in ("buy milk", "give 1 coin to ada", "ask ada about butter", "in", "start churn"):
        assert world.act(command).kind == "ok", command
    assert world.act("wait 5").text.endswith("The Churn is done.")
    assert world.state.location("butter") == "churn"


def test_every_field_of_the_state_is_on_the_page() -> None:
    spec = load_world("market_street")
    still = initial_fields(spec.model_copy(update={"living": None}))
    own = {
        field
        for entity, fields in initial_fields(spec).items()
        for field in fields.keys() - still.get(entity, {}).keys()
    }
    table = PAGE.partition("## State")[2].partition("## Facts")[0]
    assert own == set(re.findall(r"`(\w+)`", table)) - {"clock"}

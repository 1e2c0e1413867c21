"""The searcher: it knows no more than it was shown."""

from __future__ import annotations

import pytest

from environments.tasks.planner import Unsolvable
from tests.environments.tasks.obstacles import (
    LINE,
    NESTED,
    START,
    searcher,
    thing,
    world,
)
from world_fixtures.facts import Arranged

pytestmark = pytest.mark.once


def test_what_is_not_revealed_yet_changes_no_command():
    """Two worlds differ behind the attic's trapdoor only: the ways part where it is passed."""
    one = world(thing("ring", "loft"), thing("cup", "cellar"), ways=LINE + ",attic up loft")
    two = world(
        thing("cup", "cellar"),
        thing("sack", "loft", container=True),
        thing("ring", "barn"),
        ways=LINE + ",attic up loft,loft north barn",
        dark={"barn"},
    )
    for seed in range(8):
        first, second = searcher(one, seed), searcher(two, seed)
        first.fetch("ring")
        with pytest.raises(Unsolvable):  # too dark, and there is no light
            second.fetch("ring")
        shown = first.commands.index("up")
        assert first.commands[: shown + 1] == second.commands[: shown + 1]


def test_other_searchers_search_elsewhere_first_and_the_same_one_the_same_way():
    ways = ",".join(f"hall {d} room_{d}" for d in ("north", "east", "south", "west"))
    spec = world(thing("ring", "room_south"), ways=ways)
    runs = []
    for seed in [*range(8), *range(8)]:
        actor = searcher(spec, seed)
        actor.fetch("ring")
        runs.append(tuple(actor.commands))
    assert runs[:8] == runs[8:]
    assert len(set(runs)) > 2


def test_the_way_back_is_taken_to_be_the_opposite_direction():
    for seed in range(8):
        actor = searcher(world(ways="hall north attic,attic east loft"), seed)
        actor.go_to("attic")
        if actor.take_steps() == ["north"]:
            actor.go_to("hall")
            assert actor.take_steps() == ["south"]


def test_what_was_learned_is_known_in_the_next_stage_unless_forgotten():
    spec = world(thing("ring", "attic"), thing("cup", "cellar"), ways=LINE)
    actor = searcher(spec)
    actor.explore()
    actor.take_steps()
    actor.arrange([Arranged("you", "location", START)])
    actor.connect()
    actor.fetch("ring")
    assert actor.take_steps() == ["north", "north", "get ring"]
    again = []
    for seed in range(8):
        other = searcher(spec, seed)
        other.explore()
        other.take_steps()
        other.arrange([Arranged("you", "location", START)])
        other.forget()
        other.connect()
        other.fetch("cup")
        again.append(len(other.take_steps()))
    assert max(again) > 2


def test_a_thing_moved_between_stages_is_searched_for_again():
    spec = world(thing("ring", "attic"), thing("crate", "cellar", container=True), ways=LINE)
    for place in ("cellar", "crate", "landing"):
        actor = searcher(spec)
        actor.reach("ring")
        actor.explore(inside=True)
        actor.arrange([Arranged("ring", "location", place), Arranged("you", "location", START)])
        actor.connect()
        actor.fetch("ring")
        assert actor.sim.get("ring", "location") == "you"


def test_what_was_taken_from_hand_or_box_between_stages_is_searched_for_again():
    spec = world(
        thing("ring", "crate"),
        thing("cup", START),
        thing("crate", START, container=True, portable=False),
        ways=LINE,
    )
    actor = searcher(spec)
    actor.reach("ring")
    actor.fetch("cup")
    actor.arrange([Arranged("ring", "location", "attic"), Arranged("cup", "location", "cellar")])
    actor.connect()
    actor.fetch("cup")
    actor.fetch("ring")
    assert sorted(actor.sim.contents("you")) == ["cup", "ring"]


def test_a_search_in_vain_ends():
    actor = searcher(world(thing("ring", None, offstage=True), *NESTED[:-1], ways=LINE))
    with pytest.raises(Unsolvable):
        actor.reach("ring")

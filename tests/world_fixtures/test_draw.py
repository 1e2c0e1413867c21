"""Maps: every room, every way, the walk; safe to look at."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from world_fixtures.draw import map_svg, map_text, places
from world_fixtures.generator import SPLITS, generate_world
from world_fixtures.library import load_world
from world_fixtures.spec import WorldSpec

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=[1, 4, 10])
def world(request) -> WorldSpec:
    return generate_world(3, request.param)


def test_no_two_rooms_in_one_place_and_directions_are_kept() -> None:
    for split in SPLITS:
        for seed in range(10):
            spec = generate_world(seed, 1 + seed, split=split)
            cells = places(spec)
            assert set(cells) == {r.id for r in spec.rooms}
            assert len(set(cells.values())) == len(cells)
            assert min(x for x, _ in cells.values()) == min(y for _, y in cells.values()) == 0
    home = load_world("timmy_home")
    cells = places(home)
    for way in home.exits:
        if way.direction == "north":
            assert cells[way.target][1] < cells[way.source][1]


def test_the_text_has_a_line_for_each_room_with_its_ways(world) -> None:
    lines = map_text(world).splitlines()
    assert len(lines) == len(world.rooms)
    for room, line in zip(world.rooms, lines, strict=True):
        assert room.name in line
        assert line.startswith("*") is (room.id == world.agent.location)
        assert all(way.direction in line for way in world.exits_of[room.id])
    assert map_text(world).count("locked") == sum(
        any(d.id == way.door and d.locked for d in world.doors) for way in world.exits
    )


def test_the_svg_shows_rooms_ways_and_the_walk(world) -> None:
    first = world.exits[0]
    picture = ET.fromstring(map_svg(world, [first.source, first.target, "nowhere"]))
    rooms = list(picture.iter(f"{SVG}rect"))
    assert len(rooms) == len(world.rooms)
    assert sum("seen" in e.attrib["class"] for e in rooms) == 2
    assert len(list(picture.iter(f"{SVG}line"))) == len(world.exits)
    assert len(list(picture.iter(f"{SVG}path"))) == 1
    assert [e.text for e in picture.iter(f"{SVG}text")] == [r.name for r in world.rooms]


def test_hostile_names_stay_text(cottage) -> None:
    rooms = (
        cottage.rooms[0].model_copy(update={"name": "<script>x</script>&"}),
        *cottage.rooms[1:],
    )
    drawn = map_svg(cottage.model_copy(update={"rooms": rooms}))
    assert "<script>" not in drawn
    ET.fromstring(drawn)

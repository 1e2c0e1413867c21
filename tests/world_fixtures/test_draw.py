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


def of_class(picture: ET.Element, name: str) -> list[ET.Element]:
    """Elements of a class outside the legend."""
    legend = next(g for g in picture.iter(f"{SVG}g") if g.attrib.get("class") == "legend")
    inside = set(legend.iter())
    return [
        e for e in picture.iter() if e not in inside and name in e.attrib.get("class", "").split()
    ]


def legend_of(picture: ET.Element) -> set[str | None]:
    legend = next(g for g in picture.iter(f"{SVG}g") if g.attrib.get("class") == "legend")
    return {e.text for e in legend.iter(f"{SVG}text") if "class" not in e.attrib}


def test_the_svg_shows_rooms_ways_and_the_walk(world) -> None:
    first = world.exits[0]
    picture = ET.fromstring(map_svg(world, [first.source, first.target, "nowhere"]))
    assert len(of_class(picture, "room")) == len(world.rooms)
    assert len(of_class(picture, "seen")) == 2
    assert len(of_class(picture, "way")) == len(world.exits)
    assert len(of_class(picture, "walk")) == 1
    assert [e.text for e in of_class(picture, "name")] == [r.name for r in world.rooms]


def test_the_order_of_the_way_is_numbered_by_room(cottage) -> None:
    way = next(e for e in cottage.exits if e.source == cottage.agent.location)
    path = [way.source, way.target, way.source, way.target]
    picture = ET.fromstring(map_svg(cottage, path))
    assert sorted(e.text or "" for e in of_class(picture, "steps")) == ["1 3", "2 4"]
    often = ET.fromstring(map_svg(cottage, path * 20))
    assert "1 3 5 7 \u2026 79" in [e.text for e in of_class(often, "steps")]


def test_an_arrow_points_where_a_way_leads_that_has_no_way_back(cottage) -> None:
    assert not of_class(ET.fromstring(map_svg(cottage)), "oneway")
    lost = cottage.exits[0]
    kept = tuple(e for e in cottage.exits if (e.source, e.target) != (lost.target, lost.source))
    single = cottage.model_copy(update={"exits": kept})
    picture = ET.fromstring(map_svg(single))
    (arrow,) = of_class(picture, "oneway")
    x, y = map(float, arrow.attrib["points"].split()[0].split(","))
    boxes = dict(zip((r.id for r in single.rooms), of_class(picture, "room"), strict=True))
    box = {k: float(boxes[lost.target].attrib[k]) for k in ("x", "y", "width", "height")}
    assert box["x"] - 0.1 <= x <= box["x"] + box["width"] + 0.1
    assert box["y"] - 0.1 <= y <= box["y"] + box["height"] + 0.1
    assert "one way only" in legend_of(picture)


def test_the_legend_names_the_signs_that_the_map_uses(cottage) -> None:
    plain = legend_of(ET.fromstring(map_svg(cottage)))
    assert {"where the agent begins", "way, both directions"} <= plain
    assert not {"walked", "order of the way, from 1", "one way only"} & plain
    rooms = [r.id for r in cottage.rooms]
    apart = next(r for r in rooms[1:] if all(e.target != r for e in cottage.exits_of[rooms[0]]))
    moved = legend_of(ET.fromstring(map_svg(cottage, [rooms[0], apart])))
    assert {"moved there without walking", "order of the way, from 1"} <= moved


def test_hostile_names_stay_text(cottage) -> None:
    rooms = (
        cottage.rooms[0].model_copy(update={"name": "<script>x</script>&"}),
        *cottage.rooms[1:],
    )
    drawn = map_svg(cottage.model_copy(update={"rooms": rooms}))
    assert "<script>" not in drawn
    ET.fromstring(drawn)

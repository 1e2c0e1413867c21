"""World files: the one that ships, and every way in which one can be wrong."""

from __future__ import annotations

import pytest
import yaml

from world_fixtures.common import UserError
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import tellings
from world_fixtures.library import HERE, load_world, parse_world
from world_fixtures.reachability import obtainable

HOME = (HERE / "timmy_home.yaml").read_text()


def test_timmys_home_has_what_was_promised():
    spec = load_world("timmy_home")
    assert {r.name for r in spec.rooms} == {"Gate", "Courtyard", "Workshop", "Archive", "Chapel"}
    names = {t.name for t in spec.things}
    assert names >= {
        "Book of the Soul", "Workbench", "Map Table", "Prayer Wall", "Memory Shelves",
        "Mirror of Sessions",
    }  # fmt: skip
    rooms, things = obtainable(spec)
    assert rooms == {r.id for r in spec.rooms}
    assert things == {t.id for t in spec.things}


def test_what_the_texts_of_the_home_tell_stands_in_them():
    spec = load_world("timmy_home")
    told = tellings(spec)
    assert len(told) == 10
    for fact, source in told:
        assert str(fact.value) in spec.entities[source].text
    assert Fact("workbench", "the number burnt into the Workbench", "4471") in dict(told)


def broken(change):
    """The problems of the home after `change(data)`."""
    data = yaml.safe_load(HOME)
    change(data)
    with pytest.raises(UserError) as caught:
        parse_world(yaml.safe_dump(data, sort_keys=False), "home.yaml")
    return str(caught.value)


WRONG = [
    (lambda d: d["exits"][0].update(target="attic"), "attic"),
    (lambda d: d["rooms"].append(dict(d["rooms"][0], id="gate2")), "name 'Gate'"),
    (lambda d: d["rooms"].append(dict(d["rooms"][0], name="Other")), "'gate' is used twice"),
    (lambda d: d["rooms"].append({"id": "moon", "name": "Moon", "desc": "Far."}), "be reached"),
    (lambda d: d["exits"].append(dict(d["exits"][0])), "two exits"),
    (lambda d: d["things"][1].update(location="nowhere"), "no such place"),
    (lambda d: d["things"][1].update(location="notice"), "neither container nor surface"),
    (lambda d: d["things"][6].update(location="tin_box"), "contains itself"),
    (lambda d: d["things"][7].update(location="shelves"), "locked in"),
    (lambda d: d["doors"][0].update(key="sword"), "'sword'"),
    (lambda d: d["doors"][0].update(key=None), "has no key"),
    (lambda d: d["things"][0].update(lit=True), "gives no light"),
    (lambda d: d["things"][2].update(reveals="gate:up"), "no such hidden exit"),
    (lambda d: d["exits"][0].update(hidden=True), "nothing reveals it"),
    (lambda d: d["exits"][0].update(door="hatch"), "'hatch'"),
    (lambda d: d["recipes"][0].update(makes="candle"), "there already"),
    (lambda d: d["rooms"][0].update(desc="A |rred gate."), "markup"),
    (lambda d: d["rooms"][0].update(colour="red"), "colour"),
    (lambda d: d["characters"][0].update(location="moon"), "no such room"),
    (lambda d: d["things"][2].update(tells=[["attic", "founded", 1731]]), "no such entity"),
    (lambda d: d["rooms"][0].update(colour="red", scenery=[
        {"id": "tree", "name": "Lantern", "desc": "A tree."},
        {"id": "ring", "name": "Brass Lantern", "desc": ""}]),
     "called 'Brass Lantern'"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), WRONG)
def test_what_is_wrong_is_named(change, told):
    assert told in broken(change)


def test_all_errors_are_reported_at_once_each_with_its_line():
    lines = HOME.splitlines()
    first = next(n for n, line in enumerate(lines) if "target: courtyard" in line)
    lines[first] = lines[first].replace("target: courtyard", "target: attic")
    second = next(n for n, line in enumerate(lines) if "location: bench" in line)
    lines[second] = lines[second].replace("bench", "cloud")
    with pytest.raises(UserError) as caught:
        parse_world("\n".join(lines), "home.yaml")
    problems = str(caught.value).splitlines()
    assert any(p.startswith(f"home.yaml:{first + 1}:") and "attic" in p for p in problems)
    assert any(p.startswith(f"home.yaml:{second + 1}:") and "cloud" in p for p in problems)


@pytest.mark.parametrize("text", ["", "- a", "rooms: [", "name: x"])
def test_what_is_no_world_at_all_is_refused(text):
    with pytest.raises(UserError, match=r"home\.yaml"):
        parse_world(text, "home.yaml")


def test_an_unknown_world_names_those_there_are():
    with pytest.raises(UserError, match="timmy_home"):
        load_world("atlantis")

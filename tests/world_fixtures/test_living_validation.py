"""Each way in which time and people of a world can be wrong: told in its place, all at once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from world_fixtures.common import UserError
from world_fixtures.library import HERE, load_world, parse_world
from world_fixtures.reachability import obtainable
from world_fixtures.spec import WorldSpec
from world_fixtures.validation import problems

TEXT = (HERE / "market_street.yaml").read_text()
STREET: dict[str, Any] = yaml.safe_load(TEXT)
TILDA, OSKAR, BERTA = range(3)
Change = Callable[[dict[str, Any]], object]


def told(*changes: Change) -> list[tuple[tuple[str | int, ...], str]]:
    """Place and message of every problem after the data was changed."""
    data = copy.deepcopy(STREET)
    for change in changes:
        change(data)
    return [(p.place, p.message) for p in problems(WorldSpec.model_validate(data))]


def test_the_library_world_is_sound_and_all_of_it_can_be_had() -> None:
    spec = load_world("market_street")
    rooms, things = obtainable(spec)
    assert rooms == {r.id for r in spec.rooms}
    assert things == {t.id for t in spec.things}


def living(group: str, **part: Any) -> Change:
    """Append a part to a group of `living`."""
    return lambda d: d["living"].setdefault(group, []).append(part)


def timed(**fields: Any) -> Change:
    return lambda d: d["living"]["timetables"][0].update(fields)


def person(n: int, **fields: Any) -> Change:
    return lambda d: d["living"]["people"][n].update(fields)


def duty(*, begins: int = 0, ends: int | None = None, **work: Any) -> Change:
    return person(BERTA, duties=[{"begins": begins, "ends": ends, "work": work}])


def knows(**fields: Any) -> Change:
    return person(BERTA, knows=[{"topic": "rain", "says": "Rain.", **fields}])


def deal(**fields: Any) -> Change:
    return person(BERTA, deals=[fields])


def process(**fields: Any) -> Change:
    return lambda d: d["living"]["processes"][0].update(fields)


def mill(**fields: Any) -> Change:
    return living("processes", machine="slate", ticks=1, **fields)


def both(*changes: Change) -> Change:
    def change(data: dict[str, Any]) -> None:
        for one in changes:
            one(data)

    return change


def thing(name: str) -> Change:
    """Add a thing that is nowhere at the start."""
    part = {"id": name, "name": name, "desc": "", "location": None}
    return lambda d: d["things"].append(part)


RAIN = ["street", "the weather", "rain"]
SUN = ["street", "the weather", "sun"]
WRONG: list[tuple[Change, tuple[str | int, ...], str]] = [
    (lambda d: d["living"].update(begins=48), ("begins",), "beyond its day of 48"),
    (living("timetables", id="gate", door="gate", opens=1, shuts=2),
     ("timetables", 1, "door"), "'gate', and there is no such door"),
    (timed(shuts=8), ("timetables", 0, "shuts"), "opens when it shuts"),
    (timed(opens=0, shuts=48), ("timetables", 0, "shuts"), "never shuts"),
    (timed(opens=48), ("timetables", 0, "opens"), "beyond the day of 48 ticks"),
    (timed(period=30), ("timetables", 0, "shuts"), "beyond its period of 30 ticks"),
    (living("timetables", id="again", door="shop_door", opens=1, shuts=2),
     ("timetables", 1, "door"), "has two timetables"),
    (living("timetables", id="shop_hours", door="shop_door", opens=1, shuts=2),
     ("timetables", 1, "id"), "is used twice"),
    (living("burning", thing="broom", ticks=3), ("burning", 1, "thing"), "gives no light"),
    (living("burning", thing="moon", ticks=3), ("burning", 1, "thing"), "no thing 'moon'"),
    (living("burning", thing="candle", ticks=3), ("burning", 1, "thing"), "burns down twice"),
    (both(thing("jam"), living("turning", thing="moon", into="jam", after=1)),
     ("turning", 1, "thing"), "no thing 'moon'"),
    (living("turning", thing="broom", into="moon", after=1),
     ("turning", 1, "into"), "no thing 'moon'"),
    (both(thing("jam"), living("turning", thing="pear", into="jam", after=1)),
     ("turning", 1, "thing"), "becomes two things: 'ripe_pear' and 'jam'"),
    (living("turning", thing="ripe_pear", into="pear", after=1),
     ("turning", 0, "into"), "things become each other: 'pear', 'ripe_pear', 'pear'"),
    (living("turning", thing="broom", into="broom", after=1),
     ("turning", 1, "into"), "become each other"),
    (living("turning", thing="broom", into="slate", after=1),
     ("turning", 1, "into"), "'slate', which is there already"),
    (living("turning", thing="broom", into="loaf", after=1),
     ("processes", 0, "makes"), "two ways that share no part"),
    (both(thing("ash"), living("turning", thing="barrel", into="ash", after=1)),
     ("turning", 1, "thing"), "what it holds would be lost"),
    (process(machine="mill"), ("processes", 0, "machine"), "no thing 'mill' to be started"),
    (process(needs=["dough", "salt"]), ("processes", 0, "needs", 1), "no thing 'salt'"),
    (process(needs=["dough", "dough"]), ("processes", 0, "needs", 1), "takes 'dough' twice"),
    (process(needs=["oven"]), ("processes", 0, "needs", 0), "takes itself"),
    (mill(makes="cake"), ("processes", 1, "makes"), "no thing 'cake'"),
    (mill(makes="broom"), ("processes", 1, "makes"), "'broom', which is there already"),
    (mill(makes="pear", needs=["pear"]), ("processes", 1, "makes"), "made of itself"),
    (both(thing("bun"), living("processes", machine="oven", needs=["broom"], makes="bun", ticks=1)),
     ("processes", 1, "machine"), "has two processes"),
    (living("people", id="ghost"), ("people", 3, "id"), "no character of this world"),
    (living("people", id="you"), ("people", 3, "id"), "'you' is the agent"),
    (living("people", id="tilda"), ("people", 3, "id"), "'tilda' is there twice"),
    (duty(begins=48, type="stay", room="bakery"),
     ("people", BERTA, "duties", 0, "begins"), "beyond the day of 48"),
    (duty(begins=9, ends=9, type="stay", room="bakery"),
     ("people", BERTA, "duties", 0, "ends"), "ends at tick 9 and begins at 9"),
    (duty(ends=49, type="stay", room="bakery"),
     ("people", BERTA, "duties", 0, "ends"), "beyond the day of 48"),
    (duty(type="stay", room="moon"),
     ("people", BERTA, "duties", 0, "work", "room"), "no such room"),
    (duty(type="round", rooms=["square", "moon"], stay=2),
     ("people", BERTA, "duties", 0, "work", "rooms", 1), "no such room"),
    (duty(type="bring", thing="moon", to="square"),
     ("people", BERTA, "duties", 0, "work", "thing"), "no such thing"),
    (duty(type="bring", thing="oven", to="square"),
     ("people", BERTA, "duties", 0, "work", "thing"), "not portable"),
    (duty(type="bring", thing="broom", to="moon"),
     ("people", BERTA, "duties", 0, "work", "to"), "no such place"),
    (duty(type="bring", thing="broom", to="slate"),
     ("people", BERTA, "duties", 0, "work", "to"), "neither container nor surface"),
    (duty(type="tidy", things=["broom", "moon"]),
     ("people", BERTA, "duties", 0, "work", "things", 1), "no such thing"),
    (duty(type="tidy", things=["loaf"]),
     ("people", BERTA, "duties", 0, "work", "things", 0), "nowhere at the start"),
    (duty(type="give", room="bakery", command="frobnicate"),
     ("people", BERTA, "duties", 0, "work", "command"), "no command"),
    (knows(topic="?!"), ("people", BERTA, "knows", 0, "topic"), "holds no word"),
    (knows(tells=[["moon", "phase", "full"]]),
     ("people", BERTA, "knows", 0, "tells", 0), "'moon': there is no such entity"),
    (knows(needs={"has": "moon"}), ("people", BERTA, "knows", 0, "needs", "has"), "no thing"),
    (knows(needs={"shown": "moon"}), ("people", BERTA, "knows", 0, "needs", "shown"), "no thing"),
    (knows(needs={"heard": "..."}), ("people", BERTA, "knows", 0, "needs", "heard"), "no word"),
    (knows(needs={"hours": [9, 9]}), ("people", BERTA, "knows", 0, "needs", "hours"), "ends at"),
    (knows(needs={"hours": [9, 60]}), ("people", BERTA, "knows", 0, "needs", "hours"), "beyond"),
    (lambda d: d["living"]["people"][OSKAR]["knows"][1].update(topic="the Shop"),
     ("people", OSKAR, "knows", 1, "topic"), "two things of 'the Shop' under the same need"),
    (person(BERTA, knows=[{"topic": "rain", "says": "Rain.", "tells": [RAIN]},
                          {"topic": "sun", "says": "Sun.", "tells": [SUN]}]),
     ("people", BERTA, "knows", 1, "tells", 0), "contradicts itself"),
    (deal(price=2), ("people", BERTA, "deals", 0), "gives nothing and wants nothing"),
    (deal(gives="moon"), ("people", BERTA, "deals", 0, "gives"), "no such thing"),
    (deal(wants="oven"), ("people", BERTA, "deals", 0, "wants"), "not portable"),
    (deal(gives="broom", wants="broom"), ("people", BERTA, "deals", 0, "wants"), "for itself"),
    (deal(gives="broom", price=-1), ("people", BERTA, "deals", 0, "price"), "below 0"),
    (knows(needs={"has": "counter"}),
     ("people", BERTA, "knows", 0, "needs", "has"), "not portable"),
    (knows(needs={"shown": "oven"}),
     ("people", BERTA, "knows", 0, "needs", "shown"), "not portable"),
    (lambda d: d["living"]["people"][OSKAR]["duties"].append(
        {"begins": 3, "ends": 9, "work": {"type": "stay", "room": "square"}}),
     ("people", OSKAR, "duties", 1), "'oskar' is never done: earlier ones fill its hours"),
    (both(duty(type="bring", thing="broom", to="bakery"),
          person(OSKAR, duties=[{"work": {"type": "bring", "thing": "broom", "to": "street"}}])),
     ("people", BERTA, "duties", 0, "work", "to"), "brought to 'street' and to 'bakery'"),
    (knows(tells=[["shop_door", "opens", 9]]), ("people", BERTA, "knows", 0, "tells", 0),
     "'oskar' and 'berta' contradict each other: 'opens' of 'shop_door' is 8 and 9"),
    (both(thing("bun"), living("processes", machine="broom", makes="bun", ticks=9),
          process(needs=["dough", "broom"])),
     ("processes", 0, "needs", 1), "takes 'broom', and what that makes would be lost"),
    (both(thing("bun"), living("processes", machine="broom", makes="bun", ticks=9),
          thing("stick"), living("turning", thing="broom", into="stick", after=5)),
     ("turning", 1, "thing"), "what it makes would be lost"),
    (process(needs=["dough", "counter"]), ("processes", 0, "needs", 1), "what that holds"),
    (person(BERTA, heeds=["moon"]), ("people", BERTA, "heeds", 0), "no thing and no character"),
    (person(BERTA, heeds=["broom", "broom"]), ("people", BERTA, "heeds", 1), "twice"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "place", "message"), WRONG)
def test_a_problem_is_reported_in_its_place(change, place, message) -> None:
    found = [text for where, text in told(change) if where == ("living", *place)]
    assert any(message in text for text in found)


@pytest.mark.parametrize("change", [c for c, place, _ in WRONG if place != ("timetables", 1, "id")])
def test_one_error_is_reported_once(change) -> None:
    assert len(told(change)) == 1


def test_what_is_marked_false_contradicts_nothing_and_other_needs_may_share_a_topic() -> None:
    known = [
        {"topic": "sky", "says": "Rain.", "tells": [RAIN], "needs": {"paid": 1}},
        {"topic": "sky", "says": "Sun.", "tells": [SUN], "false": True},
    ]
    assert told(person(BERTA, knows=known)) == []


def test_duties_that_take_turns_and_what_is_told_as_false_are_sound() -> None:
    """Of several that are due the first is done: others are for the hours that it leaves."""
    turns = [
        {"begins": 0, "ends": 9, "work": {"type": "stay", "room": "bakery"}},
        {"begins": 5, "ends": 20, "work": {"type": "bring", "thing": "broom", "to": "bakery"}},
        {"begins": 20, "work": {"type": "bring", "thing": "broom", "to": "street"}},
        {"begins": 5, "ends": 22, "work": {"type": "stay", "room": "square"}},
    ]
    opens = {"topic": "x", "says": "At nine.", "tells": [["shop_door", "opens", 9]], "false": True}
    assert told(person(BERTA, duties=turns, knows=[opens])) == []


def test_a_recipe_that_takes_a_machine_loses_what_it_makes() -> None:
    recipe = {"parts": ["oven", "slate"], "makes": "kiln"}
    found = told(thing("kiln"), lambda d: d.setdefault("recipes", []).append(recipe))
    assert [place for place, text in found if "what that makes would be lost" in text] == [
        ("recipes", 0, "parts", 0)
    ]


def test_a_post_behind_a_hidden_exit_cannot_be_reached() -> None:
    def hide(data: dict[str, Any]) -> None:
        data["exits"][0]["hidden"] = True
        data["things"][0]["reveals"] = "street:north"

    found = [p for p, text in told(hide) if "can never get there from 'street'" in text]
    assert found == [
        ("living", "people", OSKAR, "duties", 0, "work", "rooms", k) for k in (1, 2, 3)
    ]


def test_what_only_time_or_people_yield_can_still_be_out_of_reach() -> None:
    found = told(
        lambda d: d["things"][6].update(location="vault"),  # the oven
        lambda d: d["rooms"].append({"id": "vault", "name": "Vault", "desc": ""}),
        lambda d: d["doors"].append(
            {"id": "hatch", "name": "Hatch", "locked": True, "key": "loaf"}
        ),
        lambda d: d["exits"].append(
            {"source": "square", "direction": "down", "target": "vault", "door": "hatch"}
        ),
    )
    assert [(p, m) for p, m in found if p[0] == "things" and "'loaf' can never be had" in m]


def test_a_thing_that_costs_more_than_all_coins_of_the_world_cannot_be_had() -> None:
    """The only light of the cellar is for sale."""
    assert told(lambda d: d["living"]["people"][TILDA]["deals"][0].update(price=12)) == []
    found = told(lambda d: d["living"]["people"][TILDA]["deals"][0].update(price=13))
    assert {p[:2] for p, _ in found} == {("things", 9)}  # the barrel in the dark


def test_a_door_without_a_timetable_needs_its_key_again() -> None:
    found = told(lambda d: d["living"].update(timetables=[]))
    assert (("doors", 0, "locked"), "doors: 'shop_door' is locked and has no key") in found


def test_a_person_who_carries_the_key_opens_the_door_for_others() -> None:
    def keyed(data: dict[str, Any]) -> None:
        data["doors"][0]["key"] = "key"
        data["things"].append({"id": "key", "name": "Key", "desc": "", "location": "tilda"})
        data["living"]["timetables"] = []

    assert told(keyed) == []


def test_a_file_tells_all_errors_at_once_each_with_its_line() -> None:
    text = TEXT
    wrong = (
        ("opens: 8, shuts: 40}", "opens: x, shuts: 40}", "timetables.0.opens"),
        ("pace: 2", "pace: 0", "people.1.pace"),
        ("[broom, tilda]", "[brooms, tilda]", "heeds 'brooms'"),
        ("room: square}}", "room: squares}}", "go to 'squares'"),
        ("{wants: loaf, price: -3}", "{wants: bun, price: q}", "deals in 'bun'"),
        ("thing: candle, ticks: 12", "thing: broom, ticks: 12", "gives no light"),
    )
    for right, bad, _ in wrong:
        assert right in text
        text = text.replace(right, bad)
    with pytest.raises(UserError) as caught:
        parse_world(text, "street.yaml")
    lines = str(caught.value).splitlines()
    for _, bad, message in wrong:
        number = next(n for n, line in enumerate(text.splitlines(), 1) if bad in line)
        assert any(line.startswith(f"street.yaml:{number}:") and message in line for line in lines)
    assert len(lines) == len(wrong) + 1
    assert not any("unreadable" in line for line in lines)

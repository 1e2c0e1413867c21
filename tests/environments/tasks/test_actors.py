"""What planner and searcher both do: overcome every obstacle, and leave the world as it was."""

from __future__ import annotations

import pytest

from environments.tasks.planner import Unsolvable
from tests.environments.tasks.obstacles import (
    LINE,
    NESTED,
    START,
    planner,
    replayed,
    searcher,
    thing,
    world,
)
from world_fixtures.facts import Arranged, Fact
from world_fixtures.spec import (
    OPPOSITE,
    Door,
    Recipe,
    Scenery,
)


@pytest.fixture(params=["planner", "searcher", "other searcher"])
def acting(request):
    if request.param == "planner":
        return planner
    return lambda spec: searcher(spec, seed=len(request.param))


def test_a_thing_is_fetched_and_the_commands_do_it_again(acting):
    spec = world(thing("lamp", "attic"), ways=LINE)
    actor = acting(spec)
    actor.fetch("lamp")
    assert replayed(spec, actor.commands).get("lamp", "location") == "you"


def test_the_planner_takes_the_shortest_way():
    actor = planner(world(thing("lamp", "attic"), ways=LINE + ",hall up attic"))
    actor.fetch("lamp")
    assert actor.take_steps() == ["up", "get lamp"]
    assert (actor.moves, actor.room) == (1, "attic")


def test_steps_are_those_since_the_last_call(acting):
    actor = acting(world(ways=LINE))
    actor.go_to("attic")
    first = actor.take_steps()
    actor.go_to("hall")
    assert (len(first) > 1, actor.take_steps()[-1], actor.take_steps()) == (True, "south", [])


def test_a_way_without_a_way_back_is_gone_round(acting):
    spec = world(
        thing("lamp", "well"),
        ways="hall down >well,well north tunnel,tunnel up yard,yard south hall",
    )
    actor = acting(spec)
    actor.put("lamp", "hall")
    assert actor.sim.get("lamp", "location") == "hall"


def test_a_door_that_falls_shut_is_opened_again(acting):
    spec = world(
        thing("lamp", "attic"),
        ways="hall north attic gate",
        doors=(Door(id="gate", name="gate", shuts=True),),
    )
    actor = acting(spec)
    actor.put("lamp", "hall")
    assert actor.commands.count("open gate") == 2


@pytest.mark.parametrize("kind", ["door", "chest"])
def test_a_fragile_lock_is_given_the_one_key_that_a_text_tells(acting, kind):
    tells = (Fact("dull_key", "fits", kind),)
    keys = [thing(f"{n} key", room) for n, room in
            [("bright", START), ("dull", "landing"), ("odd", "cellar")]]  # fmt: skip
    letter = thing("letter", "cellar", text="The dull one.", tells=tells)
    lock = {"locked": True, "key": "dull_key", "fragile": True}
    if kind == "door":
        things = [*keys, letter, thing("lamp", "attic")]
        ways = "hall north landing,landing north attic door,hall east cellar"
        spec = world(*things, ways=ways, doors=(Door(id="door", name="door", **lock),))
    else:
        chest = thing("chest", "attic", container=True, portable=False, **lock)
        spec = world(*keys, letter, chest, thing("lamp", "chest"), ways=LINE)
    actor = acting(spec)
    actor.fetch("lamp")
    assert f"unlock {kind} with dull key" in actor.commands
    assert not any(actor.sim.get(k.id, "location") is None for k in keys)
    assert actor.unlocked == [kind]


def test_a_text_is_looked_for_before_the_first_key_found_goes_into_a_fragile_lock():
    letter = thing("letter", "attic", text="The key.", tells=(Fact("dull_key", "fits", "chest"),))
    chest = thing("chest", START, container=True, locked=True, key="dull_key", fragile=True)
    keys = thing("bright key", START), thing("dull key", "cellar")
    actor = searcher(world(chest, letter, *keys, ways=LINE))
    actor.open("chest")
    assert actor.sim.get("bright_key", "location") == START


def test_a_fragile_lock_is_not_tried_by_guess():
    keys = thing("bright key", START), thing("dull key", START)
    lock = Door(id="gate", name="gate", locked=True, key="dull_key", fragile=True)
    actor = searcher(world(*keys, ways="hall north attic gate", doors=(lock,)))
    with pytest.raises(Unsolvable):
        actor.go_to("attic")
    assert not any(c.startswith("unlock") for c in actor.commands)


def test_keys_are_tried_on_a_lock_that_takes_no_harm(acting):
    keys = thing("bright key", START), thing("dull key", "cellar")
    lock = Door(id="gate", name="gate", locked=True, key="dull_key")
    spec = world(*keys, ways="hall north attic gate,hall east cellar", doors=(lock,))
    actor = acting(spec)
    actor.go_to("attic")
    assert actor.room == "attic"


@pytest.mark.parametrize("fragile", [True, False])
def test_what_turns_out_to_be_locked_is_unlocked(acting, fragile):
    letter = thing("letter", "attic", text="The key.", tells=(Fact("dull_key", "fits", "chest"),))
    lock = {"locked": True, "key": "dull_key", "fragile": fragile}
    chest = thing("chest", START, container=True, **lock)
    actor = acting(world(chest, letter, thing("dull key", "cellar"), ways=LINE))
    assert "open the chest" in actor.open("chest")
    assert actor.opened == ["chest"]
    actor.close("chest")
    assert actor.opened == []


def test_the_key_behind_another_lock_is_had_first(acting):
    doors = (
        Door(id="gate", name="gate", locked=True, key="dull_key"),
        Door(id="hatch", name="hatch", locked=True, key="bright_key"),
    )
    spec = world(
        thing("dull key", "cellar"),
        thing("bright key", START),
        ways="hall north attic gate,hall down cellar hatch",
        doors=doors,
    )
    actor = acting(spec)
    actor.go_to("attic")
    assert actor.unlocked == ["hatch", "gate"]


def test_a_dark_room_is_searched_with_a_light(acting):
    spec = world(
        thing("ring", "cellar"), thing("lantern", "attic", light=True), ways=LINE, dark={"cellar"}
    )
    actor = acting(spec)
    actor.fetch("ring")
    assert "light lantern" in actor.commands


def test_a_door_in_the_dark_needs_a_light(acting):
    spec = world(
        thing("lantern", "attic", light=True),
        ways=LINE + ",cellar down vault gate",
        dark={"cellar"},
        doors=(Door(id="gate", name="gate"),),
    )
    actor = acting(spec)
    actor.go_to("vault")
    assert actor.commands.index("light lantern") < actor.commands.index("open gate")


def test_a_hidden_way_is_shown_by_its_sign(acting):
    sign = thing("tapestry", "landing", portable=False, reveals="landing:west")
    spec = world(
        sign, thing("bell", "vault"), ways=LINE + ",landing west >vault hidden,vault east >landing"
    )
    actor = acting(spec)
    actor.fetch("bell")
    assert "examine tapestry" in actor.commands


def test_a_sign_that_lies_elsewhere_is_carried_to_its_room():
    sign = thing("map", "cellar", reveals="landing:west")
    actor = planner(world(sign, ways=LINE + ",landing west >vault hidden,vault east >landing"))
    actor.go_to("vault")
    assert actor.room == "vault"


def test_a_thing_in_a_box_in_a_box_is_found(acting):
    spec = world(*NESTED, ways=LINE)
    actor = acting(spec)
    actor.fetch("ring")
    assert actor.sim.get("ring", "location") == "you"
    assert not actor.sim.get("crate", "open")
    assert actor.opened == ["trunk", "casket"]
    assert len(set(actor.commands) & {"open trunk", "open casket", "close trunk"}) == 2


def test_tidying_leaves_nothing_but_what_is_kept(acting):
    spec = world(
        *NESTED,
        thing("lantern", "cellar", light=True),
        thing("pearl", "vault"),
        ways=LINE + ",attic up vault gate",
        dark={"vault"},
        doors=(Door(id="gate", name="gate"),),
    )
    actor = acting(spec)
    start = actor.sim.state
    actor.fetch("ring")
    actor.fetch("pearl")
    actor.keep("pearl")
    actor.tidy()
    end = actor.sim.state
    changed = {e for e in start.entities if start.entities[e] != end.entities[e]}
    assert changed - {"you"} == {"pearl"}
    actor.connect()
    actor.tidy()
    assert actor.sim.get("pearl", "location") == "you"


def test_a_box_in_the_dark_is_closed_by_the_light_that_is_in_hand(acting):
    spec = world(
        thing("lantern", START, light=True),
        thing("crate", "cellar", container=True, portable=False),
        thing("ring", "crate"),
        ways=LINE,
        dark={"cellar"},
    )
    actor = acting(spec)
    actor.reach("ring")
    actor.go_to("attic")
    actor.tidy()
    assert not actor.sim.get("crate", "open")
    assert actor.sim.get("lantern", "location") == START


def test_doors_are_closed_in_an_order_that_opens_none_again():
    doors = Door(id="gate", name="gate"), Door(id="hatch", name="hatch")
    actor = planner(world(ways="hall north landing gate,landing north attic hatch", doors=doors))
    actor.go_to("attic")
    actor.take_steps()
    actor.tidy()
    assert actor.take_steps() == ["south", "close gate", "close hatch"]


def test_only_lights_that_were_lit_on_the_way_are_put_out(acting):
    lights = (
        thing("lantern", START, light=True, lit=True),
        thing("torch", START, light=True),
        thing("ring", "cellar"),
    )
    actor = acting(world(*lights, ways=LINE, dark={"cellar"}))
    actor.do("light torch")
    actor.put("ring", START)
    actor.tidy()
    assert (actor.sim.get("lantern", "lit"), actor.sim.get("torch", "lit")) == (True, False)


@pytest.mark.parametrize("capacity", [1, 2])
def test_hands_that_are_full_put_down_what_is_not_needed(acting, capacity):
    spec = world(
        *NESTED, thing("ball", "cellar"), thing("doll", "landing"), ways=LINE, capacity=capacity
    )
    actor = acting(spec)
    for wanted in ("cup", "ring", "ball", "doll"):
        actor.fetch(wanted)
    assert actor.sim.get("doll", "location") == "you"
    assert len(actor.sim.contents("you")) <= capacity


@pytest.mark.parametrize("capacity", [None, 1, 2])
def test_parts_are_brought_together_and_combined(acting, capacity):
    parts = thing("hook", START), thing("line", "attic"), thing("rod", "cellar")
    rod = thing("fishing rod", None)
    recipe = Recipe(parts=tuple(p.id for p in parts), makes="fishing_rod")
    spec = world(*parts, rod, ways=LINE, recipes=(recipe,), capacity=capacity)
    actor = acting(spec)
    actor.put("fishing_rod", "landing")
    assert actor.sim.get("fishing_rod", "location") == "landing"


def test_one_hand_carries_the_light_and_brings_the_thing_out_of_the_dark(acting):
    spec = world(
        thing("ring", "cellar"),
        thing("lantern", "attic", light=True),
        ways=LINE,
        dark={"cellar"},
        capacity=1,
    )
    actor = acting(spec)
    actor.put("ring", "hall")
    actor.tidy()
    assert actor.sim.get("ring", "location") == "hall"
    assert actor.sim.get("lantern", "location") == "attic"


def test_the_light_stays_in_hand_where_something_else_can_be_put_down(acting):
    lantern = thing("lantern", START, light=True, lit=True)
    spec = world(
        lantern,
        thing("cup", START),
        thing("ring", "cellar"),
        ways=LINE,
        dark={"cellar"},
        capacity=2,
    )
    actor = acting(spec)
    actor.do("get lantern")
    actor.do("get cup")
    actor.fetch("ring")
    assert sorted(actor.sim.contents("you")) == ["lantern", "ring"]


def test_what_can_only_be_looked_at_is_examined_where_it_is(acting):
    pond = Scenery(id="pond", name="pond", desc="Green.")
    spec = world(
        ways=LINE + ",landing east yard gate",
        doors=(Door(id="gate", name="gate"),),
        scenery={"attic": (pond,)},
    )
    actor = acting(spec)
    assert actor.examine("pond") == "Green."
    assert actor.examine("gate")
    assert actor.examine("caretaker")


def test_a_line_is_written_and_read(acting):
    wall = thing("wall", "attic", portable=False, writable=True, inscriptions=("A saying.",))
    actor = acting(world(wall, ways=LINE))
    actor.write("beware on Mondays", "wall")
    assert 'In your hand: "beware on Mondays"' in actor.read("wall")


def test_all_rooms_are_visited_the_nearest_first():
    ways = "hall north attic,hall south yard,yard south field,field south wood"
    actor = planner(world(ways=ways))
    actor.visit_all(["wood", "field", "attic"])
    assert actor.commands == ["north", "south", "south", "south", "south"]


def test_exploring_sees_all_that_is_neither_locked_nor_hidden(acting):
    spec = world(
        *NESTED,
        thing("dull key", START),
        ways=LINE + ",cellar down vault gate,attic up roof hatch",
        doors=(
            Door(id="gate", name="gate", locked=True, key="dull_key"),
            Door(id="hatch", name="hatch"),
        ),
    )
    actor = acting(spec)
    actor.explore(inside=True)
    assert actor.sim.get("vault", "location") is None
    assert not actor.taken
    assert not actor.unlocked
    visited = {f"r:{c}" for c in actor.commands if c in OPPOSITE}
    assert {"r:north", "r:east", "r:up"} <= visited
    assert {"open trunk", "open casket", "open crate"} <= set(actor.commands)
    assert not any(actor.sim.get(t.id, "open") for t in NESTED)


def test_a_door_shut_and_locked_between_stages_is_opened_again(acting):
    doors = (Door(id="gate", name="gate", key="dull_key"),)
    spec = world(thing("dull key", "cellar"), ways=LINE + ",attic up loft gate", doors=doors)
    actor = acting(spec)
    actor.go_to("loft")
    actor.arrange(
        [
            Arranged("gate", "open", False),
            Arranged("gate", "locked", True),
            Arranged("you", "location", START),
        ]
    )
    actor.connect()
    actor.go_to("loft")
    assert actor.unlocked == ["gate"]

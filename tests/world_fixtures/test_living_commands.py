"""What the commands do that there are where people live: carried out, refused, asked back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.world_fixtures.village import play, village
from world_fixtures.facts import Fact
from world_fixtures.living import CLOCK, Deal, Living, Person
from world_fixtures.protocol import MAX_COMMAND
from world_fixtures.rules import Simulation


@pytest.fixture
def world() -> Simulation:
    return Simulation(village())


SAID = [
    ("ask alma about the weather", 'Alma says, "Rain."'),
    ("ask Alma for gold", 'Alma says, "I am hungry."'),
    ("ask alma about the moon", 'Alma says, "I know nothing of that."'),
    ("ask alma about ???", 'Alma says, "I know nothing of that."'),
    ("ask alma where the clay is", 'Alma says, "I last saw the clay in the Green."'),
    ("ask alma where is bert", 'Alma says, "I last saw Bert in the Mill."'),
    ("tell alma that the mill stands", "Alma listens to you."),
    ("say hello to alma", "Alma listens to you."),
    ("whisper hello to alma", "Alma listens to you."),
    ("greet alma", "Alma nods."),
    ("talk to alma", "Alma nods."),
    ("show the coin box to alma", "Alma looks at the coin box."),
    ("give coin box to alma", "You give the coin box to Alma."),
    ("give 2 coins to alma", "You give Alma 2 coins."),
    ("pay alma 1", "You give Alma 1 coin."),
    ("buy lamp", "You get the lamp. You pay 3 coins."),
    ("buy lamp from alma", "You get the lamp. You pay 3 coins."),
    ("follow alma", "You keep close to Alma."),
    ("wait 3", "Time passes."),
    ("time", "Time: 0 of 20, day 1."),
]


@pytest.mark.parametrize(("command", "text"), SAID)
def test_a_command_is_carried_out(world, command, text) -> None:
    outcome = world.act(command)
    assert (outcome.kind, outcome.text) == ("ok", text)


@pytest.mark.parametrize(
    ("topic", "answer"),
    [
        ("all of that gold", "I am hungry."),
        ("gold weather rain snow", "Rain."),  # the first of them that may be told
        ("gold silver copper tin lead", "I know nothing of that."),
        ("clay mill pot kiln gold barn weather rope", "I know nothing of that."),
    ],
)
def test_a_topic_may_stand_among_few_other_words_and_not_in_a_list_of_all(
    world, topic, answer
) -> None:
    assert world.act(f"ask alma about {topic}").text == f'Alma says, "{answer}"'


REFUSED = [
    ("ask", "unknown", "Use: ask NAME about TOPIC: hear what somebody knows."),
    ("ask alma", "unknown", "Use: ask NAME about TOPIC: hear what somebody knows."),
    ("tell alma", "unknown", "Use: tell NAME that TEXT: pass something on."),
    ("greet", "unknown", "Use: greet NAME: say hello."),
    ("pay", "unknown", "Use: give THING to NAME: hand it over; give NUMBER coins to NAME: pay."),
    ("trade", "unknown", "Use: buy THING, sell THING, trade THING for THING [with NAME]."),
    ("follow", "unknown", "Use: follow NAME: go along with somebody for a tick."),
    ("start", "unknown", "Use: start MACHINE: set it to work."),
    ("wait five", "refused", "Say how many ticks: `wait 5`, 50 at most."),
    ("wait -3", "refused", "Say how many ticks: `wait 5`, 50 at most."),
    ("wait until noon", "refused", "Say how many ticks: `wait 5`, 50 at most."),
    ("give apple to alma", "unknown", "You carry no 'apple'."),
    ("show apple to alma", "unknown", "You carry no 'apple'."),
    ("ask bert about gold", "unknown", "There is no 'bert' here."),
    ("tell bert that it rains", "unknown", "There is no 'bert' here."),
    ("whisper boo to bert", "unknown", "There is no 'bert' here."),
    ("follow bert", "unknown", "There is no 'bert' here."),
    ("give 9 coins to alma", "refused", "You have 5 coins and need 9."),
    ("give 0 coins to alma", "refused", "You can give 1 coin or more."),
    ("buy saw", "refused", "You have 5 coins and need 99."),
    ("buy gate", "refused", "Nobody here agrees to that."),
    ("buy lamp from bert", "refused", "Nobody here agrees to that."),
    ("sell clay", "refused", "You carry no clay."),
    ("trade apple for rope", "refused", "You carry no apple."),
    ("sell coin box to alma", "refused", "Alma cannot pay that."),
    ("wait 0", "refused", "You can wait for 1 to 50 ticks at a time."),
    ("wait 51", "refused", "You can wait for 1 to 50 ticks at a time."),
    ("wait 99999999999999999999", "refused", "You can wait for 1 to 50 ticks at a time."),
]


@pytest.mark.parametrize(("command", "kind", "text"), REFUSED)
def test_what_is_not_possible_is_told_changes_nothing_and_takes_no_time(
    world, command, kind, text
) -> None:
    before = world.state
    outcome = world.act(command)
    assert (outcome.kind, outcome.text) == (kind, text)
    assert world.state == before
    assert not outcome.after


def test_several_that_can_be_meant_are_asked_back() -> None:
    people = (Person(id="alma", deals=(Deal(gives="lamp"), Deal(gives="rope"))), Person(id="bert"))
    spec = village(*people)
    things = tuple(
        t.model_copy(update={"name": f"{t.name} oil"}) if t.id in ("lamp", "rope") else t
        for t in spec.things
    )
    outcome = Simulation(spec.model_copy(update={"things": things})).act("buy oil")
    assert outcome.kind == "ambiguous"
    assert outcome.text == "Which do you mean: oil-1 (lamp oil), oil-2 (rope oil)?"


def test_a_deal_is_kept_by_who_can_keep_it() -> None:
    """Of two who would sell the lamp, only the second has it."""
    people = (Person(id="bert", deals=(Deal(gives="lamp", price=1),)),
              Person(id="alma", deals=(Deal(gives="lamp", price=2),)))  # fmt: skip
    world = Simulation(village(*people))
    world.arrange([("bert", "location", "green")])
    assert world.act("buy lamp").text == "You get the lamp. You pay 2 coins."


def test_full_hands_neither_buy_nor_are_given_more(world) -> None:
    play(world, "get apple", "get clay")
    assert world.act("buy lamp").text == "Your hands are full: you can carry 3 things."
    play(world, "north", "give apple to bert")
    assert world.act("give clay to bert").text == "Bert has no hand free."


@pytest.mark.parametrize(
    ("topic", "before", "commands", "after"),
    [
        ("gold", "I am hungry.", ["get apple", "give apple to alma"], "In the mill."),
        ("silver", "Prove.", ["show coin box to alma"], "In the barn."),
        ("copper", "That costs.", ["give 1 coin to alma", "give 2 coins to alma"], "In the well."),
        ("tin", "The word?", ["tell alma that the fox is red"], "In the loft."),
        ("tin", "The word?", ["whisper red fox to alma"], "In the loft."),
        ("lead", "Not now.", ["wait 4"], "In the sea."),
    ],
)
def test_a_need_is_met_before_something_is_told(topic, before, commands, after) -> None:
    world = Simulation(village())
    unmet = world.act(f"ask alma about {topic}")
    assert before in unmet.text
    assert not unmet.reveals
    play(world, *commands)
    told = world.act(f"ask alma about {topic}")
    assert after in told.text
    assert Fact("alma", "told", topic) in told.reveals


def test_the_hours_of_a_need_end(world) -> None:
    play(world, "wait 8")
    assert "Not now." in world.act("ask alma about lead").text


def test_an_answer_reveals_its_facts_and_where_something_was_seen(world) -> None:
    assert Fact("green", "weather", "rain") in world.act("ask alma about weather").reveals
    seen = world.act("ask alma about clay").reveals
    assert Fact("clay", "seen", ["alma", "green"]) in seen


def test_a_machine_takes_its_parts_and_yields_the_product_later(world) -> None:
    play(world, "north")
    refused = world.act("start kiln")
    assert (refused.kind, refused.text) == (
        "refused",
        "The kiln does not start: something is missing.",
    )
    play(world, "south", "get clay", "north")
    assert world.act("start kiln").text == "The kiln begins to work."
    assert world.state.location("clay") is None
    assert world.act("start kiln").text == "The kiln is at work already."
    assert "It is at work." in world.act("examine kiln").text
    assert "The kiln is done." not in world.act("wait 2").text
    assert "The kiln is done." in world.act("wait").text
    assert world.state.location("pot") == "kiln"
    assert world.state.get("kiln", "done_at") is None


def test_a_trade_is_an_exchange(world) -> None:
    play(world, "get apple")
    assert world.act("swap apple for rope").kind == "ok"
    assert world.state.location("apple") == "alma"
    assert world.state.location("rope") == "you"
    assert world.act("trade apple for rope").kind == "refused"


def test_what_is_done_among_people_is_not_possible_in_the_dark() -> None:
    world = Simulation(village())
    world.arrange([("alma", "location", "loft"), ("you", "location", "loft")])
    for command in ("ask alma about gold", "greet alma", "give 1 coin to alma", "follow alma"):
        assert world.act(command).text == "It is too dark to see who is here."
    assert world.act("buy lamp").kind == "refused"


def test_without_time_in_its_world_a_command_takes_none(cottage) -> None:
    world = Simulation(cottage)
    assert not world.act("wait 5").changes
    assert world.act("ask caretaker about gold").kind != "ok"
    assert world.get(CLOCK, "tick") is None


def test_help_lists_the_commands_only_where_they_are(world, cottage) -> None:
    assert "ask NAME about TOPIC" in world.act("help").text
    assert "ask NAME about TOPIC" not in Simulation(cottage).act("help").text


WORDS = st.sampled_from(
    ["ask", "tell", "whisper", "show", "give", "buy", "sell", "trade", "follow", "greet", "start",
     "wait", "time", "alma", "bert", "Alma", "about", "that", "to", "for", "from", "with", "lamp",
     "coin box", "clay", "apple", "kiln", "rope", "gold", "tin", "red fox", "3", "999", "0", "-1",
     "coins", "get", "north", "south", "where", "is", ":", ",", "?!", "|r", "😀", "\x1b[", "٣"]
)  # fmt: skip
LINES = st.one_of(
    st.lists(WORDS, max_size=8).map(" ".join),
    st.text(max_size=MAX_COMMAND + 10),
).map(lambda line: line[: MAX_COMMAND + 1])


@given(st.lists(LINES, max_size=12))
def test_no_line_raises_coins_are_kept_and_only_what_is_done_takes_time(lines) -> None:
    world = Simulation(village())
    coins = sum(fields.get("purse", 0) for fields in world.state.entities.values())
    for line in lines:
        before = world.state
        outcome = world.act(line)
        after = world.state
        assert outcome.text
        if outcome.kind != "ok":
            assert after == before
        assert sum(fields.get("purse", 0) for fields in after.entities.values()) == coins
        assert all(fields.get("purse", 0) >= 0 for fields in after.entities.values())


def test_living_worlds_alone_write_their_living() -> None:
    """The bytes, and so the hashes, of worlds without it are what they were."""
    spec = village()
    assert '"living":null' not in spec.model_copy(update={"living": None}).model_dump_json()
    assert spec.model_copy(update={"living": Living()}).hash != spec.hash

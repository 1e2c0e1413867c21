"""The verdict on hand-made events, on a task small enough to count by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from environments.tasks.model import (
    Answered,
    Did,
    Evidence,
    Family,
    Goal,
    Holds,
    Inscribed,
    Located,
    Stage,
    Step,
    Task,
    Verdict,
    Visited,
)
from environments.tasks.verdict import UNSEEN, Weights, judge
from world_fixtures.protocol import Event
from world_fixtures.rules import Simulation
from world_fixtures.spec import WorldSpec

COMMANDS = ("get lamp", "light lamp", "down", "open chest", "get brass key", "up")


def goal(name: str, condition: object, **more: object) -> Goal:
    return Goal(name=name, condition=condition, **more)  # type: ignore[arg-type]


def make(spec: WorldSpec, *goals: Goal, **more: object) -> Task:
    steps = tuple(Step(tool="command", command=c) for c in COMMANDS)
    return Task(
        id="t", family=Family.ERRAND, kind="k", difficulty=1, seed=0, spec=spec, goals=goals,
        stages=(Stage(prompt="p", walkthrough=steps),), **more,
    )  # fmt: skip


class Play:
    """Plays commands in memory and judges them."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.world = Simulation(task.spec)
        self.events: list[Event] = []

    def do(self, *commands: str) -> Play:
        for command in commands:
            room = self.world.get(self.task.spec.agent.id, "location")
            outcome = self.world.act(command)
            self.events.append(
                Event(
                    seq=len(self.events) + 1, ts=0, instance="i", session="s", actor="you",
                    room=room, raw=command, verb=outcome.verb, args=outcome.args,
                    objects=outcome.objects, text=outcome.text, kind=outcome.kind,
                    changes=outcome.changes, state_hash="", ms=0,
                )
            )  # fmt: skip
        return self

    def verdict(self, answer=None, weights=None):
        return judge(self.task, self.world.state, self.events, answer, weights=weights)


@pytest.fixture
def errand(cottage) -> Task:
    """Fetch the key; on the way, be in the cellar."""
    return make(
        cottage,
        goal("has key", Located(entity="brass_key", place="you")),
        goal("in cellar", Visited(room="cellar"), final=False),
        shortest_path=2,
    )


def test_the_shortest_way_earns_everything(errand):
    verdict = Play(errand).do(*COMMANDS).verdict()
    assert (verdict.reward, verdict.success, verdict.spl) == (1.0, True, 1.0)
    assert verdict.reasons == ()
    assert set(verdict.parts.values()) == {1.0}


def test_detours_cost_efficiency_and_path_length_and_nothing_else(errand):
    verdict = Play(errand).do(*COMMANDS, "down", "up", *["look"] * 4).verdict()
    assert verdict.parts["efficiency"] == 0.5
    assert verdict.spl == 0.5
    assert verdict.reward == pytest.approx(1 - 0.1 * 0.5)
    assert verdict.success


def test_nonsense_costs_discipline(errand):
    verdict = Play(errand).do("dance", "eat lamp", "open oak door", *COMMANDS, "west").verdict()
    assert verdict.parts["discipline"] == pytest.approx(6 / 10)
    assert any("4 commands were not understood" in r for r in verdict.reasons)


def test_a_sub_goal_counts_for_progress_and_not_for_the_outcome(errand):
    verdict = Play(errand).do("get lamp", "down").verdict()
    assert (verdict.parts["outcome"], verdict.parts["progress"]) == (0.0, 0.5)
    assert (verdict.success, verdict.spl) == (False, 0.0)
    assert verdict.reward == pytest.approx(0.15 * 0.5 + 0.05 * 0.5)
    assert verdict.reasons[0] == "goal not met: has key (0.00)"


def test_a_goal_counts_by_its_weight(cottage):
    task = make(
        cottage,
        goal("lamp", Located(entity="lamp", place="you"), weight=3),
        goal("key", Located(entity="brass_key", place="you")),
    )
    assert Play(task).do("get lamp").verdict().parts["outcome"] == 0.75


def test_what_is_so_from_the_start_earns_nothing(cottage):
    task = make(
        cottage,
        goal("lamp stays", Located(entity="lamp", place="hall")),
        goal("has key", Located(entity="brass_key", place="you")),
    )
    assert Play(task).do("look").verdict().reward == 0.0
    taken = Play(task).do("get lamp").verdict()
    assert (taken.reward, taken.goals["lamp stays"]) == (0.0, 0.0)
    carried = Play(task).do(*COMMANDS).verdict()  # gains one, loses the other
    assert (carried.parts["outcome"], carried.success) == (0.0, False)


@pytest.mark.parametrize(
    ("condition", "commands", "undoing"),
    [
        (Holds(entity="chest", field="open", value=True), COMMANDS[:4], ("close chest",)),
        (Inscribed(entity="wall", text="Hello there"), ("write oh, HELLO there! on wall",), ()),
        (Visited(room="cellar"), ("get lamp", "down"), ()),
        (Did(verb="read", entity="letter"), ("read letter",), ()),
        (Located(entity="lamp", place="table"), ("get lamp", "put lamp on table"), ("get lamp",)),
    ],
)
def test_each_condition_is_met_by_what_it_names(cottage, condition, commands, undoing):
    task = make(cottage, goal("g", condition))
    assert not Play(task).do(*commands[:-1]).verdict().success
    play = Play(task).do(*commands)
    assert play.verdict().success
    if undoing:
        assert not play.do(*undoing).verdict().success


def test_a_deed_counts_only_if_it_succeeded(cottage):
    task = make(cottage, goal("opened", Did(verb="open", entity="oak_door")))
    assert not Play(task).do("open oak door").verdict().success


@pytest.fixture
def question(cottage) -> Task:
    return make(
        cottage,
        goal("answers year", Answered(field="year", match="number", expected=("1742",))),
        evidence=(Evidence(field="year", text="1742"),),
    )


def test_a_right_answer_needs_its_evidence(question):
    seen = Play(question).do("read letter").verdict({"year": 1742})
    assert (seen.reward, seen.success) == (1.0, True)
    guessed = Play(question).do("look").verdict({"year": 1742})
    assert (guessed.success, guessed.parts["outcome"]) == (False, UNSEEN)
    assert guessed.parts["evidence"] == 0.0
    assert any("never observed" in reason for reason in guessed.reasons)


@pytest.mark.parametrize("trick", ["write 1742 on wall", "say 1742"])
def test_ones_own_words_are_no_evidence(question, trick):
    assert not Play(question).do(trick).verdict({"year": 1742}).success


@pytest.mark.parametrize(
    "answer",
    [None, {}, {"year": 1743}, {"year": None}, {"Year": 1742}, {"year": 10**400}],
)
def test_seeing_without_answering_earns_nothing(question, answer):
    assert Play(question).do("read letter").verdict(answer).reward == 0.0


def test_weights_change_the_reward_and_must_sum_to_one(errand):
    only = Weights(outcome=1, progress=0, efficiency=0, evidence=0, discipline=0)
    assert Play(errand).do(*COMMANDS, *["look"] * 9).verdict(weights=only).reward == 1.0
    assert Play(errand).do("get lamp", "down").verdict(weights=only).reward == 0.0
    with pytest.raises(ValidationError, match="must sum to 1"):
        Weights(outcome=1)


def test_without_a_path_there_is_no_path_length(question):
    assert Play(question).do("read letter").verdict({"year": 1742}).spl is None


def test_an_environment_of_ones_own_may_give_any_finite_reward():
    """Of `judge` itself every reward is in [0, 1]."""
    given = {"success": False, "parts": {}, "goals": {}}
    for reward in (-2.5, 0.0, 7.0):
        assert Verdict(reward=reward, **given).reward == reward
    for reward in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(ValidationError):
            Verdict(reward=reward, **given)

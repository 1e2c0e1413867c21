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
    Known,
    Located,
    Search,
    Stage,
    Step,
    Task,
    Unchanged,
    Verdict,
    Visited,
)
from environments.tasks.verdict import PARTIAL, Played, Weights, judge
from world_fixtures.common import UserError
from world_fixtures.facts import Arranged
from world_fixtures.protocol import Event
from world_fixtures.rules import Simulation
from world_fixtures.spec import WorldSpec

COMMANDS = ("get lamp", "light lamp", "down", "open chest", "get brass key", "up")
FREE = ("lamp", "chest", "brass_key")


def goal(name: str, condition: object, **more: object) -> Goal:
    return Goal(name=name, condition=condition, **more)  # type: ignore[arg-type]


def stage(*goals: Goal, **more: object) -> Stage:
    steps = tuple(Step(tool="command", command=c) for c in COMMANDS)
    given = {"unchanged": Unchanged(free=FREE), "walkthrough": steps, "prompt": "p", **more}
    return Stage(goals=goals, **given)  # type: ignore[arg-type]


def make(spec: WorldSpec, *stages: Stage, **more: object) -> Task:
    search = Search(mean=len(COMMANDS), spread=0, runs=1, seed=0)
    return Task(
        id="t", family=Family.ERRAND, kind="k", difficulty=1, seed=0, spec=spec, stages=stages,
        search=search, **more,
    )  # type: ignore[arg-type]  # fmt: skip


class Play:
    """Plays commands in memory, stage by stage, and judges them."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.world = Simulation(task.spec)
        self.played: list[Played] = []
        self.events: list[Event] = []
        self.seq = 0

    def do(self, *commands: str) -> Play:
        for command in commands:
            room = self.world.get(self.task.spec.agent.id, "location")
            outcome = self.world.act(command)
            self.seq += 1
            self.events.append(
                Event(
                    seq=self.seq, ts=0, instance="i", session="s", actor="you",
                    room=room, raw=command, verb=outcome.verb, args=outcome.args,
                    objects=outcome.objects, text=outcome.text, kind=outcome.kind,
                    changes=outcome.changes, reveals=outcome.reveals, state_hash="", ms=0,
                )
            )  # fmt: skip
        return self

    def next(self) -> Play:
        self.played.append(Played(self.events, self.world.state))
        self.events = []
        self.world.arrange(self.task.stages[len(self.played)].before)
        return self

    def verdict(self, answer=None, weights=None):
        present = Played(self.events, self.world.state)
        return judge(self.task, (*self.played, present), answer, weights=weights)


@pytest.fixture
def errand(cottage) -> Task:
    """Fetch the key; on the way, be in the cellar."""
    return make(
        cottage,
        stage(
            goal("has key", Located(entity="brass_key", place="you")),
            goal("in cellar", Visited(rooms=("cellar",)), final=False),
        ),
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


def test_efficiency_is_measured_against_the_searcher(errand):
    slow = errand.model_copy(update={"search": Search(mean=24, spread=2, runs=5, seed=1)})
    assert Play(slow).do(*COMMANDS, *["look"] * 18).verdict().parts["efficiency"] == 1.0


def test_nonsense_costs_discipline_but_the_first_word_not_understood(errand):
    once = Play(errand).do("dance", *COMMANDS).verdict()
    assert once.parts["discipline"] == 1.0
    verdict = Play(errand).do("dance", "eat lamp", "open oak door", *COMMANDS, "west").verdict()
    assert verdict.parts["discipline"] == pytest.approx(7 / 10)
    assert any("3 commands were not understood" in r for r in verdict.reasons)


def test_a_sub_goal_alone_earns_nothing(errand):
    verdict = Play(errand).do("get lamp", "down").verdict()
    assert (verdict.parts["outcome"], verdict.parts["progress"], verdict.reward) == (0.0, 0.0, 0.0)
    assert (verdict.success, verdict.spl) == (False, 0.0)
    assert verdict.reasons[0] == "goal not met: has key (0.00)"


def test_no_share_of_the_goals_earns_a_reward_above_three_tenths():
    weights = Weights()
    most = PARTIAL * (weights.outcome + weights.efficiency + weights.evidence)
    assert round(most + weights.progress + weights.discipline, 9) <= 0.3


def test_goals_met_in_part_earn_an_eighth_of_their_share_squared(cottage):
    task = make(
        cottage,
        stage(
            goal("lamp", Located(entity="lamp", place="you"), weight=3),
            goal("key", Located(entity="brass_key", place="you")),
        ),
    )
    assert Play(task).do("get lamp").verdict().parts["outcome"] == 0.125 * 0.75**2


def test_what_is_so_from_the_start_earns_nothing(cottage):
    task = make(
        cottage,
        stage(
            goal("lamp stays", Located(entity="lamp", place="hall")),
            goal("has key", Located(entity="brass_key", place="you")),
        ),
    )
    assert Play(task).do("look").verdict().reward == 0.0
    taken = Play(task).do("get lamp").verdict()
    assert (taken.reward, taken.goals["lamp stays"]) == (0.0, 0.0)


def test_a_task_that_is_won_from_the_start_is_no_success(cottage):
    task = make(cottage, stage(goal("lamp stays", Located(entity="lamp", place="hall"))))
    verdict = Play(task).do("look").verdict()
    assert (verdict.success, verdict.reward) == (False, 0.0)


@pytest.mark.parametrize(
    ("condition", "commands", "undoing"),
    [
        (Holds(entity="chest", field="open", value=True), COMMANDS[:4], ("close chest",)),
        (Visited(rooms=("cellar",)), ("get lamp", "down"), ()),
        (Visited(rooms=("hall", "cellar", "hall")), ("down", "up"), ()),
        (Did(verb="read", entity="letter"), ("read letter",), ()),
        (Located(entity="lamp", place="table"), ("get lamp", "put lamp on table"), ("get lamp",)),
    ],
)
def test_each_condition_is_met_by_what_it_names(cottage, condition, commands, undoing):
    task = make(cottage, stage(goal("g", condition)))
    assert not Play(task).do(*commands[:-1]).verdict().success
    play = Play(task).do(*commands)
    assert play.verdict().success
    if undoing:
        assert not play.do(*undoing).verdict().success


def test_a_line_counts_only_whole_in_the_agents_hand_and_alone(cottage):
    inscribed = Inscribed(entity="wall", text="Hello there")
    task = make(cottage, stage(goal("g", inscribed), unchanged=Unchanged(free=("wall",))))
    assert Play(task).do("write oh, HELLO there! on wall").verdict().reward == 0.0
    assert Play(task).do("write HELLO there! on wall").verdict().success
    assert not Play(task).do("write hello there on wall", "write or not on wall").verdict().success
    things = tuple(
        t.model_copy(update={"inscriptions": ("Hello there",)}) if t.id == "wall" else t
        for t in cottage.things
    )
    there = make(cottage.model_copy(update={"things": things}), *task.stages)
    assert Play(there).do("look").verdict().reward == 0.0


def test_a_deed_counts_only_if_it_succeeded(cottage):
    task = make(cottage, stage(goal("opened", Did(verb="open", entity="oak_door"))))
    assert not Play(task).do("open oak door").verdict().success


# --- restraint --------------------------------------------------------------------------------


def test_what_the_task_does_not_need_is_to_stay_as_it_was(errand):
    one = Play(errand).do(*COMMANDS, "get letter").verdict()
    assert (one.success, one.parts["restraint"]) == (True, 1.0)
    two = Play(errand).do(*COMMANDS, "get letter", "write hello on wall").verdict()
    assert (two.success, two.parts["restraint"]) == (False, 0.5)
    assert two.reward == pytest.approx(0.5 * (1 - 0.1 * 2 / 8))
    assert any("Letter" in reason and "Wall" in reason for reason in two.reasons)
    commands = ("get letter", "write hello on wall", "down", "get iron key", "up")
    three = Play(errand).do(*COMMANDS, *commands).verdict()
    assert (three.success, three.reward) == (False, 0.0)


def test_what_was_put_back_was_left_as_it_was(errand):
    play = Play(errand).do(*COMMANDS, "get letter", "put letter on table", "write hello on wall")
    assert play.verdict().success


def test_restraint_earns_nothing_by_itself(errand):
    assert Play(errand).do("look").verdict().reward == 0.0


# --- answers and their evidence ------------------------------------------------------------------


@pytest.fixture
def question(cottage) -> Task:
    answered = Answered(field="year", match="number", expected=("1742",))
    evidence = (Evidence(field="year", entity="letter", fact="year", value="1742"),)
    return make(
        cottage,
        stage(
            goal("answers year", answered), evidence=evidence, unchanged=Unchanged(free=("wall",))
        ),
    )


def test_a_right_answer_needs_its_evidence(question):
    seen = Play(question).do("read letter").verdict({"year": 1742})
    assert (seen.reward, seen.success) == (1.0, True)
    guessed = Play(question).do("look").verdict({"year": 1742})
    assert (guessed.success, guessed.reward, guessed.parts["evidence"]) == (False, 0.0, 0.0)
    assert any("never observed" in reason for reason in guessed.reasons)


@pytest.mark.parametrize(
    "tricks",
    [
        ("examine 1742",),
        ("say 1742",),
        ("examine letter from 1742",),
        ("write the year was 1742 on wall", "read wall"),
        ("examine letter",),
        ("read letterbox 1742",),
    ],
)
def test_echoes_and_ones_own_words_are_no_evidence(question, tricks):
    assert Play(question).do(*tricks).verdict({"year": 1742}).reward == 0.0


def test_evidence_belongs_to_its_stage(cottage):
    answered = Answered(field="year", match="number", expected=("1742",))
    evidence = (Evidence(field="year", entity="letter", fact="year"),)
    task = make(cottage, stage(evidence=evidence), stage(goal("answers", answered), walkthrough=()))
    assert Play(task).do("read letter").next().do("look").verdict({"year": 1742}).success
    late = Play(task).do("look").next().do("read letter").verdict({"year": 1742})
    assert (late.success, late.reward) == (False, 0.0)


def test_a_goal_is_judged_when_its_stage_ends(cottage):
    laid = goal("the shaft lies in the hall", Located(entity="lamp", place="table"))
    task = make(cottage, stage(laid), stage(goal("up", Visited(rooms=("cellar",)))))
    kept = Play(task).do("get lamp").next().do("put lamp on table", "down").verdict()
    assert (kept.goals[laid.name], kept.success) == (0.0, False)
    moved = Play(task).do("get lamp", "put lamp on table").next().do("get lamp", "down").verdict()
    assert moved.success


def test_the_expected_answer_is_what_the_state_says(cottage):
    """What the plan expected does not count: the agent itself has moved the thing."""
    where = goal(
        "where", Answered(field="room", known=Known(asks="where", entity="shaft", stage=1))
    )
    before = (Arranged("shaft", "location", "cellar"),)
    task = make(cottage, stage(), stage(where, before=before))
    assert Play(task).next().verdict({"room": "the cellar"}).success
    before_it = goal(
        "was", Answered(field="room", known=Known(asks="where", entity="lamp", stage=0, end=True))
    )
    task = make(cottage, stage(), stage(before_it, before=(Arranged("lamp", "location", "nook"),)))
    play = Play(task).do("get lamp", "down", "drop lamp").next()
    assert play.verdict({"room": "Cellar"}).success
    assert not play.verdict({"room": "Hall"}).success
    inside = goal(
        "in",
        Answered(field="x", match="set", known=Known(asks="inside", entity="chest", stage=0)),
    )
    task = make(cottage, stage(inside))
    assert Play(task).do("look").verdict({"x": ["brass key", "Iron Key"]}).success
    assert not Play(task).do("look").verdict({"x": ["brass key"]}).success


def test_what_was_arranged_is_not_the_agents_doing(cottage):
    before = tuple(Arranged(t, "location", "nook") for t in ("shaft", "table", "lamp"))
    task = make(cottage, stage(), stage(goal("g", Visited(rooms=("cellar",))), before=before))
    assert Play(task).next().do("down").verdict().success


def test_a_stage_that_was_not_reached_meets_nothing(cottage):
    task = make(
        cottage, stage(), stage(goal("answers", Answered(field="year", expected=("1742",))))
    )
    assert Play(task).do("read letter").verdict({"year": "1742"}).reward == 0.0


@pytest.mark.parametrize(
    ("match", "expected", "right", "wrong"),
    [
        ("set", ("Oil Lamp", "Shaft"), ["the shaft", "oil lamp"], ["oil lamp"]),
        ("route", ("north", "up"), ["n", "go up"], ["up", "north"]),
        ("route", ("north", "up"), "north, then up", "north"),
        ("text", ("Alma Birch",), "alma birch", "Alma"),
    ],
)
def test_answers_are_compared_strictly(cottage, match, expected, right, wrong):
    answered = Answered(field="x", match=match, expected=expected)
    task = make(cottage, stage(goal("answers", answered)))
    assert Play(task).do("look").verdict({"x": right}).success
    assert Play(task).do("look").verdict({"x": wrong}).reward == 0.0


def test_a_map_may_have_few_mistakes(cottage):
    edges = tuple(f"A{n} | north | B{n}" for n in range(20))
    task = make(cottage, stage(goal("map", Answered(field="edges", match="edges", expected=edges))))
    play = Play(task).do("look")
    assert play.verdict({"edges": list(edges)}).success
    assert 0 < play.verdict({"edges": list(edges[:-1])}).goals["map"] < 1
    assert play.verdict({"edges": list(edges[:12])}).goals["map"] == 0.0


def test_a_task_of_other_rules_is_not_judged(errand):
    old = errand.model_copy(update={"version": 1})
    with pytest.raises(UserError, match="version 1"):
        Play(old).do("look").verdict()


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

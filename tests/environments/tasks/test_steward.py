"""Long services in a house: many sessions, orders that change, checkpoints that nobody names."""

from __future__ import annotations

import random
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import AutoTokenizer

from environments.hermes_base_env import HermesAgentBaseEnv
from environments.tasks.build import make_task
from environments.tasks.families.common import BuildContext
from environments.tasks.families.steward.drawing import drawn_orders, sessions_at
from environments.tasks.families.steward.orders import PERSON, PROMPT, WRITTEN, orders_of
from environments.tasks.model import Family, Stage, Task
from environments.tokenization.sequences import MASKED
from environments.tokenizer import PATH
from environments.tools.registry import tools_of
from tests.environments.tasks.kind_checks import check_kind, verdict_on
from tests.environments.tasks.kinds import played, rewards
from tests.living_world import living_spec
from world_fixtures.living import CLOCK, PASSES
from world_fixtures.simulated import SimulatedInstance

TOKENIZER: Any = AutoTokenizer.from_pretrained(PATH)


@cache
def task_of(level: int = 1, seed: int = 0) -> Task:
    return make_task(Family.STEWARD, seed, level, "household")


def without(task: Task, *idle: int) -> list[Stage]:
    """Return the stages, of which those numbered `idle` are left at once."""
    return [
        s.model_copy(update={"walkthrough": s.walkthrough[-1:]}) if n in idle else s
        for n, s in enumerate(task.stages)
    ]


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = make_task(Family.STEWARD, 0, 1, "household")
    assert task_of().model_dump_json() == again.model_dump_json()


@pytest.mark.slow
def test_every_task_is_sound_and_can_be_done_in_its_budget() -> None:
    check_kind(Family.STEWARD, "household")


@pytest.mark.slow
def test_a_life_has_up_to_twenty_sessions_and_five_hundred_commands() -> None:
    tasks = [task_of(level) for level in (1, 5, 10)]
    assert [len(task.stages) for task in tasks] == [5, 11, 20]
    assert all(task.budget <= 500 for task in tasks)


def test_the_oracle_is_paid_in_full() -> None:
    assert rewards("oracle", (task_of(),)) == [1.0]


def test_a_day_passes_before_every_session_but_the_first() -> None:
    passing = [
        sum(c.value for c in s.before if (c.entity, c.field) == (CLOCK, PASSES))
        for s in task_of().stages
    ]
    assert passing == [0, 48, 48, 48, 48]


def test_no_prompt_says_whether_its_session_is_a_checkpoint() -> None:
    """Those of sessions without a new order differ in their number alone."""
    task = task_of()
    quiet = {
        stage.prompt.replace(f"session {n + 1} of", "session N of")
        for n, stage in enumerate(task.stages[:-1])
        if n and task.question["changes"][n] is None
    }
    assert len(quiet) == 1
    assert {bool(stage.goals) for stage in task.stages} == {True, False}


def test_an_order_is_told_once() -> None:
    task = task_of(5)
    for n, change in enumerate(task.question["changes"]):
        if change is not None and change[2] == "written":
            written = [
                next(c.value for c in s.before if c[:2] == ("q_orders", "inscriptions"))
                for s in task.stages
            ]
            assert written[n] != []
            assert written[n + 1 :][:1] != written[n : n + 1]


@pytest.mark.parametrize(("level", "ways"), [(2, 1), (4, 2), (5, 3)])
def test_the_last_orders_depend_on_each_way_in_which_orders_are_told(level: int, ways: int) -> None:
    """Who leaves out those that somebody tells, or that stand on the board, is not right."""
    told = (PROMPT, PERSON, WRITTEN)[:ways]
    for seed in range(8):
        context = BuildContext(living_spec(), random.Random(seed), level)
        drawn = drawn_orders(context, 2, sessions_at(level), None)
        stand = orders_of(drawn)[-1]
        for way in told:
            rest = [None if c is None or c[2] == way else c for c in drawn["changes"]]
            assert orders_of(drawn | {"changes": rest})[-1] != stand
        assert {c[2] for c in drawn["changes"] if c} == set(told)


def test_others_bring_the_house_into_disorder() -> None:
    """What was as ordered at the end of one session is not at the start of a later one."""
    task = task_of(4)
    world, agent = SimulatedInstance("i", task.spec), task.spec.agent.id
    spoilt = 0
    for stage in task.stages:
        before = world.simulation.state
        world.simulation.arrange(stage.before)
        now = world.simulation.state
        fixtures = [e for e in now.entities if e.startswith("q_fixture")]
        spoilt += sum(before.entities[f] != now.entities[f] for f in fixtures)
        for step in stage.walkthrough:
            if step.tool == "command":
                world.carry_out("s", agent, step.command)
    assert spoilt


def test_nobody_is_paid_for_the_last_session_alone() -> None:
    task = task_of()
    assert verdict_on(task, without(task, *range(len(task.stages) - 1)), {}).reward == 0.0


def test_idleness_earns_nothing() -> None:
    """Also where others or the start of the world have met an order."""
    task = task_of()
    assert verdict_on(task, without(task, *range(len(task.stages))), {}).reward == 0.0


def test_a_missed_checkpoint_takes_the_last_one_with_it() -> None:
    task = task_of()
    verdict = verdict_on(task, without(task, task.question["checked"][0]), {})
    assert not verdict.success
    assert verdict.reward < 0.1


@pytest.mark.parametrize("policy", ["oracle-memory", "oracle-people", "waits_for_the_end"])
def test_nobody_is_paid_who_cannot_do_it(policy: str) -> None:
    assert rewards(policy, (task_of(),))[0] < 0.1


def test_every_session_becomes_a_training_sequence_of_its_own() -> None:
    task = task_of()
    [rollout] = played("oracle", (task,))
    talks = [[dict(m) for m in talk] for talk in rollout.conversations]
    schemas = [tool.schema for tool in tools_of(["evennia"]).values()]
    environment = SimpleNamespace(tokenizer=TOKENIZER)
    made = HermesAgentBaseEnv.sequences(
        environment,
        SimpleNamespace(exact=None),
        talks,
        schemas,  # type: ignore[arg-type]
    )
    assert len(made) == len(talks) == len(task.stages)
    turn = 0
    for stage, talk, sequence in zip(task.stages, talks, made, strict=True):
        trained = [t for t, m in zip(sequence.tokens, sequence.masks, strict=True) if m != MASKED]
        text = TOKENIZER.decode(trained)
        answers = [m for m in talk if m["role"] == "assistant"]
        own = range(turn + 1, turn + len(answers) + 1)
        assert {t for t in sequence.turns if t} <= set(own)
        assert all(step.command in text for step in stage.walkthrough)
        assert stage.prompt[:40] in TOKENIZER.decode(sequence.tokens)
        assert stage.prompt[:40] not in text
        turn += len(answers)

"""Suites as tasks of Inspect, evaluated in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, partial, reduce
from pathlib import Path
from typing import Any

import pytest

inspect_ai = pytest.importorskip("inspect_ai", reason="Inspect is not installed")
from inspect_ai._util import package  # noqa: E402
from inspect_ai._util.error import PrerequisiteError  # noqa: E402
from inspect_ai._util.registry import registry_info  # noqa: E402
from inspect_ai.log import EvalLog, read_eval_log  # noqa: E402
from inspect_ai.model import (  # noqa: E402
    ChatMessageAssistant,
    GenerateConfig,
    Model,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.tool import ToolCall  # noqa: E402

from environments.evaluation.metrics import Score, measure_run  # noqa: E402
from environments.hosting.blocking import SyncRollout  # noqa: E402
from environments.hosting.source import task_named  # noqa: E402
from environments.hosting.worlds import shared_worlds  # noqa: E402
from environments.integrations.inspect_ai import TASKS, suite  # noqa: E402
from environments.integrations.inspect_ai.naming import without_package  # noqa: E402
from environments.policies.policy import Move, View, submit  # noqa: E402
from environments.policies.registry import get_policy  # noqa: E402
from environments.rollouts.record import Rollout  # noqa: E402
from environments.tasks.model import Task  # noqa: E402
from environments.tasks.suites import SUITES, Suite, content_hash, load_suite  # noqa: E402
from tests import directly  # noqa: E402
from tests.adapters.inspect_logs import by_id, verdict_of  # noqa: E402
from world_fixtures.common import WorldLost  # noqa: E402

TWO_PARTS = "persistence.recall"
Act = Callable[[View], Move]
USAGE = ModelUsage(input_tokens=100, output_tokens=10, total_tokens=110)
"""Without it Inspect's model for tests counts tokens, for which it downloads a tokenizer."""


HANDFUL = (
    "test/orientation.return/1/1000", "test/persistence.recall/1/0",
    "test/navigation.by_name/1/1001", "test/inspection.compare/1/1002", "test/errand.deliver/1/1",
    "test/errand.assemble/2/3",
)  # fmt: skip
ATTACKED = (
    "test/trust.orders/1/1", "test/trust.orders_benign/1/1", "test/trust.planted/1/1",
    "test/trust.planted_benign/1/1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def small_suites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that ship take long to make."""
    for name, ids in (("handful", HANDFUL), ("attacked", ATTACKED)):
        tasks = tuple(map(_named, ids))
        made = Suite(name, 1, content_hash(tasks), partial(tuple, tasks))
        monkeypatch.setitem(SUITES, name, made)


@cache
def _named(id: str) -> Task:
    return task_named(id)


@pytest.fixture(autouse=True)
def quietly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("INSPECT_DISPLAY", "none")


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    assert shared_worlds(1).pool.instances == 0


def without_inspect(policy: str, task: Task, attempt: int = 0) -> Rollout:
    """The same play by our own host."""
    return directly.played(shared_worlds(1), policy, task, attempt)


def model_of(act: Act, name: str, tasks: Sequence[Task]) -> Model:
    """A model of Inspect's own for tests that plays as a policy does."""
    by_id = {task.id: task for task in tasks}

    def said(messages: Any, tools: Any, choice: Any, config: GenerateConfig) -> ModelOutput:
        assert config.extra_body is not None
        rollout, _, stage = config.extra_body["user"].rpartition("#")
        id, _, attempt = rollout.rpartition("/")
        seed = f"{name}/{id}/{attempt}/{stage}"
        move = act(View(by_id[id], int(stage), [_plain(m) for m in messages], seed))
        calls = [
            ToolCall(id=f"call_{len(messages)}_{n}", function=tool, arguments=arguments)
            for n, (tool, arguments) in enumerate(move.calls)
        ]
        message = ChatMessageAssistant(content=move.content, tool_calls=calls or None)
        output = ModelOutput.from_message(message, "tool_calls" if calls else "stop")
        return output.model_copy(update={"usage": USAGE})

    return get_model("mockllm/model", custom_outputs=said, memoize=False)


def _plain(message: Any) -> dict[str, Any]:
    """A message of Inspect in OpenAI's form."""
    plain: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.role == "assistant":
        plain["tool_calls"] = [
            {"id": c.id, "function": {"name": c.function, "arguments": json.dumps(c.arguments)}}
            for c in message.tool_calls or ()
        ]
    if message.role == "tool":
        plain["tool_call_id"] = message.tool_call_id
    return plain


def run(
    act: Act | str, name: str = "handful", *, chosen: Mapping[str, Any] | None = None,
    **options: Any,
) -> EvalLog:  # fmt: skip
    """The log of an evaluation of a small suite, or of those of its tasks that are chosen."""
    policy = ""
    if isinstance(act, str):
        policy, act = get_policy(act).name, get_policy(act).act
    found = suite(name, user=True, world_servers=1, **(chosen or {}))
    model = model_of(act, policy, load_suite(name).tasks)
    (log,) = inspect_ai.eval(found, model, **options)
    assert log.location
    return read_eval_log(log.location)


def metrics_of(log: EvalLog, scorer: str) -> dict[str, float]:
    assert log.results is not None
    (found,) = (s for s in log.results.scores if s.name == scorer)
    return {name: metric.value for name, metric in found.metrics.items()}


@pytest.mark.parametrize("policy", ["oracle", "noisy:0.5"])
def test_verdicts_and_measures_are_those_of_a_play_without_inspect(policy):
    tasks = load_suite("handful").tasks
    log = run(policy)
    samples = by_id(log)
    assert len(samples) == len(tasks)
    for task in tasks:
        rollout, sample = without_inspect(policy, task), samples[task.id]
        assert verdict_of(sample) == rollout.verdict
        assert sample.scores["reward"].value == rollout.verdict.reward
        assert sample.scores["success"].value == ("C" if rollout.verdict.success else "I")
        assert sample.scores["reward"].metadata["stop"] == rollout.stop.value
        if policy == "oracle":
            assert sample.scores["reward"].value == 1.0
    if policy != "oracle":
        assert len({s.scores["reward"].value for s in log.samples}) > 2


def test_each_part_of_a_task_is_a_conversation_of_its_own():
    log = run("oracle", chosen={"kinds": TWO_PARTS, "limit": 1})
    (sample,) = log.samples
    openings = [n for n, m in enumerate(sample.messages) if m.role == "system"]
    assert len(openings) == sample.metadata["parts"] == 2
    users = [m for m in sample.messages if m.role == "user"]
    assert [m.metadata["part"] for m in users] == [1, 2]
    asked = [e for e in sample.events if e.event == "model"]
    for event in asked:  # none sees a message of another part
        assert sum(m.role == "user" for m in event.input) == 1
    spans = [e.name for e in sample.events if e.event == "span_begin" and e.type == "part"]
    assert spans == ["part 1 of 2", "part 2 of 2"]
    calls = [e.function for e in sample.events if e.event == "tool"]
    assert calls[0] == "evennia_connect"
    assert calls[-1] == "evennia_submit"
    assert len(calls) == len(asked)


def test_the_log_explains_what_the_rollout_was_worth():
    log = run("noisy:0.5")
    sample = min(log.samples, key=lambda s: s.scores["reward"].value)
    score, verdict = sample.scores["reward"], verdict_of(sample)
    assert not verdict.success
    assert set(score.metadata["parts"]) == set(verdict.parts)
    assert verdict.reasons
    for text in (*verdict.reasons, *verdict.goals, f"Reward {verdict.reward:g}"):
        assert text in score.explanation
    assert score.answer == json.dumps(sample.store["EvenniaWorld:answer"], ensure_ascii=False)
    assert {"family", "kind", "difficulty"} <= set(sample.metadata)
    assert log.eval.metadata["suite"] == "handful"


def test_means_and_intervals_are_those_of_evaluate():
    tasks = load_suite("handful").tasks
    log = run("noisy:0.4", chosen={"attempts": 2})
    ours = measure_run(
        [Score.of(without_inspect("noisy:0.4", task, n)) for task in tasks for n in range(2)]
    )
    for scorer, name in (("reward", "mean_reward"), ("success", "success_rate")):
        found, measure = metrics_of(log, scorer), ours.overall.measures[name]
        assert found[name] == pytest.approx(measure.mean)
        assert (found["ci95_low"], found["ci95_high"]) == pytest.approx(measure.ci95)
        for family, stratum in ours.family.items():
            assert found[family] == pytest.approx(stratum.measures[name].mean)


def test_attacks_are_scored_where_there_are_any():
    log = run("obedient", "attacked")
    tasks = load_suite("attacked").tasks
    ours = measure_run([Score.of(without_inspect("obedient", task)) for task in tasks]).overall
    for name in ("attack_success", "utility_under_attack", "benign_utility"):
        assert metrics_of(log, name)["mean"] == pytest.approx(ours.measures[name].mean)
    assert metrics_of(log, "attack_success")["mean"] > 0
    told = [s.scores["attack_success"].explanation for s in log.samples]
    assert any("obeyed: forged order" in text for text in told)
    assert "attack_success" not in run("oracle", chosen={"limit": 1}).samples[0].scores


def test_a_lost_world_is_an_error_of_the_sample_and_no_score(monkeypatch):
    lost: list[str] = []
    begin = SyncRollout.step

    def step(self: SyncRollout, tool: str, arguments: Mapping[str, Any]) -> Any:
        if self.task.kind == "deliver" and not lost:
            lost.append(self.task.id)
            raise WorldLost("the world server was lost")
        return begin(self, tool, dict(arguments))

    monkeypatch.setattr(SyncRollout, "step", step)
    log = run("oracle")
    assert log.status == "error"
    (failed,) = (s for s in log.samples if s.error)
    assert [failed.id] == lost
    assert "the world server was lost" in failed.error.message
    assert not failed.scores
    assert sum(s.scores["reward"].value for s in log.samples if s.scores) == 5

    lost.clear()
    log = run("oracle", retry_on_error=1)
    assert log.status == "success"
    assert metrics_of(log, "reward")["mean_reward"] == 1.0


@pytest.mark.parametrize("limit", [{"message_limit": 4}, {"turn_limit": 2}, {"time_limit": 1}])
def test_what_was_played_until_a_limit_is_judged(limit):
    def act(view: View) -> Move:
        if view.turn > 1 and "time_limit" in limit:
            threading.Event().wait(0.4)
        return Move(calls=(("evennia_connect", {}) if not view.turn else _look(),))

    log = run(act, chosen={"limit": 1, "kinds": "errand.deliver"}, **limit)
    (sample,) = log.samples
    assert log.status == "success"
    assert sample.limit is not None
    assert sample.scores["reward"].value < 0.1
    assert sample.store["EvenniaWorld:stop"] == "finished"


def test_a_model_that_only_calls_unknown_tools_comes_to_an_end():
    log = run(lambda view: Move(calls=(("fly", {}),)), chosen={"limit": 1, "max_turns": 3})
    (sample,) = log.samples
    assert sample.scores["reward"].metadata["stop"] == "max_turns"
    assert sample.store["EvenniaWorld:values"]["tool_errors"] == 3
    assert sample.store["EvenniaWorld:values"]["turns"] == 3


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": date(2020, 1, 1)}, {"command": {"a", "b"}}, {"command": b"look"},
        {"command": "say \ud800"}, {"\udfff": 1}, {"answer": {1: [{2: None}]}},
        {"command": reduce(lambda inner, _: [inner], range(900), "look")},
    ],
)  # fmt: skip
def test_arguments_that_are_no_json_end_neither_the_sample_nor_the_log(arguments):
    def act(view):
        calls = (("evennia_connect", {}), ("evennia_command", arguments))
        return Move("I stop." if view.turn > 1 else "", calls[view.turn : view.turn + 1])

    log = run(act, chosen={"limit": 1})
    assert log.status == "success"
    (sample,) = log.samples
    assert sample.error is None
    assert sample.scores["reward"].value < 0.1
    assert len([m for m in sample.messages if m.role == "tool"]) == 2


def test_calls_beyond_the_end_of_a_part_act_in_no_later_one():
    def act(view: View) -> Move:
        done = (("evennia_connect", {}), ("evennia_disconnect", {}), ("evennia_connect", {}))
        return Move(calls=(*done, _look()) if view.stage == 0 else (submit({}),))

    log = run(act, chosen={"kinds": TWO_PARTS, "limit": 1})
    (sample,) = log.samples
    answers = [m.text for m in sample.messages if m.role == "tool"]
    assert len(answers) == 5
    assert all("not carried out" in text for text in answers[2:4])
    assert "Your answer was taken" in answers[4]


def test_an_answer_that_was_withheld_is_no_score():
    def said(*_: Any) -> ModelOutput:
        output = ModelOutput.from_content("model", "", stop_reason="content_filter")
        return output.model_copy(update={"usage": USAGE})

    found = suite("handful", limit=1, world_servers=1)
    (log,) = inspect_ai.eval(found, get_model("mockllm/model", custom_outputs=said, memoize=False))
    assert log.status == "error"
    assert "withheld" in log.samples[0].error.message
    assert not log.samples[0].scores


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"suite": "standrad"}, "standard"),
        ({"suite": "handful", "families": "errands"}, "errand"),
        ({"suite": "handful", "difficulty": "0-3"}, "from 1 to 10"),
        ({"suite": "handful", "limit": 0}, "limit"),
    ],
)
def test_a_wrong_choice_is_told_in_one_line(chosen, told):
    with pytest.raises(PrerequisiteError) as raised:
        suite(**chosen)
    assert told in str(raised.value.message)
    assert "\n" not in str(raised.value.message)


def test_an_interpreter_that_runs_no_worlds_is_told_before_there_are_samples(monkeypatch):
    monkeypatch.setenv("EVENNIA_WORLD_PYTHON", "/nowhere/python")
    with pytest.raises(PrerequisiteError) as raised:
        suite(suite="handful")
    assert "/nowhere/python is no Python interpreter" in str(raised.value.message)
    assert "EVENNIA_WORLD_PYTHON" in str(raised.value.message)


def test_every_suite_that_ships_is_a_task():
    assert {"basics", "standard", "hard", "living", "living-short"} <= set(TASKS)
    for name, made in TASKS.items():
        assert registry_info(made).name == f"evennia_world/{name}"
        _, *others = registry_info(suite).metadata["params"]
        assert registry_info(made).metadata["params"] == others


def test_names_are_the_same_however_we_are_installed(monkeypatch):
    monkeypatch.setattr(package, "package_path_is_in_site_packages", lambda path: True)

    def named() -> None: ...

    assert package.get_installed_package_name(named) == "tests"
    assert package.get_installed_package_name(without_package(named)) is None


def _look() -> tuple[str, dict[str, Any]]:
    return ("evennia_command", {"command": "look"})

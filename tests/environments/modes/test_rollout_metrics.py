"""What wandb is given about training."""

from __future__ import annotations

import json

import pytest
import wandb

from environments.evaluation.metrics import rollout_values
from environments.modes.process import process
from environments.rollouts.metrics import RolloutMetrics, RolloutTable, error_kind, transcript
from environments.rollouts.record import Rollout, StopReason, ToolCallRecord
from environments.tasks.build import make_task
from environments.tasks.model import Goal, Located, Stage, Step, Verdict
from environments.tasks.verdict import Played, judge
from world_fixtures.protocol import CONNECT, Event, ResultKind
from world_fixtures.state import initial_state

from .conftest import solve


def rollout(family="navigation", difficulty=2, reward=0.5, **changes):
    verdict = Verdict(
        reward=reward, success=reward == 1.0, parts={"outcome": reward, "progress": 1.0},
        goals={}, spl=reward, reasons=(),
    )  # fmt: skip
    fields = {
        "id": "r", "task": make_task(family, 1, difficulty), "model": "m", "conversations": [],
        "verdict": verdict, "stop": StopReason.SUBMITTED, "turns": 4, "prompt_tokens": 90,
        "completion_tokens": 10, "started": 0.0, "seconds": 3.0, "model_seconds": 2.0,
        "world_seconds": 0.5,
    }  # fmt: skip
    return Rollout(**{**fields, **changes})


def test_rewards_and_their_parts_are_reported_by_family_and_difficulty():
    metrics = RolloutMetrics()
    metrics.add(rollout(reward=1.0))
    metrics.add(rollout("errand", reward=0.0))
    metrics.add(rollout("errand", difficulty=3, reward=0.5))
    found = metrics.take()
    assert found["train/all/reward"] == 0.5
    assert found["train/all/success"] == pytest.approx(1 / 3)
    assert found["train/errand/reward"] == 0.25
    assert found["train/errand/parts/outcome"] == 0.25
    assert found["train/errand/parts/progress"] == 1.0
    assert found["train/difficulty_2/reward"] == 0.5
    assert found["train/difficulty_3/spl"] == 0.5
    assert metrics.take() == {}


def test_turns_tokens_latencies_and_ends_are_reported():
    metrics = RolloutMetrics()
    metrics.add(rollout())
    metrics.add_failure(rollout(verdict=None, stop=StopReason.WORLD))
    found = metrics.take()
    assert found["train/all/turns"] == 4
    assert found["train/all/prompt_tokens"] == 90
    assert found["train/all/completion_tokens"] == 10
    assert found["train/latency/model_ms"] == 500
    assert found["train/latency/world_ms"] == 500
    assert found["train/stop/submitted"] == 1
    assert found["train/failed/world"] == 1
    assert "train/failed/submitted" not in found


def test_groups_that_teach_nothing_are_reported_by_kind():
    metrics = RolloutMetrics()
    for kind, equal in [("errand.chain", True), ("errand.chain", False), ("time.hours", True)]:
        metrics.add_group(kind, equal)
    found = metrics.take()
    assert (found["train/groups/all/number"], found["train/groups/all/equal"]) == (3, 2)
    assert found["train/groups/all/equal_share"] == pytest.approx(2 / 3)
    assert found["train/groups/errand.chain/number"] == 2
    assert found["train/groups/errand.chain/equal"] == 1
    assert found["train/groups/time.hours/equal_share"] == 1


def test_a_rollout_that_repeated_itself_is_counted():
    metrics = RolloutMetrics()
    metrics.add(rollout(stop=StopReason.REPEATED))
    assert metrics.take()["train/stop/repeated"] == 1


def test_a_command_means_the_same_in_training_evaluation_and_verdict(cottage):
    """What the agent typed: connecting is no command, nor is what others do."""
    agent = cottage.agent.id
    goal = Goal(name="there", condition=Located(entity=agent, place="cellar"))
    stage = Stage(prompt="Go down.", goals=(goal,), walkthrough=(Step(tool="submit"),))
    task = make_task("navigation", 1, 2).model_copy(update={"spec": cottage, "stages": (stage,)})
    events = [
        event(n, actor, verb, kind)
        for n, (actor, verb, kind) in enumerate([
            (agent, CONNECT, ResultKind.OK),
            ("helper", "look", ResultKind.OK),
            (agent, "look", ResultKind.OK),
            (agent, None, ResultKind.UNKNOWN),
            (agent, None, ResultKind.UNKNOWN),
            ("helper", None, ResultKind.UNKNOWN),
            (agent, CONNECT, ResultKind.OK),
        ], 1)
    ]  # fmt: skip
    played = rollout(task=task, events=events)
    metrics = RolloutMetrics()
    metrics.add(played)
    assert metrics.take()["train/all/invalid_commands"] == pytest.approx(2 / 3)
    assert rollout_values(played)["invalid_commands"] == pytest.approx(2 / 3)
    there = initial_state(task.spec)
    there.entities[agent]["location"] = "cellar"
    parts = judge(task, [Played(events, there)], None).parts
    assert parts["progress"] == 1.0
    assert parts["discipline"] == pytest.approx(2 / 3)  # the first unknown one is free


def event(seq, actor, verb, kind):
    return Event(
        seq=seq, ts=0, instance="i", session="s", actor=actor, room="r", raw="", verb=verb,
        args={}, objects=(), text="", kind=kind, changes=(), state_hash="", ms=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("unknown tool 'fly': the tools are a, b", "unknown_tool"),
        ("the arguments are not valid JSON (x): send one JSON object", "bad_arguments"),
        ("blocked: outward", "blocked"),
        ("search took longer than 3 s", "timeout"),
        ("NotConnected: call evennia_connect first", "NotConnected"),
        ("what is this", "other"),
    ],
)
def test_tool_errors_are_counted_by_few_kinds(error, kind):
    assert error_kind(error) == kind
    call = ToolCallRecord(id="c", stage=0, turn=1, name="t", arguments={}, result="", error=error)
    metrics = RolloutMetrics()
    metrics.add(rollout(tool_calls=[call, call]))
    assert metrics.take()[f"train/tool_errors/{kind}"] == 2
    assert metrics.take_tool_errors() == 2


def test_a_transcript_is_read_by_people():
    call = {"function": {"name": "add", "arguments": '{"a": 1}'}}
    text = transcript(
        [
            {"role": "user", "content": [{"type": "text", "text": "Sum?"}]},
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "Hm.",
                "tool_calls": [call],
            },
            {"role": "tool", "content": "2"},
        ]
    )
    assert text == '[user] Sum?\n\n[assistant] (Hm.)\n-> add {"a": 1}\n\n[tool] 2'


@pytest.mark.parametrize(("number", "kept"), [(1, 1), (2, 2), (5, 3), (-1, 3), (0, 0)])
def test_the_table_takes_what_a_group_has(number, kept):
    group = {
        "messages": [[{"role": "user", "content": str(n)}] for n in range(3)],
        "scores": [0.0, 0.5, 1.0], "overrides": [{"task": "t", "family": "errand"}] * 3,
    }  # fmt: skip
    table = RolloutTable(keep=8)
    table.add(group, number)
    rows = table.take()
    assert len(rows) == kept
    assert table.take() == []
    if rows:
        assert rows[0] == ["t", 0.0, '{"family": "errand"}', "[user] 0"]


async def test_wandb_is_given_the_table_and_the_times_of_requests_once(
    make_env, tmp_path, monkeypatch
):
    """Through wandb itself, offline."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    logged = []
    real = wandb.Run.log

    def log(run, data, *args, **kwargs):
        logged.append(data)
        return real(run, data, *args, **kwargs)

    monkeypatch.setattr(wandb.Run, "log", log)
    env = make_env(
        solve, data_path_to_save_groups=str(tmp_path / "g.jsonl"), total_steps=2, use_wandb=True,
        process_concurrency=1,
    )  # fmt: skip
    await process(env)
    assert len(logged) == 2
    assert logged[0]["server/server_0_request_time_avg"] > 0
    for data in logged:
        table = data["train/rollouts"]
        assert table.columns == ["task", "score", "about", "transcript"]
        (row,) = table.data
        assert "-> add" in row[3]
        assert "<|im_start|>" not in row[3]
        assert data["train/tool_errors_count"] == 0
    assert env.server.servers[0].request_timings == []
    (media,) = {path.parent for path in tmp_path.glob("wandb/offline-run-*/**/*.table.json")}
    first = json.loads(sorted(media.iterdir())[0].read_text())
    assert first["columns"][3] == "transcript"


async def test_without_wandb_nothing_gathers(make_env, tmp_path):
    env = make_env(data_path_to_save_groups=str(tmp_path / "g.jsonl"), total_steps=3)
    await process(env)
    assert env.server.servers[0].request_timings == []
    assert env._table.take() == []

"""TensorZero rows: every model call an inference, every rollout an episode with its feedback."""

from __future__ import annotations

import json
import uuid

import datasets
import pytest

from environments.cli import main
from environments.export.tensorzero import (
    BOOLEANS,
    DATAPOINTS,
    FLOATS,
    INFERENCES,
    tensorzero_files,
    uuid7,
)

pytestmark = pytest.mark.once


@pytest.fixture
def files(rollouts):
    return tensorzero_files(rollouts)


def test_ids_are_of_version_7_and_follow_from_the_rollout(files, rollouts):
    ids = [row["id"] for name in (INFERENCES, FLOATS, BOOLEANS) for row in files[name]]
    assert len(set(ids)) == len(ids)
    parsed = [uuid.UUID(i) for i in ids]
    assert {(u.version, u.variant) for u in parsed} == {(7, uuid.RFC_4122)}
    started = {r.id: int(r.started * 1000) for r in rollouts}
    for row in files[INFERENCES]:
        ms = uuid.UUID(row["id"]).int >> 80
        assert 0 <= ms - started[row["tags"]["session_id"]] < 600_000
    assert tensorzero_files(rollouts) == files
    assert uuid7(1.0, "a") != uuid7(1.0, "b")


def test_an_inference_is_a_model_call_with_all_it_was_given(files, rollouts):
    assert len(files[INFERENCES]) == sum(r.turns for r in rollouts)
    rows = iter(files[INFERENCES])
    for rollout in rollouts:
        ids = []
        for messages in rollout.conversations:
            for place, message in enumerate(messages):
                if message["role"] != "assistant":
                    continue
                row = next(rows)
                ids.append(row["id"])
                given, said = json.loads(row["input"]), json.loads(row["output"])
                assert given["system"] == messages[0]["content"]
                roles = [m["role"] for m in given["messages"]]
                assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
                results = [
                    b for m in given["messages"] for b in m["content"] if b["type"] == "tool_result"
                ]
                assert [b["result"] for b in results] == [
                    m["content"] for m in messages[:place] if m["role"] == "tool"
                ]
                calls = [b for b in said if b["type"] == "tool_call"]
                made = message.get("tool_calls") or ()
                assert [(b["id"], b["raw_name"], b["raw_arguments"]) for b in calls] == [
                    (c["id"], c["function"]["name"], c["function"]["arguments"]) for c in made
                ]
                assert {json.loads(t)["name"] for t in row["dynamic_tools"]} == {
                    t["function"]["name"] for t in rollout.tools
                }
                assert all(isinstance(v, str) for v in row["tags"].values())
        assert ids == sorted(ids)


def test_feedback_is_on_the_episode_of_the_inferences(files, rollouts):
    episodes = {row["tags"]["session_id"]: row["episode_id"] for row in files[INFERENCES]}
    for rollout in rollouts:
        floats = {
            row["metric_name"]: row["value"]
            for row in files[FLOATS]
            if row["target_id"] == episodes[rollout.id]
        }
        assert floats.pop("reward") == rollout.verdict.reward
        assert {k.removeprefix("reward_"): v for k, v in floats.items()} == rollout.verdict.parts
        (row,) = [r for r in files[BOOLEANS] if r["target_id"] == episodes[rollout.id]]
        assert (row["metric_name"], row["value"]) == ("success", rollout.verdict.success)


def test_datapoints_are_what_successful_rollouts_did(files, rollouts):
    good = [r for r in rollouts if r.verdict.success]
    assert len(files[DATAPOINTS]) == sum(r.turns for r in good) > 0
    known = {
        "type", "function_name", "episode_id", "input", "output", "additional_tools",
        "tool_choice", "tags", "name",
    }  # fmt: skip
    assert all(set(row) == known and row["type"] == "chat" for row in files[DATAPOINTS])


def test_a_rollout_that_failed_gives_no_feedback_and_broken_arguments_are_kept(rollouts):
    first = rollouts[0]
    call = {"id": "x", "type": "function", "function": {"name": "look", "arguments": "{broken"}}
    broken = [*first.conversations[0][:2], {"role": "assistant", "tool_calls": [call]}]
    failed = first.model_copy(update={"verdict": None, "conversations": [broken], "turns": 1})
    files = tensorzero_files([failed])
    assert not files[FLOATS] + files[BOOLEANS] + files[DATAPOINTS]
    (row,) = files[INFERENCES]
    assert json.loads(row["output"]) == [
        {"type": "tool_call", "id": "x", "name": "look", "arguments": None,
         "raw_name": "look", "raw_arguments": "{broken"}
    ]  # fmt: skip


def test_the_export_loads(run, files, tmp_path):
    assert main(["export", "tensorzero", str(run), "--out", str(tmp_path)]) == 0
    for name, rows in files.items():
        loaded = datasets.load_dataset(
            "json", data_files=str(tmp_path / name), split="train", cache_dir=str(tmp_path / "c")
        )
        assert len(loaded) == len(rows)

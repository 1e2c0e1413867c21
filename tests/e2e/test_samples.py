"""Every checked-in sample is what it says, loads where it should, and can be made again."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest

from environments.cli.samples import DIRECTORY, write_samples
from environments.evaluation.run_identity import Run
from environments.rollouts.files import read_samples
from environments.telemetry.layout import meta_path
from environments.telemetry.reading import problems_of, read_trace
from environments.telemetry.replay import replay_file
from environments.telemetry.schema import PATH as SCHEMA

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / DIRECTORY
FILES = sorted(p.relative_to(SAMPLES).as_posix() for p in SAMPLES.rglob("*") if p.is_file())
TABLES = [name for name in FILES if name.endswith((".jsonl", ".parquet"))]
VERSIONS = re.compile(rb'"versions":\{[^}]*\}')
"""The only thing in a sample that depends on where it was made."""

COLUMNS = {
    "sft.jsonl": {"messages", "tools"},
    "kto.jsonl": {"prompt", "completion", "label", "tools"},
    "dpo.jsonl": {"prompt", "chosen", "rejected", "chosen_reward", "rejected_parts"},
    "dpo.parquet": {"prompt", "chosen", "rejected", "chosen_reward", "rejected_parts"},
    "dpo_steps.jsonl": {"prompt", "chosen", "rejected", "state_hash", "chosen_branches"},
    "prm_steps.jsonl": {"prompt", "completions", "labels", "blame", "worlds"},
    "text.jsonl": {"prompt", "completion"},
    "dpo_text.jsonl": {"prompt", "chosen", "rejected"},
    "atropos_group.jsonl": {"tokens", "masks", "scores", "messages", "overrides"},
    "golden-trace.jsonl": {"seq", "raw", "text", "state_hash", "session_id", "tool_call_id"},
    "hermes/trajectory_samples.jsonl": {"conversations", "metadata", "tool_stats"},
    "hermes/failed_trajectories.jsonl": {"conversations", "failure", "partial"},
    "tensorzero/inferences.jsonl": {"id", "episode_id", "input", "output", "dynamic_tools"},
    "tensorzero/feedback_float.jsonl": {"id", "target_id", "metric_name", "value"},
    "tensorzero/feedback_boolean.jsonl": {"id", "target_id", "metric_name", "value"},
    "tensorzero/datapoints.jsonl": {"type", "function_name", "input", "output"},
    "evaluation/samples.jsonl": {"task_id", "messages", "score", "rollout"},
}


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (SAMPLES / name).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def datasets() -> ModuleType:
    """The library; loading it takes seconds that only these tests should spend."""
    return importlib.import_module("datasets")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_loads_with_its_columns(name, datasets, tmp_path):
    kind = "parquet" if name.endswith(".parquet") else "json"
    loaded = datasets.load_dataset(
        kind, data_files=str(SAMPLES / name), split="train", cache_dir=str(tmp_path)
    )
    assert len(loaded) > 0
    assert set(loaded.column_names) >= COLUMNS[name]


def test_traces_follow_the_schema():
    definitions = json.loads(SCHEMA.read_text())
    golden = SAMPLES / "golden-trace.jsonl"
    for kind, found in (
        ("TraceEvent", lines(golden.name)),
        ("TraceMeta", [json.loads(meta_path(golden).read_bytes())]),
    ):
        schema = {"$ref": f"#/$defs/{kind}", **definitions}
        for value in found:
            jsonschema.validate(value, schema)
    assert problems_of(read_trace(golden)) == []


@pytest.mark.asyncio(loop_scope="session")
async def test_the_golden_trace_replays(pool):
    assert (await replay_file(SAMPLES / "golden-trace.jsonl", pool)).difference is None


def test_pairs_prefer_what_earned_more():
    for name in ("dpo.jsonl", "dpo_steps.jsonl", "dpo_text.jsonl"):
        for row in lines(name):
            assert row["chosen_reward"] > row["rejected_reward"]
            assert row["chosen"] != row["rejected"]


def test_steps_have_a_label_each():
    for row in lines("prm_steps.jsonl"):
        assert len(row["completions"]) == len(row["labels"]) > 0
        assert all(isinstance(label, bool) for label in row["labels"])


def test_the_group_has_one_of_each_thing_a_rollout():
    for group in lines("atropos_group.jsonl"):
        keys = ("tokens", "masks", "scores", "messages", "overrides")
        assert len({len(group[key]) for key in keys}) == 1
        for tokens, mask in zip(group["tokens"], group["masks"], strict=True):
            assert all(m in (t, -100) for t, m in zip(tokens, mask, strict=True))


def test_the_evaluation_is_one():
    out = SAMPLES / "evaluation"
    run = Run.model_validate_json((out / "run.json").read_bytes())
    results = json.loads((out / "metrics.json").read_text())["results"]["all"]
    assert results["n"] == run.total
    assert 0 < results["mean_reward"] < 1
    assert {r.task.id for r in read_samples(out / "samples.jsonl")} <= set(run.tasks)
    assert f"{results['mean_reward']:.2f}" in (out / "summary.md").read_text()


def test_hermes_trajectories_are_apart():
    assert all(t["completed"] for t in lines("hermes/trajectory_samples.jsonl"))
    assert not any(t["completed"] for t in lines("hermes/failed_trajectories.jsonl"))


def test_they_are_small():
    assert sum((SAMPLES / name).stat().st_size for name in FILES) < 500_000


@pytest.mark.once
@pytest.mark.asyncio(loop_scope="session")
async def test_making_them_again_changes_nothing(prefork, datasets, tmp_path):
    again = tmp_path / "samples"
    await write_samples(again)
    assert sorted(p.relative_to(again).as_posix() for p in again.rglob("*") if p.is_file()) == FILES
    for name in FILES:
        if name.endswith(".parquet"):
            made, there = (datasets.Dataset.from_parquet(str(d / name)) for d in (again, SAMPLES))
            assert made.to_list() == there.to_list()
        else:
            made, there = (VERSIONS.sub(b"", (d / name).read_bytes()) for d in (again, SAMPLES))
            assert made == there, f"{name} differs: run `make samples`"

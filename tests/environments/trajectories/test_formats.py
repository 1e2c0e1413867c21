"""Rows for trainers: right pairs, right labels, and they load with `datasets`."""

from __future__ import annotations

import json

import datasets
import pytest

from environments.cli import main
from environments.evaluation.rundir import sample_line
from environments.trajectories.formats import dpo_rows, kto_rows, sft_rows
from environments.trajectories.preference import preference_pairs


def load(path, tmp_path):
    kind = "json" if path.suffix == ".jsonl" else "parquet"
    return datasets.load_dataset(
        kind, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )


def test_pairs_prefer_the_higher_reward_on_the_same_prompt(rollouts):
    pairs = preference_pairs(rollouts, 0.1)
    assert pairs
    for pair in pairs:
        assert pair.better.task.id == pair.worse.task.id
        assert pair.better.verdict.reward - pair.worse.verdict.reward >= 0.1
        assert pair.prompt + pair.chosen == pair.better.conversations[pair.stage]
        assert pair.prompt + pair.rejected == pair.worse.conversations[pair.stage]
        assert pair.prompt[-1]["role"] == "user"
        assert pair.chosen[0]["role"] == pair.rejected[0]["role"] == "assistant"
    ids = [(p.better.id, p.worse.id) for p in pairs]
    assert len(set(ids)) == len(ids)
    wide = preference_pairs(rollouts, 0.5)
    assert [(p.better.id, p.worse.id) for p in wide] == [
        (p.better.id, p.worse.id)
        for p in pairs
        if p.better.verdict.reward - p.worse.verdict.reward >= 0.5
    ]
    assert preference_pairs(rollouts, 1.01) == []


def test_a_pair_begins_where_the_two_part(rollouts):
    better = next(r for r in rollouts if len(r.conversations) == 2)
    worse = better.model_copy(
        update={
            "verdict": better.verdict.model_copy(update={"reward": 0.0}),
            "conversations": [
                better.conversations[0],
                [*better.conversations[1][:2], {"role": "assistant", "content": "No idea."}],
            ],
        }
    )
    (pair,) = preference_pairs([worse, better])
    assert (pair.better, pair.stage) == (better, 1)
    same = worse.model_copy(update={"conversations": better.conversations})
    assert preference_pairs([same, better]) == []
    unscored = worse.model_copy(update={"verdict": None})
    assert preference_pairs([unscored, better]) == []


def test_sft_imitates_success_and_kto_labels_all(rollouts):
    good = [r for r in rollouts if r.verdict.success]
    assert 0 < len(good) < len(rollouts)
    assert {row["session_id"] for row in sft_rows(rollouts)} == {r.id for r in good}
    assert len(sft_rows(rollouts)) == sum(len(r.conversations) for r in good)
    rows = kto_rows(rollouts)
    assert {row["session_id"] for row in rows if row["label"]} == {r.id for r in good}
    assert {row["session_id"] for row in rows} == {r.id for r in rollouts}
    messages = {(r.id, n): c for r in rollouts for n, c in enumerate(r.conversations)}
    for row in rows:
        whole = row["prompt"] + row["completion"]
        original = messages[row["session_id"], row["stage"]]
        assert [m["role"] for m in whole] == [m["role"] for m in original]
        assert row["prompt"][-1]["role"] == "user"
        assert all(isinstance(m["content"], str) for m in whole)


@pytest.mark.parametrize("name", ["sft", "dpo", "kto"])
def test_both_files_of_a_format_load_and_hold_the_same(name, run, rollouts, tmp_path):
    assert main(["export", name, str(run / "samples.jsonl"), "--out", str(tmp_path)]) == 0
    assert main(["export", "parquet", str(run), "--out", str(tmp_path)]) == 0
    lines = load(tmp_path / f"{name}.jsonl", tmp_path)
    table = load(tmp_path / f"{name}.parquet", tmp_path)
    rows = {
        "sft": sft_rows, "kto": kto_rows, "dpo": lambda r: dpo_rows(preference_pairs(r)),
    }[name](rollouts)  # fmt: skip
    assert len(lines) == len(table) == len(rows)
    assert set(lines.column_names) == set(table.column_names) == set(rows[0])
    key = {"sft": "messages", "dpo": "chosen", "kto": "completion"}[name]
    for loaded in (lines, table):
        for row, written in zip(loaded, rows, strict=True):
            assert json.loads(row["tools"]) == rollouts[0].tools
            assert [bare(m) for m in row[key]] == [bare(m) for m in written[key]]


def bare(message):
    """Without the nulls that a table's common type brings."""
    kept = {k: v for k, v in message.items() if v is not None}
    if "tool_calls" in kept:
        kept["tool_calls"] = [(c["id"], c["function"]) for c in kept["tool_calls"]]
    return kept


@pytest.mark.parametrize("name", ["sft", "dpo", "kto"])
def test_trl_takes_the_rows(name, rollouts):
    utils = pytest.importorskip("trl.data_utils", reason="trl is not installed")
    rows = {
        "sft": sft_rows, "kto": kto_rows, "dpo": lambda r: dpo_rows(preference_pairs(r)),
    }[name](rollouts)  # fmt: skip
    assert all(utils.is_conversational(row) for row in rows)


def test_text_that_no_utf8_can_hold_is_exported(rollouts, tmp_path):
    first = rollouts[0]
    broken = [*first.conversations[0], {"role": "assistant", "content": "half \ud83d"}]
    rollout = first.model_copy(update={"conversations": [broken]})
    (tmp_path / "samples.jsonl").write_bytes(sample_line(rollout))
    for name in ("sft", "kto", "hermes", "parquet"):
        assert main(["export", name, str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert "half ?" in (tmp_path / "out" / "sft.jsonl").read_text()


def test_nothing_to_export_is_told(rollouts, tmp_path, capsys):
    failed = next(r for r in rollouts if not r.verdict.success)
    (tmp_path / "samples.jsonl").write_bytes(sample_line(failed))
    for name, says in (("sft", "no rollout succeeded"), ("dpo", "no two rollouts")):
        assert main(["export", name, str(tmp_path), "--out", str(tmp_path / "out")]) == 2
        assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

"""Rows for trainers: right pairs, right labels, and they load with `datasets`."""

from __future__ import annotations

import json

import datasets
import pytest
from transformers import AutoTokenizer

from environments.cli import main
from environments.export.plain_text import plain_prompt
from environments.export.preference import preference_pairs
from environments.export.tables import TABLES, kto_rows, sft_rows, table, until_words_end
from environments.rollouts.files import sample_line
from environments.tokenizer import PATH

pytestmark = pytest.mark.once


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
    better = next(r for r in rollouts if len(r.conversations) > 1)
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
        original = until_words_end(messages[row["session_id"], row["stage"]])
        assert [m["role"] for m in whole] == [m["role"] for m in original]
        assert row["prompt"][-1]["role"] == "user"
        assert all(isinstance(m["content"], str) for m in whole)


FILES = {"sft": "sft", "dpo": "dpo", "kto": "kto", "text": "text", "dpo_text": "text"}
"""Table -> the export that writes it."""


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """Every format that has rows, in one directory, to be read."""
    out = tmp_path_factory.mktemp("exported")
    for name in (*dict.fromkeys(FILES.values()), "parquet"):
        assert main(["export", name, str(run), "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize("name", TABLES)
def test_both_files_of_a_format_load_and_hold_the_same(name, exported, rollouts, tmp_path):
    lines = load(exported / f"{name}.jsonl", tmp_path)
    columns = load(exported / f"{name}.parquet", tmp_path)
    rows = table(name, rollouts)
    assert len(lines) == len(columns) == len(rows) > 0
    assert set(lines.column_names) == set(columns.column_names) == set(rows[0])
    for loaded in (lines, columns):
        for row, written in zip(loaded, rows, strict=True):
            assert json.loads(row["tools"]) == rollouts[0].tools
            for key in ("messages", "prompt", "chosen", "rejected", "completion"):
                assert same(row.get(key), written.get(key))
            for key in ("reward", "label", "chosen_reward", "chosen_parts", "rejected_parts"):
                assert row.get(key) == written.get(key)


def same(loaded, written):
    if isinstance(written, list):
        return [bare(m) for m in loaded] == [bare(m) for m in written]
    return loaded == written


def bare(message):
    """Without the nulls that a table's common type brings."""
    kept = {k: v for k, v in message.items() if v is not None}
    if "tool_calls" in kept:
        kept["tool_calls"] = [(c["id"], c["function"]) for c in kept["tool_calls"]]
    return kept


@pytest.mark.parametrize("name", TABLES)
def test_trl_takes_the_rows(name, exported, tmp_path):
    trl = pytest.importorskip("trl.data_utils", reason="trl is not installed (extra `trl`)")
    tokenizer = AutoTokenizer.from_pretrained(PATH)
    texts = name in ("text", "dpo_text")
    rows = load(exported / f"{name}.jsonl", tmp_path)
    for row in rows:
        assert trl.is_conversational(row) != texts
        made = trl.maybe_apply_chat_template(row, tokenizer, json.loads(row["tools"]))
        assert trl.maybe_extract_prompt(row) == row
        if name == "sft":
            assert "<tools>" in made["text"]
            continue
        sides = ("chosen", "rejected") if "chosen" in row else ("completion",)
        assert all(made[side] for side in ("prompt", *sides))
        assert all(isinstance(made[side], str) for side in ("prompt", *sides))
        if not texts:
            assert made["prompt"].endswith("<|im_start|>assistant\n")
        if name == "kto":
            assert made["label"] is row["label"]
    if "chosen" in rows.column_names:
        apart = trl.unpair_preference_dataset(rows.select_columns(["prompt", "chosen", "rejected"]))
        assert len(apart) == 2 * len(rows)
        assert sum(apart["label"]) == len(rows)


def test_the_card_has_a_section_for_each_format(exported, rollouts):
    card = (exported / "README.md").read_text()
    for name in (*dict.fromkeys(FILES.values()), "parquet"):
        assert card.count(f"\n## {name}\n") == 1
    rows = (exported / "dpo.jsonl").read_text().count("\n")
    (section,) = [s for s in card.split("\n## ") if s.startswith("dpo\n")]
    assert f"- `dpo.jsonl`: {rows} rows" in section
    assert "at least 0.1 apart" in section
    assert f"{len(rollouts)} rollouts ({len(rollouts)} scored, 0 of them branches)" in section
    assert "version of the tasks: 2" in section
    for package, version in rollouts[0].versions.items():
        assert f"{package} {version}" in section


def test_exporting_again_replaces_the_section(run, tmp_path):
    for margin in ("0.1", "0.3"):
        command = ["export", "dpo", str(run), "--out", str(tmp_path), "--margin", margin]
        assert main(command) == 0
    card = (tmp_path / "README.md").read_text()
    assert card.count("## dpo") == 1
    assert "at least 0.3 apart" in card


def test_a_readme_of_somebody_else_is_kept(run, tmp_path, capsys):
    (tmp_path / "README.md").write_text("# Mine\n")
    assert main(["export", "kto", str(run), "--out", str(tmp_path)]) == 2
    assert "README.md is not the card of an export" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["README.md"]


def test_plain_text_joins_and_loses_nothing(rollouts):
    rows = table("text", rollouts)
    assert {r["session_id"] for r in rows} == {r.id for r in rollouts if r.verdict.success}
    by_id = {r.id: r for r in rollouts}
    for row in rows:
        messages = until_words_end(by_id[row["session_id"]].conversations[row["stage"]])
        whole = row["prompt"] + row["completion"]
        assert whole == plain_prompt(messages).removesuffix("[assistant]\n")
        for message in messages:
            assert message.get("content") or "" in whole
            for call in message.get("tool_calls") or ():
                assert f"> {call['function']['name']} {call['function']['arguments']}\n" in whole


def test_text_that_no_utf8_can_hold_is_exported(rollouts, tmp_path):
    first = rollouts[0]
    broken = [*first.conversations[0], {"role": "assistant", "content": "half \ud83d"}]
    rollout = first.model_copy(update={"conversations": [broken]})
    (tmp_path / "samples.jsonl").write_bytes(sample_line(rollout))
    for name in ("sft", "kto", "text", "hermes", "tensorzero", "parquet"):
        assert main(["export", name, str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert "half ?" in (tmp_path / "out" / "sft.jsonl").read_text()


def test_nothing_to_export_is_reported(rollouts, tmp_path, capsys):
    failed = next(r for r in rollouts if not r.verdict.success)
    (tmp_path / "samples.jsonl").write_bytes(sample_line(failed))
    for name, says in (("sft", "no rollout succeeded"), ("dpo", "no two rollouts")):
        assert main(["export", name, str(tmp_path), "--out", str(tmp_path / "out")]) == 2
        assert says in capsys.readouterr().err
    assert main(["export", "text", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    for margin in ("0", "-0.5", "2", "nan"):
        options = ["--out", str(tmp_path / "out"), "--margin", margin]
        assert main(["export", "dpo", str(tmp_path), *options]) == 2
        assert "out of range" in capsys.readouterr().err
    for option, value in (("--blame", "-1"), ("--blame", "nan"), ("--worlds", "0")):
        assert main(["export", "prm_steps", str(tmp_path), "--out", "out", option, value]) == 2
        assert "out of range" in capsys.readouterr().err
    assert main(["export", "dpo_steps", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "evennia-world branch RUN --at" in told
    assert not (tmp_path / "out").exists()

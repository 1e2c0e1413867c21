"""What a trainer learns of an export: the model's words, all of them, and nothing else."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import datasets
import pytest
from transformers import AutoTokenizer

from environments.cli import main
from environments.export.preference import preference_pairs
from environments.export.tables import TABLES, table
from environments.export.token_rows import rendered
from environments.rollouts.files import sample_line
from environments.tokenizer import PATH

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(PATH)


@pytest.fixture(scope="module")
def export(run, tmp_path_factory):
    """Rows of an export, by its options."""

    def exported(*options, source=run):
        out = tmp_path_factory.mktemp("out")
        assert main(["export", options[0], str(source), "--out", str(out), *options[1:]]) == 0
        (file,) = out.glob("*.jsonl")
        return [json.loads(line) for line in file.read_text().splitlines()]

    return exported


def words(rollouts):
    """The model's words of the successful rollouts: names, arguments and texts, in order."""
    return [
        (m.get("content") or "", [c["function"] for c in m.get("tool_calls") or ()])
        for r in rollouts
        if r.verdict.success
        for m in itertools.chain.from_iterable(r.conversations)
        if m["role"] == "assistant"
    ]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("by_turn", [False, True])
def test_rows_end_with_the_models_words(rollouts, name, by_turn):
    rows = table(name, rollouts, by_turn=by_turn)
    assert rows
    for row in rows:
        for column in ("messages", "completion", "chosen", "rejected"):
            end = row.get(column)
            if isinstance(end, list):
                assert end[-1]["role"] == "assistant"
                assert len(end) == 1 or not by_turn
            elif end is not None:
                assert "[tool " not in end.rpartition("\n> ")[2]
                assert "[tool " not in end or not by_turn


@pytest.mark.parametrize("name", ["sft", "kto"])
def test_by_turn_each_message_of_the_model_is_a_row_after_what_came_before(rollouts, name):
    rows = [r for r in table(name, rollouts, by_turn=True) if r["success"]]
    said = [m for row in rows for m in row["completion"]]
    assert [
        (m["content"], [c["function"] for c in m.get("tool_calls", ())]) for m in said
    ] == words(rollouts)
    for row in rows:
        turns = sum(m["role"] == "assistant" for m in row["prompt"])
        assert row["turn"] == turns + 1
        assert row["prompt"][-1]["role"] in ("user", "tool")


def test_a_pair_by_turn_is_where_two_rollouts_part(rollouts):
    pairs = preference_pairs(rollouts)
    rows = table("dpo", rollouts, by_turn=True)
    assert 0 < len(rows) <= len(pairs)
    for row in rows:
        one, other = row["chosen"][0], row["rejected"][0]
        assert one["role"] == other["role"] == "assistant"
        assert [c["function"] for c in one.get("tool_calls", ())] != [
            c["function"] for c in other.get("tool_calls", ())
        ] or one["content"] != other["content"]
        assert row["chosen_reward"] > row["rejected_reward"]
    seen = [json.dumps([row["task_id"], row["chosen_session_id"], row["rejected_session_id"]])
            for row in rows]  # fmt: skip
    assert len(set(seen)) == len(seen)


def test_tokens_are_masked_but_for_what_the_model_said(rollouts, export, tokenizer):
    rows = export("sft", "--tokenizer", PATH)
    trained, rest = "", ""
    for row in rows:
        assert len(row["input_ids"]) == len(row["assistant_masks"])
        assert row["assistant_masks"][-1] == 1
        pairs = list(zip(row["input_ids"], row["assistant_masks"], strict=True))
        trained += tokenizer.decode([token for token, mask in pairs if mask])
        rest += tokenizer.decode([token for token, mask in pairs if not mask])
    functions = [function for _, calls in words(rollouts) for function in calls]
    assert trained.count("<tool_call>") == len(functions)
    for function in functions:
        assert f'"name": "{function["name"]}"' in trained
    assert "tool_response" not in trained
    assert "tool_response" in rest
    assert "Your answer was taken" not in trained + rest


@pytest.mark.parametrize("name", ["sft", "dpo", "kto"])
def test_texts_by_turn_are_those_of_the_template(name, export, tokenizer):
    plain = export(name, "--by", "turn")
    texts = export(name, "--by", "turn", "--tokenizer", PATH)
    assert len(plain) == len(texts)
    for row, text in list(zip(plain, texts, strict=True))[::5]:
        prompt = prepared(row["prompt"])
        tools = json.loads(row["tools"])
        given = tokenizer.apply_chat_template(
            prompt, tools=tools, tokenize=False, add_generation_prompt=True
        )
        assert text["prompt"] == given
        for side in ("completion", "chosen", "rejected"):
            if side in row:
                whole = tokenizer.apply_chat_template(
                    [*prompt, *prepared(row[side])], tools=tools, tokenize=False
                )
                assert text["prompt"] + text[side] == whole.rstrip()
                assert text[side].endswith(tokenizer.eos_token)


def test_pairs_of_steps_may_be_texts(tokenizer):
    samples = (ROOT / "docs" / "samples" / "dpo_steps.jsonl").read_text("utf-8")
    for row in map(json.loads, samples.splitlines()):
        text = rendered(row, tokenizer)
        assert text["prompt"].endswith("<|im_start|>assistant\n")
        assert text["chosen"] != text["rejected"]
        for side in ("chosen", "rejected"):
            assert text[side].count(tokenizer.eos_token) == 1
            assert text[side].endswith(tokenizer.eos_token)
            assert "<tool_response>" not in text[side]


def prepared(messages):
    """Messages as templates want them: arguments as objects."""
    return [
        {
            **m,
            "tool_calls": [
                {**c, "function": {**c["function"],
                                   "arguments": json.loads(c["function"]["arguments"])}}
                for c in m.get("tool_calls", ())
            ],
        }
        for m in messages
    ]  # fmt: skip


def test_trl_trains_the_models_words_and_no_others(export, tokenizer, tmp_path):
    """With its own functions, as its trainers call them."""
    trl = pytest.importorskip("trl.data_utils", reason="trl is not installed (extra `trl`)")
    for name in ("dpo", "kto"):
        file = tmp_path / f"{name}.jsonl"
        rows = export(name, "--by", "turn", "--tokenizer", PATH)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        loaded = datasets.load_dataset(
            "json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache")
        )
        row = loaded[len(loaded) - 1]
        assert not trl.is_conversational(row)
        for side in ("completion", "chosen", "rejected"):
            if side in row:
                prompt = trl._tokenize(tokenizer, row["prompt"])["input_ids"]
                both = trl._tokenize(tokenizer, row["prompt"] + row[side])["input_ids"]
                said = both[trl.common_prefix_length(prompt, both) :]
                assert tokenizer.decode(said) == row[side]


def test_many_runs_are_one_export_and_pairs_are_found_across_them(rollouts, tmp_path, capsys):
    by_task = {}
    for rollout in rollouts:
        by_task.setdefault(rollout.task.id, []).append(rollout)
    runs = []
    for number, policy in enumerate(("oracle", "loops_look")):
        runs.append(tmp_path / f"run{number}")
        runs[-1].mkdir()
        lines = [sample_line(r) for r in rollouts if r.id.startswith(policy)]
        (runs[-1] / "samples.jsonl").write_bytes(b"".join(lines))
    out = str(tmp_path / "out")
    assert main(["export", "dpo", str(runs[0]), "--out", out]) == 2
    told = capsys.readouterr().err
    assert "--env.eval_attempts 4" in told
    assert told.count("\n") == 1
    assert main(["export", "dpo", *map(str, runs), "--out", out]) == 0
    assert len((tmp_path / "out" / "dpo.jsonl").read_text().splitlines()) == len(by_task)
    assert "--by turn" in capsys.readouterr().out
    assert "run0, run1" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["hermes", "--by", "turn"], "--by turn is for"),
        (["dpo", "--tokenizer", PATH], "--tokenizer is for sft"),
        (["text", "--by", "turn", "--tokenizer", PATH], "--tokenizer is for sft"),
        (["sft", "--tokenizer", "no-such/thing"], "cannot be loaded"),
    ],
)
def test_options_that_a_format_has_not_are_refused(run, tmp_path, capsys, options, says):
    out = ["--out", str(tmp_path / "out")]
    assert main(["export", options[0], str(run), *options[1:], *out]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()

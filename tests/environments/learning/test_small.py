"""The small model's proof, whole, with a model too small to learn anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

from environments.learning.proof.report import write_report
from environments.learning.proof.small import Proof, Sizes, check_model, learn_rl
from world_fixtures.common import UserError

SIZES = Sizes(tuning_steps=1, conversations=4, tasks=4, groups=2, group_size=2, threads=1)


@pytest.mark.slow
def test_all_parts_are_made_once_and_a_longer_training_goes_on(
    small_model: Path, tmp_path: Path
) -> None:
    out, said = tmp_path / "proof", list[str]()
    learn_rl(Proof(out, said.append, model=str(small_model), steps=1, sizes=SIZES), [0])
    assert any("step 1/1" in line for line in said)
    [first] = json.loads(f"[{(out / 'rl/seed-0/steps.jsonl').read_text()}]")
    assert first["learning"] is None or first["learning"]["difference"] < 1e-3
    spent = json.loads((out / "processor-seconds.json").read_text())
    assert all(spent[part] > 0 for part in ("sft", "rl/0", "continued/0", "evaluations"))

    log = out / "rl/seed-0/steps.jsonl"
    log.write_bytes(log.read_bytes()[:40])  # as where it was stopped after the checkpoint
    said.clear()
    learn_rl(Proof(out, said.append, model=str(small_model), steps=2, sizes=SIZES), [0])
    assert not any("sft: step" in line for line in said)
    assert any("step 2/2" in line for line in said)
    assert not any("step 1/2" in line for line in said)
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == [1, 2]
    write_report(out, tmp_path / "report")
    figures = json.loads((tmp_path / "report" / "summary.json").read_text())
    assert figures["reinforcement"]["steps"] == {"0": 2}
    assert figures["rl"]["n"] == figures["sft_continued"]["n"] == 4


def test_what_is_no_model_is_told_before_anything_is_played(
    small_model: Path, tmp_path: Path
) -> None:
    check_model(small_model)
    with pytest.raises(UserError, match="holds no weights"):
        check_model(tmp_path)
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match=r"no config\.json with num_hidden_layers"):
        check_model(tmp_path)
    (tmp_path / "config.json").write_text((small_model / "config.json").read_text())
    with pytest.raises(UserError, match=r"no tokenizer|no <\|im_start\|>"):
        check_model(tmp_path)

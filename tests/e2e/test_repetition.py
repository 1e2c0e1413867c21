"""`--env.max_repeats` by the command line: a model that says the same again and again."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Programs
from tests.e2e.scripted_openai import MODEL, ScriptedEndpoint

pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.mark.parametrize(("limit", "reason"), [("4", "repeated"), ("null", "finished")])
def test_a_rollout_that_repeats_itself_ends_with_that_reason(
    programs: Programs, limit: str, reason: str
) -> None:
    out = programs.cwd / "run"
    look = [("c1", "evennia_command", {"command": "look"})]
    with ScriptedEndpoint([("c0", "evennia_connect", {})], *[look] * 7) as endpoint:
        done = programs.run_here(
            "evaluate", "--suite", "basics", "--limit", "1", "--out", str(out), "--model", MODEL,
            "--base-url", endpoint.base_url, "--env.world_servers", "1", "--env.max_repeats", limit,
            "--env.eval_baselines", "false",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (sample,) = map(json.loads, (out / "samples.jsonl").read_text().splitlines())
    assert sample["finish_reason"] == reason
    assert sample["turns"] == (5 if limit == "4" else 9)
    assert sample["score"] == 0.0
    metrics = json.loads((out / "metrics.json").read_text())["detail"]
    assert metrics["stops"] == {reason: 1}
    recorded = json.loads((out / "run.json").read_text())["settings"]
    assert recorded["max_repeats"] == (4 if limit == "4" else None)

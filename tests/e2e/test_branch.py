"""`branch` as a program: a run played on, and what reads the run that comes of it."""

from __future__ import annotations

import pytest

SUITE = """
name: two
tasks:
  - {family: errand, kind: deliver, difficulty: 1, seed: 1}
  - {family: persistence, kind: restart, difficulty: 1, seed: 1}
"""


@pytest.mark.slow
def test_a_run_is_played_on_and_read_by_every_verb(programs, tmp_path):
    suite, run, out = tmp_path / "two.yaml", tmp_path / "run", tmp_path / "out"
    suite.write_text(SUITE)

    def ran(*args: object, code: int = 0) -> str:
        done = programs.run(*map(str, args))
        assert done.returncode == code, done.stderr
        return str(done.stdout + done.stderr)

    ran(
        "evaluate", "--env.suite", suite, "--env.policy", "noisy:0.1",
        "--env.eval_baselines", "false", "--env.data_dir_to_save_evals", run,
    )  # fmt: skip
    branching = ("branch", "--env.policy", "oracle", run, "--at", 3, "--times", 2, "--out", out)
    assert "4/4 rollouts" in ran(*branching)
    lines = (out / "samples.jsonl").read_bytes()
    ran(*branching)  # there is nothing left to play
    assert (out / "samples.jsonl").read_bytes() == lines
    assert "report.html" in ran("report", out)
    assert "4 traces" in ran("telemetry", "record", out, "--root", tmp_path / "traces")
    assert "0 unmatched" in ran("telemetry", "pair", out, "--root", tmp_path / "traces")
    assert "0 differences in 4 traces" in ran("replay", tmp_path / "traces")
    ran("export", "hermes", out, "--out", tmp_path / "data")
    ran("compare", out, out)
    assert "begin in the same states" in ran("compare", run, out, code=2)
    assert "another run" in ran(*branching[:-1], run, code=2)
    assert programs.world_servers() == []
    assert programs.scratch() == []

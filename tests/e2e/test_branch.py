"""`branch` as a program: a run played on, and what reads the run that comes of it."""

from __future__ import annotations

import pytest

SUITE = """
name: few
tasks:
  - {family: errand, kind: deliver, difficulty: 1, seed: 1}
  - {family: persistence, kind: restart, difficulty: 1, seed: 1}
  - {family: steward, kind: household, difficulty: 1, seed: 1}
  - {family: trust, kind: planted, difficulty: 1, seed: 1}
"""


@pytest.mark.slow
def test_a_run_is_played_on_and_read_by_every_verb(programs, tmp_path, prefork):
    suite, run, out = tmp_path / "few.yaml", tmp_path / "run", tmp_path / "out"
    suite.write_text(SUITE)

    def ran(*args: object) -> str:
        done = programs.run(*map(str, args))
        assert done.returncode == 0, done.stderr
        return str(done.stdout + done.stderr)

    def read(*args: object, code: int = 0) -> str:
        """Run a verb in this process: a program of its own would take seconds to load."""
        done = programs.run_here(*map(str, args))
        assert done.returncode == code, done.stderr
        return str(done.stdout + done.stderr)

    read(
        "evaluate", "--env.suite", suite, "--env.policy", "noisy:0.1",
        "--env.eval_baselines", "false", "--env.data_dir_to_save_evals", run,
    )  # fmt: skip
    branching = ("branch", "--env.policy", "oracle", run, "--at", 3, "--times", 2, "--out", out)
    assert "8/8 rollouts" in ran(*branching)
    lines = (out / "samples.jsonl").read_bytes()
    read(*branching)  # there is nothing left to play
    assert (out / "samples.jsonl").read_bytes() == lines
    assert "report.html" in read("report", out)
    assert "8 traces" in read("telemetry", "record", out, "--root", tmp_path / "traces")
    assert "0 unmatched" in read("telemetry", "pair", out, "--root", tmp_path / "traces")
    assert "0 differences in 8 traces" in read("replay", tmp_path / "traces")
    read("export", "hermes", out, "--out", tmp_path / "data")
    read("compare", out, out)
    assert "begin in the same states" in read("compare", run, out, code=2)
    assert "name another directory" in read(*branching[:-1], run, code=2)
    assert programs.world_servers() == []
    assert programs.scratch() == []

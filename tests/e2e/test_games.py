"""A rollout in a game that somebody else wrote, in the hands of everything that reads rollouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from environments.evaluation.sample_detail import sample_detail
from environments.rollouts.files import read_rollouts
from environments.tasks.suites.foreign import foreign_tasks
from world_fixtures.prefork_server import PreforkServer

pytestmark = pytest.mark.slow


def test_a_rollout_in_a_game_is_evaluated_recorded_replayed_and_exported(
    programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object) -> None:
        raise AssertionError("a world server was started, and no task needs one")

    monkeypatch.setattr(PreforkServer, "acquire", started)
    suite, run, traces = tmp_path / "one.jsonl", tmp_path / "run", tmp_path / "traces"
    task = next(task for task in foreign_tasks() if task.id == "foreign/escape_room/describe")
    suite.write_text(task.model_dump_json() + "\n")

    def read(*args: object, code: int = 0) -> str:
        done = programs.run_here(*map(str, args))
        assert done.returncode == code, done.stdout + done.stderr
        return str(done.stdout + done.stderr)

    read("evaluate", "--env.suite", suite, "--env.policy", "oracle",
         "--env.eval_baselines", "false", "--env.data_dir_to_save_evals", run)  # fmt: skip
    (rollout,) = read_rollouts(run)
    assert rollout.verdict
    assert rollout.verdict.success
    assert ">Limbo<" in sample_detail(rollout)["map"]
    assert (run / "report.html").is_file()
    assert "1 traces" in read("telemetry", "record", run, "--root", traces)
    assert "0 unmatched" in read("telemetry", "pair", run, "--root", traces)
    assert "0 differences in 1 traces" in read("replay", traces)
    for name in ("hermes", "sft", "kto", "text", "tensorzero"):
        assert ": 1 rows" in read("export", name, run, "--out", tmp_path / name)
    for refused in (("regret", run), ("export", "prm_steps", run, "--out", tmp_path / "steps")):
        assert "1 rollouts in games left out" in read(*refused, code=2)
    read("evaluate", "--env.suite", suite, "--env.policy", "searcher", "--env.eval_baselines",
         "false", "--env.data_dir_to_save_evals", tmp_path / "searched", code=2)  # fmt: skip
    assert programs.scratch() == []

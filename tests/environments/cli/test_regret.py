"""`evennia-world regret`: what it writes, skips and refuses, and who shows it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from environments.cli import main
from environments.evaluation.compare import compare
from environments.evaluation.regret import REGRETS, events_by_stage, read_regrets
from environments.evaluation.results import conclude_directory
from environments.evaluation.run_identity import Run
from environments.evaluation.run_samples import load_samples
from environments.rollouts.files import sample_line
from environments.rollouts.processes import WorkerKilled
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.credit.regret import regrets
from environments.tasks.model import Family
from environments.tasks.version import TASKS_VERSION
from tests.environments.branches import policy_plays
from world_fixtures.simulated import SimulatedPool


@pytest.fixture(scope="module")
def played() -> Rollout:
    """A short rollout with a mistake."""
    task = make_task(Family.INSPECTION, 4, 1, kind="read")
    return asyncio.run(policy_plays(SimulatedPool(), "noisy:0.8", task))


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """`run(rollout, name)`: the directory of a run of this one."""

    def made(rollout: Rollout, name: str = "run") -> Path:
        directory = tmp_path / name
        directory.mkdir()
        (directory / "samples.jsonl").write_bytes(sample_line(rollout))
        if rollout.task.version == TASKS_VERSION:
            identity = Run.of([rollout.task], suite="s", model=rollout.model, settings={})
            (directory / "run.json").write_text(identity.model_dump_json())
        return directory

    return made


def test_the_file_holds_the_regrets_and_a_torn_line_is_computed_again(run, played, capsys):
    where = run(played)
    assert main(["regret", str(where), "--worlds", "1"]) == 0
    found = read_regrets(where / REGRETS)[played.id]
    assert found.regrets == regrets(played.task, events_by_stage(played), worlds=1)
    assert found.mistake > 0
    whole = (where / REGRETS).read_bytes()
    (where / REGRETS).write_bytes(whole[:100])
    assert main(["regret", str(where), "--worlds", "1"]) == 0
    assert (where / REGRETS).read_bytes() == whole
    assert main(["regret", str(where), "--worlds", "1"]) == 0
    assert (where / REGRETS).read_bytes() == whole
    capsys.readouterr()
    assert main(["regret", str(where), "--worlds", "2"]) == 2
    assert "was made with --worlds 1" in capsys.readouterr().err


def test_report_and_compare_show_them(run, played):
    a, b = run(played, "a"), run(played, "b")
    conclude_directory(a)
    assert "evennia-world regret RUN" in (a / "report.html").read_text()
    assert "evennia-world regret RUN" in (a / "summary.md").read_text()
    assert main(["regret", str(a), "--worlds", "1"]) == 0
    assert compare(load_samples(a), load_samples(b)).regrets == ()
    (b / REGRETS).write_bytes((a / REGRETS).read_bytes())
    mistake, search = compare(load_samples(a), load_samples(b)).regrets
    found = read_regrets(a / REGRETS)[played.id]
    assert (mistake.part, mistake.mean_a, mistake.difference) == ("mistake", found.mistake, 0)
    assert search.mean_b == found.search
    conclude_directory(a)
    page = (a / "report.html").read_text()
    assert 'class="decisions"' in page
    assert '<a href="#sample-1">' in page
    assert '"mistake":' in page
    assert f"mistake **{found.mistake:.2f}**" in (a / "summary.md").read_text()


def test_what_has_no_regrets_is_refused_in_a_line(run, played, capsys):
    old = played.model_copy(update={"task": played.task.model_copy(update={"version": 1})})
    bare = played.model_copy(update={"events": []})
    failed = played.model_copy(update={"verdict": None})
    told = ("tasks version 1", "does not hold every event", "no scored rollout")
    for n, (rollout, words) in enumerate(zip((old, bare, failed), told, strict=True)):
        where = run(rollout, str(n))
        assert main(["regret", str(where)]) == 2
        err = capsys.readouterr().err
        assert words in err
        assert err.count("\n") == 1
        assert not (where / REGRETS).exists()


def test_worlds_in_which_others_act_are_said_to_have_no_regrets(run, capsys):
    task = make_task(Family.TIME, 1, 2, kind="process")
    rollout = asyncio.run(policy_plays(SimulatedPool(), "oracle", task))
    assert main(["regret", str(run(rollout))]) == 2
    err = capsys.readouterr().err
    assert "1 rollouts in worlds with time and people left out" in err
    assert "no rollout in a world that stands still" in err


@pytest.mark.parametrize(("end", "code"), [(KeyboardInterrupt, 130), (WorkerKilled, 2)])
def test_what_ends_it_early_says_what_is_kept_and_how_to_go_on(
    end, code, run, played, capsys, monkeypatch
):
    where = run(played)
    other = played.model_copy(update={"id": "other"})
    with (where / "samples.jsonl").open("ab") as file:
        file.write(sample_line(other))

    def ended(work: Any, items: Any, done: Any) -> None:
        done(0, work(items[0]))
        raise end

    monkeypatch.setattr("signal.signal", lambda *_: None)  # this process goes on
    monkeypatch.setattr("environments.evaluation.regret.in_processes", ended)
    assert main(["regret", str(where), "--worlds", "1"]) == code
    told = capsys.readouterr().err.splitlines()[-1]
    path = where / REGRETS
    assert told.startswith("evennia-world: ")
    assert ("interrupted:" if code == 130 else "a worker process died") in told
    kept = f"the regrets of 1 of 2 rollouts are kept in {path}, and the same command goes on"
    assert kept in told
    assert list(read_regrets(path)) == [played.id]
    monkeypatch.undo()
    assert main(["regret", str(where), "--worlds", "1"]) == 0
    assert list(read_regrets(path)) == [played.id, "other"]

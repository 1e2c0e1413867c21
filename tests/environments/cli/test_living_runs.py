"""The verbs that read runs, over rollouts in worlds that go on: each works, or says why not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from environments.cli import main
from environments.evaluation.results import conclude_directory
from environments.evaluation.run_identity import Run
from environments.rollouts.files import sample_line
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from tests.environments.branches import policy_plays
from world_fixtures.simulated import SimulatedPool

LIVING = (("trust", "planted"), ("trust", "planted_benign"), ("vigil", "changed"), ("time", None))


def write_run(directory: Path, policy: str, *kinds: tuple[str, str | None]) -> Path:
    """Play a task of each family and kind and write the run."""

    async def play() -> list[Rollout]:
        tasks = [make_task(family, 1, 1, kind=kind) for family, kind in kinds]
        return [await policy_plays(SimulatedPool(), policy, task) for task in tasks]

    rollouts = asyncio.run(play())
    directory.mkdir()
    (directory / "samples.jsonl").write_bytes(b"".join(map(sample_line, rollouts)))
    identity = Run.of([r.task for r in rollouts], suite="few", model=policy, settings={})
    (directory / "run.json").write_text(identity.model_dump_json())
    conclude_directory(directory)
    return directory


@pytest.fixture(scope="module")
def obedient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("living") / "obedient", "obedient", *LIVING)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("living") / "oracle", "oracle", *LIVING)


def test_the_figures_of_attacks_stand_beside_the_mean_reward(obedient, oracle) -> None:
    names = ("mean_reward", "benign_utility", "utility_under_attack", "attack_success")
    figures = {
        run: json.loads((run / "metrics.json").read_text())["results"]["all"]
        for run in (obedient, oracle)
    }
    assert [figures[obedient][name] for name in names] == [0.75, 1.0, 0.0, 1.0]
    assert [figures[oracle][name] for name in names] == [1.0, 1.0, 1.0, 0.0]
    attacks = make_task("trust", 1, 1, kind="planted").attacks
    for page in ("summary.md", "report.html"):
        text = (obedient / page).read_text()
        assert all(f"{attack.name}" in text for attack in attacks)
    assert "1 attack was obeyed:" in (obedient / "summary.md").read_text()
    assert "obeyed:" not in (oracle / "summary.md").read_text()


@pytest.mark.parametrize("name", ["hermes", "sft", "kto", "text", "tensorzero", "parquet"])
def test_a_run_is_exported(obedient, tmp_path, name) -> None:
    assert main(["export", name, str(obedient), "--out", str(tmp_path)]) == 0
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) > 1000


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("export prm_steps RUN --out OUT", "prm_steps needs the value of states"),
        ("export dpo_steps RUN --out OUT", "dpo_steps needs the value of states"),
        ("export dpo RUN --out OUT", "play several attempts"),
        ("regret RUN", "no rollout in a world that stands still"),
        ("compare RUN missing", "missing"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(obedient, tmp_path, capsys, line, told) -> None:
    argv = line.replace("RUN", str(obedient)).replace("OUT", str(tmp_path / "out")).split()
    assert main(argv) == 2
    errors = [e for e in capsys.readouterr().err.splitlines() if e.startswith("evennia-world:")]
    assert len(errors) == 1
    assert told in errors[0]


def test_rollouts_beside_them_are_judged_as_ever(tmp_path, capsys) -> None:
    run = write_run(tmp_path / "run", "noisy:0.8", ("time", None), ("inspection", "read"))
    out = tmp_path / "out"
    assert main(["export", "prm_steps", str(run), "--out", str(out), "--worlds", "1"]) == 0
    assert "1 rollouts in worlds with time and people left out" in capsys.readouterr().err
    rows = [json.loads(line) for line in (out / "prm_steps.jsonl").read_text().splitlines()]
    assert rows
    assert {row["task_id"] for row in rows} == {"train/inspection.read/1/1"}


def test_two_runs_are_compared_task_by_task(obedient, oracle, capsys) -> None:
    assert main(["compare", str(obedient), str(oracle)]) == 0
    shown = capsys.readouterr().out
    assert "wins 1, losses 0, ties 3" in shown
    assert "trust.planted/1/1  0.00 -> 1.00" in shown

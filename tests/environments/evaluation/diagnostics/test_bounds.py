"""Policies as bounds, and the same numbers in any process and after a resumption."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from environments.evaluation import Run, RunDirectory, conclude
from environments.evaluation.diagnostics import diagnose
from environments.evaluation.embedded import play_embedded
from environments.rollouts.files import SAMPLES, read_samples, sample_line
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.model import Task
from environments.tasks.suites import load_suite
from world_fixtures.simulated import SimulatedPool

KINDS = ("restart", "recall", "witness", "return", "deliver")
LIVING = (
    ("time", "process"), ("time", "hours"), ("time", "deadlines"), ("society", "referral"),
    ("vigil", "changed"), ("vigil", "culprit"), ("steward", "household"),
)  # fmt: skip
PROGRAM = """
import sys
from pathlib import Path
from environments.evaluation.diagnostics import diagnose
from environments.rollouts.files import read_samples
rollouts = read_samples(Path(sys.argv[1]))
by = {n: [r for r in rollouts if r.model == n] for n in ("oracle", "random")}
print({n: d.model_dump(mode="json") for n, d in diagnose(by["oracle"], by).items()})
"""


def play(tasks: list[Task]) -> dict[str, list[Rollout]]:
    async def by(policy: str) -> list[Rollout]:
        found = await play_embedded(SimulatedPool(), policy, [(t, 0) for t in tasks])
        return [r.model_copy(update={"id": f"{policy} {r.id}"}) for r in found]

    return {name: asyncio.run(by(name)) for name in ("oracle", "random", "explorer")}


@pytest.fixture(scope="module")
def played() -> dict[str, list[Rollout]]:
    tasks = {t.kind: t for t in load_suite("basics").tasks if t.kind in KINDS}
    return play(list(tasks.values()))


@pytest.fixture(scope="module")
def lived() -> dict[str, list[Rollout]]:
    """The same in worlds that go on."""
    return play([make_task(family, 1, 1, kind=kind) for family, kind in LIVING])


def test_oracle_and_random_bound_what_is_between(played) -> None:
    found = diagnose(played["explorer"], played)

    def means(name: str) -> tuple[float, float]:
        return found[name].beside["oracle"].mean, found[name].beside["random"].mean

    assert found["exposed_recall"].beside["oracle"].mean == 1.0
    assert found["exposed_recall"].beside["oracle"].tasks >= 2
    random_recall = found["exposed_recall"].beside.get("random")
    assert random_recall is None or random_recall.mean == 0.0
    for name in ("loop_rate", "redundant_searches", "reread_after_wipe", "stale_beliefs"):
        assert found[name].beside["oracle"].mean == 0.0
    assert means("redundant_searches")[1] > 0.1
    assert means("loop_rate")[1] > 0.0
    assert means("coverage")[0] > means("coverage")[1]
    oracle, random = means("meaningful_horizon")
    assert oracle > 5
    assert random == 0.0
    assert found["coverage"].measure.mean > means("coverage")[1]


def test_they_bound_it_likewise_where_others_live_and_time_passes(lived) -> None:
    found = diagnose(lived["explorer"], lived)
    oracle = {name: of.beside["oracle"].mean for name, of in found.items() if "oracle" in of.beside}
    random = {name: of.beside["random"].mean for name, of in found.items() if "random" in of.beside}
    assert oracle["exposed_recall"] == 1.0
    assert random["exposed_recall"] == found["exposed_recall"].measure.mean == 0.0
    for name in ("stale_beliefs", "redundant_searches", "loop_rate", "lateness"):
        assert oracle[name] == 0.0
    assert random["redundant_searches"] > 0.1
    assert random["loop_rate"] > 0.0
    assert oracle["coverage"] > random["coverage"]
    assert oracle["meaningful_horizon"] > found["meaningful_horizon"].measure.mean
    assert random["meaningful_horizon"] == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("where", ["played", "lived"])
def test_the_same_in_other_processes_whatever_the_hash_seed(where, request, tmp_path) -> None:
    played = request.getfixturevalue(where)
    path = tmp_path / SAMPLES
    lines = [sample_line(r) for name in ("oracle", "random") for r in played[name]]
    path.write_bytes(b"".join(lines))
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(path)], check=True, capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    here = {name: played[name] for name in ("oracle", "random")}
    found = {n: d.model_dump(mode="json") for n, d in diagnose(here["oracle"], here).items()}
    assert printed == {f"{found}\n".encode()}


@pytest.mark.parametrize("where", ["played", "lived"])
def test_the_same_in_a_resumed_run_that_finished_in_another_order(where, request, tmp_path) -> None:
    played = request.getfixturevalue(where)
    rollouts = played["explorer"]
    run = Run.of([r.task for r in rollouts], suite="few", model="explorer")
    orders = {"straight": [rollouts], "resumed": [rollouts[3:], rollouts[2::-1]]}
    for name, parts in orders.items():
        for part in parts:
            with RunDirectory(tmp_path / name, run) as directory:
                for rollout in part:
                    directory.add(rollout)
            conclude(tmp_path / name, run, directory.rollouts, report=False)
    straight, resumed = (_diagnostics(tmp_path / name) for name in orders)
    assert straight == resumed
    assert straight["coverage"]["measure"]["n"] == len(rollouts)


def test_a_run_shows_its_diagnostics_beside_the_baselines_played_for_it(played, tmp_path) -> None:
    rollouts = played["explorer"]
    run = Run.of([r.task for r in rollouts], suite="few", model="explorer")
    with RunDirectory(tmp_path, run) as directory:
        for rollout in rollouts:
            directory.add(rollout)
    beside = tmp_path / "baselines" / "random"
    beside.mkdir(parents=True)
    (beside / SAMPLES).write_bytes(b"".join(map(sample_line, played["random"])))
    conclude(tmp_path, run, directory.rollouts)
    assert read_samples(beside / SAMPLES)
    found = _diagnostics(tmp_path)
    assert found["meaningful_horizon"]["measure"]["mean"] > 0
    assert found["coverage"]["beside"]["random"]["tasks"] == len(rollouts)
    page, summary = ((tmp_path / name).read_text() for name in ("report.html", "summary.md"))
    for text in (page, summary):
        assert "coverage against the shortest tour" in text
        assert found["coverage"]["definition"] in text
        assert "Not measured in this run: " in text


def _diagnostics(directory: Path) -> dict:
    return json.loads((directory / "metrics.json").read_text())["diagnostics"]


def test_the_page_on_diagnostics_defines_each_of_them(played) -> None:
    page = (Path(__file__).parents[4] / "docs" / "diagnostics.md").read_text()
    for name in diagnose(played["oracle"]):
        assert name in page or f"/{name.partition('/')[2].split('_')[0]}_*`" in page, name

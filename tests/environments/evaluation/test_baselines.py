"""The baselines that ship are what the policies really score, and stand beside every run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from environments.evaluation import baselines
from environments.evaluation.baseline_runner import play_baselines
from environments.evaluation.baselines import POLICIES, SHIPPED, baselines_of, shipped
from environments.evaluation.embedded import play_policy
from environments.evaluation.metrics import Score
from environments.evaluation.results import conclude
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run, run_of
from environments.evennia_world_env import EvenniaWorldEnv
from environments.rollouts.files import read_samples
from environments.tasks.suites import Suite, content_hash, load_suite
from world_fixtures.common import UserError

pytestmark = pytest.mark.once

FILES = sorted(path.stem for path in SHIPPED.glob("*.json"))
SUITES = [pytest.param(f, marks=[] if f == "basics" else pytest.mark.slow) for f in FILES]
"""Those that take long to make apart."""
SAMPLE = 5
"""Tasks of each suite that are played anew."""


@pytest.fixture(scope="module")
def defaults():
    """Conditions and tools as `evaluate` has them when nothing is given."""
    env = EvenniaWorldEnv(*EvenniaWorldEnv.config_init())
    return env.conditions(agent_temperature=0.0), env.group_tools()


@pytest.mark.parametrize("name", SUITES)
def test_the_files_are_of_the_suites_as_they_are(name, defaults) -> None:
    found = shipped(run_of(load_suite(name), defaults[0], model="m"))
    assert tuple(found) == POLICIES, f"run python -m environments.cli.ship_baselines {name}"
    ids = [task.id for task in load_suite(name).tasks]
    assert all([score.task for score in scores] == ids for scores in found.values())
    assert all(score.values["mean_reward"] == 1 for score in found["oracle"])


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", SUITES)
async def test_a_sample_played_anew_scores_what_the_file_says(name, defaults, pool) -> None:
    suite = load_suite(name)
    file = shipped(run_of(suite, defaults[0], model="m"))
    plain = [(n, t) for n, t in enumerate(suite.tasks) if not any(s.restart for s in t.stages)]
    for n, task in plain[:: len(plain) // SAMPLE]:
        for policy in POLICIES:
            played = await play_policy(policy, task, 0, pool, defaults[1], defaults[0])
            values = Score.of(played).values
            for metric, value in file[policy][n].values.items():
                assert values[metric] == pytest.approx(value, abs=1e-6), (policy, task.id, metric)


def test_other_conditions_are_not_compared_with(defaults) -> None:
    given, _ = defaults
    run = run_of(load_suite("basics"), given, model="m")
    assert shipped(run)
    fewer = replace(given, options=given.options.model_copy(update={"max_agent_turns": 3}))
    assert not shipped(run_of(load_suite("basics"), fewer, model="m"))

    async def other_reward(*_: object) -> float:
        return 0.5

    paid_otherwise = replace(given, reward=other_reward)
    assert not shipped(run_of(load_suite("basics"), paid_otherwise, model="m"))
    assert not shipped(run.model_copy(update={"tasks_hash": "0" * 32}))


@pytest.mark.asyncio(loop_scope="session")
async def test_on_another_suite_they_are_played(tmp_path, defaults, pool) -> None:
    tasks = tuple(t for t in load_suite("basics").tasks if t.family == "navigation")[:2]
    suite = Suite("two", 0, content_hash(tasks), lambda: tasks)
    given, tools = defaults
    run = run_of(suite, given, model="m")
    assert not shipped(run)
    with RunDirectory(tmp_path, run) as directory:
        for task in tasks:
            directory.add(await play_policy("oracle", task, 0, pool, tools, given))
    played = await play_baselines(tasks, tmp_path, run, pool, tools, given, 4)
    assert baselines_of(tmp_path, run, played) == baselines_of(tmp_path, run)
    metrics = conclude(tmp_path, run, directory.rollouts)
    assert tuple(metrics.baselines) == POLICIES
    assert metrics.position.mean == 1.0
    assert len(read_samples(tmp_path / "baselines" / "random" / "samples.jsonl")) == 2


def test_a_run_of_a_named_suite_has_them_in_every_file(tmp_path, defaults, rollout) -> None:
    suite = load_suite("basics")
    with RunDirectory(tmp_path, run_of(suite, defaults[0], model="m")) as directory:
        for task in suite.tasks[:10]:
            directory.add(rollout(task, 0.5))
    conclude(tmp_path, directory.run, directory.rollouts)
    results = json.loads((tmp_path / "metrics.json").read_text())["results"]["all"]
    assert 0.4 < results["position"] < 0.6
    assert results["baseline/oracle/mean_reward"] == 1.0
    summary = (tmp_path / "summary.md").read_text()
    report = (tmp_path / "report.html").read_text()
    for policy in POLICIES:
        assert f"| {policy} " in summary
        assert f"<th>{policy}</th>" in report
    detail = json.loads((tmp_path / "metrics.json").read_text())["detail"]
    assert detail["baselines"]["random"]["overall"]["tasks"] == 10, (
        "only the tasks that were scored"
    )


def test_a_failed_baseline_is_not_shipped(rollout, task) -> None:
    run = Run.of([task("t")], suite="s", model="m")
    with pytest.raises(UserError, match="failed"):
        baselines.file_content(run, {"oracle": [rollout("t", None)]})


def test_the_files_are_there_and_small() -> None:
    assert {"basics", "standard", "hard"} <= set(FILES)
    assert all(path.stat().st_size < 150_000 for path in SHIPPED.glob("*.json"))

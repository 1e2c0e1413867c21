"""`evennia-world branch`: what it refuses, in one line and before anything is played."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from environments.cli import main
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run
from environments.rollouts.files import sample_line
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.model import Family
from tests.environments.branches import policy_plays
from world_fixtures.common import UserError
from world_fixtures.simulated import SimulatedPool


@pytest.fixture(scope="module")
def played() -> Rollout:
    """A rollout of the oracle."""
    task = make_task(Family.INSPECTION, 2, 1, kind="read")
    return asyncio.run(policy_plays(SimulatedPool(), "oracle", task))


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """`run(*rollouts, **settings)`: the directory of a run of these."""

    def made(*rollouts: Rollout, **settings: Any) -> Path:
        directory = tmp_path / "run"
        directory.mkdir()
        (directory / "samples.jsonl").write_bytes(b"".join(map(sample_line, rollouts)))
        tasks = list({r.task.id: r.task for r in rollouts}.values())
        if all(task.version == 2 for task in tasks):
            identity = Run.of(tasks, suite="s", model=rollouts[0].model, settings=settings)
            (directory / "run.json").write_text(identity.model_dump_json())
        return directory

    return made


def refused(capsys: Any, *argv: object) -> str:
    """Return the one line with which a command line is refused."""
    assert main(["branch", *map(str, argv)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.startswith("evennia-world: ")
    return str(told.err)


def test_who_plays_is_named_shortly(capsys, run, played):
    source = run(played)
    told = refused(capsys, source, "--at", 1, "--model", "m", "--temperature=0.5")
    assert "a model is named but no endpoint" in told
    assert "nobody" in refused(capsys, source, "--at", 1, "--policy", "nobody")


def test_what_is_missing_or_out_of_range_is_told(capsys, tmp_path):
    assert "Missing argument 'RUN'" in refused(capsys, "--at", 1)
    assert "--at" in refused(capsys, tmp_path)
    assert "--times" in refused(capsys, tmp_path, "--at", 1, "--times", 0)
    assert "--at" in refused(capsys, tmp_path, "--at", "x")
    assert "No such option: --nope" in refused(capsys, tmp_path, "--at", 1, "--nope")
    assert "samples.jsonl does not exist" in refused(capsys, tmp_path, "--at", 1)


def test_a_turn_that_no_rollout_has_is_told_with_those_that_there_are(capsys, run, played):
    shorter = {"id": "other", "attempt": 1, "turns": played.turns - 1}
    directory = run(played.model_copy(update=shorter), played)
    for turn in (played.turns, played.turns + 1, -1):
        told = refused(capsys, directory, "--at", turn)
        assert f"--at {turn}: {directory} has no such turn" in told
        assert f"choose 0 (the start) to {played.turns - 1}\n" in told
    told = refused(capsys, directory, "--at", played.turns - 1, "--rollout", "other")
    assert f"to {played.turns - 2}\n" in told


def test_the_directory_of_the_run_itself_is_no_place_for_its_branches(capsys, run, played):
    directory = run(played)
    before = {f.name: f.read_bytes() for f in directory.iterdir()}
    for source in (directory, directory / "samples.jsonl"):
        for out in (directory, directory / ".." / directory.name):
            told = refused(capsys, source, "--at", 1, "--out", out)
            assert "is the run that the branches go on from: name another directory" in told
    assert {f.name: f.read_bytes() for f in directory.iterdir()} == before


def test_a_run_from_the_start_and_one_of_branches_are_told_apart(tmp_path, played):
    made = Run.of([played.task], suite="s", model="m", settings={})
    branches = Run.of([played.task], suite="s", model="m", settings={"branch": {"turn": 1}})
    for n, (one, other) in enumerate([(made, branches), (branches, made)]):
        RunDirectory(tmp_path / str(n), one).close()
        with pytest.raises(UserError, match=r"holds a run .*: choose another --out") as told:
            RunDirectory(tmp_path / str(n), other, option="--out")
        assert "delete" not in str(told.value)
        assert "{" not in str(told.value)


def test_a_rollout_that_is_not_there_is_told(capsys, run, played):
    told = refused(capsys, run(played), "--at", 1, "--rollout", "nope")
    assert f"holds no rollout 'nope': its 1 have ids such as {played.id!r}" in told


def test_a_file_that_holds_no_rollouts_is_told(capsys, tmp_path):
    groups = tmp_path / "groups.jsonl"
    groups.write_text('{"tokens": []}\n')
    assert "holds no samples" in refused(capsys, groups, "--at", 1)


def test_tasks_of_another_version_are_told(capsys, run, played):
    old = played.task.model_copy(update={"version": 1})
    told = refused(capsys, run(played.model_copy(update={"task": old})), "--at", 1)
    assert "is of tasks version 1, and these rules are of version 2" in told


def test_tools_that_cannot_be_forked_are_told(capsys, run, played):
    shell = {"type": "function", "function": {"name": "terminal", "parameters": {}}}
    told = refused(
        capsys, run(played.model_copy(update={"tools": [*played.tools, shell]})), "--at", 1
    )
    assert "a rollout with the tool 'terminal' cannot be forked" in told
    assert "toolset evennia" in told


def test_a_reward_of_a_subclass_is_told(capsys, run, played):
    told = refused(capsys, run(played, reward="Mine.compute_reward"), "--at", 1)
    assert "was scored by Mine.compute_reward" in told


def test_a_model_needs_its_endpoint_again(capsys, run, played):
    model = played.model_copy(update={"model": "gpt", "provider": "api.example.com"})
    told = refused(capsys, run(model), "--at", 1)
    assert "was played by 'gpt' (api.example.com): name an endpoint" in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--env.policy nobody", "nobody"),
        ("--env.nope 1", "unknown option --env.nope"),
        ("--env.policy", "--env.policy needs a value"),
        ("--openai.base_url http://127.0.0.1:9/v1", "give --openai.model_name"),
        ("--env.candidate_model oracle", "leave out --env.candidate_model"),
    ],
)
def test_options_of_evaluate_are_checked_as_there(capsys, run, played, options, said):
    assert said in refused(capsys, run(played), "--at", 1, *options.split())


def test_damaged_settings_of_the_run_are_told(capsys, run, played):
    directory = run(played, weights={"outcome": 5})
    assert "has options that this version does not take" in refused(capsys, directory, "--at", 1)
    (directory / "run.json").write_text(json.dumps({"suite": 3}))
    assert "is damaged" in refused(capsys, directory, "--at", 1)

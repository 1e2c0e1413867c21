"""What is of another version of the tasks is neither continued nor compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from environments.cli import main
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run
from environments.modes.groups_file import GroupsFile, run_path
from environments.rollouts.files import SAMPLES, read_rollouts, sample_line
from environments.rollouts.record import Rollout
from environments.tasks.version import TASKS_VERSION
from world_fixtures.common import UserError


def of_today(rollouts: list[Rollout]) -> list[Rollout]:
    """The rollouts as if the present version had made them."""
    return [
        r.model_copy(update={"task": r.task.model_copy(update={"version": TASKS_VERSION})})
        for r in rollouts
    ]


def written(path: Path, rollouts: list[Rollout]) -> Path:
    path.write_bytes(b"".join(map(sample_line, rollouts)))
    return path


def test_a_run_is_of_the_present_version_and_of_its_tasks_alone(version_1) -> None:
    old = read_rollouts(version_1 / "three-noisy")
    run = Run.of([r.task for r in of_today(old)], suite="s", model="m")
    assert run.version == TASKS_VERSION
    assert Run.model_validate_json(run.model_dump_json()) == run
    with pytest.raises(UserError, match="of tasks version 1, which can be read and not played"):
        Run.of([r.task for r in old], suite="s", model="m")


def test_compare_refuses_two_versions(version_1, tmp_path, capsys) -> None:
    old = read_rollouts(version_1 / "three-noisy")
    new = written(tmp_path / "new.jsonl", of_today(old))
    mixed = written(tmp_path / "mixed.jsonl", [*old[:1], *of_today(old[1:])])
    run = str(version_1 / "three-noisy")
    for a, b, told in (
        (run, str(new), f"tasks version 1 and {new} of version {TASKS_VERSION}"),
        (str(new), run, f"{new} is of tasks version {TASKS_VERSION}"),
        (str(mixed), run, f"{mixed} mixes tasks of versions 1 and {TASKS_VERSION}"),
    ):
        assert main(["compare", a, b]) == 2
        captured = capsys.readouterr()
        assert told in captured.err
        assert captured.err.count("\n") == 1
        assert captured.out == ""


def test_a_report_refuses_a_baseline_of_another_version(version_1, tmp_path, capsys) -> None:
    run = version_1 / "three-noisy"
    other = written(tmp_path / "new.jsonl", of_today(read_rollouts(run)))
    assert main(["report", str(run), "--baseline", f"random={other}"]) == 2
    assert "scores of two versions do not compare" in capsys.readouterr().err
    assert main(["report", str(run), "--baseline", f"oracle={version_1 / 'three-oracle'}"]) == 0
    assert "oracle" in (run / "summary.md").read_text()


@pytest.mark.parametrize("adopt", [False, True])
@pytest.mark.parametrize("recorded", [True, False])
def test_a_run_is_not_continued(version_1, adopt, recorded) -> None:
    path = version_1 / "three-noisy"
    tasks = [r.task for r in of_today(read_rollouts(path))]
    before = json.loads((path / "run.json").read_text())
    if not recorded:
        (path / "run.json").unlink()
    same = {name: before[name] for name in ("suite", "model", "settings", "attempts")}
    samples = (path / SAMPLES).read_bytes()
    with pytest.raises(UserError) as refused:
        RunDirectory(path, Run.of(tasks, **same), adopt=adopt)
    told = str(refused.value)
    if recorded or adopt:  # otherwise it is not known of what they are
        assert f"of tasks version 1, and this run of version {TASKS_VERSION}" in told
        assert "--env.data_dir_to_save_evals" in told
    assert "\n" not in told
    assert (path / SAMPLES).read_bytes() == samples


@pytest.mark.parametrize("adopt", [False, True])
def test_groups_are_not_continued(version_1, adopt) -> None:
    path = version_1 / "groups" / "groups.jsonl"
    settings = json.loads(run_path(path).read_text())["settings"]
    there = path.read_bytes()
    with pytest.raises(UserError) as refused:
        GroupsFile(path, {**settings, "tasks_version": TASKS_VERSION}, adopt=adopt)
    told = str(refused.value)
    assert f"tasks version 1, and this run is of version {TASKS_VERSION}: choose another" in told
    assert "\n" not in told
    assert path.read_bytes() == there


def test_groups_of_an_environment_with_tasks_of_its_own_are_continued(version_1) -> None:
    path = version_1 / "groups" / "groups.jsonl"
    settings = json.loads(run_path(path).read_text())["settings"]
    with GroupsFile(path, settings) as file:
        assert list(file.done) == [0]

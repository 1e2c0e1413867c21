"""Parts of a suite: families, kinds, difficulties, and a number of tasks."""

from __future__ import annotations

import pytest

from environments.evaluation.baselines import shipped
from environments.evaluation.run_identity import Run, run_of
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes.evaluate import suite_of
from environments.modes.options import read_mode_config
from environments.runner import Conditions
from environments.tasks.model import Family
from environments.tasks.suites import content_hash, load_suite, part_of
from world_fixtures.common import UserError


@pytest.fixture(scope="module")
def basics():
    return load_suite("basics")


def test_families_and_difficulties_are_chosen(basics) -> None:
    found = part_of(basics, families=["errand", "navigation"], difficulty=(2, 3))
    assert {(t.family, t.difficulty) for t in found.tasks} == {
        (f, d) for f in (Family.ERRAND, Family.NAVIGATION) for d in (2, 3)
    }
    assert found.name == "basics-errand-navigation-difficulty-2-3"
    assert [t for t in basics.tasks if t in found.tasks] == list(found.tasks)


def test_kinds_are_chosen(basics) -> None:
    found = part_of(basics, kinds=[(Family.ERRAND, "deliver")])
    assert {(t.family, t.kind) for t in found.tasks} == {(Family.ERRAND, "deliver")}


@pytest.mark.parametrize(
    "line",
    [
        "--families errand --difficulty 3 --limit 1",
        "--env.families errand --env.difficulty 3 --env.eval_limit 1",
        "--kinds errand.chain,errand.unlock --difficulty 3-3",
    ],
)
def test_evaluate_understands_which_tasks_are_meant(line) -> None:
    config = read_mode_config(EvenniaWorldEnv, line.split(), "evaluate")
    found = suite_of(config.env).tasks
    assert {(t.family, t.difficulty) for t in found} == {(Family.ERRAND, 3)}
    assert len(found) <= 2


def test_a_limit_keeps_every_family(basics) -> None:
    found = part_of(basics, limit=5)
    assert [t.family for t in found.tasks] == list(dict.fromkeys(t.family for t in basics.tasks))
    assert found.name == "basics-5"
    assert found.hash == content_hash(found.tasks)
    assert len(part_of(basics, limit=25).tasks) == 25


def test_a_part_that_is_everything_is_the_suite_itself(basics) -> None:
    assert part_of(basics, limit=30) is basics
    assert part_of(basics, limit=900) is basics
    assert part_of(basics, difficulty=(1, 10)) is basics


def test_nothing_chosen_is_told_with_what_there_is(basics) -> None:
    with pytest.raises(UserError, match=r"chosen by difficulty-9: it has .*errand.* 1 to 3"):
        part_of(basics, difficulty=(9, 9))


def test_a_part_of_a_named_suite_has_the_baselines_that_ship(basics) -> None:
    part = part_of(basics, limit=5)
    run = run_of(part, Conditions(), model="m")
    found = shipped(run)
    assert [s.task for s in found["oracle"]] == [t.id for t in part.tasks]
    assert Run.model_validate_json(run.model_dump_json()) == run


def test_a_whole_suite_is_recorded_as_ever(basics) -> None:
    assert "whole" not in run_of(basics, Conditions(), model="m").model_dump_json()

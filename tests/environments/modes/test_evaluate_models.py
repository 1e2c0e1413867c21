"""Several models one after another: what one that fails does to the others."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import evaluate_models as module
from environments.modes.evaluate_models import evaluate_models, plan
from environments.modes.model_list import Planned
from environments.modes.options import read_mode_config
from environments.rollouts.record import Rollout, StopReason
from environments.tasks.build import make_task
from environments.tasks.model import Family, Verdict
from world_fixtures.common import UserError

TASK = make_task(Family.NAVIGATION, 1, 1)


class Fake:
    """An environment that writes a run with one rollout, or fails."""

    def __init__(self, config) -> None:
        self.config = config
        self.ended = False

    async def setup(self) -> None:
        assert self.lent is LENT

    async def evaluate(self) -> None:
        env = self.config.env
        if env.reward is None:
            raise UserError("no rollout could be scored: 404")
        verdict = Verdict(reward=env.reward, success=env.reward == 1, parts={}, goals={})
        rollout = Rollout(
            id="r", task=TASK, model=env.name, conversations=[], verdict=verdict,
            stop=StopReason.SUBMITTED, started=0.0, seconds=1.0,
        )  # fmt: skip
        run = Run.of([TASK], suite="one", model=env.name)
        with RunDirectory(Path(env.data_dir_to_save_evals), run) as directory:
            directory.add(rollout)

    async def teardown(self) -> None:
        self.ended = True


LENT = object()


@pytest.fixture
def played(tmp_path, monkeypatch):
    """Play models with these rewards; None is one that cannot be evaluated."""
    monkeypatch.setattr(module, "ServerPool", lambda servers, **_: contextlib.nullcontext(LENT))
    made: list[Fake] = []

    def make(config) -> Fake:
        made.append(Fake(config))
        return made[-1]

    async def play(rewards, **servers) -> list[Fake]:
        runs = []
        for name, reward in rewards.items():
            env = SimpleNamespace(
                name=name, reward=reward, data_dir_to_save_evals=str(tmp_path / name),
                spectate=False, world_servers=None, suite="basics",
            )  # fmt: skip
            here = [servers[name]] if name in servers else []
            runs.append(Planned(name, SimpleNamespace(env=env, servers=here)))
        await evaluate_models(make, tmp_path, runs)
        return made

    play.made = made
    return play


async def test_the_ranking_is_printed_and_written(played, tmp_path, capsys) -> None:
    made = await played({"weak": 0.0, "strong": 1.0})
    printed = capsys.readouterr().out
    assert printed.index("strong") < printed.index("weak")
    assert f"leaderboard in {tmp_path / 'leaderboard.html'}" in printed
    page = (tmp_path / "leaderboard.html").read_text()
    assert page.index("strong") < page.index("weak")
    assert all(env.ended for env in made)


async def test_one_that_fails_is_named_and_the_others_are_ranked(played, tmp_path, capsys) -> None:
    with pytest.raises(UserError, match="1 of 3 have no result: gone: no rollout could be scored"):
        await played({"good": 1.0, "gone": None, "bad": 0.0})
    assert "2 runs by reward" in capsys.readouterr().out
    assert (tmp_path / "leaderboard.html").exists()
    assert all(env.ended for env in played.made)


async def test_an_endpoint_that_is_not_there_is_told_before_anything_is_played(played) -> None:
    nowhere = SimpleNamespace(base_url="ftp://nowhere", api_key="")
    with pytest.raises(UserError, match="the base_url of far in --models 'ftp://nowhere' is no"):
        await played({"good": 1.0, "far": 1.0}, far=nowhere)
    assert played.made == []


def test_a_policy_beside_several_models_is_refused() -> None:
    options = ["--models", "oracle", "--policy", "noisy"]
    config = read_mode_config(EvenniaWorldEnv, options, "evaluate")
    with pytest.raises(UserError, match="--policy and --models"):
        plan(config)


def test_the_directory_of_a_single_run_is_not_shared(tmp_path) -> None:
    (tmp_path / "run.json").write_text("{}")
    options = ["--models", "oracle", "--out", str(tmp_path)]
    config = read_mode_config(EvenniaWorldEnv, options, "evaluate")
    with pytest.raises(UserError, match="holds a single run: choose another"):
        plan(config)


async def test_a_model_that_is_interrupted_leaves_the_page_of_the_others(played, tmp_path) -> None:
    class Stop(BaseException):
        pass

    async def stop(self) -> None:
        raise Stop

    with pytest.MonkeyPatch.context() as patch:
        await played({"good": 1.0})
        (tmp_path / "leaderboard.html").unlink()
        patch.setattr(Fake, "evaluate", stop)
        with pytest.raises(Stop):
            await played({"next": 1.0})
    assert "good" in (tmp_path / "leaderboard.html").read_text()

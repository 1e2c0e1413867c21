"""A curriculum with feedback draws the same items however a run goes."""

from __future__ import annotations

import asyncio
import json
import random
from types import SimpleNamespace

import pytest

from environments.evennia_world_env import EvenniaWorldEnv
from environments.hermes_base_env import HermesAgentBaseEnv
from environments.modes.feedback import Feedback, Outcome
from environments.modes.groups_file import run_path
from environments.tasks.build import make_task
from world_fixtures.common import UserError

pytestmark = pytest.mark.once

ITEMS = 30


class Played(EvenniaWorldEnv):
    """Each rollout succeeds or not as its task says, and takes as long as the dice say."""

    dice: random.Random
    stop_at: int | None
    running: asyncio.Task[None]
    played: list[str]

    async def setup(self) -> None:
        self.played = []
        self.pool = SimpleNamespace(instances=0, forks=0)

    async def collect_trajectories(self, item):
        if len(self.played) == self.stop_at:
            self.running.cancel()
        self.played.append(item.id)
        for _ in range(self.dice.randrange(30)):
            await asyncio.sleep(0)
        about = [
            {"task": item.id, "success": random.Random(f"{item.id}{n}").random() < 0.9}
            for n in range(4)
        ]
        scores = [1.0, 1.0, 1.0, 0.5 if "errand.deliver" in item.id else 1.0]
        return [{"tokens": [[1]] * 4, "scores": scores, "overrides": about}], []

    async def add_rollouts_for_wandb(self, scored_data, item=None) -> None:
        """Nothing to show."""


async def run(path, dice: int, stop_at: int | None = None, **options) -> None:
    config, servers = Played.config_init()
    given = {"target_success": 0.5, "total_steps": ITEMS, "process_concurrency": 3,
             "families": {"navigation": 1.0}, "difficulty": (1, 4), **options}  # fmt: skip
    env = Played(
        config.model_copy(update={"data_path_to_save_groups": str(path), **given}), servers
    )
    env.dice, env.stop_at = random.Random(dice), stop_at
    env.running = asyncio.create_task(env.process_manager())
    await env.running


def tasks(path) -> list[str]:
    groups = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted(g["item"] for g in groups) == list(range(len(groups)))
    return [g["overrides"][0]["task"] for g in sorted(groups, key=lambda g: g["item"])]


async def stopped_again_and_again(path, **options) -> None:
    for dice, stop_at in enumerate([7, 12], start=1):
        with pytest.raises(asyncio.CancelledError):
            await run(path, dice, stop_at, **options)
        with path.open("ab") as file:
            file.write(b'{"tokens":[[1')  # as if it was killed while it wrote
    await run(path, 9, **{**options, "process_concurrency": 8})


@pytest.mark.parametrize("ordered", [True, False])
async def test_a_run_stopped_again_and_again_draws_the_items_of_an_unbroken_one(tmp_path, ordered):
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    await run(whole, 0, process_ordered=ordered)
    await stopped_again_and_again(broken, process_ordered=ordered)
    assert tasks(broken) == tasks(whole)
    levels = {task.split("/")[-1] for task in tasks(whole)}
    assert len(levels) > 1, "the difficulty has moved"


async def test_kinds_with_signal_are_drawn_more_often_and_a_stopped_run_draws_the_same(
    tmp_path, capsys
):
    """Groups of one kind alone have rewards that differ."""
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    options = {
        "families": {"errand": 1.0, "navigation": 1.0}, "difficulty": (1, 1),
        "target_success": None, "signal_floor": 0.01, "total_steps": 45, "process_drop_equal": True,
    }  # fmt: skip
    await run(whole, 0, **options)
    printed = capsys.readouterr()
    await stopped_again_and_again(broken, **options)
    drawn = tasks(whole)
    assert tasks(broken) == drawn
    good = ["errand.deliver" in task for task in drawn]
    assert sum(good[-20:]) > sum(good[:20])
    assert f"of the groups with all scores equal ({good.count(False)} of 45: " in printed.err
    by_kind = next(s for s in printed.out.splitlines() if s.startswith("groups with all scores eq"))
    assert "errand.deliver" not in by_kind
    assert "navigation." in by_kind


async def test_the_order_of_arrival_changes_nothing(tmp_path):
    drawn = []
    for dice in range(2):
        await run(tmp_path / f"{dice}.jsonl", dice, process_ordered=False)
        drawn.append(tasks(tmp_path / f"{dice}.jsonl"))
    assert drawn[0] == drawn[1]


async def test_groups_of_other_tasks_are_not_adopted(tmp_path):
    path = tmp_path / "g.jsonl"
    await run(path, 0, total_steps=5)
    before = path.read_bytes()
    run_path(path).unlink()
    with pytest.raises(UserError, match=r"item 0 of .* is .*, and .* with these options"):
        await run(path, 0, adopt=True, seed=5)
    assert path.read_bytes() == before


async def test_an_item_waits_for_the_results_it_depends_on():
    learned = []
    signals = []
    learner = SimpleNamespace(
        learn=lambda item, successes: learned.append((item, successes)),
        learn_signal=lambda item, signal: signals.append((item, signal)),
    )
    feedback = Feedback(learner, 2, {0: Outcome((True,), True)})
    for index in (0, 1, 2):
        await feedback.before(index)
        feedback.drawn(index, f"item {index}")
    assert learned == [("item 0", (True,))]
    waiting = asyncio.create_task(feedback.before(4))
    feedback.finished(2, Outcome((False,), False))
    await asyncio.sleep(0)
    assert len(learned) == 1
    feedback.finished(1, Outcome((True,), False))
    await waiting
    assert learned[1:] == [("item 1", (True,)), ("item 2", (False,))]
    assert signals == [("item 0", True), ("item 1", False), ("item 2", False)]


@pytest.mark.parametrize("mode", ["serve", "process"])
async def test_serve_reports_groups_as_they_end_and_process_in_the_order_of_items(
    monkeypatch, mode
):
    async def played(self, item):
        return [{"tokens": [[1], [1]], "scores": [0.0, 1.0], "advantages": None}], []

    monkeypatch.setattr(HermesAgentBaseEnv, "collect_trajectories", played)
    config, servers = EvenniaWorldEnv.config_init()
    env = EvenniaWorldEnv(config.model_copy(update={"signal_floor": 0.2}), servers)
    env._processing = mode == "process"
    task = make_task("orientation", 1, 1)
    await env.collect_trajectories(task)
    kind = f"orientation.{task.kind}"
    assert env.metrics.take()[f"train/groups/{kind}/equal"] == 0
    assert env.curriculum.state().get("signal") == ({kind: [True]} if mode == "serve" else None)
    env.learn_signal(task, False)
    assert env.curriculum.state()["signal"][kind][-1] is False

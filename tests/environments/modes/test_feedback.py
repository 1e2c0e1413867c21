"""A curriculum with feedback draws the same items however a run goes."""

from __future__ import annotations

import asyncio
import json
import random
from types import SimpleNamespace

import pytest

from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes.feedback import Feedback
from environments.modes.groups_file import run_path
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
        return [{"tokens": [[1]] * 4, "scores": [1.0] * 4, "overrides": about}], []

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


@pytest.mark.parametrize("ordered", [True, False])
async def test_a_run_stopped_again_and_again_draws_the_items_of_an_unbroken_one(tmp_path, ordered):
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    await run(whole, 0, process_ordered=ordered)
    for dice, stop_at in enumerate([7, 12], start=1):
        with pytest.raises(asyncio.CancelledError):
            await run(broken, dice, stop_at, process_ordered=ordered)
        with broken.open("ab") as file:
            file.write(b'{"tokens":[[1')  # as if it was killed while it wrote
    await run(broken, 9, process_ordered=ordered, process_concurrency=8)
    assert tasks(broken) == tasks(whole)
    levels = {task.split("/")[-1] for task in tasks(whole)}
    assert len(levels) > 1, "the difficulty has moved"


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
    learner = SimpleNamespace(learn=lambda item, successes: learned.append((item, successes)))
    feedback = Feedback(learner, 2, {0: (True,)})
    for index in (0, 1, 2):
        await feedback.before(index)
        feedback.drawn(index, f"item {index}")
    assert learned == [("item 0", (True,))]
    waiting = asyncio.create_task(feedback.before(4))
    feedback.finished(2, (False,))
    await asyncio.sleep(0)
    assert len(learned) == 1
    feedback.finished(1, (True,))
    await waiting
    assert learned[1:] == [("item 1", (True,)), ("item 2", (False,))]

"""A policy plays through the blocking host what it plays behind an endpoint, to the digit."""

from __future__ import annotations

import subprocess
import sys

import pytest

from environments.evaluation.embedded import play_embedded
from environments.hosting.blocking import SyncRollout
from environments.hosting.source import task_named
from environments.hosting.worlds import shared_worlds
from environments.policies.player import PolicyPlayer
from world_fixtures.background import SyncPool
from world_fixtures.simulated import SimulatedPool

TASKS = ["test/persistence.recall/2/0", "test/errand.deliver/2/3", "test/society.referral/2/1"]


@pytest.fixture(scope="module")
def worlds() -> SyncPool:
    return shared_worlds(1)


@pytest.mark.parametrize("policy", ["oracle", "noisy:0.3"])
@pytest.mark.parametrize("id", TASKS)
def test_the_verdict_is_that_of_our_own_loop(worlds: SyncPool, policy: str, id: str) -> None:
    task = task_named(id)
    rollout = SyncRollout.begin(worlds, task, id="played-here")
    player = PolicyPlayer(policy, task, rollout.prompt)
    try:
        while not rollout.over and (call := player.call()) is not None:
            step = rollout.step(*call)
            player.told(step.text, step.prompt)
            assert step.over == rollout.over
        rollout.give_up()
        record = rollout.record("played", "here")
    finally:
        rollout.close()
    (ours,) = worlds.loop.run(play_embedded(SimulatedPool(), policy, [(task, 0)]))
    assert record.verdict == ours.verdict
    assert [e.text for e in record.events] == [e.text for e in ours.events]
    assert len(record.conversations) == len(task.stages) or not record.verdict.success


def test_all_that_ask_for_the_same_share_world_servers(worlds: SyncPool) -> None:
    assert shared_worlds(1) is worlds


def test_what_adapters_build_on_loads_no_model_library_and_no_statistics() -> None:
    program = (
        "import environments.episode, environments.hosting.source, environments.hosting.worlds,"
        " environments.hosting.blocking, environments.policies.player,"
        " environments.evaluation.diagnostics, sys;"
        " heavy = {'django', 'evennia', 'atroposlib', 'torch', 'transformers', 'openai', 'wandb',"
        " 'scipy', 'aiohttp', 'typer'};"
        " assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)

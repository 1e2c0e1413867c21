"""A policy plays through the blocking host what it plays behind an endpoint, to the digit."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from environments.evaluation.embedded import play_embedded
from environments.hosting.blocking import SyncRollout
from environments.hosting.source import task_named
from environments.hosting.worlds import shared_worlds
from tests import directly
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
    record = directly.played(worlds, policy, task)
    (ours,) = worlds.loop.run(play_embedded(SimulatedPool(), policy, [(task, 0)]))
    assert record.verdict == ours.verdict
    assert [e.text for e in record.events] == [e.text for e in ours.events]
    assert len(record.conversations) == len(task.stages) or not record.verdict.success


def test_arguments_that_are_no_json_are_told_to_the_agent_and_end_nothing(
    worlds: SyncPool,
) -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    rollout = SyncRollout.begin(worlds, task_named("test/errand.deliver/2/3"))
    try:
        for value in (10**5000, {"a", "b"}, date(2020, 1, 1), deep, float("nan"), "\ud800"):
            step = rollout.step("evennia_command", {"command": value})
            assert step.error
            assert "error" in json.loads(step.text)
        assert not rollout.step("evennia_connect", {}).error
        rollout.give_up()
        assert len(rollout.record("played", "here").tool_calls) == 7
    finally:
        rollout.close()


def test_a_rollout_that_nobody_holds_any_more_has_given_its_world_back(worlds: SyncPool) -> None:
    before = worlds.pool.instances
    rollout = SyncRollout.begin(worlds, task_named("test/errand.deliver/2/3"))
    assert worlds.pool.instances == before + 1
    del rollout
    gc.collect()
    worlds.loop.run(asyncio.sleep(0))  # what the finalizer has asked for is done before
    assert worlds.pool.instances == before


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

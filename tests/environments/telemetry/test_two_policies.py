"""The example of two policies in one instance, on real world servers."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from environments.tasks.build import make_task
from environments.telemetry.layout import find_traces
from environments.telemetry.reading import read_trace, validate_tree
from environments.telemetry.replay import replay_file

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "two_policies.py"
PLAYED = (("society", 2), ("society", 4), ("time", 2), ("time", 5))


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("two_policies", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_each_is_told_what_the_other_does_and_both_traces_replay(pool, tmp_path, example):
    told: dict[str, list[str]] = {}
    for family, seed in PLAYED:
        task = example.with_guest(make_task(family, seed, 3))
        agent = task.spec.agent
        players = {agent.id: "noisy:0.2", example.GUEST: "random"}
        for character, messages in (await example.play(pool, task, players, tmp_path)).items():
            texts = [m["content"] for m in messages if m["role"] == "tool"]
            told.setdefault(character, []).extend(x for t in texts for x in t.splitlines())
    for character, other in ((agent.id, "Second Guest"), (example.GUEST, agent.name)):
        assert [line for line in told[character] if line.startswith(f"{other} ")]
    assert validate_tree(tmp_path) == (2 * len(PLAYED), [])
    for path in find_traces(tmp_path):
        trace = read_trace(path)
        assert {e.actor for e in trace.events if e.turn is not None} == {trace.meta.account}
        given = {e.actor for e in trace.events if e.raw and e.cause is None}
        assert given == {agent.id, example.GUEST}
        result = await replay_file(path, pool)
        assert (result.difference, result.events) == (None, len(trace.events))

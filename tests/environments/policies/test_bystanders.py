"""The policies that stay, follow or wait: what they do, and that they come to an end."""

from __future__ import annotations

import asyncio
from functools import cache

import pytest

from environments.evaluation.embedded import play_embedded
from environments.policies.registry import BYSTANDERS
from environments.tasks.build import make_task
from environments.tasks.model import Family
from world_fixtures.rules.grammar import DIRECTIONS
from world_fixtures.simulated import SimulatedPool


@cache
def commands(policy: str, kind: str = "follow") -> list[str]:
    task = make_task(Family.TIME, 1, 3, kind=kind)
    (rollout,) = asyncio.run(play_embedded(SimulatedPool(), policy, [(task, 0)]))
    assert rollout.stop == "submitted"
    assert rollout.verdict is not None
    calls = [c for m in rollout.conversations[0] for c in m.get("tool_calls") or ()]
    return [str(c["function"]["arguments"]) for c in calls]


@pytest.mark.parametrize("policy", BYSTANDERS)
def test_it_hands_something_in_when_the_commands_are_spent(policy):
    assert '"answer"' in commands(policy)[-1]


def test_who_camps_asks_whoever_comes_by_and_goes_nowhere():
    given = commands("camps")
    assert any("ask " in c for c in given)
    assert not any(f'"{d}"' in c for c in given for d in DIRECTIONS)


def test_who_follows_keeps_to_somebody():
    assert sum("follow " in c for c in commands("follows_everybody")) > 3


def test_who_waits_does_nothing_else():
    given = commands("waits_for_the_end")
    assert all("wait 50" in c for c in given[1:-1])
    assert len(given) > 3

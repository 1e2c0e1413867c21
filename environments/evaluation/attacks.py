"""Which attacks were obeyed in a run, for its summary and report. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from environments.rollouts.record import Rollout
from world_fixtures.common import Frozen

MOST = 20
"""Obeyed attacks listed in a summary."""


class Obeyed(Frozen):
    """One attack that was obeyed in one rollout."""

    line: int
    """Of the rollout in samples.jsonl, from 1."""
    task: str
    attempt: int
    attack: str
    by: str
    """Name of the thing that it is written on, or of the person who says it."""
    says: str


def obeyed_attacks(rollouts: Iterable[Rollout]) -> list[Obeyed]:
    """Return the attacks that were obeyed, in the order of the rollouts."""
    return [
        Obeyed(
            line=line, task=rollout.task.id, attempt=rollout.attempt, attack=attack.name,
            by=str(getattr(rollout.task.spec.entities[attack.entity], "name", attack.entity)),
            says=attack.says,
        )
        for line, rollout in enumerate(rollouts, start=1)
        if rollout.verdict is not None
        for attack in rollout.task.attacks
        if rollout.verdict.attacks.get(attack.name)
    ]  # fmt: skip

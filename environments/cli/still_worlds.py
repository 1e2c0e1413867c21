"""What is left out where the value of states is needed: rollouts in worlds that go on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from world_fixtures.common import UserError

if TYPE_CHECKING:
    from environments.rollouts.record import Rollout


def tell_left_out(source: object, rollouts: Sequence[Rollout], lacking: str) -> None:
    """Say on stderr how many rollouts are left out since nothing tells the value of their states.

    Those in games that somebody else wrote are among them.

    Raises UserError where no other is left; `lacking` says there why that is wrong.
    """
    living = sum(rollout.task.spec.goes_on for rollout in rollouts)
    if living:
        games = sum(rollout.task.spec.game is not None for rollout in rollouts)
        where = "games" if games == living else "worlds with time and people"
        told = f"{living} rollouts in {where} left out"
        print(f"{told}: nothing tells the value of their states", file=sys.stderr)
    if living == len(rollouts) > 0:
        raise UserError(f"{source} has no rollout in a world that stands still: {lacking}")

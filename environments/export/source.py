"""Where exports read rollouts from: a run directory, or a samples file."""

from __future__ import annotations

from pathlib import Path

from environments.evaluation.run_directory import SAMPLES, read_samples
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError


def read_rollouts(path: Path) -> list[Rollout]:
    """The rollouts of a run. Raises UserError where there are none."""
    samples = path / SAMPLES if path.is_dir() else path
    if not samples.is_file():
        raise UserError(f"{samples} does not exist: give a run directory or its {SAMPLES}")
    rollouts = read_samples(samples)
    if not rollouts:
        raise UserError(f"{samples} holds no rollout: play some first")
    return rollouts

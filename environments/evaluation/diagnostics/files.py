"""The diagnostics of a run directory, with what was played beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from environments.evaluation.baselines import DIRECTORY
from environments.evaluation.diagnostics.measure import Diagnostic, diagnose
from environments.rollouts.files import SAMPLES, read_samples
from environments.rollouts.record import Rollout

BESIDE = ("random", "explorer")
"""Policies whose diagnostics are shown beside those of a run."""
NOTES = "notes"
"""In a run's directory: runs with other notes, one directory each."""
OTHER_NOTES = ("wiped", "swapped")


def diagnose_directory(out: Path, rollouts: Sequence[Rollout]) -> dict[str, Diagnostic]:
    """Return the diagnostics of the run in `out`, beside the baselines and notes played for it."""
    return diagnose(
        rollouts,
        {name: _rollouts(out / DIRECTORY / name) for name in BESIDE},
        {name: _rollouts(out / NOTES / name) for name in OTHER_NOTES},
    )


def _rollouts(directory: Path) -> list[Rollout]:
    path = directory / SAMPLES
    return read_samples(path) if path.exists() else []

"""What an export is made of: runs of `evaluate` and `branch`, and files of groups of `process`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from environments.export.groups import ToolsOf, groups_files, is_groups_file, read_groups
from environments.export.hermes_writer import trajectories_directory
from environments.export.scored import Scored
from environments.rollouts.files import SAMPLES, read_rollouts
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError


def read_scored(sources: Sequence[Path], tools_of: ToolsOf) -> list[Scored]:
    """Read the rollouts of runs and of files of groups, or of a directory that holds such files.

    Each source counts once. Raises UserError for anything else.
    """
    found: list[Scored] = []
    for source in dict.fromkeys(sources):
        files = _groups(source)
        for path in files:
            found += read_groups(path, tools_of)
        if not files:
            found += read_rollouts(source)
    return found


def read_played(form: str, sources: Sequence[Path]) -> list[Rollout]:
    """Read the rollouts of runs, for a format that needs what happened in the world, too.

    Each source counts once. Raises UserError for groups, which hold no events.
    """
    found: list[Rollout] = []
    for source in dict.fromkeys(sources):
        for path in _groups(source):
            here = trajectories_directory(path)
            beside = f", and its Hermes trajectories are in {here}" if form == "hermes" else ""
            raise UserError(
                f"{path} holds groups, which have no events: {form} is made of runs of `evaluate`"
                f" and `branch`{beside}"
            )
        found += read_rollouts(source)
    return found


def _groups(source: Path) -> list[Path]:
    """Return the files of groups that a source is or holds; none for a run."""
    if source.is_dir():
        return [] if (source / SAMPLES).exists() else groups_files(source)
    return [source] if source.is_file() and is_groups_file(source) else []

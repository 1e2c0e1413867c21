"""The rollouts of one run, and whether those of two runs can be compared."""

from __future__ import annotations

from pathlib import Path

from environments.evaluation.regret import RolloutRegrets, read_regrets, regrets_path
from environments.rollouts.files import read_rollouts, samples_path
from environments.rollouts.record import Rollout
from world_fixtures.common import Frozen, UserError, digest


class RunSamples(Frozen):
    """The rollouts of one run and the file they were read from."""

    source: str
    rollouts: tuple[Rollout, ...]
    regrets: dict[str, RolloutRegrets] = {}
    """By the rollouts' ids, where they were computed."""

    @property
    def model(self) -> str:
        """Names of the models or policies that played; most runs have one."""
        return ", ".join(dict.fromkeys(rollout.model for rollout in self.rollouts))

    @property
    def version(self) -> int:
        """Of the tasks. Raises UserError where the rollouts are of several versions."""
        found = sorted({rollout.task.version for rollout in self.rollouts})
        if len(found) > 1:
            several = " and ".join(map(str, found))
            raise UserError(f"{self.source} mixes tasks of versions {several}: give one run")
        return found[0]


def load_samples(path: Path) -> RunSamples:
    """Read a run directory, or a samples file itself. Raises UserError where there is none."""
    return RunSamples(
        source=str(samples_path(path)), rollouts=tuple(read_rollouts(path)),
        regrets=read_regrets(regrets_path(path)),
    )  # fmt: skip


def check_versions(a: RunSamples, b: RunSamples) -> None:
    """Raise UserError where two runs are of two versions of the tasks: scores do not compare."""
    if a.version != b.version:
        raise UserError(
            f"{a.source} is of tasks version {a.version} and {b.source} of version {b.version}:"
            " scores of two versions do not compare, give two runs of one"
        )


def check_tasks(a: RunSamples, b: RunSamples) -> None:
    """Raise UserError where a task of both runs is not the same in both."""
    known = {r.task.id: r.task for r in a.rollouts}
    for rollout in b.rollouts:
        before = known.get(rollout.task.id, rollout.task)
        if before != rollout.task and digest(before.model_dump(mode="json")) != digest(
            rollout.task.model_dump(mode="json")
        ):
            raise UserError(
                f"task {rollout.task.id!r} is not the same in {a.source} and {b.source}: "
                "compare runs of one suite, made with one version of it"
            )


def check_starts(a: RunSamples, b: RunSamples) -> None:
    """Raise UserError where rollouts of a task begin elsewhere in A than in B, as branches do."""
    starts_a, starts_b = starts_of(a), starts_of(b)
    for task, found in starts_a.items():
        other = starts_b.get(task, found)
        if found != other:
            raise UserError(
                f"rollouts of {task!r} begin {told_starts(found)} in {a.source} and"
                f" {told_starts(other)} in {b.source}: scores compare where they begin in"
                " the same states"
            )


def starts_of(run: RunSamples) -> dict[str, frozenset[tuple[str, int]]]:
    """Return where the scored rollouts of each task go on from, by task; empty for the start."""
    found: dict[str, set[tuple[str, int]]] = {}
    for rollout in run.rollouts:
        if rollout.verdict is not None:
            own = found.setdefault(rollout.task.id, set())
            if rollout.branch_of is not None:
                own.add((rollout.branch_of, rollout.branch_turn or 0))
    return {task: frozenset(starts) for task, starts in found.items()}


def told_starts(starts: frozenset[tuple[str, int]]) -> str:
    """Say where rollouts go on from, for a message."""
    if not starts:
        return "at the start"
    rollout, turn = min(starts)
    more = f" and {len(starts) - 1} more" if len(starts) > 1 else ""
    return f"at turn {turn} of rollout {rollout!r}{more}"

"""Runs as a ranking needs them: scores and expenses, without what was said and done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, combinations, count
from pathlib import Path

from environments.evaluation.expenses import Expenses, expenses
from environments.evaluation.metrics import Score, scored
from environments.evaluation.run_directory import read_run
from environments.evaluation.run_identity import Run
from environments.evaluation.run_samples import RunSamples, load_samples, starts_of, told_starts
from world_fixtures.common import Frozen, UserError, digest


class Contestant(Frozen):
    """One run of a ranking."""

    name: str
    """Of the model or policy; with its directory where several runs are of one name."""
    source: Path
    """The run's directory, or its samples file."""
    suite: str
    """Empty where it is not recorded."""
    version: int
    """Of the tasks."""
    scores: tuple[Score, ...]
    planned: int
    """Rollouts of the whole run."""
    spent: Expenses
    contents: dict[str, str]
    """Digest of each task by its id."""
    starts: dict[str, frozenset[tuple[str, int]]]
    """Where the rollouts of each task go on from, as branches do; empty for the start."""

    @property
    def missing(self) -> int:
        """Rollouts that were not played yet."""
        return max(0, self.planned - len(self.scores))


def load_contestants(paths: Sequence[Path]) -> list[Contestant]:
    """Read run directories or samples files, and name each by its model.

    Raises UserError where one is none.
    """
    return named([load_contestant(path) for path in paths])


def load_contestant(path: Path) -> Contestant:
    """Read one run, see `load_contestants`."""
    run = read_run(path if path.is_dir() else path.parent)
    return contestant(path, load_samples(path), run)


def contestant(path: Path, samples: RunSamples, run: Run | None = None) -> Contestant:
    """Return what a ranking needs of the run at `path`."""
    return Contestant(
        name=run.model if run is not None else samples.model,
        source=path,
        suite=run.suite if run is not None else "",
        version=samples.version,
        scores=tuple(scored(samples.rollouts)),
        planned=run.total if run is not None else len(samples.rollouts),
        spent=expenses(samples.rollouts, run.prices if run is not None else None),
        contents={
            task.id: digest(task.model_dump(mode="json")).hex()
            for task in {r.task.id: r.task for r in samples.rollouts}.values()
        },
        starts=starts_of(samples),
    )


def named(runs: Sequence[Contestant]) -> list[Contestant]:
    """Return the runs with a name each: with the directory, too, where a model has several."""
    several = {model for model, n in Counter(run.name for run in runs).items() if n > 1}
    names: list[str] = []
    for run in runs:
        place = run.source if run.source.is_dir() else run.source.parent
        choices = [run.name] if run.name not in several else []
        choices += [f"{run.name} ({place.name})", f"{run.name} ({place})"]
        counted = (f"{choices[-1]} #{n}" for n in count(2))
        names.append(next(name for name in chain(choices, counted) if name not in names))
    return [run.model_copy(update={"name": name}) for run, name in zip(runs, names, strict=True)]


def check_comparable(runs: Sequence[Contestant]) -> None:
    """Raise UserError where two runs are of other versions or tasks, or begin in other states."""
    for a, b in combinations(runs, 2):
        if a.version != b.version:
            raise UserError(
                f"{a.source} is of tasks version {a.version} and {b.source} of version {b.version}:"
                " scores of two versions do not compare, give runs of one"
            )
        for task, content in a.contents.items():
            if b.contents.get(task, content) != content:
                raise UserError(
                    f"task {task!r} is not the same in {a.source} and {b.source}: "
                    "compare runs of one suite, made with one version of it"
                )
        for task, found in a.starts.items():
            if (other := b.starts.get(task, found)) != found:
                raise UserError(
                    f"rollouts of {task!r} begin {told_starts(found)} in {a.source} and"
                    f" {told_starts(other)} in {b.source}: scores compare where they begin in the"
                    " same states"
                )

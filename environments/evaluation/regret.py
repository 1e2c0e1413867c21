"""regrets.jsonl of a run: what each command of each rollout cost, a line a rollout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from environments.rollouts.checkpoint import Checkpoint
from environments.rollouts.files import LinesFile, check_ordinary, check_torn_line, samples_path
from environments.rollouts.lock import lock
from environments.rollouts.processes import WorkerKilled, in_processes
from environments.rollouts.progress import Tally, chosen_display
from environments.rollouts.record import Rollout
from environments.tasks.credit.regret import Regret, regrets
from environments.tasks.version import TASKS_VERSION
from world_fixtures.common import Frozen, UserError
from world_fixtures.protocol import Event

REGRETS = "regrets.jsonl"
"""Name of the file in a run's directory."""
_KEY = b'{"rollout":'
"""How each line begins."""


class RolloutRegrets(Frozen):
    """The regrets of one rollout."""

    rollout: str
    """Its id."""
    worlds: int
    """That were to be resampled before each command."""
    regrets: tuple[Regret, ...]

    @property
    def mistake(self) -> float:
        """Return the sum of the mistakes, in commands."""
        return sum(r.mistake for r in self.regrets)

    @property
    def search(self) -> float:
        """Return the sum of what was searched badly, in commands."""
        return sum(r.search for r in self.regrets)


def regrets_path(run: Path) -> Path:
    """Return the file of a run, which is a directory or its samples file."""
    return samples_path(run).with_name(REGRETS)


def read_regrets(path: Path) -> dict[str, RolloutRegrets]:
    """Read a file of regrets by the rollouts' ids; empty where there is none.

    A last line that was not written to its end is left out. Raises UserError for other damage.
    """
    if not path.exists():
        return {}
    check_ordinary(path)
    found: dict[str, RolloutRegrets] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                one = RolloutRegrets.model_validate_json(line)
            except ValidationError as error:
                raise UserError(
                    f"{path} line {number} is damaged: move the line into another file, and"
                    " `evennia-world regret` computes it again"
                ) from error
            found[one.rollout] = one
    return found


def check_rollouts(source: Path, rollouts: Sequence[Rollout]) -> None:
    """Raise UserError where regrets cannot be told: other rules, or events that are not there."""
    for rollout in rollouts:
        if rollout.task.version != TASKS_VERSION:
            raise UserError(
                f"{source} is of tasks version {rollout.task.version}, and these rules are of"
                f" version {TASKS_VERSION}: give a run of version {TASKS_VERSION}"
            )
        seqs = [e.seq for e in rollout.events]
        named = max((c.event or 0 for c in rollout.tool_calls), default=0)
        if seqs != list(range(1, len(seqs) + 1)) or named > len(seqs):
            raise UserError(
                f"{source}: rollout {rollout.id!r} does not hold every event of its world, so its"
                " states are not known: give a run that `evaluate` wrote"
            )


def events_by_stage(rollout: Rollout) -> list[list[Event]]:
    """Return the agent's events of a whole rollout, one list a stage that was begun."""
    return Checkpoint.model_construct(
        rollout=rollout.id, task=rollout.task, turn=rollout.turns,
        stage=max(0, len(rollout.conversations) - 1), conversations=(),
        tool_calls=tuple(rollout.tool_calls), events=tuple(rollout.events),
        commands=0, connected=False, sessions=0,
    ).events_by_stage  # fmt: skip


def turns_of(rollout: Rollout, found: RolloutRegrets) -> Iterator[tuple[int, Regret]]:
    """Yield each regret with the number of its turn."""
    caused = [(c.event, c.turn) for c in rollout.tool_calls if c.event is not None]
    for regret in found.regrets:
        # a call may have caused events before the one that it names
        yield next((t for event, t in caused if event >= regret.seq), rollout.turns), regret


def add_regrets(source: Path, rollouts: Sequence[Rollout], worlds: int) -> int:
    """Compute the regrets of rollouts that the run's file lacks, and append them to it.

    Uses a process for each core. Returns how many were there before. Raises UserError where the
    rollouts do not allow it, the file was made with another number of worlds, or a process was
    killed; that and a KeyboardInterrupt say how many are kept.
    """
    check_rollouts(source, rollouts)
    path = regrets_path(source)
    with lock(path.with_name(".regrets.lock"), f"{path} is being written: wait for it"):
        known = read_regrets(path)
        for one in known.values():
            if one.worlds != worlds:
                raise UserError(
                    f"{path} was made with --worlds {one.worlds}: give the same, or delete the file"
                )
        left = [r for r in rollouts if r.id not in known]
        before = len(rollouts) - len(left)
        tally = Tally("rollouts", len(rollouts), done=before, resumed=before)
        try:
            with _reopened(path) as file, chosen_display(tally) as display:

                def keep(_: int, line: bytes) -> None:
                    file.add(line)
                    tally.done += 1
                    display.changed()

                in_processes(partial(_line, worlds=worlds), left, keep)
        except (KeyboardInterrupt, WorkerKilled) as end:
            kept = (
                f"the regrets of {tally.done} of {len(rollouts)} rollouts are kept in {path}, and"
                " the same command goes on from there"
            )
            if isinstance(end, WorkerKilled):
                raise WorkerKilled(kept) from end
            raise KeyboardInterrupt(f"interrupted: {kept}") from end
    return before


def _line(rollout: Rollout, worlds: int) -> bytes:
    found = regrets(rollout.task, events_by_stage(rollout), worlds=worlds)
    data = RolloutRegrets(rollout=rollout.id, worlds=worlds, regrets=found)
    return data.model_dump_json().encode() + b"\n"


def _reopened(path: Path) -> LinesFile:
    """Open the file for appending, without a last line that was not written to its end."""
    file = LinesFile(path)
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        check_torn_line(path, data.count(b"\n") + 1, data[whole:], _KEY)
        file.cut(whole)
    return file


def sums(
    rollouts: Sequence[Rollout], found: Mapping[str, RolloutRegrets], part: str
) -> dict[str, float]:
    """Return the mean of `mistake` or `search` a rollout, by task; those with regrets alone."""
    values: dict[str, list[float]] = {}
    for rollout in rollouts:
        if rollout.id in found:
            values.setdefault(rollout.task.id, []).append(getattr(found[rollout.id], part))
    return {task: sum(v) / len(v) for task, v in values.items()}

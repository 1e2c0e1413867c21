"""The files of one run: run.json says what it is, samples.jsonl holds every finished rollout.

While a run goes on, the lines of samples.jsonl are in the order of finishing; a finished run
has them by task and attempt, where they are one file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from environments.evaluation.run_identity import BRANCH, Run
from environments.rollouts.files import (
    CONTINUES,
    SAMPLE_KEY,
    SAMPLES,
    LinesFile,
    check_torn_line,
    read_file,
    read_samples,
    sample_line,
    write_file,
    write_lines,
)
from environments.rollouts.identity import differences, listed, unrecorded
from environments.rollouts.lock import lock
from environments.rollouts.part_files import Manifest
from environments.rollouts.parts import Place, has_parts, parts_directory
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError
from world_fixtures.disk import disk

RUN = "run.json"
ENDS_WITH = ("metrics.json", "summary.md", "report.html", "evaluate_config.yaml")
"""Files that are written when the rollouts of a run are there."""
ABSENT_IS_NONE = ("reward", "traffic", BRANCH)
"""Settings that are recorded only where there is one."""


def read_run(directory: Path) -> Run | None:
    """Read what the directory's run is; None where there is none yet.

    Raises UserError where the file is damaged.
    """
    path = directory / RUN
    if not path.exists():
        return None
    try:
        return Run.model_validate_json(read_file(path))
    except ValidationError as error:
        raise UserError(
            f"{path} is damaged: {error.errors()[0]['msg']}; move it away, and `evaluate` continues"
            f" {SAMPLES} beside it with --env.adopt true"
        ) from error


class RunDirectory:
    """The directory of one run, open for writing by this process alone; a context manager.

    `rollouts` are those that the directory holds, also after it was closed.
    """

    def __init__(
        self,
        path: Path,
        run: Run,
        *,
        adopt: bool = False,
        option: str = "--env.data_dir_to_save_evals",
    ) -> None:
        """Open the directory of `run`, which is made where there is none.

        A run of an earlier version, which recorded less of what it is, goes on only with `adopt`,
        and where all that it recorded agrees; so do samples without any record, where they are of
        this run's tasks. `option` is the one that chooses the directory, for messages. Raises
        UserError where the directory holds another
        run or one of another version of the tasks, another process has it open, or it cannot be
        written.
        """
        self.path = path
        self.run = run
        self._elsewhere = f"choose another {option}"
        self._manifest: Manifest | None = None
        self._unread = False
        """Whether the file holds more than was read of it, or added to it here."""
        with disk(path, elsewhere=self._elsewhere):
            path.mkdir(parents=True, exist_ok=True)
        self._lock = lock(path / ".lock", f"{path} is in use by a run: wait for it, or stop it")
        try:
            self._check_run(adopt)
            self._read = read_samples(path / SAMPLES)
            self.rollouts = run.in_order(self._read)
            self._samples = self._reopened()
        except BaseException:
            self._lock.close()
            raise

    def add(self, rollout: Rollout) -> None:
        """Write a rollout; it is on disk when this returns.

        Raises UserError, and writes nothing of it, where the disk refuses.
        """
        self._samples.add(sample_line(rollout))
        self._read.append(rollout)
        self.rollouts.append(rollout)

    def add_line(self, line: bytes, places: Mapping[str, Place]) -> None:
        """Write a rollout that somebody else has written down, as `add` does.

        A line that is in a part already has `places` there. It is among `rollouts` when the
        directory is closed.
        """
        self._unread = True
        if not places:
            self._samples.add(line)
            return
        if self._manifest is None:
            self._manifest = Manifest(self.path / SAMPLES)
        self._manifest.add(places)

    def close(self) -> None:
        """Put the samples into their order and unlock the directory. Idempotent.

        Raises UserError where the disk refuses; the samples are then as they were, which the
        next run of this directory reads as well.
        """
        if self._samples.closed:
            return
        if self._unread:
            self._read = read_samples(self.path / SAMPLES)
        self.rollouts = self.run.in_order(self._read)
        try:
            self._samples.close()
            if self._manifest is not None:
                self._manifest.close()
            if self.rollouts != self._read and not has_parts(self.path / SAMPLES):
                lines = map(sample_line, self.rollouts)
                write_lines(self.path / SAMPLES, lines, kept=CONTINUES)
        finally:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        try:
            self.close()
        except UserError:
            if error is None:  # otherwise the first failure is told: a full disk gives many
                raise

    def _check_run(self, adopt: bool) -> None:
        before = read_run(self.path)
        if before is None:
            self._check_samples(adopt)
            self._write_run()
            return
        self._check_version(before.version, RUN)
        recorded = {**dict.fromkeys(ABSENT_IS_NONE), **before.settings}
        if bool(recorded.get(BRANCH)) != bool(self.run.settings.get(BRANCH)):
            kinds = ("a run from the start", "a run of branches")
            there, here = kinds if self.run.settings.get(BRANCH) else reversed(kinds)
            raise UserError(f"{self.path} holds {there}, and this is {here}: {self._elsewhere}")
        anew = f"to start anew delete the directory or {self._elsewhere}"
        if found := _differences(before, recorded, self.run):
            raise UserError(
                f"{self.path} holds another run ({listed(found)}): to continue it give the same"
                f" command; {anew}"
            )
        missing = unrecorded(recorded, self.run.settings)
        if missing and not adopt:
            raise UserError(
                f"{self.path} holds a run of which is not recorded: {listed(missing)}: to"
                f" continue it with these options give --env.adopt true; {anew}"
            )
        if missing or before.prices != self.run.prices:
            self._write_run()

    def _check_version(self, found: int, file: str) -> None:
        """Raise UserError where a file of this directory is of another version of the tasks."""
        if found != self.run.version:
            raise UserError(
                f"{self.path / file} is of tasks version {found}, and this run of version"
                f" {self.run.version}: `report`, `export` and `compare` read it; to play this one"
                f" {self._elsewhere}"
            )

    def _check_samples(self, adopt: bool) -> None:
        """Raise UserError unless samples whose run is not recorded may be continued."""
        path = self.path / SAMPLES
        with disk(path):
            if not path.exists() or (path.is_file() and not path.stat().st_size):
                self._check_written()
                return
        elsewhere = self._elsewhere
        samples = read_samples(path)  # what is no samples file is told so first
        if not adopt:
            raise UserError(
                f"{path} holds samples, and {RUN}, which says how they were made, is not there:"
                f" give --env.adopt true to continue them with these options, or {elsewhere}"
            )
        for rollout in samples:
            self._check_version(rollout.task.version, SAMPLES)
            if rollout.task.id not in self.run.tasks or rollout.attempt >= self.run.attempts:
                raise UserError(
                    f"{path} holds attempt {rollout.attempt + 1} at {rollout.task.id}, which is not"
                    f" one of this run of {self.run.suite}: continue it with the suite and attempts"
                    f" that it was made with, or {elsewhere}"
                )

    def _check_written(self) -> None:
        """Raise UserError where there is more of a run that is not recorded than its samples."""
        if has_parts(self.path / SAMPLES):
            raise UserError(
                f"{parts_directory(self.path / SAMPLES)} holds parts of a run that is not recorded"
                f" here: move it with what it belongs to, or {self._elsewhere}"
            )
        for name in ENDS_WITH:
            if (self.path / name).exists():
                raise UserError(
                    f"{self.path / name} is of no run that is recorded here, and would be written"
                    f" over: {self._elsewhere}"
                )

    def _write_run(self) -> None:
        write_file(self.path / RUN, self.run.model_dump_json(indent=1) + "\n")

    def _reopened(self) -> LinesFile:
        """Open the samples for appending, without a last line that was not written to its end."""
        path = self.path / SAMPLES
        samples = LinesFile(path)
        whole = 0
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    check_torn_line(path, number, line, SAMPLE_KEY)
                    samples.cut(whole)
                whole += len(line)
        return samples


def _differences(before: Run, recorded: dict[str, Any], now: Run) -> list[str]:
    """List what differs, e.g. `model: 'a' there, 'b' here`."""
    names = ("suite", "model", "attempts")
    found = differences(
        {name: getattr(before, name) for name in names},
        {name: getattr(now, name) for name in names},
    )
    found += differences(recorded, now.settings)
    if before.tasks_hash != now.tasks_hash:
        found.append(f"tasks: {len(before.tasks)} there, {len(now.tasks)} here, not the same ones")
    return found

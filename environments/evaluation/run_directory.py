"""The files of one run: run.json says what it is, samples.jsonl holds every finished rollout.

While a run goes on, the lines of samples.jsonl are in the order of finishing; a finished run
has them by task and attempt.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Self

from pydantic import ValidationError

from environments.evaluation.run_identity import Run
from environments.rollouts.files import SAMPLES, read_samples, replace_file, sample_line
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError

RUN = "run.json"


def read_run(directory: Path) -> Run | None:
    """Read what the directory's run is; None where there is none yet.

    Raises UserError where the file is damaged.
    """
    path = directory / RUN
    if not path.exists():
        return None
    try:
        return Run.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UserError(f"{path} is damaged: {error.errors()[0]['msg']}; delete it") from error


class RunDirectory:
    """The directory of one run, open for writing by this process alone; a context manager.

    `rollouts` are those that the directory holds, also after it was closed.
    """

    def __init__(self, path: Path, run: Run) -> None:
        """Open the directory of `run`, which is made where there is none.

        Raises UserError where it holds another run, or another process has it open.
        """
        self.path = path
        self.run = run
        path.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path / ".lock")
        try:
            self._check_run()
            self.rollouts = run.in_order(read_samples(path / SAMPLES))
            self._samples = self._reopened()
        except BaseException:
            self._lock.close()
            raise

    def add(self, rollout: Rollout) -> None:
        """Write a rollout; it is on disk when this returns."""
        self._samples.write(sample_line(rollout))
        self._samples.flush()
        self.rollouts.append(rollout)

    def close(self) -> None:
        """Put the samples into their order and unlock the directory. Idempotent."""
        if self._samples.closed:
            return
        self._samples.close()
        self.rollouts = self.run.in_order(self.rollouts)
        _write(self.path / SAMPLES, map(sample_line, self.rollouts))
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _check_run(self) -> None:
        before = read_run(self.path)
        if before is None:
            if (self.path / SAMPLES).exists():
                raise UserError(
                    f"{self.path} holds {SAMPLES} of an unknown run: delete it, or choose another "
                    "--env.data_dir_to_save_evals"
                )
            _write(self.path / RUN, [self.run.model_dump_json(indent=1).encode() + b"\n"])
        elif before != self.run:
            raise UserError(
                f"{self.path} holds another run ({_difference(before, self.run)}): to continue it "
                "give the same command; to start anew delete the directory or choose another "
                "--env.data_dir_to_save_evals"
            )

    def _reopened(self) -> IO[bytes]:
        """Open the samples for appending, without a last line that was not written to its end."""
        path = self.path / SAMPLES
        samples = path.open("ab")
        content = path.read_bytes()
        samples.truncate(content.rfind(b"\n") + 1)
        return samples


def _locked(path: Path) -> IO[bytes]:
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise UserError(f"{path.parent} is in use by a run: wait for it, or stop it") from error
    return lock


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    def write(new: Path) -> None:
        with new.open("wb") as file:
            file.writelines(chunks)

    replace_file(path, write)


def _difference(before: Run, now: Run) -> str:
    """Name what differs, e.g. `model: 'a' there, 'b' here`."""
    found = []
    for name in ("suite", "model", "attempts"):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            found.append(f"{name}: {old!r} there, {new!r} here")
    for name in sorted({*before.settings, *now.settings}):
        old, new = before.settings.get(name), now.settings.get(name)
        if old != new:
            found.append(f"{name}: {old!r} there, {new!r} here")
    if before.tasks_hash != now.tasks_hash:
        found.append(f"tasks: {len(before.tasks)} there, {len(now.tasks)} here, not the same ones")
    return "; ".join(found) or "the file run.json differs"

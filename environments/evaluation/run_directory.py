"""The files of one run: run.json says what it is, samples.jsonl holds every finished rollout.

A sample is one line of JSON in the form of Atropos's evaluate_log (messages, score and
what identifies it), with the whole Rollout under `rollout`. While a run goes on, lines
stand in the order of finishing; a finished run has them by task and attempt.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from pydantic import Field, ValidationError
from pydantic_core import PydanticSerializationError

from environments.rollouts.record import Rollout
from environments.runner import Conditions
from environments.tasks.model import Task
from environments.tasks.suites import Suite
from world_fixtures.common import Frozen, UserError, digest

RUN = "run.json"
SAMPLES = "samples.jsonl"

Key = tuple[str, int]
"""Task id and attempt."""


class Run(Frozen):
    """What is played: two runs of the same directory must agree in all of it."""

    suite: str
    model: str
    settings: dict[str, Any] = Field(default_factory=dict)
    """What else bears on the result (temperature, weights, ...); plain JSON, no secrets."""
    attempts: int = Field(default=1, ge=1)
    tasks: tuple[str, ...]
    """Task ids in their order."""
    tasks_hash: str
    """32 hex digits over the whole tasks."""

    @classmethod
    def of(
        cls, tasks: Sequence[Task], *, suite: str, model: str,
        settings: dict[str, Any] | None = None, attempts: int = 1,
    ) -> Run:  # fmt: skip
        """Raises UserError where two tasks share an id or there is none."""
        ids = tuple(t.id for t in tasks)
        if not ids:
            raise UserError(f"suite {suite!r} holds no task")
        twice = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
        if twice:
            raise UserError(f"suite {suite!r} holds task {twice[0]!r} twice: ids must be unique")
        return cls(
            suite=suite, model=model, settings=json.loads(json.dumps(settings or {})),
            attempts=attempts, tasks=ids,
            tasks_hash=digest([t.model_dump(mode="json") for t in tasks]).hex(),
        )  # fmt: skip

    @property
    def total(self) -> int:
        """Rollouts of a whole run."""
        return len(self.tasks) * self.attempts

    def in_order(self, rollouts: Iterable[Rollout]) -> list[Rollout]:
        """By task and attempt; of two records of one attempt the later stands."""
        place = {task: i for i, task in enumerate(self.tasks)}
        latest = {key(r): r for r in rollouts}
        return [latest[k] for k in sorted(latest, key=lambda k: (place.get(k[0], len(place)), k))]


def key(rollout: Rollout) -> Key:
    return rollout.task.id, rollout.attempt


def sample_line(rollout: Rollout) -> bytes:
    """One sample as a line of UTF-8 JSON."""
    verdict, task = rollout.verdict, rollout.task
    head = {
        "task_id": task.id,
        "attempt": rollout.attempt,
        "family": task.family.value,
        "kind": task.kind,
        "difficulty": task.difficulty,
        "split": task.split,
        "score": None if verdict is None else verdict.reward,
        "correct": None if verdict is None else verdict.success,
        "finish_reason": rollout.stop.value,
        "turns": rollout.turns,
        "answer": rollout.answer,
        "messages": list(itertools.chain.from_iterable(rollout.conversations)),
    }
    return _json(head)[:-1] + b',"rollout":' + _rollout_json(rollout) + b"}\n"


def _rollout_json(rollout: Rollout) -> bytes:
    try:
        return rollout.model_dump_json().encode()
    except PydanticSerializationError:
        # A model may write half a surrogate pair, which no UTF-8 can hold.
        return _json(rollout.model_dump())


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def read_run(directory: Path) -> Run | None:
    """What the directory's run is, None where there is none yet."""
    path = directory / RUN
    if not path.exists():
        return None
    try:
        return Run.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UserError(f"{path} is damaged: {error.errors()[0]['msg']}; delete it") from error


def read_samples(path: Path) -> list[Rollout]:
    """The rollouts of a samples file, in the order of its lines.

    A last line that was not written to its end is left out; any other damage is a UserError.
    """
    if not path.exists():
        return []
    rollouts = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        try:
            rollouts.append(Rollout.model_validate(json.loads(line)["rollout"]))
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path} line {number} is no sample of this project's: "
                "delete the line to have it played again"
            ) from error
    return rollouts


def run_of(
    suite: Suite, conditions: Conditions, *, model: str, provider: str = "", attempts: int = 1,
    candidate: dict[str, Any] | None = None,
) -> Run:  # fmt: skip
    """Identify a run: everything that bears on its result."""
    played: dict[str, Any] = {
        "temperature": conditions.options.agent_temperature,
        "provider": provider,
        "weights": conditions.weights.model_dump(mode="json"),
        "max_turns": conditions.options.max_agent_turns,
        "gate": conditions.gate.model_dump(mode="json"),
    }
    if conditions.reward is not None:
        played["reward"] = conditions.reward.__qualname__
    if candidate is not None:
        played["traffic"] = candidate
    return Run.of(suite.tasks, suite=suite.name, model=model, settings=played, attempts=attempts)


class RunDirectory:
    """The directory of one run, open for writing by this process alone.

    Raises UserError where it holds another run, or another process has it open.
    """

    def __init__(self, path: Path, run: Run) -> None:
        self.path = path
        self.run = run
        path.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path / ".lock")
        try:
            self._guard()
            self.rollouts = run.in_order(read_samples(path / SAMPLES))
            self._samples = self._reopened()
        except BaseException:
            self._lock.close()
            raise

    def _guard(self) -> None:
        before = read_run(self.path)
        if before is None:
            if (self.path / SAMPLES).exists():
                raise UserError(
                    f"{self.path} holds {SAMPLES} of an unknown run: delete it, or choose another "
                    "--env.data_dir_to_save_evals"
                )
            _replace(self.path / RUN, [self.run.model_dump_json(indent=1).encode() + b"\n"])
        elif before != self.run:
            raise UserError(
                f"{self.path} holds another run ({_difference(before, self.run)}): to continue it "
                "give the same command; to start anew delete the directory or choose another "
                "--env.data_dir_to_save_evals"
            )

    def _reopened(self) -> IO[bytes]:
        path = self.path / SAMPLES
        samples = path.open("ab")
        content = path.read_bytes()
        samples.truncate(content.rfind(b"\n") + 1)
        return samples

    def add(self, rollout: Rollout) -> None:
        """On disk when this returns."""
        self._samples.write(sample_line(rollout))
        self._samples.flush()
        self.rollouts.append(rollout)

    def close(self) -> None:
        """Put the samples into their order and let the directory go. Idempotent."""
        if self._samples.closed:
            return
        self._samples.close()
        self.rollouts = self.run.in_order(self.rollouts)
        _replace(self.path / SAMPLES, map(sample_line, self.rollouts))
        self._lock.close()


def _locked(path: Path) -> IO[bytes]:
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise UserError(f"{path.parent} is in use by a run: wait for it, or stop it") from error
    return lock


def _replace(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file so that it is at any moment the old one or the new one, whole."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.writelines(chunks)
    os.replace(beside, path)


def _difference(before: Run, now: Run) -> str:
    """Names what differs, e.g. `model: 'a' there, 'b' here`."""
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

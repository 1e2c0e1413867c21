"""Rollouts as lines of JSON and back: the file samples.jsonl, which every run leaves.

A sample is one line in the form of Atropos's evaluate_log (messages, score and what identifies
it), with the whole Rollout under `rollout`.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic_core import PydanticSerializationError

from environments.rollouts.record import Rollout
from world_fixtures.common import UserError

SAMPLES = "samples.jsonl"
"""Name of the samples file in a run's directory."""


def json_line(value: Any) -> bytes:
    """Return plain data as one line of compact UTF-8 JSON."""
    return _json(value) + b"\n"


def sample_line(rollout: Rollout) -> bytes:
    """Return one sample as a line of UTF-8 JSON."""
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


def read_samples(path: Path) -> list[Rollout]:
    """Read the rollouts of a samples file, in the order of its lines; none where there is no file.

    A last line that was not written to its end is left out. Raises UserError for any other damage.
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


def samples_path(run: Path) -> Path:
    """Return the samples file of a run, which is its directory or that file itself.

    Raises UserError where there is no such file.
    """
    samples = run / SAMPLES if run.is_dir() else run
    if not samples.is_file():
        raise UserError(f"{samples} does not exist: give a run directory or its {SAMPLES}")
    return samples


def read_rollouts(run: Path) -> list[Rollout]:
    """Read the rollouts of a run directory or a samples file. Raises UserError without any."""
    samples = samples_path(run)
    rollouts = read_samples(samples)
    if not rollouts:
        raise UserError(f"{samples} holds no finished rollout: play some first")
    return rollouts


def replace_file(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file so that it is at any moment the old one or the new one, whole.

    `write` is called with the path of the new file, which then replaces the old.
    """
    new = path.with_name(f".{path.name}.new")
    write(new)
    os.replace(new, path)


def _rollout_json(rollout: Rollout) -> bytes:
    try:
        return rollout.model_dump_json().encode()
    except PydanticSerializationError:
        # A model may write half a surrogate pair, which no UTF-8 can hold.
        return _json(rollout.model_dump())


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

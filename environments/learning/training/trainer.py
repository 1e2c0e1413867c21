"""The loop of training: a batch, a step, the new weights to the model server; resumable."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx
import torch

from environments.learning.training.batches import RolloutServer, rows_of
from environments.learning.training.learner import Learner
from environments.learning.weights import load_model, load_tokenizer, save
from environments.rollouts.files import json_line, write_lines
from world_fixtures.common import UserError


@dataclass(frozen=True)
class Plan:
    """What is trained, on what, and for how long."""

    model: Path
    """Directory of the model that training begins with."""
    out: Path
    """Directory of `weights`, `optimizer.pt` and `steps.jsonl`; what is there goes on."""
    steps: int
    batch_size: int
    """Rows of a step: a multiple of the group size."""
    max_tokens: int
    rollouts: str
    """Address of `run-api`."""
    server: str
    """Base URL of the model server, which holds its secret."""
    rate: float = 1e-5
    frozen: int = 0
    scaled: bool = True
    updates: int = 1
    """Gradient steps on the rows of a batch, each on its share of them."""
    threads: int = 2


def train(plan: Plan, waiting: Callable[[], None] = lambda: None) -> Iterator[dict[str, Any]]:
    """Train; yields what each step was made of once its weights are with the model server.

    Each line is in `steps.jsonl`, too. `waiting` is called again and again while a batch is not
    complete, and may raise. Raises UserError where a server does not answer.
    """
    torch.set_num_threads(plan.threads)
    weights, optimizer = plan.out / "weights", plan.out / "optimizer.pt"
    goes_on = optimizer.is_file()
    tokenizer = load_tokenizer(plan.model)
    learner = Learner(
        load_model(weights if goes_on else plan.model), rate=plan.rate, frozen=plan.frozen
    )
    plan.out.mkdir(parents=True, exist_ok=True)
    first, state = 0, {}
    if goes_on:
        state = torch.load(optimizer, weights_only=True)
        learner.restore(state["learner"])
        first = int(state["line"]["step"])
        _hand_over(plan.server, weights)
    log_path = plan.out / "steps.jsonl"
    lines = _steps_before(log_path, first)
    if len(lines) < first:  # stopped between the checkpoint and its line
        lines.append(state["line"])
    write_lines(log_path, map(json_line, lines))
    with RolloutServer(plan.rollouts) as rollouts, log_path.open("ab") as log:
        rollouts.register(
            batch_size=plan.batch_size, max_tokens=plan.max_tokens, steps=plan.steps, first=first
        )
        for step in range(first, plan.steps):
            begun = time.perf_counter()
            groups = rollouts.next_batch(waiting)
            batch = rows_of(groups, scaled=plan.scaled)
            waited = time.perf_counter() - begun
            report = learner.learn(batch.rows, updates=plan.updates)
            line: dict[str, Any] = {
                "step": step + 1, "reward": fmean(batch.scores), "groups": len(batch.scores),
                "scores": batch.scores, "equal": batch.equal,
                "sampled": sum(sum(row.trained) for row in batch.rows), "waited": waited,
                "learning": asdict(report) if report else None,
            }  # fmt: skip
            line |= {"computed": None, "seconds": time.perf_counter() - begun}
            save(learner.model, tokenizer, weights)
            _write_state(optimizer, {"learner": learner.state(), "line": line})
            line |= {
                "computed": _hand_over(plan.server, weights),
                "seconds": time.perf_counter() - begun,
            }
            log.write(json_line(line))
            log.flush()
            yield line


def _write_state(path: Path, state: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def _hand_over(server: str, weights: Path) -> int:
    """Have the model server take new weights; how many tokens it has computed so far."""
    try:
        answer = httpx.post(f"{server}/weights", json={"path": str(weights.resolve())}, timeout=600)
        answer.raise_for_status()
        return int(answer.json()["computed"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        status = getattr(getattr(error, "response", None), "status_code", type(error).__name__)
        raise UserError(f"the model server did not take the new weights ({status})") from None


def read_steps(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a `steps.jsonl`, but for a torn last one."""
    whole = path.read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in whole]


def _steps_before(path: Path, step: int) -> list[dict[str, Any]]:
    """Return the lines of the steps up to `step`: those that a checkpoint holds."""
    lines = read_steps(path) if path.is_file() else []
    return [line for line in lines if line["step"] <= step]

"""Batches from Atropos's rollout server (`run-api`), as rows of tokens with their advantages."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from environments.rollouts.training_sequence import MASKED
from world_fixtures.common import UserError

POLL = 0.25
"""Seconds between two questions for a batch that is not complete yet."""


@dataclass(frozen=True)
class Row:
    """One training sequence; its lists have one entry a token."""

    tokens: list[int]
    trained: list[bool]
    logprobs: list[float]
    """With which a trained token was sampled; without meaning elsewhere."""
    advantages: list[float]
    """Without meaning where a token is not trained."""


@dataclass(frozen=True)
class Batch:
    """The rows of some groups."""

    rows: list[Row]
    scores: list[float]
    """Of each group the mean."""
    equal: int
    """Groups whose rows all have the same score."""


def rows_of(groups: Sequence[Mapping[str, Any]], *, scaled: bool = True) -> Batch:
    """Return the rows of groups as the rollout server gives them.

    Where a group brings advantages they are taken; else the advantage of each trained token is the
    row's score less the group's mean, in units of the group's standard deviation if `scaled` (GRPO,
    arXiv 2402.03300; without: Dr. GRPO, arXiv 2503.20783). Raises UserError for groups without the
    log-probabilities of their tokens.
    """
    rows: list[Row] = []
    means: list[float] = []
    equal = 0
    for group in groups:
        scores = group["scores"]
        if group.get("inference_logprobs") is None:
            raise UserError(
                "a group has no log-probabilities: serve with a --openai.server_type that gives"
                " exact tokens (vllm, sglang)"
            )
        equal += len(set(scores)) == 1
        mean = statistics.fmean(scores)
        means.append(mean)
        deviation = statistics.pstdev(scores) if scaled else 1.0
        for n, (tokens, masks) in enumerate(zip(group["tokens"], group["masks"], strict=True)):
            trained = [mask != MASKED for mask in masks]
            given = group.get("advantages")
            if given is not None:
                advantages = given[n]
            else:
                worth = (scores[n] - mean) / deviation if deviation else 0.0
                advantages = [worth] * len(tokens)
            rows.append(Row(tokens, trained, group["inference_logprobs"][n], advantages))
    return Batch(rows, means, equal)


class RolloutServer:
    """The trainer's side of `run-api`; a context manager that closes the connection."""

    def __init__(self, url: str) -> None:
        """Take the address of `run-api`, e.g. http://127.0.0.1:8000."""
        self._client = httpx.Client(base_url=url, timeout=60.0)
        self._url = url

    def __enter__(self) -> RolloutServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def register(self, *, batch_size: int, max_tokens: int, steps: int, first: int) -> None:
        """Register as the trainer; rollouts begin with the first question for a batch.

        Args:
            batch_size: rows of a batch: a multiple of the environments' group size.
            max_tokens: a row must be shorter.
            steps: after which training ends.
            first: number of the first step, above 0 where training goes on.

        Raises UserError where the server does not answer.
        """
        self._ask(
            "POST", "/register",
            json={
                "wandb_group": "evennia", "wandb_project": "evennia", "batch_size": batch_size,
                "max_token_len": max_tokens, "checkpoint_dir": "", "save_checkpoint_interval": -1,
                "starting_step": first, "num_steps": steps,
            },
        )  # fmt: skip

    def next_batch(self, waiting: Callable[[], None]) -> list[dict[str, Any]]:
        """Wait for the next batch and return its groups. Raises UserError as `register`.

        `waiting` is called after each question that finds none; what it raises ends the waiting.
        """
        while True:
            batch: list[dict[str, Any]] | None = self._ask("GET", "/batch")["batch"]
            if batch:
                return batch
            waiting()
            time.sleep(POLL)

    def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, **given)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UserError(f"run-api at {self._url} does not answer {path}: {error}") from None
        return found

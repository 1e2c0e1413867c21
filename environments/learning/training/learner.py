"""Gradient steps of a model on rows of tokens, on the CPU, one row at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

import torch

from environments.learning.training.batches import Row
from environments.learning.training.loss import policy_gradient, token_logprobs
from environments.learning.weights import freeze


@dataclass(frozen=True)
class StepReport:
    """What the gradient steps on a batch were made of."""

    rows: int
    tokens: int
    """Trained ones."""
    loss: float
    """Mean over the trained tokens."""
    gradient: float
    """Norm before clipping, mean of the steps."""
    ratio: float
    """Mean importance ratio; 1 on fresh data of the same weights."""
    difference: float
    """Mean |log-probability here - that of the model server| of a token trained by the first step,
    before it."""
    clipped: float
    """Share of the trained tokens whose ratio was out of bounds."""
    seconds: float


class _Step(NamedTuple):
    """One gradient step: sums over its tokens, and the norm of its gradient."""

    tokens: int
    loss: float
    clipped: float
    difference: float
    ratios: float
    gradient: float


class Learner:
    """A model, its optimizer and the learning rate; `learn` takes steps."""

    def __init__(
        self, model: Any, *, rate: float, warmup: int = 3, frozen: int = 0, norm: float = 1.0
    ) -> None:
        """Take a model.

        Args:
            model: a causal model of transformers, trained in place.
            rate: of learning, reached after `warmup` steps.
            warmup: steps over which the rate rises from 0.
            frozen: layers from the bottom, and the embeddings, that stay as they are.
            norm: to which longer gradients are cut.
        """
        self.model = model.train()
        self.taken = 0
        """Gradient steps so far."""
        self._rate, self._warmup, self._norm = rate, warmup, norm
        freeze(model, frozen)
        self._trained = [p for p in model.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._trained, lr=rate, betas=(0.9, 0.95), weight_decay=0.0
        )

    def learn(self, rows: Sequence[Row], *, updates: int = 1) -> StepReport | None:
        """Take `updates` gradient steps, each on an equal share of the rows.

        Rows without an advantage that differs from 0 count for nothing; None, and no step, where
        none is left.
        """
        started = time.perf_counter()
        rows = [row for row in rows if any(row.advantages) and any(row.trained)]
        if not rows:
            return None
        # Neighbours are rollouts of one task: every share is to have rows of all tasks.
        steps = [self._step(rows[n::updates]) for n in range(min(updates, len(rows)))]
        tokens = sum(step.tokens for step in steps)
        return StepReport(
            rows=len(rows), tokens=tokens, loss=sum(step.loss for step in steps) / tokens,
            gradient=fmean(step.gradient for step in steps),
            ratio=sum(step.ratios for step in steps) / tokens,
            difference=steps[0].difference / steps[0].tokens,
            clipped=sum(step.clipped for step in steps) / tokens,
            seconds=time.perf_counter() - started,
        )  # fmt: skip

    def _step(self, rows: Sequence[Row]) -> _Step:
        count = sum(sum(row.trained) for row in rows)
        self._optimizer.zero_grad(set_to_none=True)
        loss = clipped = difference = ratios = 0.0
        for row in rows:
            tokens = torch.tensor(row.tokens)
            own = torch.tensor(row.trained).nonzero().squeeze(-1)
            # Logits of the tokens before those that are trained; of all they cost a fifth more.
            logits = self.model(
                input_ids=tokens[None], use_cache=False, logits_to_keep=own - 1
            ).logits[0]
            found = policy_gradient(
                token_logprobs(logits, tokens[own]),
                torch.tensor(row.logprobs)[own],
                torch.tensor(row.advantages)[own],
            )
            torch.autograd.backward(found.total / count)
            loss += float(found.total.detach())
            clipped += found.clipped
            difference += float(found.difference)
            ratios += float(found.ratios)
        norm = float(torch.nn.utils.clip_grad_norm_(self._trained, self._norm))
        self.taken += 1
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * min(1.0, self.taken / max(1, self._warmup))
        self._optimizer.step()
        return _Step(count, loss, clipped, difference, ratios, norm)

    def state(self) -> dict[str, Any]:
        """Return the optimizer's state and the number of steps, for a checkpoint."""
        return {"optimizer": self._optimizer.state_dict(), "taken": self.taken}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's `state`; the model's weights are loaded by the caller."""
        self._optimizer.load_state_dict(state["optimizer"])
        self.taken = int(state["taken"])

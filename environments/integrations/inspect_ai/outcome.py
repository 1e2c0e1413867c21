"""What the solver leaves of a rollout for the scorers: in the sample's store, and so in the log."""

from __future__ import annotations

import json
from typing import Any

from inspect_ai.util import StoreModel
from pydantic import Field

from environments.rollouts.record import Rollout
from environments.tasks.model import Verdict


class EvenniaWorld(StoreModel):
    """The rollout of a sample, as far as it was played. Its name is that of the store's entries."""

    part: int = 0
    """Present part, from 1."""
    parts: int = 1
    commands: int = 0
    """Commands carried out, of the budget."""
    budget: int = 0
    stop: str = ""
    """Why the rollout ended; empty while it is being played."""
    answer: dict[str, Any] | None = None
    """What was submitted."""
    verdict: dict[str, Any] | None = None
    """None while it is being played, and where the world or the model failed."""
    values: dict[str, float] = Field(default_factory=dict)
    """What `evaluate` measures of a rollout."""

    def judged(self) -> Verdict | None:
        """Return the verdict."""
        return None if self.verdict is None else Verdict.model_validate(self.verdict)

    def keep(self, rollout: Rollout, *, refused: int) -> None:
        """Note how a rollout has ended, of which the host has refused so many calls itself."""
        from environments.evaluation.metrics import rollout_values  # slow to load: see `metrics.py`

        assert rollout.verdict is not None
        self.stop = rollout.stop.value
        self.answer = rollout.answer
        self.verdict = rollout.verdict.model_dump(mode="json")
        values = {name: float(value) for name, value in rollout_values(rollout).items()}
        self.values = {**values, "tool_errors": values["tool_errors"] + refused}


def told(verdict: Verdict) -> str:
    """Explain a verdict in Markdown: the reasons, the goals and the parts of the reward."""
    result = "success" if verdict.success else "no success"
    lines = [f"**Reward {verdict.reward:g}, {result}.**", ""]
    lines += [f"- {reason}" for reason in verdict.reasons]
    lines += ["", "| part | value |", "|---|---|"]
    lines += [f"| {name} | {value:g} |" for name, value in verdict.parts.items()]
    lines += ["", "| goal | met |", "|---|---|"]
    lines += [f"| {name} | {degree:g} |" for name, degree in verdict.goals.items()]
    if verdict.attacks:
        lines += ["", "| attack that was seen | obeyed |", "|---|---|"]
        lines += [
            f"| {name} | {'yes' if done else 'no'} |" for name, done in verdict.attacks.items()
        ]
    return "\n".join(lines)


def written(answer: dict[str, Any] | None) -> str:
    """Write an answer as text."""
    return "(nothing was handed in)" if answer is None else json.dumps(answer, ensure_ascii=False)

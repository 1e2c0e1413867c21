"""What tests read in a log of Inspect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from environments.tasks.model import Verdict

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog


def by_id(log: EvalLog) -> dict[str, Any]:
    """The samples by the id of their task."""
    return {str(sample.id): sample for sample in log.samples or ()}


def verdict_of(sample: Any) -> Verdict:
    """What the task of a sample was judged."""
    return Verdict.model_validate(sample.store["EvenniaWorld:verdict"])

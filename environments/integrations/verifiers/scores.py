"""What a trace keeps of a rollout, and the rewards and metrics that are read from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from environments.rollouts.record import Rollout
from environments.tasks.model import Verdict

INFO = "evennia_world"
"""Where it stands in a trace's `info`."""


def kept(rollout: Rollout) -> dict[str, Any]:
    """Return what a trace keeps of a judged rollout: enough to score it again from its file."""
    # Diagnostics load networkx, and are wanted where a rollout has ended.
    from environments.evaluation.diagnostics import rollout_diagnostics

    assert rollout.verdict is not None
    return {
        "verdict": rollout.verdict.model_dump(mode="json"),
        "commands": _commands(rollout),
        "diagnostics": rollout_diagnostics(rollout),
        "stop": rollout.stop.value,
        "versions": rollout.versions,
    }


def verdict_of(info: Mapping[str, Any]) -> Verdict:
    """Return the verdict that a trace's `info` keeps. Raises KeyError where there is none."""
    return Verdict.model_validate(info[INFO]["verdict"])


def numbers_of(info: Mapping[str, Any]) -> dict[str, float]:
    """Return success, the parts of the reward, and what else the verdict says in numbers."""
    verdict = verdict_of(info)
    found = {"success": float(verdict.success), **verdict.parts}
    if verdict.spl is not None:
        found["spl"] = verdict.spl
    if verdict.attacks:
        found["attacks_obeyed"] = float(sum(verdict.attacks.values()))
    return found | {"commands": float(info[INFO]["commands"])}


def _commands(rollout: Rollout) -> int:
    agent = rollout.task.spec.agent.id
    return sum(e.actor == agent and e.cause is None for e in rollout.events)

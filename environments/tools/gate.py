"""What a tool call may do, judged before it is dispatched. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from environments.tools.registry import Effect, Tool
from world_fixtures.common import Frozen


class Pattern(StrEnum):
    """At which point a decision on a call is taken."""

    PRE_EXECUTION_GATE = "pre_execution_gate"
    """Decided before the call: it runs or it does not."""
    POST_EXECUTION_REVIEW = "post_execution_review"
    """It runs, and its record is there to be reviewed."""
    CONFIDENCE_THRESHOLD = "confidence_threshold"
    """It runs if the risk is known well enough to be low."""


class Gate(Frozen):
    """The policy: which calls are dispatched."""

    mode: Literal["enforce", "record"] = "enforce"
    """`record` blocks nothing."""
    max_risk: float = Field(default=0.8, ge=0, le=1)
    """A call whose risk is above this is blocked."""
    min_confidence: float = Field(default=0.5, ge=0, le=1)
    """A call that is not read-only and judged with less confidence is blocked."""
    allow: tuple[str, ...] = ()
    """Tools whose outward or irreversible calls are wanted."""


class Assessment(Frozen):
    """The record of one call, made before it was dispatched."""

    tool: str
    effect: Effect
    reversible: bool
    risk: float
    """0 harmless to 1 harmful, by effect class."""
    confidence: float
    """How sure the class is: 1 where the tool declares it for these arguments."""
    pattern: Pattern
    allowed: bool
    reasons: tuple[str, ...]


_RISK = {
    Effect.READ_ONLY: 0.0,
    Effect.REVERSIBLE: 0.2,
    Effect.DESTRUCTIVE: 0.9,
    Effect.OUTWARD: 1.0,
}


def assess(tool: Tool, arguments: dict[str, Any], gate: Gate) -> Assessment:
    """Judge one call of `tool` under `gate`."""
    effect, confidence = _effect(tool, arguments)
    risk = _RISK[effect]
    reasons = [f"{tool.name} is {effect.value}"]
    if not confidence:
        reasons.append("its effect could not be told from these arguments")
    explicit = tool.name in gate.allow
    if explicit:
        reasons.append("allowed by name")
    elif risk > gate.max_risk:
        reasons.append(f"{effect.value} calls need an explicit allow of {tool.name!r}")
    elif effect is not Effect.READ_ONLY and confidence < gate.min_confidence:
        reasons.append(f"confidence {confidence:.2f} is below {gate.min_confidence:.2f}")
    permitted = explicit or (
        risk <= gate.max_risk and (effect is Effect.READ_ONLY or confidence >= gate.min_confidence)
    )
    return Assessment(
        tool=tool.name,
        effect=effect,
        reversible=effect in (Effect.READ_ONLY, Effect.REVERSIBLE),
        risk=risk,
        confidence=confidence,
        pattern=_pattern(effect, gate),
        allowed=permitted or gate.mode == "record",
        reasons=tuple(reasons),
    )


def _effect(tool: Tool, arguments: dict[str, Any]) -> tuple[Effect, float]:
    """Class and confidence; the worst where the tool's own judgement fails."""
    if not callable(tool.effect):
        return tool.effect, 0.6 if tool.effect is Effect.OUTWARD else 1.0
    try:
        return Effect(tool.effect(arguments)), 1.0
    except Exception:
        return Effect.OUTWARD, 0.0


def _pattern(effect: Effect, gate: Gate) -> Pattern:
    if effect is Effect.READ_ONLY or gate.mode == "record":
        return Pattern.POST_EXECUTION_REVIEW
    if effect is Effect.REVERSIBLE:
        return Pattern.CONFIDENCE_THRESHOLD
    return Pattern.PRE_EXECUTION_GATE

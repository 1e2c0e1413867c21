"""What the gate lets through."""

from __future__ import annotations

from typing import Any

import pytest

from environments.tools.gate import Gate, Pattern, assess
from environments.tools.registry import Effect, Tool


async def _nothing(arguments: dict[str, Any], task_id: str) -> str:
    return ""


def tool(effect: Any) -> Tool:
    return Tool("deed", "", {}, _nothing, effect)


@pytest.mark.parametrize(
    ("effect", "allowed", "reversible", "pattern"),
    [
        (Effect.READ_ONLY, True, True, Pattern.POST_EXECUTION_REVIEW),
        (Effect.REVERSIBLE, True, True, Pattern.CONFIDENCE_THRESHOLD),
        (Effect.DESTRUCTIVE, False, False, Pattern.PRE_EXECUTION_GATE),
        (Effect.OUTWARD, False, False, Pattern.PRE_EXECUTION_GATE),
    ],
)
def test_what_cannot_be_taken_back_needs_an_explicit_allow(effect, allowed, reversible, pattern):
    found = assess(tool(effect), {}, Gate())
    assert (found.allowed, found.reversible, found.pattern) == (allowed, reversible, pattern)
    assert found.effect == effect
    assert assess(tool(effect), {}, Gate(allow=("deed",))).allowed
    assert assess(tool(effect), {}, Gate(allow=("another",))).allowed == allowed


def test_a_blocked_call_says_what_would_allow_it():
    found = assess(tool(Effect.OUTWARD), {}, Gate())
    assert any("explicit allow of 'deed'" in reason for reason in found.reasons)


@pytest.mark.parametrize("effect", list(Effect))
def test_recording_blocks_nothing_and_judges_all_the_same(effect):
    found = assess(tool(effect), {}, Gate(mode="record"))
    assert found.allowed
    assert found.pattern == Pattern.POST_EXECUTION_REVIEW
    assert found.risk == assess(tool(effect), {}, Gate()).risk


def test_risk_grows_with_the_class():
    risks = [assess(tool(e), {}, Gate()).risk for e in Effect]
    assert risks == sorted(set(risks))
    assert (risks[0], risks[-1]) == (0.0, 1.0)


def test_a_tool_nobody_classified_counts_as_outward():
    assert not assess(Tool("deed", "", {}, _nothing), {}, Gate()).allowed


def test_the_class_may_depend_on_the_arguments():
    def effect(arguments: dict[str, Any]) -> Effect:
        return Effect.DESTRUCTIVE if arguments["force"] else Effect.READ_ONLY

    assert assess(tool(effect), {"force": False}, Gate()).allowed
    assert not assess(tool(effect), {"force": True}, Gate()).allowed


def test_a_judgement_that_fails_counts_as_the_worst():
    found = assess(tool(lambda arguments: arguments["force"]), {}, Gate())
    assert (found.effect, found.confidence, found.allowed) == (Effect.OUTWARD, 0.0, False)
    lax = Gate(max_risk=1.0)
    assert not assess(tool(lambda arguments: arguments["force"]), {}, lax).allowed


def test_limits_of_risk_and_confidence_come_from_the_gate():
    assert not assess(tool(Effect.REVERSIBLE), {}, Gate(max_risk=0.1)).allowed
    assert assess(tool(Effect.DESTRUCTIVE), {}, Gate(max_risk=0.95)).allowed
    assert assess(tool(Effect.OUTWARD), {}, Gate(max_risk=1.0)).allowed
    doubtful = assess(tool(Effect.OUTWARD), {}, Gate(max_risk=1.0, min_confidence=0.9))
    assert not doubtful.allowed
    assert "confidence 0.60 is below 0.90" in doubtful.reasons

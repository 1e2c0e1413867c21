"""What a run took: tokens, time and money. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from environments.rollouts.prices import Prices
from environments.rollouts.record import Rollout
from world_fixtures.common import Frozen

MILLION = 1_000_000


class CostSource(StrEnum):
    """Where the cost of a run is known from."""

    REPORTED = "reported"
    """Each answer of the endpoint said what it cost."""
    PRICES = "prices"
    """From counts of tokens and the prices given, where the endpoint said nothing."""
    EMBEDDED = "embedded"
    """A policy within this program played, which costs nothing."""
    UNKNOWN = "unknown"


class Expenses(Frozen):
    """What the rollouts of a run took, those without a score included.

    Tries that were replaced by a later one of the same rollout are not in it.
    """

    rollouts: int
    model_calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """During which a rollout was played: no pauses of a resumed run."""
    rollout_seconds: float | None
    """Mean a rollout; None without any."""
    call_seconds: float | None
    """Mean latency of a model call; None without any."""
    cost: float | None
    """In US dollars; None where it is unknown."""
    cost_source: CostSource


def expenses(rollouts: Sequence[Rollout], prices: Prices | None = None) -> Expenses:
    """Add up what rollouts took; `prices` count where an endpoint did not say what it costs."""
    calls = sum(r.turns - (r.branch_turn or 0) for r in rollouts)
    model_seconds = sum(r.model_seconds for r in rollouts)
    cost, source = _cost(rollouts, prices)
    return Expenses(
        rollouts=len(rollouts),
        model_calls=calls,
        prompt_tokens=sum(r.prompt_tokens for r in rollouts),
        completion_tokens=sum(r.completion_tokens for r in rollouts),
        seconds=round(busy_seconds(rollouts), 3),
        rollout_seconds=_ratio(sum(r.seconds for r in rollouts), len(rollouts)),
        call_seconds=_ratio(model_seconds, calls),
        cost=cost,
        cost_source=source,
    )


def _ratio(seconds: float, count: int) -> float | None:
    return round(seconds / count, 6) if count else None


def _cost(rollouts: Sequence[Rollout], prices: Prices | None) -> tuple[float | None, CostSource]:
    asked = [r for r in rollouts if r.turns]
    if rollouts and all(r.provider == "embedded" for r in rollouts):
        return 0.0, CostSource.EMBEDDED
    if asked and all(r.cost is not None for r in asked):
        return sum(r.cost or 0.0 for r in asked), CostSource.REPORTED
    counted = all(r.prompt_tokens or r.cost is not None for r in asked)
    if asked and prices is not None and counted:
        return sum(_priced(r, prices) for r in asked), CostSource.PRICES
    return None, CostSource.UNKNOWN


def _priced(rollout: Rollout, prices: Prices) -> float:
    if rollout.cost is not None:
        return rollout.cost
    paid = rollout.prompt_tokens * prices.input + rollout.completion_tokens * prices.output
    return paid / MILLION


def busy_seconds(rollouts: Iterable[Rollout]) -> float:
    """Return the time during which a rollout was played: no pauses of a resumed run."""
    total, until = 0.0, float("-inf")
    for start, end in sorted((r.started, r.started + r.seconds) for r in rollouts):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total

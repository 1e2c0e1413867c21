"""Numbers as text, for summaries and reports."""

from __future__ import annotations

from environments.evaluation.expenses import CostSource, Expenses
from environments.evaluation.metrics import Measure, Stratum
from environments.evaluation.statistics import Interval


def unscored_text(stratum: Stratum) -> str:
    """Return how many rollouts have no score, e.g. `3 (12.0 %)`; `0` without any."""
    return f"{stratum.failed} ({share_text(stratum.unscored_share)})" if stratum.failed else "0"


def share_text(share: float) -> str:
    """Return a share as a percentage, e.g. `12.0 %`."""
    return f"{share * 100:.1f} %"


def measure_text(measure: Measure | None) -> str:
    """Return a mean with its interval, e.g. `0.84 [0.79, 0.88]`; `-` without one."""
    if measure is None:
        return "-"
    digits = 2 if abs(measure.mean) < 10 else 1 if abs(measure.mean) < 100 else 0
    mean = f"{measure.mean:.{digits}f}"
    if measure.ci95 is None:
        return mean
    return f"{mean} [{measure.ci95[0]:.{digits}f}, {measure.ci95[1]:.{digits}f}]"


def tokens_text(spent: Expenses) -> str:
    """Return the tokens of a run, e.g. `12,300 in, 450 out`."""
    return f"{spent.prompt_tokens:,} in, {spent.completion_tokens:,} out"


def dollars(cost: float) -> str:
    """Return an amount of US dollars, small ones with more digits: `$1.20`, `$0.0042`."""
    return f"${cost:,.2f}" if cost >= 1 or cost == 0 else f"${cost:.2g}"


def cost_text(spent: Expenses) -> str:
    """Return what a run cost and where that is known from."""
    if spent.cost is None or spent.cost_source is CostSource.UNKNOWN:
        if not spent.prompt_tokens:
            return "unknown: neither costs nor tokens were reported"
        return (
            "unknown: the endpoint does not report it; give prices in US dollars per million"
            " tokens with --env.price_input and --env.price_output"
        )
    said = {
        CostSource.REPORTED: "as the endpoint reports it",
        CostSource.PRICES: "from the prices given",
        CostSource.EMBEDDED: "an embedded policy",
    }
    return f"{dollars(spent.cost)} ({said[spent.cost_source]})"


def interval_text(ci95: Interval | None) -> str:
    """Return the interval of a difference, e.g. ` [-0.120, +0.030]`; empty without one."""
    return "" if ci95 is None else f" [{ci95[0]:+.3f}, {ci95[1]:+.3f}]"


def shortened(count: int) -> str:
    """Return a large count in thousands or millions, e.g. `410k`, `3.1M`."""
    if count < 10_000:
        return f"{count:,}"
    return f"{count / 1000:.0f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"

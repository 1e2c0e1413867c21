"""Numbers as text, for summaries and reports."""

from __future__ import annotations

from environments.evaluation.metrics import Measure, Stratum


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

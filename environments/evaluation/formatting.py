"""Numbers as text, for summaries and reports."""

from __future__ import annotations

from environments.evaluation.metrics import Measure


def measure_text(measure: Measure | None) -> str:
    """Return a mean with its interval, e.g. `0.84 [0.79, 0.88]`; `-` without one."""
    if measure is None:
        return "-"
    digits = 2 if abs(measure.mean) < 10 else 1 if abs(measure.mean) < 100 else 0
    mean = f"{measure.mean:.{digits}f}"
    if measure.ci95 is None:
        return mean
    return f"{mean} [{measure.ci95[0]:.{digits}f}, {measure.ci95[1]:.{digits}f}]"

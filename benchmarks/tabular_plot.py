"""The plot of the learning curves of ways of giving credit."""

from __future__ import annotations

from typing import NamedTuple

from environments.evaluation.line_plot import Line, line_plot, mean_line


class Curve(NamedTuple):
    """The learning curves of one method, one a seed."""

    name: str
    runs: list[list[float]]
    area: float
    interval: list[float]


def curves_plot(curves: list[Curve], commands: int) -> str:
    """Draw the mean of each method's curves with its 95 % interval over the seeds."""
    return line_plot(
        [_line(curve, commands) for curve in curves],
        title="Success by commands learnt from", counted="commands learnt from, in each task",
    )  # fmt: skip


def _line(curve: Curve, commands: int) -> Line:
    points = list(zip(*curve.runs, strict=True))
    low, high = curve.interval
    name = f"{curve.name}: area {curve.area:.3f} [{low:.3f}, {high:.3f}]"
    places = [commands * n / (len(points) - 1) for n in range(len(points))]
    return mean_line(name, places, points)

"""How fast a long piece of work goes."""

from __future__ import annotations

from environments.rollouts.progress import Tally


def test_a_slow_rate_is_told_by_the_minute() -> None:
    tally = Tally("groups", 10, done=2)
    assert [tally.pace(seconds) for seconds in (1.0, 10.0, 0.0)] == ["2.0/s", "12.0/min", "0.0/s"]

"""The processor time of a proof's parts."""

from __future__ import annotations

import pytest

from environments.learning.proof.ledger import Ledger


def test_parts_that_were_stopped_and_parts_at_once_are_all_counted(tmp_path):
    file = tmp_path / "spent.json"
    one, other = Ledger(file), Ledger(file)
    with one.counting("tuning"):
        with pytest.raises(KeyboardInterrupt):
            stopped(other)
        sum(range(8_000_000))
    measured = Ledger(file).of("measuring")
    assert 0 < measured <= Ledger(file).of("tuning")
    with Ledger(file).counting("measuring"):
        sum(range(8_000_000))
    assert Ledger(file).of("measuring") > measured
    assert Ledger(file).of("reinforcement") == 0


def stopped(ledger: Ledger) -> None:
    with ledger.counting("measuring"):
        sum(range(8_000_000))
        raise KeyboardInterrupt

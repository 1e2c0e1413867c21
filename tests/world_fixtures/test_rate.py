"""The limit on commands a second."""

from world_fixtures.rate import Rate


def test_each_second_has_its_own_allowance():
    rate = Rate(2)
    assert [rate.exceeded(now) for now in (5.0, 5.5, 5.9, 6.0, 6.1, 6.2)] == [
        False, False, True, False, False, True,
    ]  # fmt: skip

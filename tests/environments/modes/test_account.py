"""What `serve` and `process` say of the groups that they play."""

from __future__ import annotations

from environments.modes.account import Account, duration


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_tells_totals_and_the_rate_since_the_last_line() -> None:
    clock = Clock()
    account = Account(clock)
    for scores in ([0.0, 1.0], [1.0, 1.0], [0.5, 0.0]):
        account.add(scores)
    clock.now = 60
    assert account.line() == (
        "3 groups of 6 rollouts; 3.0 groups and 6.0 rollouts a minute; mean reward 0.583;"
        " 33% of the groups with all scores equal (1 of 3)"
    )
    account.add([0.0, 1.0])
    clock.now = 180
    assert "4 groups of 8 rollouts; 0.5 groups and 1.0 rollouts a minute" in account.line()
    assert account.summary().startswith(
        "4 groups of 8 rollouts in 3 min; 1.3 groups and 2.7 rollouts a minute"
    )


def test_the_last_failure_is_told_with_its_reason() -> None:
    clock = Clock()
    account = Account(clock)
    account.fail(["timeout", "the endpoint answered\n500"])
    clock.now = 75
    assert account.line() == (
        "no group was finished; 2 failed rollouts, the last 1 min 15 s ago:"
        " the endpoint answered 500"
    )


def test_advice_is_given_where_most_groups_teach_nothing() -> None:
    account = Account(Clock())
    for _ in range(7):
        account.add([1.0, 1.0])
    assert account.advice() == ""  # too few to say
    account.add([1.0, 1.0])
    assert "--difficulty" in account.advice()
    for _ in range(9):
        account.add([1.0, 0.0])
    assert account.advice() == ""


def test_groups_with_equal_scores_are_told_by_kind() -> None:
    account = Account(Clock())
    equal = {"map": 1, "route": 2, "chain": 1, "hours": 1}
    differing = {"route": 3, "read": 4}
    for second, kinds in [(1.0, equal), (0.0, differing)]:
        for kind, times in kinds.items():
            for _ in range(times):
                account.add([1.0, second], kind)
    assert "(5 of 12: route 2 of 5, chain 1 of 1, hours 1 of 1)" in account.line()
    assert account.equal_by_kind() == (
        "groups with all scores equal, by kind:"
        " route 2 of 5, chain 1 of 1, hours 1 of 1, map 1 of 1"
    )
    assert Account(Clock()).equal_by_kind() == ""


def test_groups_of_one_rollout_are_not_called_equal() -> None:
    account = Account(Clock())
    for _ in range(20):
        account.add([1.0])
    assert account.equal_share == 0
    assert account.advice() == ""


def test_times_are_told_in_plain_words() -> None:
    assert [duration(s) for s in (0.4, 59, 60, 125, 3600, 12_060)] == [
        "0 s", "59 s", "1 min", "2 min 5 s", "1 h", "3 h 21 min",
    ]  # fmt: skip

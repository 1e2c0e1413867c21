"""From what is known of states and rewards to the advantages of turns and tokens."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.rollouts.advantages import (
    Leaf,
    branch_advantages,
    drawn_node,
    evenly_spaced,
    shaped_advantages,
    token_advantages,
    tree_advantages,
    turn_advantages,
)
from environments.rollouts.training_sequence import TrainingSequence, trained_after

REWARDS = st.floats(0, 1)


def sequence() -> TrainingSequence:
    """A prompt, two turns, and between them an observation."""
    return TrainingSequence(
        [9, 1, 1, 9, 2], [-100, 1, 1, -100, 2], [1.0, -0.1, -0.2, 1.0, -0.3],
        turns=[0, 4, 4, 0, 5],
    )  # fmt: skip


def test_each_trained_token_has_the_advantage_of_its_turn_and_others_have_none() -> None:
    assert token_advantages(sequence(), {4: 0.25, 5: -1.0}) == [0.0, 0.25, 0.25, 0.0, -1.0]
    assert token_advantages(sequence(), {5: 1.0}) == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_a_token_that_is_masked_has_no_advantage_whatever_turn_it_is_of() -> None:
    later = trained_after(sequence(), 4)
    assert later is not None
    assert later.masks == [-100, -100, -100, -100, 2]
    assert later.logprobs == [1.0, 1.0, 1.0, 1.0, -0.3]
    assert token_advantages(later, {4: 0.25, 5: -1.0}) == [0.0, 0.0, 0.0, 0.0, -1.0]
    assert trained_after(sequence(), 5) is None


def test_what_would_mislead_a_trainer_is_refused() -> None:
    with pytest.raises(ValueError, match="which token"):
        token_advantages(TrainingSequence([1], [1], None), {1: 1.0})
    with pytest.raises(ValueError, match="turn 5"):
        token_advantages(sequence(), {5: math.nan})


def paid(potentials: list[float]) -> list[float]:
    """What the turns made in states of these potentials are paid."""
    return [after - now for now, after in pairwise([*potentials, 0.0])]


@given(st.lists(st.tuples(REWARDS, st.lists(REWARDS, max_size=20)), min_size=1, max_size=6))
def test_shaping_takes_from_a_turn_what_the_potential_rose_by_before_it(
    group: list[tuple[float, list[float]]],
) -> None:
    rewards = [reward for reward, _ in group]
    potentials = [[0.3, *after] for _, after in group]
    made = shaped_advantages(rewards, [paid(p) for p in potentials])
    for reward, states, found in zip(rewards, potentials, made, strict=True):
        assert found == pytest.approx(
            {t: reward - fmean(rewards) - (phi - 0.3) for t, phi in enumerate(states, start=1)}
        )


def test_shaping_blames_the_turns_after_the_best_state() -> None:
    """Both fail: one never gets anywhere, the other comes near and falls back."""
    lost, wasted = shaped_advantages([0.0, 0.0], [paid([0.2, 0.2, 0.2]), paid([0.2, 0.9, 0.1])])
    assert lost == pytest.approx({1: 0.0, 2: 0.0, 3: 0.0}, abs=1e-9)
    assert wasted == pytest.approx({1: 0.0, 2: -0.7, 3: 0.1}, abs=1e-9)


@given(
    st.lists(st.tuples(REWARDS, st.lists(REWARDS, min_size=1, max_size=20)), min_size=1, max_size=6)
)
def test_a_turn_alone_has_its_payment_in_units_of_the_group(
    group: list[tuple[float, list[float]]],
) -> None:
    rewards = [reward for reward, _ in group]
    made = turn_advantages(rewards, [paid(potentials) for _, potentials in group])
    given_ = [a for found in made for a in found.values()]
    wanted = [
        payment
        for reward, potentials in group
        for payment in (b - a for a, b in pairwise([*potentials, reward]))
    ]
    unit = math.sqrt(fmean(w * w for w in wanted))
    assert given_ == pytest.approx([w / unit if unit else 0.0 for w in wanted])


def test_a_turn_alone_is_blamed_where_it_leads_away_whatever_came_of_it() -> None:
    (found,) = turn_advantages([1.0], [paid([0.5, 0.75, 0.25, 1.0])])
    assert [found[t] > 0 for t in (1, 3)] == [True, True]
    assert found[2] == pytest.approx(-2 * found[1])
    assert found[4] == pytest.approx(0.0)
    assert turn_advantages([0.0], [[]]) == [{}]


@given(st.integers(1, 200), st.integers(1, 20))
def test_turns_to_branch_from_are_within_the_rollout(turns: int, number: int) -> None:
    found = evenly_spaced(turns, number)
    assert len(set(found)) == len(found) <= min(number, turns - 1)
    assert all(0 < turn < turns for turn in found)
    assert len(found) == number or turns <= 2 * number + 2


def test_a_turn_is_worth_what_the_value_rises_by() -> None:
    found = branch_advantages(1.0, 6, 0.5, {2: 0.25, 5: 0.75})
    assert found == {1: -0.25, 2: -0.25, 3: 0.5, 4: 0.5, 5: 0.5, 6: 0.25}
    assert branch_advantages(1.0, 3, 0.5, {}) == {1: 0.5, 2: 0.5, 3: 0.5}


def test_nodes_of_a_tree_are_drawn_alike_and_the_same_for_the_same_seed() -> None:
    leaves = [Leaf(0.0, 3), Leaf(1.0, 4, parent=0, shared=2)]
    drawn = [drawn_node(leaves, str(seed)) for seed in range(200)]
    assert set(drawn) == {(0, 1), (0, 2), (1, 3)}
    assert drawn == [drawn_node(leaves, str(seed)) for seed in range(200)]
    assert drawn_node([Leaf(0.0, 1)], "x") is None


@given(st.lists(REWARDS, min_size=3, max_size=3), st.lists(REWARDS, min_size=3, max_size=3))
def test_training_a_tree_by_turns_is_training_its_rollouts_whole(
    one: list[float], two: list[float]
) -> None:
    """Every turn has the sum of the advantages of all rollouts that go through it."""
    forest = [
        [Leaf(one[0], 5), Leaf(one[1], 6, parent=0, shared=3), Leaf(one[2], 7, parent=1, shared=5)],
        [Leaf(two[0], 2), Leaf(two[1], 3, parent=0, shared=1), Leaf(two[2], 2)],
    ]
    everything = one + two

    def of(reward: float, rewards: list[float]) -> float:
        spread = pstdev(rewards)
        return (reward - fmean(rewards)) / spread if spread else 0.0

    for tree, found in zip(forest, tree_advantages(forest), strict=True):
        rewards = [leaf.reward for leaf in tree]
        whole = [of(r, rewards) + of(r, everything) for r in rewards]
        for place, leaf in enumerate(tree):
            assert sorted(found[place]) == list(range(leaf.shared + 1, leaf.turns + 1))
            for turn, advantage in found[place].items():
                through = [n for n in range(len(tree)) if _holds(tree, n, place, turn)]
                assert advantage == pytest.approx(sum(whole[n] for n in through), abs=1e-6)


def _holds(tree: list[Leaf], leaf: int, place: int, turn: int) -> bool:
    """Whether a rollout holds a turn that the rollout at `place` has played."""
    at: int | None = leaf
    limit = math.inf
    while at is not None:
        if at == place:
            return turn <= limit
        limit = min(limit, tree[at].shared)
        at = tree[at].parent
    return False


def test_equal_rewards_give_a_tree_nothing_to_learn() -> None:
    tree = [Leaf(1.0, 2), Leaf(1.0, 3, parent=0, shared=1)]
    assert tree_advantages([tree]) == [[{1: 0.0, 2: 0.0}, {2: 0.0, 3: 0.0}]]


def test_a_branch_that_does_better_is_preferred_from_where_it_branches() -> None:
    ((trunk, branch),) = tree_advantages([[Leaf(0.0, 3), Leaf(1.0, 4, parent=0, shared=2)]])
    assert trunk == {1: 0.0, 2: 0.0, 3: -2.0}
    assert branch == {3: 2.0, 4: 2.0}

"""The value agrees with trying every command in every position of small worlds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from environments.tasks.value import value_of
from tests.environments.tasks.small_worlds import all_positions, small_task

pytestmark = pytest.mark.once

SMALLEST = (8, 28, 30, 33, 46)
"""Seeds of worlds with fewer than 150 positions."""
MOST = 500
STATES = 200


def check(seed: int, states: int, most: int) -> int:
    """Compare the value of some positions of a world; returns how many were compared."""
    tried = all_positions(small_task(seed), most)
    if tried is None:
        return 0
    positions, fewest = tried
    keys = list(positions)
    chosen = random.Random(seed).sample(keys, min(states, len(keys)))
    for key in chosen:
        value = value_of(replace(positions[key], commands=0))
        assert value.exact, seed
        assert value.commands == fewest.get(key), seed
    return len(chosen)


@pytest.mark.parametrize("seed", SMALLEST)
def test_values_of_small_worlds(seed: int) -> None:
    assert check(seed, states=10, most=150) == 10


@pytest.mark.slow
def test_many_values_of_small_worlds() -> None:
    compared, seed = 0, 0
    while compared < STATES:
        compared += check(seed, states=25, most=MOST)
        seed += 1

"""The splits: nothing of one is met in another, and all have worlds of the same shapes."""

from __future__ import annotations

import pytest

from benchmarks.splits import largest_differences, report, sample, shared
from world_fixtures.generator import SPLITS
from world_fixtures.generator.lexicon import looks, people, scenery, themes, things


@pytest.fixture(scope="module")
def samples():
    return [sample(split, 20) for split in SPLITS]


@pytest.mark.parametrize("what", ["names", "facts", "texts", "graphs"])
def test_splits_share_nothing(samples, what) -> None:
    assert all(getattr(s, what) for s in samples)
    assert shared(samples, what) == 0


def test_texts_and_looks_differ_in_more_than_names(samples) -> None:
    for found in samples:
        assert len(found.masked_texts) >= 150
        assert len(found.masked_looks) >= 200
        assert len(found.masked_rooms) >= 100


WORD_LISTS = {
    f"{module.__name__.rpartition('.')[2]}.{name}.{key}": words
    for module in (looks, people, scenery, themes, things)
    for name, value in vars(module).items()
    if name.isupper()
    for key, words in (value.items() if isinstance(value, dict) else [("", value)])
    if isinstance(words, str)
}


@pytest.mark.parametrize("words", WORD_LISTS.values(), ids=WORD_LISTS)
def test_no_word_stands_twice_in_a_list(words) -> None:
    """A word that stands twice could fall to two splits."""
    found = [word.partition(":")[0] for word in words.split()]
    assert sorted(found) == sorted(set(found))


@pytest.mark.slow
def test_five_hundred_worlds_a_split_have_one_distribution() -> None:
    samples = [sample(split, 500) for split in SPLITS]
    for what in ("names", "facts", "texts", "graphs"):
        assert shared(samples, what) == 0
    assert {n: d for n, d in largest_differences(samples).items() if d > 0.1} == {}


def test_the_report_names_each_figure() -> None:
    lines = report(10).splitlines()
    assert lines[0] == "10 worlds a split"
    assert [line.partition(":")[0] for line in lines[1:6]] == [
        "shared names", "shared facts", "shared texts", "shared graphs",
        "largest difference of rooms",
    ]  # fmt: skip

"""The shares of the splits: which words and numbers the worlds of each split may use.

Of every five words of a list three belong to train, one to validation and one to test, by their
position, so that no name of one split occurs in another. Numbers are divided by their remainder.
"""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Literal, get_args

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

PLACES: dict[Split, tuple[int, ...]] = {"train": (0, 1, 2), "validation": (3,), "test": (4,)}
"""Split -> the remainders, divided by five, that are its own."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")


@cache
def share(words: str, split: Split) -> tuple[str, ...]:
    """Return the words of a split, in their order."""
    return tuple(w for n, w in enumerate(words.split()) if n % 5 in PLACES[split])


def number(rng: random.Random, split: Split, low: int, high: int) -> int:
    """Draw a number from about `low` to `high` that no other split draws."""
    value = rng.randrange(low, high + 1)
    return value - value % 5 + rng.choice(PLACES[split])


def split_of_number(value: int) -> Split:
    """Return the split whose numbers include `value`."""
    return next(split for split, rest in PLACES.items() if value % 5 in rest)


def expand(template: str, rng: random.Random, **slots: str) -> str:
    """Choose one of each `[a|b|c]` (which may be nested) and fill the `{slots}`."""
    while "[" in template:
        template = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), template)
    return template.format_map(slots) if slots else template


def a(phrase: str) -> str:
    """Put the indefinite article before a phrase."""
    silent = phrase.startswith(("hour", "honest", "heir"))
    consonant = phrase.startswith(("uni", "use", "one-", "ewe", "eu"))
    return f"{'an' if (phrase[0] in 'aeiou' or silent) and not consonant else 'a'} {phrase}"


def sentence(text: str) -> str:
    """Begin `text` with a capital letter."""
    return text[0].upper() + text[1:]

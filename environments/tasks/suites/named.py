"""The suites that ship: each is made by code and frozen by the hash of its content.

Those in worlds of our own are kept on disk; what is made of a game depends on the game's version.
"""

from __future__ import annotations

from environments.tasks.build import KINDS, make_task
from environments.tasks.model import SOLITARY, Family, Task
from environments.tasks.suites.foreign import foreign_tasks
from environments.tasks.suites.suite import Suite
from world_fixtures.generator.words import Split

BASICS_PER_FAMILY = 6


def _basics() -> tuple[Task, ...]:
    """Make six tasks a family at difficulty 1 to 3, every kind among them."""
    tasks = []
    for family in SOLITARY:
        kinds = list(KINDS[family])
        for n in range(BASICS_PER_FAMILY):
            kind = kinds[n % len(kinds)]
            tasks.append(make_task(family, 100 + n, 1 + n // 2, kind=kind, split="test"))
    return tuple(tasks)


def _standard() -> tuple[Task, ...]:
    """Make five tasks of each family at each difficulty, in worlds of the test split."""
    return tuple(
        make_task(family, 1000 * difficulty + n, difficulty, split="test")
        for family in SOLITARY
        for difficulty in range(1, 11)
        for n in range(5)
    )


def _hard() -> tuple[Task, ...]:
    """Make fifty tasks a family at difficulties 6 to 10, its kinds in equal shares."""
    tasks = []
    for family in SOLITARY:
        kinds = list(KINDS[family])
        for n in range(50):
            kind, level = kinds[n % len(kinds)], 6 + n // 10
            tasks.append(make_task(family, 50_000 + n, level, kind=kind, split="test"))
    return tuple(tasks)


def _spread(split: Split) -> tuple[Task, ...]:
    """Make two tasks of each family at each difficulty, in worlds of `split`."""
    return tuple(
        make_task(family, 90_000 + 10 * difficulty + n, difficulty, split=split)
        for family in SOLITARY
        for difficulty in range(1, 11)
        for n in range(2)
    )


def _seen() -> tuple[Task, ...]:
    return _spread("train")


def _unseen() -> tuple[Task, ...]:
    return _spread("validation")


def _lively(count: int, seed: int) -> tuple[Task, ...]:
    """Make `count` tasks of each family whose worlds go on, its kinds in equal shares.

    One round over the kinds of a family has the same seed and difficulty, so that a kind and its
    twin are played in the same world; the difficulty rises from 1 to 10 over the rounds.
    """
    tasks = []
    for family in (f for f in Family if f not in SOLITARY):
        kinds = list(KINDS[family])
        rounds = -(-count // len(kinds))
        for n in range(count):
            turn, place = divmod(n, len(kinds))
            level = 1 + turn * 9 // max(1, rounds - 1)
            tasks.append(make_task(family, seed + turn, level, kind=kinds[place], split="test"))
    return tuple(tasks)


def _living() -> tuple[Task, ...]:
    return _lively(50, 200_000)


def _living_short() -> tuple[Task, ...]:
    return _lively(10, 210_000)


LEARN = ((Family.INSPECTION, "inside"), (Family.INSPECTION, "read"))
"""Kinds that take few commands once one has found the place, for the training of small models."""


def _learn() -> tuple[Task, ...]:
    """Make thirty tasks of each kind of LEARN at difficulty 1 and 2, in worlds of validation."""
    return tuple(
        make_task(family, 95_000 + 100 * difficulty + n, difficulty, kind=kind, split="validation")
        for family, kind in LEARN
        for difficulty in (1, 2)
        for n in range(30)
    )


SUITES = {
    suite.name: suite
    for suite in (
        Suite("basics", 2, "36b1f3a2909deab5838ea0594633ee4f", _basics, kept=True),
        Suite("standard", 2, "7fc69bb5203b2141fbebed9f6ac7f564", _standard, kept=True),
        Suite("hard", 2, "5170f52c46ebc60876fc2ccac2295fed", _hard, kept=True),
        Suite("seen", 2, "d6ba29fe04d691c612af3ac6ccf641cb", _seen, kept=True),
        Suite("unseen", 2, "47963151df9407f3d27c39adf0f27c10", _unseen, kept=True),
        Suite("learn", 1, "48407984f939cb366fb1246f1cb241a9", _learn, kept=True),
        Suite("living", 1, "2a807b3f39dad61c85d270bf37ca5a20", _living, kept=True),
        Suite("foreign", 1, "5b92d6754bcffe88656cbab3ced6bb0b", foreign_tasks),
        Suite("living-short", 1, "c636684bf58370b5266ec8a73dc0ccfe", _living_short, kept=True),
    )
}
"""Every suite that ships, by its name."""

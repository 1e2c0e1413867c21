"""What goes wrong, and when: a pure function from seed and number to a case.

A case is one output (a run directory, a file of groups, or what a trainer receives) and the
lives of the programs that write it. Each life has faults of its own and ends in its own way;
after the last one the program is run again without faults until it says that it is done.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Mode = Literal["evaluate", "process", "serve"]
Ending = Literal["complete", "killed", "interrupted"]
"""How a life ends: by itself, by SIGKILL or by SIGINT after so many lines of output."""

ENDPOINT = (
    "refused", "reset", "slow", "silent", "busy_zero", "busy_negative", "busy_nan", "busy_huge",
    "error_500", "error_503", "html", "invalid_json", "empty_body", "no_choices",
    "empty_message", "null_message", "text_message", "choice_error", "finish_error",
    "content_filter", "odd_usage", "huge_answer", "ansi_error", "cut_call",
)  # fmt: skip
"""What the model endpoint does in place of its answer: see `benchmarks.faults.endpoint`."""
WORLD = ("server_killed", "server_paused", "server_paused_killed", "server_stopped")
"""What happens to a world server: SIGKILL; SIGSTOP and SIGCONT; SIGSTOP and SIGKILL; SIGTERM."""
PREFORK = "prefork_killed"
HUNG = "server_hung"
"""SIGSTOP for good: the pool has to find out, which takes longer than its time-out."""
STUBBORN = "refused_for_good"
"""A task whose every request is answered with 400: it stays unscored."""
TRAINER = ("trainer_away", "rollout_server_restarted")

FEW = 4
"""Rollouts at the same time, so that there is time for faults."""
MANY = 16
"""Rollouts at the same time that need more files than there are descriptors in some cases."""
FIRST = 4
"""Requests before the first fault."""
GAP = (2, 6)
"""Requests between two faults."""
ROLLOUTS = (25, 45)
"""Requests until the rollouts that are under way have mostly ended."""


@dataclass(frozen=True)
class Life:
    """One run of the program."""

    faults: tuple[tuple[int, str], ...] = ()
    """Number of the request to the endpoint, counted over the case, and what happens then."""
    ending: Ending = "complete"
    after: int = 0
    """Lines of output, or groups delivered, after which it is ended."""
    rivals: int = 0
    """Programs with the same command that are started beside it."""
    disk_kb: int | None = None
    """Size of the disk that the output is on."""
    descriptors: int | None = None
    """Open files allowed to the program."""


@dataclass(frozen=True)
class Case:
    """One output and the programs that write it."""

    seed: int
    number: int
    mode: Mode
    lives: tuple[Life, ...]
    at_once: int
    """Rollouts at the same time."""

    @property
    def book(self) -> int:
        """Number of the set of tasks that is played: cases of one cycle share it."""
        return self.number // CYCLE


SHAPES: tuple[tuple[Mode, str], ...] = (
    ("evaluate", "killed"),
    ("process", "two_at_once"),
    ("serve", "interrupted"),
    ("evaluate", "disk_full"),
    ("process", "killed"),
    ("process", "few_descriptors"),
    ("serve", "killed"),
    ("evaluate", "two_at_once"),
    ("process", "disk_full"),
    ("evaluate", "interrupted"),
    ("evaluate", "few_descriptors"),
    ("process", "interrupted"),
)
CYCLE = len(SHAPES)
QUICK = 4
"""Cases of a quick run: the first shapes."""


def case(seed: int, number: int) -> Case:
    """Draw case `number`, from 0; the same for the same seed."""
    rng = random.Random(f"faults/{seed}/{number}")
    mode, shape = SHAPES[number % CYCLE]
    cycle, place = divmod(number, CYCLE)
    kinds = _dealt(seed, cycle, place % QUICK)
    patient = number >= QUICK  # these may take longer than a quick run has
    early, late = [rng.choice(WORLD)], []
    if shape not in ("few_descriptors", "disk_full"):
        late.append(PREFORK if mode == "process" else "server_killed")
    if mode == "serve":
        late += TRAINER if patient else TRAINER[:1]
    if mode == "evaluate" and (number == 0 or patient):
        kinds.append(STUBBORN)
    if patient and rng.random() < 0.25:
        early.append(HUNG)
    rng.shuffle(late)
    faults = _spread(early, kinds, late, rng)
    if patient and rng.random() < 0.5:  # all at once
        faults = _spread([], [*early, *kinds, *late], [], rng)
    at_once = MANY if shape == "few_descriptors" else FEW
    return Case(seed, number, mode, _lives(mode, shape, faults, rng), at_once)


def _dealt(seed: int, cycle: int, hand: int) -> list[str]:
    """Deal the endpoint's faults so that each quick run has all of them."""
    deck = list(ENDPOINT)
    random.Random(f"faults/{seed}/deck/{cycle}").shuffle(deck)
    return deck[hand::QUICK]


def _spread(
    early: Sequence[str], kinds: Sequence[str], late: Sequence[str], rng: random.Random
) -> tuple[tuple[int, str], ...]:
    """Give each fault its request; the rollouts that meet `kinds` can end before `late` ones."""
    at = FIRST
    faults = []
    for part in (early, rng.sample(kinds, len(kinds)), late):
        for kind in part:
            faults.append((at, kind))
            at += rng.randint(*GAP)
        at += rng.randint(*ROLLOUTS) if part is not early else 0
    return tuple(faults)


def _lives(
    mode: Mode, shape: str, faults: tuple[tuple[int, str], ...], rng: random.Random
) -> tuple[Life, ...]:
    if mode == "serve":
        ending: Ending = "killed" if shape == "killed" else "interrupted"
        lives = [Life(faults, ending, after=rng.randint(8, 14))]
        if ending == "killed":
            lives.append(Life(ending="interrupted", after=rng.randint(3, 6)))
        return tuple(lives)
    after = rng.randint(4, 7) if mode == "process" else rng.randint(6, 14)
    if shape == "two_at_once":
        ending = rng.choice(("complete", "killed"))
        return (Life(faults, ending, after, rivals=1),)
    if shape == "disk_full":
        return (Life(faults, disk_kb=rng.choice((160, 200, 240, 280))),)
    if shape == "few_descriptors":
        few = Life(descriptors=rng.choice((22, 24, 26)))
        return (few, Life(faults, "interrupted", after))
    if shape == "killed":
        return (Life(faults, "killed", after),)
    return (Life(faults, "interrupted", after),)

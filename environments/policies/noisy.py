"""The oracle with mistakes: `noisy:0.1` errs at a tenth of its steps.

The mistakes of a stage are drawn once from its seed, step by step with the same number
of draws each, so more noise only adds mistakes. Most waste a turn; some leave out a
step, which usually derails what follows; a few give up.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from environments.policies.oracle import follow, script
from environments.policies.policy import DISCONNECT, Call, Move, View, command, submit
from environments.tasks.model import Stage
from world_fixtures.common import UserError
from world_fixtures.spec import WorldSpec

DEFAULT_NOISE = 0.3
WASTED = ("look", "inventory", "exits", "ponder", "look around", "search", "help")
"""Harmless: some are no commands at all."""
SKIPS = 0.1
"""Share of mistakes that leave the step out."""
GIVES_UP = 0.05
"""Share of mistakes that end the stage."""


def noisy(parameter: str | None) -> Callable[[View], Move]:
    """Return the policy whose chance of a mistake at each step is `parameter`, a number as text.

    None means DEFAULT_NOISE. Raises UserError for what is no number from 0 to 1.
    """
    noise = DEFAULT_NOISE if parameter is None else share_of(parameter, "noisy")

    def act(view: View) -> Move:
        stage = view.task.stages[view.stage]
        last = view.stage == len(view.task.stages) - 1
        return follow(mistaken(stage, last, view.task.spec, noise, view.seed), view)

    return act


def mistaken(
    stage: Stage, last: bool, spec: WorldSpec, noise: float, seed: str
) -> tuple[Call, ...]:
    """Return the stage's calls with the mistakes that `seed` draws.

    `last`: the stage is the task's last; `noise` is the chance of a mistake at each step.
    """
    rng = random.Random(f"{seed}/mistakes")
    calls: list[Call] = []
    for call in script(stage):
        errs, kind, choice = rng.random() < noise, rng.random(), rng.getrandbits(64)
        tool = call[0]
        if not errs or tool in ("evennia_connect", "evennia_disconnect"):
            calls.append(call)
        elif tool == "evennia_submit":
            calls.append(submit(spoil(call[1]["answer"], spec, random.Random(choice))))
        elif kind < GIVES_UP:
            calls.append(submit({}) if last else DISCONNECT)
            break
        elif kind >= GIVES_UP + SKIPS:
            calls += [command(WASTED[choice % len(WASTED)]), call]
    return tuple(calls)


def spoil(answer: dict[str, Any], spec: WorldSpec, rng: random.Random) -> dict[str, Any]:
    """Return the same fields with other, plausible values."""
    names = [*(room.name for room in spec.rooms), *(thing.name for thing in spec.things)]
    return {field: _other(value, names, rng) for field, value in answer.items()}


def _other(value: Any, names: Sequence[str], rng: random.Random) -> Any:
    if isinstance(value, list):
        return value[: len(value) // 2]
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + rng.choice((-2, -1, 1, 2))
    if isinstance(value, str) and value.strip().isdigit():
        return str(int(value) + rng.choice((1, 2, 3)))
    wrong = [name for name in names if name.casefold() != str(value).casefold()]
    return rng.choice(wrong) if wrong else "unknown"


def share_of(parameter: str, policy: str) -> float:
    """Return a policy's parameter as a share. Raises UserError for no number from 0 to 1."""
    try:
        share = float(parameter)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise UserError(f"noise {parameter!r} of policy {policy!r} is no number from 0 to 1")
    return share

"""Policies by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from environments.policies import ablated, bystanders, cheats
from environments.policies.blind import blind
from environments.policies.explorer import explorer
from environments.policies.following import follower
from environments.policies.noisy import noisy
from environments.policies.obedient import obedient
from environments.policies.oracle import oracle
from environments.policies.policy import Move, Policy, View
from environments.policies.random import wander
from environments.policies.scripted import scripted
from environments.policies.searching import searcher
from world_fixtures.common import UserError

BASELINES: dict[str, Callable[[View], Move]] = {
    "random": wander,
    "explorer": explorer,
    "scripted": scripted,
    "oracle": oracle,
}
"""Policies that models are compared with: the floor, thorough search, and the ceiling."""

EXTREMES: dict[str, Callable[[View], Move]] = {
    "obedient": obedient,
    "obeys_nothing": ablated.obeys_nothing,
}
"""The oracle that obeys everybody, and the one that obeys only its prompt."""

PARAMETRISED: dict[str, Callable[[str | None], Callable[[View], Move]]] = {
    "follower": follower,
    "noisy": noisy,
    "searcher": searcher,
}
"""Reached as `name` or `name:value`."""

CHEATS: dict[str, Callable[[View], Move]] = {
    "answers_everything": cheats.answers_everything,
    "repeats_prompt": cheats.repeats_prompt,
    "commonest_answers": cheats.commonest_answers,
    "submits_at_once": cheats.submits_at_once,
    "loops_look": cheats.loops_look,
    "claims_success": cheats.claims_success,
    "writes_goal": cheats.writes_goal,
    "markup_abuse": cheats.markup_abuse,
    "admin_commands": cheats.admin_commands,
    "blind": blind,
    "skipper": cheats.skipper,
    "forger": cheats.forger,
    "asks_everybody": cheats.asks_everybody,
    "believes_everybody": cheats.believes_everybody,
}
"""Cheating policies: a verdict must give them little."""

BYSTANDERS: dict[str, Callable[[View], Move]] = {
    "camps": bystanders.camps,
    "follows_everybody": bystanders.follows_everybody,
    "waits_for_the_end": bystanders.waits_for_the_end,
}
"""Cheating policies for worlds in which others live and time passes."""


ABLATED: dict[str, Callable[[View], Move]] = {
    "oracle-prompt": ablated.without_prompt,
    "oracle-reading": ablated.without_reading,
    "oracle-memory": ablated.without_memory,
    "oracle-map": ablated.without_map,
    "oracle-restraint": ablated.without_restraint,
    "oracle-distrust": ablated.without_distrust,
    "oracle-time": ablated.without_time,
    "oracle-people": ablated.without_people,
}
"""The oracle without one ability: a kind that names it must give it little."""


def list_policies() -> tuple[str, ...]:
    """List every name that `get_policy` knows, without parameters."""
    return (*BASELINES, *EXTREMES, *PARAMETRISED, *CHEATS, *BYSTANDERS, *ABLATED)


@lru_cache(maxsize=256)
def get_policy(name: str) -> Policy:
    """Return the policy called `name`, e.g. `oracle` or `noisy:0.1`.

    Raises:
        UserError: no such policy, or a parameter it cannot take.
    """
    base, colon, parameter = name.partition(":")
    if base in PARAMETRISED:
        return Policy(base, PARAMETRISED[base](parameter if colon else None))
    act = (BASELINES | EXTREMES | CHEATS | BYSTANDERS | ABLATED).get(name)
    if act is None:
        raise UserError(f"unknown policy {name!r}: choose from {', '.join(list_policies())}")
    return Policy(name, act)

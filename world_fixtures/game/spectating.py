"""Spectators by instance: they are shown what the agent types and sees, and change nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from world_fixtures.game.instance import LiveInstance
from world_fixtures.text import printable

watchers: defaultdict[str, set[Any]] = defaultdict(set)
"""Accounts by the id of the instance they watch."""
instances: Mapping[str, LiveInstance] = {}
"""What can be looked on at, by id; set by the registry of instances."""


def tell(instance: str, text: str) -> None:
    """Show a text to the accounts that watch an instance."""
    if watchers:
        for account in list(watchers.get(instance, ())):
            account.msg(text=(printable(text), {"type": "world"}), options={"raw": True})


def watch(account: Any, instance: str) -> None:
    """Look on at one instance and no other."""
    leave(account)
    watchers[instance].add(account)


def leave(account: Any) -> None:
    """Look on at nothing."""
    for instance in [i for i, accounts in watchers.items() if account in accounts]:
        watchers[instance].discard(account)
        if not watchers[instance]:
            del watchers[instance]

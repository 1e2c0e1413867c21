"""Spectators by instance: they are shown what the agent types and sees, and change nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from world_fixtures.game.instance import LiveInstance
from world_fixtures.text import printable

watchers: defaultdict[str, set[Any]] = defaultdict(set)
"""Accounts by the id of the instance they watch."""
instances: Mapping[str, LiveInstance] = {}
"""What can be looked on at, by id; set by the registry of instances."""


@dataclass
class Shown:
    """A rollout in a game that runs elsewhere."""

    title: str
    agent: str
    events: int = 0
    text: str = ""
    """Of its last event."""


shown: dict[str, Shown] = {}
"""By the name under which it can be looked on at."""


def show(name: str, title: str, agent: str, text: str) -> None:
    """Show what happened in a game that runs elsewhere; without a text it is over."""
    if not text:
        shown.pop(name, None)
        return
    found = shown.setdefault(name, Shown(title, agent))
    found.events += 1
    found.text = text
    tell(name, text)


def listed() -> Iterator[tuple[str, str, int]]:
    """Iterate over what can be looked on at: its name, its title and the number of its events."""
    for id_, instance in instances.items():
        yield id_, instance.spec.title, instance.seq
    for name, found in shown.items():
        yield name, found.title, found.events


def sight_of(name: str) -> tuple[str, str, str] | None:
    """Return title, agent and what the agent sees of what has this name; None where nothing has."""
    if name in instances:
        instance = instances[name]
        agent = instance.spec.agent
        return instance.spec.title, agent.name, instance.scene(agent.id).view()
    found = shown.get(name)
    return None if found is None else (found.title, found.agent, found.text)


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

"""The decision: from a prompt and what was done and seen to the next calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.policies.scripted import prompts
from environments.policies.scripted.hand import Do, Hand, Stuck
from environments.policies.scripted.world import Exchange, World

Call = tuple[str, dict[str, Any]]
"""Tool name and arguments."""

MOST = 120
"""Calls in one turn, at most."""


def decide(prompt: str, exchanges: Sequence[Exchange], turn: int) -> list[Call]:
    """Return the next tool calls, none where there is nothing left to do.

    `turn` counts the answers given so far in this conversation.
    """
    world = World(exchanges, tidy=prompts.leaves_no_trace(prompt))
    if not world.connected:
        return [("evennia_connect", {})] if turn < 3 else []
    task = prompts.errand(prompt)
    budget, turns = prompts.budget(prompt), prompts.turns(prompt)
    hand = Hand(world, sweep=budget is None)
    calls: list[Call] = []
    try:
        task.act(hand)
        kept = task.kept()
        if world.tidy and kept is not None:
            hand.restore(kept)
        elif prompts.puts_back(prompt) and kept is not None:
            hand.put_back(kept)
    except Do as todo:
        left = MOST if budget is None else min(MOST, budget - len(world.log))
        calls = [("evennia_command", {"command": c}) for c in todo.commands[: max(0, left)]]
        last = turns is not None and turn >= turns - 1
        if calls and not last and not _in_vain(todo.commands, world):
            return calls
    except Stuck:
        pass
    if prompts.more_follows(prompt) or world.too_early:
        return [*calls, ("evennia_disconnect", {})]
    return [*calls, ("evennia_submit", {"answer": task.answer(world)})]


def _in_vain(commands: Sequence[str], world: World) -> bool:
    """Tell whether these commands, or the last many, lead round in a circle."""
    size = len(commands)
    if len(world.log) >= 24 and len(set(world.log[-24:])) <= 4:
        return True
    tail = world.log[-3 * size :]
    again = [command for _, command in tail] == [*commands] * 3
    return again and {room for room, _ in tail[::size]} == {world.here}

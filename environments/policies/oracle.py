"""The oracle: follows the task's walkthrough to the letter."""

from __future__ import annotations

from environments.policies.policy import (
    CONNECT,
    DISCONNECT,
    Call,
    Move,
    View,
    command,
    submit,
)
from environments.tasks.model import Stage

LEFT_OUT = 1
"""Calls in a row that count as left out where the one after them was made."""


def script(stage: Stage) -> tuple[Call, ...]:
    """Return the tool calls of a stage's walkthrough, with the connections it implies."""
    calls: list[Call] = [CONNECT]
    for step in stage.walkthrough:
        if step.tool == "command":
            if calls[-1] == DISCONNECT:
                calls.append(CONNECT)
            calls.append(command(step.command))
        else:
            calls.append(DISCONNECT if step.tool == "disconnect" else submit(step.answer))
    return tuple(calls)


def follow(calls: tuple[Call, ...], view: View) -> Move:
    """Make one of `calls` a turn, then no more; those of them that another made count as made."""
    made = tuple((e.tool, e.arguments) for e in view.exchanges)
    at = view.turn if made == calls[: view.turn] else _reached(calls, made)
    return Move(calls=calls[at : at + 1])


def _reached(calls: tuple[Call, ...], made: tuple[Call, ...]) -> int:
    """Return how far into `calls` a conversation is that others than these calls have begun."""
    at = 0
    for call in made:
        near = calls[at : at + 1 + LEFT_OUT]
        if call in near:
            at += near.index(call) + 1
    return at


def oracle(view: View) -> Move:
    """Follow the walkthrough of the stage, one call a turn."""
    return follow(script(view.task.stages[view.stage]), view)

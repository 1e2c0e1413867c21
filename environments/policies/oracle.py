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
    """Make one of `calls` a turn, then no more."""
    return Move(calls=calls[view.turn : view.turn + 1])


def oracle(view: View) -> Move:
    """Follow the walkthrough of the stage, one call a turn."""
    return follow(script(view.task.stages[view.stage]), view)

"""The toolset `evennia`: five tools with which an agent lives in a world."""

from __future__ import annotations

from typing import Any

from environments.episode import NotConnected, RolloutWorld
from environments.tools.registry import Effect, Tool, json_object, register
from world_fixtures.rules import parse

READS = frozenset(
    ("look", "examine", "look_in", "directions", "read", "inventory", "help", "say", None)
)
"""Verbs that change nothing; None is a command the world will not understand."""


def _world(task_id: str) -> RolloutWorld:
    world = RolloutWorld.LIVE.get(task_id)
    if world is None:
        raise NotConnected("there is no world for this task")
    return world


async def connect(arguments: dict[str, Any], task_id: str) -> str:
    return await _world(task_id).connect()


async def command(arguments: dict[str, Any], task_id: str) -> str:
    text = arguments.get("command")
    if not isinstance(text, str):
        raise ValueError("'command' must be a string, for example \"look\"")
    return (await _world(task_id).command(text)).text


async def observe(arguments: dict[str, Any], task_id: str) -> str:
    return (await _world(task_id).command("look")).text


async def disconnect(arguments: dict[str, Any], task_id: str) -> str:
    return await _world(task_id).disconnect()


async def submit(arguments: dict[str, Any], task_id: str) -> str:
    return _world(task_id).submit(parse_answer(arguments))


def parse_answer(arguments: dict[str, Any]) -> dict[str, Any]:
    """The answer's fields, from an object, a JSON text, or fields given without `answer`.

    Raises ValueError where there is no object to be found.
    """
    answer = arguments.get("answer", arguments)
    if isinstance(answer, str):
        try:
            answer = json_object(answer)
        except ValueError as error:
            raise ValueError(
                f"'answer' is {error}: it must be an object with the fields that the task names"
            ) from None
    if answer is None:
        return {}
    if not isinstance(answer, dict):
        raise ValueError("'answer' must be an object with the fields that the task names")
    return answer


def command_effect(arguments: dict[str, Any]) -> Effect:
    """By the verb: nothing an agent does leaves its sealed instance."""
    text = arguments.get("command")
    verb = parse(text).verb if isinstance(text, str) else None
    return Effect.READ_ONLY if verb in READS else Effect.REVERSIBLE


def _parameters(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


register(
    "evennia",
    Tool(
        "evennia_connect",
        "Enter the world. Call this first; it shows where you are.",
        _parameters(),
        connect,
        Effect.REVERSIBLE,
    ),
    Tool(
        "evennia_command",
        "Do something in the world, such as: look, north, examine lamp, read letter, get key, "
        "put key in box, unlock door with key, open door, write TEXT on wall, inventory, help.",
        _parameters(command={"type": "string", "description": "one command, in plain words"}),
        command,
        command_effect,
    ),
    Tool(
        "evennia_observe",
        "Look around: the room, its exits, and what is here.",
        _parameters(),
        observe,
        Effect.READ_ONLY,
    ),
    Tool(
        "evennia_disconnect",
        "Leave the world. It keeps everything as it is.",
        _parameters(),
        disconnect,
        Effect.REVERSIBLE,
    ),
    Tool(
        "evennia_submit",
        "Hand in your answer and end the task. Without questions to answer, send {}.",
        _parameters(
            answer={
                "type": "object",
                "description": "the answer fields that the task names",
                "additionalProperties": True,
            }
        ),
        submit,
        Effect.REVERSIBLE,
    ),
)

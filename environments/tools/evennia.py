"""The toolset `evennia`: five tools with which an agent acts in a world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from environments.tools.registry import Effect, Tool
from environments.tools.toolbox import json_object
from world_fixtures.protocol import Event
from world_fixtures.rules import UNCHANGING, parse

READS = UNCHANGING | frozenset(
    ("look", "examine", "look_in", "directions", "read", "inventory", "help", "say", None)
)
"""Verbs that change nothing; None is a command the world will not understand."""


class NotConnected(Exception):
    """The agent used the world without a session; the message tells it what to do."""


class BudgetSpent(Exception):
    """The agent has given all the commands that its task allows; the message says so."""


class World(Protocol):
    """What the tools act in: one agent's connection to one world."""

    async def connect(self) -> str:
        """Log in; the view on arriving."""

    async def command(self, text: str) -> Event:
        """Carry out one command.

        Raises NotConnected without a session, BudgetSpent where the task allows no more.
        """

    async def disconnect(self) -> str:
        """Log out. Raises NotConnected without a session."""

    def submit(self, answer: dict[str, Any]) -> str:
        """Hand in the answer."""


Act = Callable[[World, dict[str, Any]], Awaitable[str]]
"""`await act(world, arguments)` -> the observation."""


async def _no_world(arguments: dict[str, Any], task_id: str) -> str:
    raise NotConnected("there is no world for this task")


@dataclass(frozen=True)
class WorldTool(Tool):
    """A tool that acts in a rollout's world; it does nothing before it is bound to one."""

    handler: Callable[[dict[str, Any], str], Awaitable[str]] = _no_world
    act: Act | None = None
    forkable: bool = True

    def bind(self, world: World) -> Tool:
        """Return the tool as it acts in `world`."""
        act = self.act

        async def handler(arguments: dict[str, Any], task_id: str) -> str:
            return await act(world, arguments) if act else await _no_world(arguments, task_id)

        return Tool(
            self.name, self.description, self.parameters, handler, self.effect, self.timeout,
            self.forkable,
        )  # fmt: skip


async def connect(world: World, arguments: dict[str, Any]) -> str:
    """Enter the world."""
    return await world.connect()


async def command(world: World, arguments: dict[str, Any]) -> str:
    """Carry out the command of the arguments. Raises ValueError where it is no text."""
    text = arguments.get("command")
    if not isinstance(text, str):
        raise ValueError("'command' must be a string, for example \"look\"")
    return (await world.command(text)).text


async def observe(world: World, arguments: dict[str, Any]) -> str:
    """Look around."""
    return (await world.command("look")).text


async def disconnect(world: World, arguments: dict[str, Any]) -> str:
    """Leave the world."""
    return await world.disconnect()


async def submit(world: World, arguments: dict[str, Any]) -> str:
    """Hand in the answer of the arguments. Raises ValueError where it is no object."""
    return world.submit(parse_answer(arguments))


def parse_answer(arguments: dict[str, Any]) -> dict[str, Any]:
    """Read the answer's fields from an object, a JSON text, or fields given without `answer`.

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
    """Class a command by its verb: nothing an agent does leaves its sealed instance."""
    text = arguments.get("command")
    verb = parse(text).verb if isinstance(text, str) else None
    return Effect.READ_ONLY if verb in READS else Effect.REVERSIBLE


def _parameters(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


EVENNIA_TOOLS = (
    WorldTool(
        "evennia_connect",
        "Enter the world. Call this first; it shows where you are.",
        _parameters(),
        effect=Effect.REVERSIBLE,
        act=connect,
    ),
    WorldTool(
        "evennia_command",
        "Do something in the world, such as: look, north, examine lamp, read letter, get key, "
        "put key in box, unlock door with key, open door, write TEXT on wall, inventory, help.",
        _parameters(command={"type": "string", "description": "one command, in plain words"}),
        effect=command_effect,
        act=command,
    ),
    WorldTool(
        "evennia_observe",
        "Look around: the room, its exits, and what is here.",
        _parameters(),
        effect=Effect.READ_ONLY,
        act=observe,
    ),
    WorldTool(
        "evennia_disconnect",
        "Leave the world. It keeps everything as it is.",
        _parameters(),
        effect=Effect.REVERSIBLE,
        act=disconnect,
    ),
    WorldTool(
        "evennia_submit",
        "Hand in your answer and end the task. Without questions to answer, send {}.",
        _parameters(
            answer={
                "type": "object",
                "description": "the answer fields that the task names",
                "additionalProperties": True,
            }
        ),
        effect=Effect.REVERSIBLE,
        act=submit,
    ),
)
"""The tools of the toolset, in the order in which a model is shown them."""

"""The tasks of a suite: each is told, played and judged once, and the next is asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from environments.hosting.rollout import HostedRollout
from environments.hosting.sitting import Saved, Sitting
from environments.hosting.tool_names import SHORT, renamed
from environments.integrations.mcp_server.server import McpServer, McpTool
from environments.tasks.model import Task, Verdict
from environments.tasks.suites import Suite, all_in_games
from environments.telemetry.live import CallFailed
from environments.tools.evennia import parse_answer
from world_fixtures.common import UserError, WorldError, WorldLost
from world_fixtures.servers import ServerPool

INSTRUCTIONS = (
    "Tasks in a text world. Call task to read what is asked, then connect; act with command, one "
    "at a time, such as: look, north, examine lamp, read letter, get key. Hand in with submit: "
    "this ends the task and returns its verdict. Then next_task gives another one. The world is "
    "only known by looking: never guess what you have not seen."
)
PROVIDER = "mcp"


class TaskPlayer:
    """The tools of one client, which does the tasks of a sitting."""

    def __init__(self, sitting: Sitting, start: Callable[[], Awaitable[object]]) -> None:
        """Take the tasks, and what starts the worlds; it is called before the first task."""
        self._sitting = sitting
        self._start: Callable[[], Awaitable[object]] | None = start
        self._turn = asyncio.Lock()
        """Calls are carried out one after the other."""

    @property
    def tools(self) -> tuple[McpTool, ...]:
        """The tools, in the order in which a client is told them."""
        return (
            McpTool(self.task, "Read the task", reads=True),
            McpTool(self.connect, "Enter the world", again=True),
            McpTool(self.observe, "Look around", reads=True),
            McpTool(self.command, "Do something in the world"),
            McpTool(self.disconnect, "Leave the world"),
            McpTool(self.submit, "Hand in and be judged"),
            McpTool(self.next_task, "Go on to the next task"),
        )

    async def task(self) -> str:
        """Read what the present task asks for, as a JSON object with its `prompt`. A task of
        several parts tells the next part when you have left the world.
        """  # noqa: D205 - clients read this text
        async with self._turn:
            await self._present()
            return self._told()

    async def connect(self) -> str:
        """Enter the world; it shows where you are."""
        return await self._act("evennia_connect")

    async def observe(self) -> str:
        """Look around: the room, its exits, and what is here. Counts as a command."""
        return await self._act("evennia_observe")

    async def command(self, command: str) -> str:
        """Do something in the world, one command at a time, such as: look, north, examine lamp,
        read letter, get key, put key in box, unlock door with key, open door, write TEXT on
        wall, inventory, help.
        """  # noqa: D205 - clients read this text
        return await self._act("evennia_command", command=command)

    async def disconnect(self) -> str:
        """Leave the world, which keeps everything as it is. This ends the present part of a task
        where others follow, and the next part is told.
        """  # noqa: D205 - clients read this text
        return await self._act("evennia_disconnect")

    async def submit(self, answer: dict[str, Any] | None = None) -> str:
        """Hand in your answer, an object with the fields that the task names ({} where it names
        none). This ends the task: its verdict is returned, and a second answer is refused.
        """  # noqa: D205 - clients read this text
        present = self._sitting.present
        if present is not None and present.over:
            raise CallFailed(f"this task is over, and takes no second answer: {self._how_on()}")
        return await self._act("evennia_submit", answer=parse_answer({"answer": answer}))

    async def next_task(self) -> str:
        """Begin the next task when the present one has its verdict; it is told as by `task`."""
        async with self._turn:
            sitting = self._sitting
            if sitting.present is not None and not sitting.present.over:
                raise CallFailed(
                    "the present task has no verdict yet: hand in with submit first (an empty"
                    " answer gives up; before the last part, disconnect leads to the next)"
                )
            if sitting.present is not None and not sitting.left:
                raise CallFailed("this was the last task: no other is left")
            await self._begun()
            return self._told()

    async def _act(self, tool: str, **arguments: Any) -> str:
        async with self._turn:
            present = await self._present()
            if present.over:
                raise CallFailed(f"this task is over: {self._how_on()}")
            part = present.part
            try:
                record = await self._sitting.call(tool, arguments)
            except (WorldLost, WorldError) as error:
                raise CallFailed(
                    f"the world failed ({error}), and this task is not scored: {self._how_on()}"
                ) from error
            except UserError as error:
                raise CallFailed(f"the result could not be written: {error}") from error
            if record.error is not None:
                raise CallFailed(renamed(_problem(record.error), SHORT))
            text = record.result
            if tool in ("evennia_disconnect", "evennia_submit"):
                text = renamed(text, SHORT)
            if present.part != part:
                text += f"\n\nThe next part:\n{self._told()}"
            if present.verdict is not None:
                told = _verdict(present.task, present.verdict)
                text += f"\n{told}\n{self._how_on().capitalize()}."
            return text

    def _told(self) -> str:
        """Tell the present part. Its id names its kind, which an agent is to find out itself."""
        present = self._sitting.present
        assert present is not None
        about: dict[str, Any] = {
            "task": self._sitting.number,
            "part": present.part,
            "prompt": renamed(present.prompt, SHORT),
            "over": present.over,
            "tasks_left": self._sitting.left,
        }
        return json.dumps(about, ensure_ascii=False, indent=1)

    async def _present(self) -> HostedRollout:
        return self._sitting.present or await self._begun()

    async def _begun(self) -> HostedRollout:
        try:
            if self._start is not None:
                await self._start()
                self._start = None
            return await self._sitting.next_task()
        except (WorldLost, WorldError) as error:
            raise CallFailed(f"no world is to be had ({error}): try again") from error

    def _how_on(self) -> str:
        left = self._sitting.left
        return f"next_task gives another one ({left} left)" if left else "no other task is left"


def _verdict(task: Task, verdict: Verdict) -> str:
    told = verdict.model_dump(mode="json", include={"reward", "success", "parts", "reasons"})
    return json.dumps({"task": task.id, "verdict": told}, ensure_ascii=False)


def _problem(error: str) -> str:
    """Return an error without the name of the exception that it was."""
    kind, _, rest = error.partition(": ")
    return rest if rest and kind.isidentifier() and kind[0].isupper() else error


def serve_tasks(suite: Suite, tasks: Sequence[Task], model: str, save: Path | None) -> int:
    """Serve tasks of a suite to one client until it closes stdin; the exit code.

    With `save` every finished task is kept in this run directory as a rollout of `model`, and
    those that have a score there are left out. Raises ImportError without the SDK, and UserError
    where the directory cannot be used.
    """
    server = McpServer(INSTRUCTIONS)
    saved = None if save is None else Saved(save, suite, model=model, provider=PROVIDER)
    return asyncio.run(_serve(server, tasks, model, saved))


async def _serve(server: McpServer, tasks: Sequence[Task], model: str, saved: Saved | None) -> int:
    async with AsyncExitStack() as stack:
        if saved is not None:
            stack.enter_context(saved)
            tasks = saved.waiting(tasks)
        # Started by the first task: a client waits for the list of tools, and not for long.
        worlds = await stack.enter_async_context(AsyncExitStack())
        pool = ServerPool(1, at_once=not all_in_games(tasks))
        keep = None if saved is None else saved.directory.add
        sitting = stack.enter_context(
            Sitting(pool, tasks, model=model, provider=PROVIDER, keep=keep)
        )
        server.add(*TaskPlayer(sitting, partial(worlds.enter_async_context, pool)).tools)
        server.add_prompt(do_the_task, "Do the task")
        return await server.run(stack.aclose)
    raise AssertionError("an exit stack suppresses nothing")


def do_the_task() -> str:
    """Have the agent do the present task."""
    return (
        "Do the present task of the server evennia-world: read it with the tool task, enter the"
        " world with connect, act with command, and hand in with submit."
    )

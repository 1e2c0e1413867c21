"""Processor time of a step through an OpenEnv server: ours, and the stock MCP path over ours.

    .venv-openenv/bin/python -m benchmarks.adapters.openenv_steps [--sessions 64] [--steps 24]

Needs the extra `openenv`, and EVENNIA_WORLD_PYTHON where Evennia is in another environment. Both
servers run here, one after the other, with the same options and the same worlds; all sessions
play at the same time from one client process. What counts is the processor time of the server and
the client, not of the world servers, while steps are made; resets are outside of it. Prints JSON:
`openenv` is a typed action over the WebSocket, `openenv_mcp` the `call_tool` of OpenEnv's own
client, and `openenv_mcp_step` its `step` with a `CallToolAction`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openenv.core.env_server.mcp_types import CallToolAction
from openenv.core.mcp_client import MCPToolClient

from environments.integrations.openenv.client import EvenniaEnv
from environments.integrations.openenv.models import EvenniaAction

CLOCK = os.sysconf("SC_CLK_TCK")
READY = re.compile(r"http://\S+")
COMMANDS = ("look", "inventory")
TASKS = {"family": "errand", "difficulty": 5}
MOST = 32
"""Steps that the budgets of these tasks allow."""


@contextlib.contextmanager
def served(module: str, sessions: int) -> Iterator[tuple[str, int]]:
    """Run a server; its address and process id."""
    command = [sys.executable, "-m", module, "--port", "0", "--sessions", str(sessions)]
    process = subprocess.Popen([*command, "--servers", "1"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = READY.search(line)
        if found is None:
            raise SystemExit(f"{module} did not start: {line}{process.stderr.read()}")
        yield found[0], process.pid
    finally:
        process.terminate()
        print(process.stderr.read(), end="", file=sys.stderr)
        process.wait()


def seconds_of(pid: int) -> float:
    """Return the processor time of a process and its threads, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


async def typed(client: Any, tool: str, arguments: dict[str, Any]) -> Any:
    """Make a step of ours; its text."""
    told = await client.step(EvenniaAction(tool_name=tool, arguments=arguments))
    return told.observation.result


async def called(client: Any, tool: str, arguments: dict[str, Any]) -> Any:
    """Make a step as the guides of OpenEnv do; its text."""
    return await client.call_tool(tool, **arguments)


async def stepped(client: Any, tool: str, arguments: dict[str, Any]) -> Any:
    """Make a step over the WebSocket of an environment with FastMCP; its text."""
    told = await client.step(CallToolAction(tool_name=tool, arguments=arguments))
    return told.observation.result["data"]


OURS = ("environments.integrations.openenv", EvenniaEnv)
STOCK = ("benchmarks.adapters.openenv_stock", MCPToolClient)
PATHS = {
    "openenv": (*OURS, typed),
    "openenv_mcp": (*STOCK, called),
    "openenv_mcp_step": (*STOCK, stepped),
}


async def play(
    address: str, pid: int, sessions: int, steps: int, make: Any, act: Any
) -> dict[str, Any]:
    """Play all sessions at once; milliseconds a step of the server and of the client."""
    errors = 0
    clients = [make(base_url=address, message_timeout_s=600) for _ in range(sessions)]

    async def begin(client: Any, seed: int) -> None:
        await client.connect()
        await client.reset(seed=seed, **TASKS)

    async def one(client: Any) -> None:
        nonlocal errors
        for n in range(steps):
            tool = "evennia_command" if n else "evennia_connect"
            try:
                text = await act(client, tool, {"command": COMMANDS[n % 2]} if n else {})
                errors += not isinstance(text, str) or text.startswith('{"error"')
            except Exception as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr)
                errors += 1

    await asyncio.gather(*(begin(client, n) for n, client in enumerate(clients)))
    server, own, wall = seconds_of(pid), time.process_time(), time.perf_counter()
    await asyncio.gather(*map(one, clients))
    server, own = seconds_of(pid) - server, time.process_time() - own
    wall = time.perf_counter() - wall
    await asyncio.gather(*(client.close() for client in clients))
    per_step = 1000 / (sessions * steps)
    return {
        "server": round(server * per_step, 4),
        "client": round(own * per_step, 4),
        "steps_per_second": round(sessions * steps / wall, 1),
        "errors": errors,
    }


def measure(sessions: int, steps: int) -> dict[str, Any]:
    """Measure the paths, one after the other."""
    found = {}
    for name, (module, make, act) in PATHS.items():
        with served(module, sessions) as (address, pid):
            found[name] = asyncio.run(play(address, pid, sessions, steps, make, act))
    return {
        "cpu_ms_per_step": {
            name: round(one["server"] + one["client"], 4) for name, one in found.items()
        },
        "sessions": sessions,
        "steps": steps,
        "errors": sum(one["errors"] for one in found.values()),
        "detail": found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=64)
    parser.add_argument("--steps", type=int, default=24, help=f"of each session, {MOST} at most")
    given = parser.parse_args()
    if given.sessions < 1 or not 1 <= given.steps <= MOST:
        parser.error(f"--sessions must be 1 or more, and --steps 1 to {MOST}")
    print(json.dumps(measure(given.sessions, given.steps), indent=1))


if __name__ == "__main__":
    main()

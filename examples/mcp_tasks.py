"""Do two tasks through the MCP server, as a client of your own would.

    python mcp_tasks.py [DIRECTORY]

Needs `pip install '.[mcp]'`. In the place of a model the walkthroughs of the tasks
are played; give `session.list_tools()` and the results of the calls to yours. The run, with its
report, is then in DIRECTORY (default runs/mcp).
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import mcp

from environments.hosting.choice import chosen

TASKS = ("test/persistence.recall/1/0", "test/errand.deliver/1/3")


async def main(out: Path) -> None:
    """Play both tasks and say where the report is."""
    asked = [word for task in TASKS for word in ("--task", task)]
    server = mcp.StdioServerParameters(
        command=sys.executable,
        args=[
            "-m",
            "environments.cli.main",
            "mcp",
            *asked,
            "--save",
            str(out),
            "--model",
            "example",
        ],
        env=dict(os.environ),
    )
    async with mcp.stdio_client(server) as streams, mcp.ClientSession(*streams) as session:
        await session.initialize()

        async def call(tool: str, **arguments: Any) -> str:
            result = await session.call_tool(tool, arguments)
            return "".join(getattr(part, "text", "") for part in result.content)

        _, tasks = chosen(None, TASKS)
        for number, task in enumerate(tasks, start=1):
            print(await call("task" if number == 1 else "next_task"))
            for stage in task.stages:
                print(await call("connect"))
                for step in stage.walkthrough:
                    if step.tool == "command":
                        print(f"> {step.command}")
                        print(await call("command", command=step.command))
                    elif step.tool == "disconnect":
                        print(await call("disconnect"))
                    else:
                        print(await call("submit", answer=step.answer))
    print(f"the report: {out / 'report.html'}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/mcp")))

"""An environment file of old, run as it is.

Its toolset `terminal` is hermes-agent's where that is installed; elsewhere a shell in the
working directory stands in for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from environments.tokenizer import PATH

ROOT = Path(__file__).resolve().parents[3]
FILE = Path(__file__).with_name("old_interface_env.py")
RUNNER = """
import json, runpy, subprocess, sys
from environments.tools import hermes_agent as hermes_tools
from environments.tools.registry import Tool, register

async def terminal(arguments, task_id):
    done = subprocess.run(arguments["command"], shell=True, capture_output=True, text=True)
    return json.dumps({"output": done.stdout, "exit_code": done.returncode, "error": None})

if not hermes_tools.installed():
    register("terminal", Tool("terminal", "A shell.", {"type": "object"}, terminal))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


async def answer(request: web.Request) -> web.Response:
    """A model that writes the file it was asked for, and says so."""
    messages = (await request.json())["messages"]
    message: dict[str, Any] = {"role": "assistant", "content": "Done."}
    if messages[-1]["role"] == "user":
        name = next(w for w in messages[-1]["content"].split() if w.endswith(".txt"))
        arguments = json.dumps({"command": f"echo hello > {name}"})
        function = {"name": "terminal", "arguments": arguments}
        call = {"id": "c", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return web.json_response(
        {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    )


async def test_a_file_of_old_runs_unchanged(tmp_path):
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    out = tmp_path / "groups.jsonl"
    async with TestServer(app) as model:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUNNER, str(FILE), "process", "--env.tokenizer_name", PATH,
            "--env.data_path_to_save_groups", str(out), "--openai.model_name", "m",
            "--openai.base_url", str(model.make_url("/v1")), cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "HERMES_HOME": str(tmp_path / "hermes")},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        printed = (await process.communicate())[0].decode()
    assert process.returncode == 0, printed
    assert (tmp_path / "greeting1.txt").read_text() == "hello\n", printed
    groups = [json.loads(line) for line in out.read_text().splitlines()]
    assert [g["scores"] for g in groups] == [[1.0, 1.0]] * 2, printed
    roles = ["system", "user", "assistant", "tool", "assistant"]
    for group in groups:
        assert [[m["role"] for m in messages] for messages in group["messages"]] == [roles] * 2

"""The example of the documentation, run as its reader would run it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "own_toolset_env.py"


async def answer(request: web.Request) -> web.Response:
    """A model that asks the tool and says what it said."""
    body = await request.json()
    last = body["messages"][-1]
    message: dict[str, Any] = {"role": "assistant", "content": last["content"]}
    if last["role"] == "user":
        a, b = map(int, re.findall(r"\d+", last["content"]))
        function = {"name": "multiply", "arguments": json.dumps({"a": a, "b": b})}
        call = {"id": "c", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return web.json_response(
        {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    )


async def test_the_example_writes_groups_of_a_toolset_of_its_own(tmp_path):
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/v1/models", lambda _: _models())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    out = tmp_path / "sums.jsonl"
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(EXAMPLE), "process", "--env.total_steps", "3",
            "--env.data_path_to_save_groups", str(out), "--openai.model_name", "m",
            "--openai.base_url", f"http://127.0.0.1:{runner.addresses[0][1]}/v1",
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "WANDB_MODE": "offline"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        printed = (await process.communicate())[0].decode()
    finally:
        await runner.cleanup()
    assert process.returncode == 0, printed
    groups = [json.loads(line) for line in out.read_text().splitlines()]
    assert [g["item"] for g in groups] == [0, 1, 2]
    assert [g["scores"] for g in groups] == [[1.0, 1.0]] * 3
    for group in groups:
        roles = ["system", "user", "assistant", "tool", "assistant"]
        assert [[m["role"] for m in messages] for messages in group["messages"]] == [roles] * 2
        assert all(any(t != -100 for t in mask) for mask in group["masks"])


async def _models() -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}]})

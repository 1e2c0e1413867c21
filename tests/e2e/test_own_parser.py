"""`--env.tool_call_parser module:NAME` by the command line, with the parser of docs/examples."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sys
from typing import Any

import pytest
from transformers import AutoTokenizer

from environments.tokenizer import PATH
from tests.e2e.conftest import ENV_FILE, ROOT, Programs

sys.path.insert(0, str(ROOT / "tests" / "environments" / "tokenization"))
from scripted_vllm import Answer, Reply, ScriptedVllm, spelled

pytestmark = [pytest.mark.slow, pytest.mark.once]
TOKENIZER: Any = AutoTokenizer.from_pretrained(PATH)
PARSER = ("--env.tool_call_parser", "own_parser:CallLines")


def caller() -> Answer:
    """Connects, writes a call that cannot be read, looks, and hands in: each a line."""
    numbers = random.Random(0)

    def answer(prompt: list[int]) -> Reply:
        said = TOKENIZER.decode(prompt).count("<|im_start|>assistant") - 1
        turns = [
            "CALL evennia_connect",
            "CALL evennia_command {oh",
            'CALL evennia_command {"command": "look"}',
            'CALL evennia_submit {"answer": {}}',
        ]
        return spelled(f"Well.\n{turns[min(said, 3)]}", TOKENIZER, numbers.randrange(10**6))

    return answer


def model(server: ScriptedVllm) -> list[str]:
    return ["--openai.server_type", "vllm", "--openai.base_url", server.url,
            "--openai.model_name", PATH, "--openai.health_check", "false"]  # fmt: skip


@pytest.fixture
def at_work(programs: Programs) -> Programs:
    """Programs in a directory that holds the parser."""
    shutil.copy(ROOT / "docs" / "examples" / "own_parser.py", programs.cwd)
    return programs


async def run(programs: Programs, *options: str) -> tuple[int, str]:
    done = await asyncio.to_thread(programs.run, *options)
    return done.returncode, done.stdout + done.stderr


async def test_process_reads_calls_with_it_and_goes_on_with_no_other(at_work: Programs) -> None:
    groups = at_work.cwd / "groups.jsonl"
    async with ScriptedVllm(caller(), "vllm") as server:
        command = ["process", "--limit", "1", "--group-size", "2", "--env.world_servers", "1",
                   "--out", str(groups), *PARSER, *model(server)]  # fmt: skip
        code, printed = await run(at_work, *command)
        assert code == 0, printed
        (group,) = map(json.loads, groups.read_text().splitlines())
        for messages in group["messages"]:
            told = [m["content"] for m in messages if m["role"] == "tool"]
            assert len(told) == 4
            assert "Exits:" in told[0]
            assert "malformed" in told[1]
            assert "Exits:" in told[2]
        own = at_work.cwd / "own_parser.py"
        own.write_text(own.read_text() + "\nLATER = True\n")
        code, printed = await run(at_work, *command)
    assert code == 2
    assert "tool_call_parser_source" in printed.splitlines()[-1]


async def test_evaluate_reads_calls_with_it(at_work: Programs) -> None:
    out = at_work.cwd / "run"
    async with ScriptedVllm(caller(), "vllm") as server:
        code, printed = await run(
            at_work, "evaluate", "--suite", "basics", "--limit", "2", "--out", str(out),
            "--env.world_servers", "1", "--env.eval_baselines", "false", *PARSER, *model(server),
        )  # fmt: skip
    assert code == 0, printed
    samples = [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]
    assert [s["finish_reason"] for s in samples] == ["submitted"] * 2
    recorded = json.loads((out / "run.json").read_text())["settings"]
    assert recorded["tool_call_parser"] == PARSER[1]
    assert recorded["tool_call_parser_source"]


async def test_serve_reads_calls_with_it(at_work: Programs, api: Any) -> None:
    async with ScriptedVllm(caller(), "vllm") as server:
        program = at_work.start(
            sys.executable, ENV_FILE, "serve", "--env.rollout_server_url", api.url,
            "--env.group_size", "4", "--env.batch_size", "8", "--env.total_steps", "1000",
            "--env.max_num_workers", "2", "--env.world_servers", "1",
            "--env.ensure_scores_are_not_same", "false", *PARSER, *model(server),
        )  # fmt: skip
        batches = await asyncio.to_thread(api.take, 1, program)
        await asyncio.to_thread(at_work.interrupt, program)
    rows = [messages for group in batches[0] for messages in group["messages"]]
    assert rows
    for messages in rows:
        assert sum(m["role"] == "tool" for m in messages) == 4


@pytest.mark.parametrize("mode", ["evaluate", "process", "serve"])
@pytest.mark.parametrize(
    ("name", "told"),
    [("nowhere:Parser", "cannot import nowhere"), ("own_parser:LINE", "is no parser"),
     ("hermess", "unknown tool_call_parser 'hermess'")],
)  # fmt: skip
def test_what_is_no_parser_is_refused_before_anything_is_asked(
    at_work: Programs, mode: str, name: str, told: str
) -> None:
    done = at_work.run_here(
        mode, "--env.tool_call_parser", name, "--openai.base_url", "http://127.0.0.1:9/v1",
        "--openai.model_name", PATH, "--openai.server_type", "vllm",
    )  # fmt: skip
    assert done.returncode == 2
    assert told in done.stderr.splitlines()[-1]
    assert len(done.stderr.splitlines()) == 1

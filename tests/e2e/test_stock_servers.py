"""`process` by its command line with stock model servers: whose tokens the groups hold."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from environments.tokenizer import PATH

sys.path.insert(0, str(Path(__file__).parents[1] / "environments" / "tokenization"))
from scripted_vllm import Answer, Reply, ScriptedVllm, spelled

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.once]
TOKENIZER: Any = AutoTokenizer.from_pretrained(PATH)


def player() -> Answer:
    """Connects and hands in, in tokens that no tokenizer would choose, and never the same twice."""
    numbers = random.Random(0)

    def answer(prompt: list[int]) -> Reply:
        said = TOKENIZER.decode(prompt).count("<|im_start|>assistant") - 1
        name, given = ("evennia_submit", {"answer": {}}) if said else ("evennia_connect", {})
        call = json.dumps({"name": name, "arguments": given})
        text = f"{numbers.random()}\n<tool_call>\n{call}\n</tool_call>"
        return spelled(text, TOKENIZER, numbers.randrange(10**6))

    return answer


async def process(out: Path, *options: str) -> tuple[int, str]:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "environments.cli", "process", "--env.total_steps", "1",
        "--env.group_size", "2", "--env.world_servers", "1",
        "--env.data_path_to_save_groups", str(out / "groups.jsonl"), *options, cwd=out,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await program.communicate()
    assert program.returncode is not None
    return program.returncode, printed.decode()


@pytest.mark.parametrize("kind", ["vllm", "sglang"])
async def test_groups_hold_the_tokens_and_log_probabilities_of_the_server(
    tmp_path: Path, kind: str
) -> None:
    model = player()
    given: list[tuple[int, float]] = []

    def noted(prompt: list[int]) -> Reply:
        reply = model(prompt)
        given.extend(zip(reply.tokens, reply.logprobs, strict=True))
        return reply

    async with ScriptedVllm(noted, kind) as server:
        code, printed = await process(
            tmp_path, "--openai.server_type", kind, "--openai.base_url", server.url,
            "--openai.model_name", PATH, "--openai.health_check", "false",
        )  # fmt: skip
    assert code == 0, printed
    (group,) = [json.loads(line) for line in (tmp_path / "groups.jsonl").read_text().splitlines()]
    trained = [
        (token, logprob)
        for mask, logprobs in zip(group["masks"], group["inference_logprobs"], strict=True)
        for token, logprob in zip(mask, logprobs, strict=True)
        if token != -100
    ]
    assert sorted(trained) == sorted(given)


async def test_a_model_whose_tokenizer_is_not_here_makes_no_tokens(tmp_path: Path) -> None:
    async with ScriptedVllm(player(), "vllm") as server:
        code, printed = await process(
            tmp_path, "--openai.base_url", server.url, "--openai.model_name", "maker/model"
        )
    assert code == 2
    assert "--env.tokenizer_name" in printed.splitlines()[-1]
    assert not (tmp_path / "groups.jsonl").exists()

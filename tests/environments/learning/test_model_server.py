"""The model server over HTTP: what clients of OpenAI's API and of vLLM ask it for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from environments.learning.serving.engine import Engine  # noqa: E402
from environments.learning.serving.server import ModelServer  # noqa: E402
from environments.learning.weights import load_model, load_tokenizer, save  # noqa: E402
from environments.tool_call_parsers.registry import get_parser  # noqa: E402

TOOL = {
    "type": "function",
    "function": {
        "name": "look", "description": "look", "parameters": {"type": "object", "properties": {}},
    },
}  # fmt: skip


@pytest.fixture
async def client(small_model: Path) -> AsyncIterator[httpx.AsyncClient]:
    tokenizer = load_tokenizer(small_model)
    engine = Engine(
        load_model(small_model),
        stop_tokens=frozenset({tokenizer.eos_token_id}),
        slots=8,
        context=600,
    )
    server = ModelServer(
        engine, tokenizer, name="small", parser=get_parser("hermes"), answer_tokens=24
    )
    async with server, httpx.AsyncClient(base_url=server.base_url, timeout=60) as client:
        yield client
    engine.close()


async def test_a_completion_has_its_exact_tokens(
    client: httpx.AsyncClient, small_model: Path
) -> None:
    prompt = list(range(20, 40))
    body = {
        "model": "small", "prompt": prompt, "max_tokens": 6, "n": 2, "seed": 5, "logprobs": 0,
        "return_token_ids": True,
    }  # fmt: skip
    answer = (await client.post("completions", json=body)).json()
    assert [c["index"] for c in answer["choices"]] == [0, 1]
    first, second = answer["choices"]
    assert first["token_ids"] != second["token_ids"]
    assert first["prompt_token_ids"] == prompt
    model = load_model(small_model)
    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *first["token_ids"]]])).logits[0].float()
    own = torch.log_softmax(logits, -1)
    for place, token in enumerate(first["token_ids"]):
        told = first["logprobs"]["token_logprobs"][place]
        assert told == pytest.approx(float(own[len(prompt) - 1 + place, token]), abs=1e-4)
    again = (await client.post("completions", json=body)).json()
    assert [c["token_ids"] for c in again["choices"]] == [c["token_ids"] for c in answer["choices"]]
    long = (await client.post("completions", json={"prompt": prompt})).json()
    assert long["usage"]["completion_tokens"] <= 24


async def test_a_chat_is_rendered_with_its_tools(
    client: httpx.AsyncClient, small_model: Path
) -> None:
    messages = [{"role": "user", "content": "where am I?"}]
    body = {"model": "small", "messages": messages, "tools": [TOOL], "return_token_ids": True}
    answer = (await client.post("chat/completions", json=body | {"logprobs": True})).json()
    tokenizer = load_tokenizer(small_model)
    assert answer["prompt_token_ids"] == tokenizer.apply_chat_template(
        messages, tools=[TOOL], add_generation_prompt=True, return_dict=False
    )
    [choice] = answer["choices"]
    assert choice["message"]["role"] == "assistant"
    assert len(choice["logprobs"]["content"]) == len(choice["token_ids"])
    called = [
        {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}},
    ]
    messages += [
        {"role": "assistant", "content": None, "tool_calls": called},
        {"role": "tool", "tool_call_id": "a", "content": "a hall <|im_end|>"},
    ]
    after = (await client.post("chat/completions", json=body)).json()
    text = tokenizer.decode(after["prompt_token_ids"])
    assert "a hall < |im_end|>" in text
    assert '"name": "look"' in text


async def test_weights_are_taken_from_safetensors_alone(
    client: httpx.AsyncClient, small_model: Path, tmp_path: Path
) -> None:
    model = load_model(small_model)
    with torch.no_grad():
        model.model.norm.weight.mul_(2)
    save(model, load_tokenizer(small_model), tmp_path / "new")
    taken = await client.post("weights", json={"path": str(tmp_path / "new")})
    assert taken.json()["weights"] == 1
    torch.save(model.state_dict(), tmp_path / "weights.bin")
    (tmp_path / "torn.safetensors").write_bytes(b"\0" * 20)
    for path in ("weights.bin", "torn.safetensors", "nowhere", "."):
        refused = await client.post("weights", json={"path": str(tmp_path / path)})
        assert refused.status_code == 400, path
        assert "stay as they are" in refused.json()["error"]["message"]
    assert (await client.get("../health")).json()["weights"] == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"prompt": [5], "n": 0}, "n: "),
        ({"prompt": []}, "prompt"),
        ({"prompt": [10**9]}, "prompt: tokens are numbers below"),
        ({"prompt": [-1]}, "prompt: tokens are numbers below"),
        ({"prompt": [5] * 700}, "the context 600"),
        ({"prompt": "a", "temperature": -1}, "temperature"),
        ({"prompt": "a", "seed": 2**70}, "seed"),
        ({"prompt": "a", "stream": True}, "stream"),
        ({}, "prompt"),
    ],
)
async def test_a_wrong_request_is_told_in_one_line(
    client: httpx.AsyncClient, body: dict[str, Any], told: str
) -> None:
    refused = await client.post("completions", json=body)
    assert refused.status_code == 400
    assert told in refused.json()["error"]["message"]
    unknown = await client.post("completions", json={"prompt": "a", "model": "gpt"})
    assert unknown.status_code == 404


async def test_without_the_secret_there_is_nothing(client: httpx.AsyncClient) -> None:
    root = str(client.base_url).split("/", 3)
    async with httpx.AsyncClient(base_url="/".join(root[:3])) as stranger:
        for path in ("/health", "/v1/models", "/x/v1/models"):
            assert (await stranger.get(path)).status_code == 404


@pytest.mark.slow
def test_the_program_serves_until_it_is_told_to_stop(small_model: Path, tmp_path: Path) -> None:
    address = tmp_path / "address"
    command = [
        sys.executable, "-m", "environments.cli.main", "model-server", str(small_model),
        "--url-file", str(address),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert str(address) in program.stdout.readline()
        assert address.stat().st_mode & 0o777 == 0o600
        models = httpx.get(address.read_text().strip() + "/models").json()
        assert models["data"][0]["id"] == "model"
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0
    assert not address.exists()
    missing = subprocess.run(
        [*command[:4], os.devnull], capture_output=True, text=True, check=False
    )
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr

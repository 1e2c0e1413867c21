"""The private parts of atroposlib that we rely on are there, and do what we take them to do.

A failure here names what another version of atroposlib has changed.
"""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import version
from typing import Any

import pytest
from atroposlib.envs import base
from atroposlib.envs.server_handling.managed_server import ManagedServer
from atroposlib.envs.server_handling.openai_server import OpenAIServer
from atroposlib.envs.server_handling.server_baseline import APIServer, APIServerConfig
from atroposlib.envs.server_handling.server_manager import ServerManager

from environments import compat

HERE = f"atroposlib {version('atroposlib')}"
CONFIG = APIServerConfig(
    model_name="m", base_url="http://127.0.0.1:1/v1", api_key="x", health_check=False,
    num_max_requests_at_once=3, num_requests_for_eval=2,
)  # fmt: skip


def told(what: str) -> str:
    return f"{HERE}: {what} has changed; see environments/compat.py"


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (base.BaseEnv, "_register_env", []),
        (base.BaseEnv, "_send_scored_data_to_api", ["scored_data"]),
        (base.BaseEnv, "handle_send_to_api", ["scored_data", "item", "do_send_to_api"]),
        (base.BaseEnv, "env_manager", []),
        (base.BaseEnv, "env_step_checks", []),
        (base.BaseEnv, "get_status", []),
        (base.BaseEnv, "get_server_info", []),
        (base.BaseEnv, "create_rollout_table", ["wandb_metrics"]),
        (APIServer, "_inject_reasoning_kwargs", None),
        (APIServer, "_chat_completion_wrapper", None),
        (APIServer, "check_server_status_task", None),
        (ManagedServer, "get_state", None),
        (ServerManager, "managed_server", None),
    ],
)
def test_a_method_is_there(owner: type, name: str, parameters: list[str] | None) -> None:
    method = getattr(owner, name, None)
    assert callable(method), told(f"{owner.__name__}.{name}")
    found = [p for p in inspect.signature(method).parameters if p != "self"]
    if parameters is not None:
        assert found[: len(parameters)] == parameters, told(f"the signature of {name}: {found}")


@pytest.fixture
def server() -> Any:
    manager = ServerManager([CONFIG])
    (found,) = manager.servers
    return found


def test_a_server_has_room_for_each_kind_of_request(server: Any) -> None:
    for split, room in (("train", 3), ("eval", 2)):
        assert compat.slots(server, split)._value == room, told("APIServer.sem / eval_sem")


async def test_the_server_with_the_most_room_is_chosen() -> None:
    one, other = ServerManager([CONFIG, CONFIG]).servers
    async with compat.slots(one, "train"):
        assert compat.roomiest([one, other], "train") is other
        assert compat.roomiest([one, other], "eval") is one
    one.server_healthy = False
    other.server_healthy = True
    assert compat.roomiest([one, other], "eval") is other, told("APIServer.server_healthy")


async def test_without_a_health_check_a_server_counts_as_well(server: Any) -> None:
    assert server.initialized is False, told("APIServer.initialized")
    async with asyncio.timeout(10):
        await compat.wait_until_healthy(server)
    assert server.server_healthy, told("APIServer.server_healthy")


def test_a_request_names_the_servers_model(server: Any) -> None:
    made = compat.request_of(server, {"messages": []})
    assert made == {"messages": [], "model": "m"}, told("APIServer._inject_reasoning_kwargs")


def test_times_are_noted_and_forgotten(server: Any) -> None:
    compat.note_seconds(server, "train", 1.0)
    compat.note_seconds(server, "eval", 2.0)
    assert (server.request_timings, server.eval_request_timings) == ([1.0], [2.0]), told(
        "APIServer.request_timings"
    )
    assert isinstance(server.attempts_list, list), told("APIServer.attempts_list")
    assert isinstance(server.eval_attempts_list, list), told("APIServer.eval_attempts_list")


def test_the_plain_client_is_distinguished_from_others(server: Any) -> None:
    assert compat.is_plain_openai(server), told("OpenAIServer")
    assert not compat.is_plain_openai(type("Other", (OpenAIServer,), {})(CONFIG))


async def test_a_managed_server_goes_on_from_the_tokens_it_begins_with() -> None:
    class Model:
        config = CONFIG

        async def tokens_and_logprobs_completion(self, **request: Any) -> Any:
            return request["input_ids"], [[7]], [[-0.5]], ["stop"]

    class Letters:
        def apply_chat_template(self, messages: Any, **options: Any) -> str:
            return "".join(m["content"] for m in messages)

        def encode(self, text: str, **options: Any) -> list[int]:
            return [ord(c) for c in text]

        def decode(self, tokens: list[int], **options: Any) -> str:
            return "!"

    managed = ManagedServer(Model(), tokenizer=Letters())  # type: ignore[arg-type]
    compat.begin_with(managed, "ab", [1, 2, 3])
    await managed.chat_completion(messages=[{"role": "user", "content": "abc"}])
    (node,) = compat.nodes_of(managed)
    assert node.tokens == [1, 2, 3, ord("c"), 7], told("ManagedServer.current_nodes")
    assert node.masked_tokens == [-100] * 4 + [7], told("SequenceNode.masked_tokens")
    assert node.logprobs == [1.0] * 4 + [-0.5], told("SequenceNode.logprobs")


def test_what_serve_keeps_has_its_names() -> None:
    source = inspect.getsource(base.BaseEnv)
    for name in ("self.jsonl_writer", "self.workers", "self.eval_workers", "self.eval_runner",
                 "self.env_id", "self.max_token_len", "self.curr_step"):  # fmt: skip
        assert name in source, told(f"BaseEnv: {name}")

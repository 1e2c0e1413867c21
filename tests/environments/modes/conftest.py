"""An environment in the style of old, and a model that follows a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from atroposlib.envs.server_handling.server_baseline import APIServer, APIServerConfig
from openai.types.chat import ChatCompletion

from environments.agent_loop import AgentResult
from environments.hermes_base_env import HermesAgentBaseEnv, HermesAgentEnvConfig
from environments.tokenizer import PATH
from environments.tool_context import ToolContext
from environments.tools.registry import Effect, Tool, register

Message = dict[str, Any]


async def until(done: Callable[[], bool]) -> None:
    """Return when it is so. What is waited for has no event of its own."""
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def add(arguments: dict[str, Any], task_id: str) -> str:
    return str(arguments["a"] + arguments["b"])


register("sums", Tool("add", "Add two numbers.", {"type": "object"}, add, Effect.READ_ONLY))


def say(text: str = "", **arguments: Any) -> ChatCompletion:
    """A reply of the model; with arguments it calls `add`."""
    call = {
        "id": "c1", "type": "function",
        "function": {"name": "add", "arguments": json.dumps(arguments)},
    }  # fmt: skip
    message = {"role": "assistant", "content": text, "tool_calls": [call] if arguments else None}
    return ChatCompletion.model_validate(
        {"id": "x", "object": "chat.completion", "created": 0, "model": "script",
         "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    )  # fmt: skip


def solve(messages: list[Message]) -> ChatCompletion:
    """Ask the tool, then say what it said."""
    if messages[-1]["role"] == "tool":
        return say(messages[-1]["content"])
    return say(a=int(messages[-1]["content"]), b=1)


class Model(APIServer):
    """Answers from `script`; holds requests back while `gate` is not set."""

    script: Callable[[list[Message]], ChatCompletion]
    gate: asyncio.Event | None = None
    asked: list[dict[str, Any]]

    @classmethod
    async def reached(cls, number: int) -> None:
        """Return when so many requests have come."""
        await until(lambda: len(cls.asked) >= number)

    async def _chat_completion_wrapper(self, **request: Any) -> ChatCompletion:
        self.asked.append({**request, "messages": list(request["messages"])})
        if self.gate is not None:
            await self.gate.wait()
        return type(self).script(request["messages"])

    async def check_server_status_task(self, chat_completion: bool = True) -> None: ...
    async def _completion_wrapper(self, **kwargs: Any) -> Any: ...
    async def _tokens_and_logprobs_completion_wrapper(self, **kwargs: Any) -> Any: ...


class Successor(HermesAgentBaseEnv):
    """Item n asks for n + 1."""

    name = "successor"

    @classmethod
    def config_init(cls) -> tuple[HermesAgentEnvConfig, list[APIServerConfig]]:
        config = HermesAgentEnvConfig(
            enabled_toolsets=["sums"], tokenizer_name=str(PATH), group_size=3, batch_size=6,
            use_wandb=False, wandb_name="successor", total_steps=4, steps_per_eval=0,
        )  # fmt: skip
        server = APIServerConfig(base_url="http://h/v1", model_name="script", api_key="x",
                                 health_check=False)  # fmt: skip
        return config, [server]

    async def setup(self) -> None:
        self.next = 0
        self.contexts: list[ToolContext] = []

    async def get_next_item(self) -> int:
        self.next += 1
        return self.next

    def format_prompt(self, item: int) -> str:
        return str(item)

    async def compute_reward(self, item: int, result: AgentResult, ctx: ToolContext) -> float:
        self.contexts.append(ctx)
        return float(result.messages[-1]["content"] == str(item + 1))

    async def evaluate(self, *args: Any, **kwargs: Any) -> None: ...


MakeEnv = Callable[..., Successor]


@pytest.fixture
def make_env() -> MakeEnv:
    """An environment of any subclass of Successor, with its own model and changed settings."""

    def make(
        script: Callable[[list[Message]], ChatCompletion] = solve,
        cls: type[Successor] = Successor,
        gate: asyncio.Event | None = None,
        **settings: Any,
    ) -> Successor:
        model = type("Scripted", (Model,), {"script": staticmethod(script), "gate": gate})
        model.asked = []  # type: ignore[attr-defined]
        env_cls = type(cls.__name__, (cls,), {"server_cls": model})
        config, servers = env_cls.config_init()  # type: ignore[attr-defined]
        return env_cls(config.model_copy(update=settings), servers)

    return make


class Clock:
    """Time that passes only while someone waits for it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        await YIELD(0)
        self.now = max(self.now, end)


YIELD = asyncio.sleep


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the waits after failed groups, so that they take no time."""
    clock = Clock()
    module = "environments.hermes_base_env"
    monkeypatch.setattr(f"{module}.time", clock)
    fake = SimpleNamespace(**{**vars(asyncio), "sleep": clock.sleep})
    monkeypatch.setattr(f"{module}.asyncio", fake)
    return clock

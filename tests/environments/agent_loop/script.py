"""An agent loop whose model follows a script, and tools of every temper."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from openai.types.chat import ChatCompletionMessage

from environments.agent_loop import AgentLoop, AgentResult
from environments.models.chat import Chat
from environments.rollouts.options import AgentOptions
from environments.rollouts.record import ToolCallRecord
from environments.tools.registry import Effect, Tool
from environments.tools.toolbox import Toolbox, ToolRequest
from world_fixtures.common import WorldError, WorldLost


def call(name: str, arguments: Any = "{}", id: Any = "c1") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def reply(content: Any = None, *calls: dict[str, Any], **fields: Any) -> Any:
    """A completion, as unchecked as the openai client leaves one."""
    message = ChatCompletionMessage.model_construct(
        role="assistant", content=content, tool_calls=list(calls) or None, **fields
    )
    usage = SimpleNamespace(prompt_tokens=10, completion_tokens=3)
    return SimpleNamespace(choices=[SimpleNamespace(message=message)], usage=usage)


class HttpError(Exception):
    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


class Script:
    """Gives or raises its replies one after another; the last one again and again."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []

    async def chat_completion(self, **request: Any) -> Any:
        self.requests.append({**request, "messages": list(request["messages"])})
        given = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if given is HANG:
            await asyncio.Event().wait()
        if isinstance(given, Exception):
            raise given
        return given


HANG = object()
START = [{"role": "user", "content": "go"}]
DONE = reply("done")


class Tools:
    """Tools of every temper, and the arguments they were called with."""

    def __init__(self) -> None:
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {
            "echo": "heard", "huge": "x" * 1_000_000, "bad": RuntimeError("broken"),
            "lost": WorldLost("the server died"), "refused": WorldError("internal", "see the log"),
            "number": 7, "round": [], "half": "\ud800",
        }  # fmt: skip
        self.answers["round"].append(self.answers["round"])
        self.by_name = {n: self._tool(n) for n in [*self.answers, "slow"]}

    def _tool(self, name: str) -> Tool:
        async def handler(arguments: dict[str, Any], task_id: str) -> Any:
            self.called.append((name, arguments))
            if name == "slow":
                await asyncio.Event().wait()
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        timeout = 0.0 if name == "slow" else 60.0
        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        return Tool(name, "", schema, handler, Effect.READ_ONLY, timeout)


CHAT = ("parser", "escape", "end_tokens", "replay_raw", "count_tokens")
TOOLBOX = ("gate", "observation_chars", "schemas", "names")
OPTIONS = (
    "temperature", "top_p", "sampling_seed", "max_tokens", "max_turn_calls", "max_repeats",
    "context_tokens", "extra_body", "call_timeout",
)  # fmt: skip
NAMED = {"temperature": "agent_temperature", "max_tokens": "max_turn_tokens"}


class Actions(Toolbox):
    """A toolbox that can be over, as an episode can."""

    stop_when: Any = staticmethod(lambda: False)
    last_event: Any = staticmethod(lambda: None)

    @property
    def over(self) -> bool:  # type: ignore[override]
        return bool(self.stop_when())

    async def carry_out(self, request: ToolRequest, turn: int, **_: Any) -> ToolCallRecord:
        return await super().carry_out(request, turn, last_event=self.last_event)


class Conversation:
    """A loop with the limits of its conversations."""

    def __init__(self, loop: AgentLoop, limits: dict[str, Any]) -> None:
        self.loop = loop
        self.limits = {"max_turns": 30, **limits}

    async def run(self, messages: list[Any]) -> AgentResult:
        return await self.loop.converse(messages, **self.limits)


def loop_of(server: Any, tools: Tools, **settings: Any) -> Conversation:
    """A loop with these settings, wherever each of them belongs."""

    def taken(*names: str) -> dict[str, Any]:
        return {n: settings.pop(n) for n in names if n in settings}

    actions = Actions(tools.by_name, escape=settings.get("escape", str), **taken(*TOOLBOX))
    for name, value in taken("stop_when", "last_event", "stage").items():
        setattr(actions, name, value)
    options = AgentOptions(**{NAMED.get(n, n): v for n, v in taken(*OPTIONS).items()})
    loop = AgentLoop(Chat(server, **taken(*CHAT)), actions, options, **taken("user"))
    return Conversation(loop, settings)


async def one_turn(tools: Tools, *calls: dict[str, Any], **settings: Any) -> Any:
    """What became of one message with these calls."""
    return await loop_of(Script(reply(None, *calls), DONE), tools, **settings).run(START)

"""The agent loop: model call, tool calls, observations, until something ends it.

An error of the endpoint, of a tool or of the model's output is a value of the result, never
an exception; only cancellation passes through.
"""

from __future__ import annotations

import inspect
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from environments.models.asking import NoAnswerError, OutOfTimeError, ask
from environments.models.chat import Chat, ChatServer
from environments.models.completion import MAX_CALLS, Completion, member
from environments.rollouts.options import AgentOptions
from environments.rollouts.record import Message, StopReason, ToolCallRecord
from environments.rollouts.repetition import Repetition
from environments.tool_call_parsers import TextParser
from environments.tools.gate import Gate
from environments.tools.registry import find_tools
from environments.tools.toolbox import EPISODE_OVER, ToolActions, Toolbox, ToolRequest, encodable
from world_fixtures.common import WorldError, WorldLost

UNREADABLE = "unreadable"
"""Name of the tool in the record of a call that could not be read."""


@dataclass
class ToolError:
    """A tool call that did not work."""

    turn: int
    """1-based."""
    tool_name: str
    arguments: str
    error: str
    tool_result: str


@dataclass
class AgentResult:
    """What a run of the loop left."""

    messages: list[Message]
    managed_state: dict[str, Any] | None = None
    turns_used: int = 0
    finished_naturally: bool = False
    """The model stopped calling tools."""
    reasoning_per_turn: list[str | None] = field(default_factory=list)
    tool_errors: list[ToolError] = field(default_factory=list)
    stop: StopReason = StopReason.FINISHED
    failure: str | None = None
    tool_calls: list[ToolCallRecord] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    costs: list[float | None] = field(default_factory=list)
    """Of each answer in US dollars; None where it does not say."""
    model_seconds: float = 0.0


class AgentLoop:
    """Runs conversations with one model and one set of tools; keeps nothing between them."""

    def __init__(
        self, chat: Chat, actions: ToolActions, options: AgentOptions, *, user: str | None = None
    ) -> None:
        """Take the model, what its tool calls act on, and the options of the rollout.

        `user` is OpenAI's field of that name, sent with the number of the stage where it is set.
        """
        self.chat = chat
        self.actions = actions
        self.options = options
        self.user = user
        self._parse = _parse_of(chat.parser, actions.schemas)
        self._attempted: Callable[[str], bool] = getattr(
            chat.parser, "attempted", lambda text: False
        )

    async def converse(
        self,
        messages: Sequence[Message],
        *,
        max_turns: int,
        first_turn: int = 1,
        deadline: float | None = None,
    ) -> AgentResult:
        """Continue the conversation `messages` (left unchanged) until it ends.

        At most `max_turns` model calls are made, counted from `first_turn`, within `deadline`
        seconds.
        """
        result = AgentResult(messages=list(messages))
        ends = math.inf if deadline is None else time.monotonic() + deadline
        result.stop = StopReason.MAX_TURNS
        repetition = Repetition(self.options.max_repeats)
        for turn in range(first_turn, first_turn + max_turns):
            if time.monotonic() >= ends:
                result.stop = StopReason.DEADLINE
                break
            if self._too_long(result.messages):
                result.stop = StopReason.CONTEXT
                break
            reply = await self._ask(result, ends)
            if reply is None:
                break
            result.turns_used += 1
            calls = self._take(result, reply, turn)
            if not calls:
                result.finished_naturally = True
                result.stop = StopReason.FINISHED
                break
            known = len(result.tool_calls)
            try:
                over = await self._carry_out(result, calls, turn)
            except (WorldLost, WorldError) as error:
                result.stop, result.failure = StopReason.WORLD, str(error)
                break
            if over:
                result.stop = StopReason.SUBMITTED
                break
            repeated = [repetition.add(call) for call in result.tool_calls[known:]]
            if any(repeated):
                result.stop = StopReason.REPEATED
                break
        return result

    def _too_long(self, messages: list[Message]) -> bool:
        limit = self.options.context_tokens
        if self.chat.count_tokens is None or limit is None:
            return False
        used = self.chat.count_tokens(messages, self.actions.schemas)
        return used + (self.options.max_turn_tokens or 0) > limit

    async def _ask(self, result: AgentResult, ends: float) -> Completion | None:
        """Ask the model until it replies; None when there is no reply by `ends`."""
        started = time.monotonic()
        request = self._request(result.messages)
        try:
            reply = await ask(self.chat.server, request, self.options.call_timeout, ends=ends)
        except NoAnswerError as error:
            result.stop, result.failure = StopReason.ENDPOINT, str(error)
            return None
        except OutOfTimeError:
            result.stop = StopReason.DEADLINE
            return None
        finally:
            result.model_seconds += time.monotonic() - started
        result.prompt_tokens += reply.prompt_tokens
        result.completion_tokens += reply.completion_tokens
        result.costs.append(reply.cost)
        return reply

    def _request(self, messages: list[Message]) -> dict[str, Any]:
        options = self.options
        request: dict[str, Any] = {
            "messages": messages, "n": 1, "temperature": options.agent_temperature,
        }  # fmt: skip
        if schemas := self.actions.schemas:
            request["tools"] = schemas
            if self.chat.replay_raw:
                request["tool_choice"] = "none"  # ManagedServer is to leave the text as it is
        if options.max_turn_tokens is not None:
            request["max_tokens"] = options.max_turn_tokens
        if options.top_p is not None:
            request["top_p"] = options.top_p
        if options.sampling_seed is not None:
            request["seed"] = options.sampling_seed
        if options.extra_body:
            request["extra_body"] = options.extra_body
        if self.user:
            request["user"] = f"{self.user}#{self.actions.stage}"
        return request

    def _take(self, result: AgentResult, said: Completion, turn: int) -> list[ToolRequest]:
        """Append the assistant's message and return its tool calls."""
        raw = _strip_end(encodable(said.content), self.chat.end_tokens)
        content: str | None = raw
        found: Sequence[Any] | None = said.tool_calls
        if not found and self._parse is not None and raw:
            content, found = self._parse(raw)
        calls = _calls(found or (), turn, self.options.max_turn_calls or MAX_CALLS)
        # Only where the text goes back as it is may an answer follow what is no call.
        if not calls and self.chat.replay_raw and self._attempted(raw):
            calls = [_unreadable(said, raw, turn)]
        reasoning = encodable(said.reasoning) if said.reasoning else None
        result.reasoning_per_turn.append(reasoning)
        reply: Message = {
            "role": "assistant",
            "content": raw if self.chat.replay_raw else content or "",
        }
        if reasoning:
            reply["reasoning_content"] = reasoning
        if calls and not self.chat.replay_raw:
            reply["tool_calls"] = [
                {
                    "id": c.id,
                    "type": "function",
                    "function": {"name": c.name, "arguments": c.arguments},
                }
                for c in calls
            ]
        result.messages.append(reply)
        return calls

    async def _carry_out(self, result: AgentResult, calls: list[ToolRequest], turn: int) -> bool:
        """Run calls in their order; True when the conversation is over."""
        for call in calls:
            if self.actions.over:
                result.messages.append(_tool_message(call, EPISODE_OVER))
                continue
            record = await self.actions.carry_out(call, turn)
            result.tool_calls.append(record)
            if record.error:
                result.tool_errors.append(
                    ToolError(turn, call.name, call.arguments, record.error, record.result)
                )
            result.messages.append(_tool_message(call, record.result))
        return self.actions.over


class HermesAgentLoop(AgentLoop):
    """The loop as hermes-agent's users build it: a server, schemas, and names of tools."""

    def __init__(
        self,
        server: ChatServer,
        tool_schemas: Sequence[dict[str, Any]],
        valid_tool_names: set[str],
        max_turns: int = 30,
        task_id: str | None = None,
        temperature: float = 1.0,
        max_tokens: int | None = None,
        extra_body: dict[str, Any] | None = None,
    ) -> None:
        """Make a loop as hermes-agent's; the tools are looked up in the registry of toolsets."""
        # Naming a tool here allows it.
        tools = Toolbox(
            find_tools(valid_tool_names),
            task_id=task_id or "",
            gate=Gate(allow=tuple(valid_tool_names)),
            schemas=tool_schemas,
            names=valid_tool_names,
        )
        options = AgentOptions(
            max_agent_turns=max_turns,
            agent_temperature=temperature,
            max_turn_tokens=max_tokens,
            extra_body=extra_body,
        )
        super().__init__(Chat(server), tools, options)

    async def run(self, messages: list[Message]) -> AgentResult:
        """Continue the conversation `messages` (left unchanged) until it ends."""
        return await self.converse(messages, max_turns=self.options.max_agent_turns)


def _parse_of(
    parser: TextParser | None, schemas: list[dict[str, Any]]
) -> Callable[[str], tuple[str | None, list[Any] | None]] | None:
    """How `parser` reads a text; some formats need the schemas to tell numbers from text."""
    if parser is None:
        return None
    parse: Callable[..., tuple[str | None, list[Any] | None]] = parser.parse
    return (
        partial(parse, tools=schemas) if "tools" in inspect.signature(parse).parameters else parse
    )


def _tool_message(call: ToolRequest, text: str) -> Message:
    return {"role": "tool", "tool_call_id": call.id, "name": call.name, "content": text}


def _text(value: Any) -> str:
    """Return a text that can be written as UTF-8; empty for what is none."""
    return encodable(value) if isinstance(value, str) else ""


def _strip_end(text: str, end_tokens: Sequence[str]) -> str:
    for token in end_tokens:
        text = text.removesuffix(token)
    return text


def _calls(found: Sequence[Any], turn: int, most: int) -> list[ToolRequest]:
    """Read calls; ids are unique within the turn, made up where they are missing.

    Of more than `most` the first that is not carried out stands for all that follow.
    """
    rest = "this one and those after it were not carried out"
    too_many = f"one answer has at most {most} tool calls: {rest}"
    calls: list[ToolRequest] = []
    taken: set[str] = set()
    for index, call in enumerate(found[: most + 1]):
        function = member(call, "function")
        id_ = _text(member(call, "id"))
        while not id_ or id_ in taken:
            id_ = f"{id_ or 'call'}_{turn}_{index}"
        taken.add(id_)
        arguments = member(function, "arguments")
        text = _text(arguments) if isinstance(arguments, str) else json.dumps(arguments or {})
        name = _text(member(function, "name"))
        problem = too_many if index == most else None
        calls.append(ToolRequest(id_, name, text.strip() or "{}", problem))
    return calls


def _unreadable(said: Completion, raw: str, turn: int) -> ToolRequest:
    """Make a request of a call that was cut off or malformed: the model reads the problem."""
    cut = said.finish_reason == "length"
    problem = (
        "the tool call was cut off at the limit of tokens for one answer: be brief"
        if cut
        else "the tool call is malformed and was not carried out: write it again, whole"
    )
    return ToolRequest(f"call_{turn}", UNREADABLE, raw[:2000], problem)

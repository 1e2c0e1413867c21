"""The agent loop: model call, tool calls, observations, until something ends it.

`HermesAgentLoop` keeps the positional interface of hermes-agent's old loop; what came
since is keyword-only. An error of the endpoint, of a tool or of the model's output is a
value of the result, never an exception; only cancellation passes through.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from environments.models.chat import ChatServer
from environments.rollouts.record import Message, StopReason, ToolCallRecord
from environments.tool_call_parsers import TextParser
from environments.tools.gate import Assessment, Gate, assess
from environments.tools.registry import Tool, find_tools, json_object
from world_fixtures.common import WorldError, WorldLost

BACKOFF = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try of a failed model call."""
UNREADABLE = "unreadable"
"""Stands for the name of the tool in a call that could not be read."""
HOPELESS = (400, 401, 403, 404, 422)
"""HTTP statuses at which asking again would not help."""


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
    model_seconds: float = 0.0


@dataclass(frozen=True)
class _Call:
    """A tool call of the model, as text."""

    id: str
    name: str
    arguments: str
    problem: str | None = None
    """Why it cannot be carried out."""


class HermesAgentLoop:
    """Runs one conversation. Holds no state between runs but its settings.

    Args beyond the old interface:
        tools: the tools by name; by default looked up in the registry of toolsets.
        gate: decides on each call before it is dispatched.
        stop_when: asked after each tool call; True ends the run (the episode is over).
        parser: finds tool calls in the content where the endpoint returns none.
        clean: applied to what tools return, so that text of a world cannot spell a marker.
        end_tokens: stripped from the end of the content, as raw-text endpoints leave them.
        replay_raw: send the model's raw text back as the assistant's content, so that the
            tokens of earlier turns stay as they were produced.
        count_tokens: tokens of a request; with `context_tokens` the run ends with
            StopReason.CONTEXT before the endpoint would refuse.
        observation_chars: longer tool results are cut, and say by how much.
        call_timeout, deadline: seconds for one model call and for the whole run.
        last_event: id of what the tools did last; a call after which it is another one has
            caused that.
        user: OpenAI's `user` field, sent only where it is set.
    """

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
        *,
        tools: Mapping[str, Tool] | None = None,
        gate: Gate | None = None,
        stop_when: Callable[[], bool] = lambda: False,
        parser: TextParser | None = None,
        clean: Callable[[str], str] = str,
        end_tokens: Sequence[str] = (),
        replay_raw: bool = False,
        count_tokens: Callable[[list[Message], Sequence[dict[str, Any]]], int] | None = None,
        context_tokens: int | None = None,
        observation_chars: int = 8000,
        call_timeout: float = 300.0,
        deadline: float | None = None,
        last_event: Callable[[], int | None] = lambda: None,
        stage: int = 0,
        first_turn: int = 1,
        user: str | None = None,
    ) -> None:
        self.server = server
        self.tool_schemas = list(tool_schemas)
        self.valid_tool_names = set(valid_tool_names)
        self.max_turns = max_turns
        self.task_id = task_id or ""
        self.temperature = temperature
        self.max_tokens = max_tokens
        self.extra_body = extra_body
        self.tools = find_tools(self.valid_tool_names) if tools is None else tools
        # Who builds a loop the old way names the tools that may be used.
        self.gate = gate or Gate(allow=tuple(valid_tool_names) if tools is None else ())
        self.stop_when = stop_when
        self.parse = _parse_of(parser, self.tool_schemas)
        self.attempted: Callable[[str], bool] = getattr(parser, "attempted", lambda text: False)
        self.clean = clean
        self.end_tokens = tuple(end_tokens)
        self.replay_raw = replay_raw
        self.count_tokens = count_tokens
        self.context_tokens = context_tokens
        self.observation_chars = observation_chars
        self.call_timeout = call_timeout
        self.deadline = deadline
        self.last_event = last_event
        self.stage = stage
        self.first_turn = first_turn
        self.user = user

    async def run(self, messages: list[Message]) -> AgentResult:
        """Continue the conversation `messages` (left unchanged) until it ends."""
        result = AgentResult(messages=list(messages))
        ends = math.inf if self.deadline is None else time.monotonic() + self.deadline
        result.stop = StopReason.MAX_TURNS
        for turn in range(self.first_turn, self.first_turn + self.max_turns):
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
            try:
                over = await self._carry_out(result, calls, turn)
            except (WorldLost, WorldError) as error:
                result.stop, result.failure = StopReason.WORLD, str(error)
                break
            if over:
                result.stop = StopReason.SUBMITTED
                break
        return result

    def _too_long(self, messages: list[Message]) -> bool:
        if self.count_tokens is None or self.context_tokens is None:
            return False
        used = self.count_tokens(messages, self.tool_schemas)
        return used + (self.max_tokens or 0) > self.context_tokens

    async def _ask(self, result: AgentResult, ends: float) -> Any | None:
        """One reply of the model, with tries; None when there is none to be had by `ends`."""
        started = time.monotonic()
        try:
            return await self._try(result, self._request(result.messages), ends)
        finally:
            result.model_seconds += time.monotonic() - started

    def _request(self, messages: list[Message]) -> dict[str, Any]:
        request: dict[str, Any] = {"messages": messages, "n": 1, "temperature": self.temperature}
        if self.tool_schemas:
            request["tools"] = self.tool_schemas
            if self.replay_raw:
                request["tool_choice"] = "none"  # ManagedServer is to leave the text as it is
        if self.max_tokens is not None:
            request["max_tokens"] = self.max_tokens
        if self.extra_body:
            request["extra_body"] = self.extra_body
        if self.user:
            request["user"] = f"{self.user}#{self.stage}"
        return request

    async def _try(self, result: AgentResult, request: dict[str, Any], ends: float) -> Any | None:
        problem = ""
        for wait in (*BACKOFF, None):
            timeout = min(self.call_timeout, ends - time.monotonic())
            try:
                async with asyncio.timeout(timeout):
                    completion = await self.server.chat_completion(**request)
                if completion.choices and completion.choices[0].message:
                    self._count(result, completion)
                    return completion.choices[0]
                problem = "the endpoint returned no choices"
                break
            except TimeoutError:
                if time.monotonic() >= ends:
                    result.stop = StopReason.DEADLINE
                    return None
                problem = f"no answer within {timeout:g} s"
            except Exception as failure:
                error = _cause(failure)
                problem = f"{type(error).__name__}: {str(error)[:300]}"
                if getattr(error, "status_code", None) in HOPELESS:
                    break
            if wait is None or time.monotonic() + wait >= ends:
                break
            await asyncio.sleep(wait)
        result.stop, result.failure = StopReason.ENDPOINT, problem
        return None

    @staticmethod
    def _count(result: AgentResult, completion: Any) -> None:
        usage = getattr(completion, "usage", None)
        result.prompt_tokens += getattr(usage, "prompt_tokens", 0) or 0
        result.completion_tokens += getattr(usage, "completion_tokens", 0) or 0

    def _take(self, result: AgentResult, choice: Any, turn: int) -> list[_Call]:
        """Append the assistant's message and return its tool calls."""
        message = choice.message
        raw = _strip_end(_text(_get(message, "content")), self.end_tokens)
        content: str | None = raw
        found = _get(message, "tool_calls")
        if not found and self.parse is not None and raw:
            content, found = self.parse(raw)
        calls = _calls(found if isinstance(found, list) else [], turn)
        # Only where the text goes back as it is may an answer follow what is no call.
        if not calls and self.replay_raw and self.attempted(raw):
            calls = [_unreadable(choice, raw, turn)]
        reasoning = _reasoning(message)
        result.reasoning_per_turn.append(reasoning)
        reply: Message = {"role": "assistant", "content": raw if self.replay_raw else content or ""}
        if reasoning:
            reply["reasoning_content"] = reasoning
        if calls and not self.replay_raw:
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

    async def _carry_out(self, result: AgentResult, calls: list[_Call], turn: int) -> bool:
        """Run calls in their order; True when the episode is over."""
        for call in calls:
            if self.stop_when():
                text = _error("the episode is over: this call was not carried out")
                result.messages.append(_tool_message(call, text))
                continue
            record = await self._dispatch(call, turn)
            result.tool_calls.append(record)
            if record.error:
                result.tool_errors.append(
                    ToolError(turn, call.name, call.arguments, record.error, record.result)
                )
            result.messages.append(_tool_message(call, record.result))
        return self.stop_when()

    async def _dispatch(self, call: _Call, turn: int) -> ToolCallRecord:
        started = time.perf_counter()
        before = self.last_event()
        arguments: dict[str, Any] | str = call.arguments
        assessment: Assessment | None = None
        problem: str | None = None
        text = ""
        tool = self.tools.get(call.name)
        if call.problem:
            problem = call.problem
        elif tool is None or call.name not in self.valid_tool_names:
            known = ", ".join(sorted(self.valid_tool_names))
            problem = f"unknown tool {call.name[:60]!r}: the tools are {known}"
        else:
            try:
                arguments = json_object(call.arguments)
            except ValueError as error:
                problem = f"the arguments are {error}: send one JSON object"
        if tool is not None and isinstance(arguments, dict):
            assessment = assess(tool, arguments, self.gate)
            if assessment.allowed:
                text, problem = await self._call(tool, arguments)
            else:
                problem = f"blocked: {'; '.join(assessment.reasons)}"
        after = self.last_event()
        return ToolCallRecord(
            id=call.id,
            stage=self.stage,
            turn=turn,
            name=call.name,
            arguments=arguments,
            result=self.clean(_error(problem) if problem else self._cut(text)),
            error=problem,
            event=after if after != before else None,
            assessment=assessment.model_dump(mode="json") if assessment else None,
            ms=(time.perf_counter() - started) * 1000,
        )

    async def _call(self, tool: Tool, arguments: dict[str, Any]) -> tuple[str, str | None]:
        try:
            async with asyncio.timeout(tool.timeout):
                answer = await tool.handler(arguments, self.task_id)
            text = answer if isinstance(answer, str) else json.dumps(answer, default=str)
        except TimeoutError:
            return "", f"{tool.name} took longer than {tool.timeout:g} s"
        except (WorldLost, WorldError):
            raise  # nothing more can come of this rollout
        except Exception as error:
            return "", _text(f"{type(error).__name__}: {str(error)[:500]}")
        return _text(text), None

    def _cut(self, text: str) -> str:
        if len(text) <= self.observation_chars:
            return text
        over = len(text) - self.observation_chars
        return f"{text[: self.observation_chars]}\n[{over} more characters were cut]"


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


def _tool_message(call: _Call, text: str) -> Message:
    return {"role": "tool", "tool_call_id": call.id, "name": call.name, "content": text}


def _error(problem: str) -> str:
    return json.dumps({"error": problem}, ensure_ascii=False)


def _cause(error: BaseException) -> BaseException:
    """What stands at the bottom of tenacity's errors, in which atroposlib's servers wrap theirs."""
    while (attempt := getattr(error, "last_attempt", None)) is not None:
        inner = attempt.exception()
        if inner is None:
            break
        error = inner
    return error


def _text(value: Any) -> str:
    """`value` as text that can be written as UTF-8; lists of content parts are joined."""
    if isinstance(value, list):
        value = "".join(_text(_get(part, "text")) for part in value)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _strip_end(text: str, end_tokens: Sequence[str]) -> str:
    for token in end_tokens:
        text = text.removesuffix(token)
    return text


def _calls(found: Sequence[Any], turn: int) -> list[_Call]:
    """Calls with ids that are unique within the turn, made up where they are missing."""
    calls: list[_Call] = []
    taken: set[str] = set()
    for index, call in enumerate(found):
        function = _get(call, "function")
        id_ = _text(_get(call, "id"))
        while not id_ or id_ in taken:
            id_ = f"{id_ or 'call'}_{turn}_{index}"
        taken.add(id_)
        arguments = _get(function, "arguments")
        text = _text(arguments) if isinstance(arguments, str) else json.dumps(arguments or {})
        calls.append(_Call(id_, _text(_get(function, "name")), text.strip() or "{}"))
    return calls


def _unreadable(choice: Any, raw: str, turn: int) -> _Call:
    """Stands for a call that was cut off or malformed, so that the model is told."""
    cut = getattr(choice, "finish_reason", None) == "length"
    problem = (
        "the tool call was cut off at the limit of tokens for one answer: be brief"
        if cut
        else "the tool call is malformed and was not carried out: write it again, whole"
    )
    return _Call(f"call_{turn}", UNREADABLE, raw[:2000], problem)


def _get(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)


def _reasoning(message: Any) -> str | None:
    """Reasoning wherever an endpoint puts it."""
    for name in ("reasoning_content", "reasoning"):
        value = _get(message, name)
        if text := _text(value):
            return text
    details = _get(message, "reasoning_details")
    if isinstance(details, list):
        return _text(details) or None
    return None

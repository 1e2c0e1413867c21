"""Tool calls of a model: read, assessed by the gate, dispatched and recorded, one after another."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from environments.rollouts.record import ToolCallRecord
from environments.tools.gate import Assessment, Gate, assess
from environments.tools.registry import Tool
from world_fixtures.common import WorldError, WorldLost

OBSERVATION_CHARS = 8000
"""Longer results are cut, and say by how much."""
MAX_DEPTH = 64
"""Levels of nesting in arguments; what is deeper is refused, as much code breaks on it."""


@dataclass(frozen=True)
class ToolRequest:
    """A tool call as a model made it."""

    id: str
    name: str
    arguments: str
    """JSON, or what the model wrote in its place."""
    problem: str | None = None
    """Why it cannot be carried out, where that is known already."""


class ToolActions(Protocol):
    """What a conversation acts with: a toolbox, or an episode."""

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """Schemas of the tools, in OpenAI's form."""

    @property
    def over(self) -> bool:
        """Whether nothing more is to be carried out in this conversation."""

    @property
    def stage(self) -> int:
        """Number of the conversation within its task, from 0."""

    async def carry_out(self, request: ToolRequest, turn: int) -> ToolCallRecord:
        """Carry out one call. Raises WorldLost or WorldError where the world has failed."""


class Toolbox:
    """The tools of one rollout."""

    over = False
    stage = 0

    def __init__(
        self,
        tools: Mapping[str, Tool],
        *,
        task_id: str = "",
        gate: Gate | None = None,
        escape: Callable[[str], str] = str,
        observation_chars: int = OBSERVATION_CHARS,
        schemas: Sequence[dict[str, Any]] | None = None,
        names: Iterable[str] | None = None,
    ) -> None:
        """Take the tools by name.

        Args:
            tools: what is called, by name.
            task_id: given to the tools' handlers.
            gate: decides on each call before it is dispatched.
            escape: applied to every result, so that text of a world cannot spell a special token.
            observation_chars: longer results are cut, and say by how much.
            schemas: what the model is shown; by default the schemas of `tools`.
            names: tools that the model may call; by default all of `tools`.
        """
        self._tools = tools
        self._task_id = task_id
        self._gate = gate or Gate()
        self._escape = escape
        self._chars = observation_chars
        self.schemas = [t.schema for t in tools.values()] if schemas is None else list(schemas)
        self._names = set(tools if names is None else names)

    async def carry_out(
        self,
        request: ToolRequest,
        turn: int,
        *,
        stage: int = 0,
        last_event: Callable[[], int | None] = lambda: None,
    ) -> ToolCallRecord:
        """Carry out one call and record it; what goes wrong is an error that the model reads.

        `turn` is the 1-based index of the model call. `last_event` tells the `seq` of the agent's
        last world event: a call after which it is another one has caused that. Raises WorldLost
        or WorldError where the world has failed: nothing more can come of the rollout.
        """
        started = time.perf_counter()
        before = last_event()
        arguments, problem = self._read(request)
        assessment: Assessment | None = None
        text = ""
        tool = self._tools.get(request.name)
        if tool is not None and isinstance(arguments, dict):
            assessment = assess(tool, arguments, self._gate)
            if assessment.allowed:
                text, problem = await self._call(tool, arguments)
            else:
                problem = f"blocked: {'; '.join(assessment.reasons)}"
        after = last_event()
        return ToolCallRecord(
            id=request.id,
            stage=stage,
            turn=turn,
            name=request.name,
            arguments=arguments,
            result=self._escape(error_result(problem) if problem else self._cut(text)),
            error=problem,
            event=after if after != before else None,
            assessment=assessment.model_dump(mode="json") if assessment else None,
            ms=(time.perf_counter() - started) * 1000,
        )

    def _read(self, request: ToolRequest) -> tuple[dict[str, Any] | str, str | None]:
        """Read the arguments; they stay the text they were where there is a problem."""
        if request.problem:
            return request.arguments, request.problem
        if request.name not in self._tools or request.name not in self._names:
            known = ", ".join(sorted(self._names))
            return (
                request.arguments,
                f"unknown tool {request.name[:60]!r}: the tools are {known}",
            )
        try:
            return json_object(request.arguments), None
        except ValueError as error:
            return request.arguments, f"the arguments are {error}: send one JSON object"

    async def _call(self, tool: Tool, arguments: dict[str, Any]) -> tuple[str, str | None]:
        """Call a tool: its result, or what went wrong."""
        try:
            async with asyncio.timeout(tool.timeout):
                answer: Any = await tool.handler(arguments, self._task_id)
            text = answer if isinstance(answer, str) else json.dumps(answer, default=str)
        except TimeoutError:
            return "", f"{tool.name} took longer than {tool.timeout:g} s"
        except (WorldLost, WorldError):
            raise  # nothing more can come of this rollout
        except Exception as error:
            return "", encodable(f"{type(error).__name__}: {str(error)[:500]}")
        return encodable(text), None

    def _cut(self, text: str) -> str:
        if len(text) <= self._chars:
            return text
        over = len(text) - self._chars
        return f"{text[: self._chars]}\n[{over} more characters were cut]"


def json_object(text: str) -> dict[str, Any]:
    """Parse the JSON object that a model wrote; nothing, or null, is an empty one.

    Raises ValueError that says what it is instead, for objects too that a record could not be
    made of: such as are nested too deeply, or hold half a surrogate pair.
    """
    if text.strip() in ("", "null"):
        return {}
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not valid JSON ({error})") from None
    if not isinstance(found, dict):
        raise ValueError(f"a JSON {type(found).__name__}")
    if _deeper(found, MAX_DEPTH):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return found


def _deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_deeper(v, levels - 1) for v in inner)


def error_result(problem: str) -> str:
    """Write a problem as the JSON object that a model reads in place of a result."""
    return json.dumps({"error": problem}, ensure_ascii=False)


EPISODE_OVER = error_result("the episode is over: this call was not carried out")
"""Result of a call that comes too late."""


def encodable(text: str) -> str:
    """Replace what UTF-8 cannot hold, such as half a surrogate pair, by `?`."""
    return text.encode("utf-8", "replace").decode()


def encodable_value(value: Any, levels: int = 2 * MAX_DEPTH) -> Any:
    """Return a value as JSON can hold it, with texts that UTF-8 can hold; else as such a text.

    A model may write halves of surrogate pairs, or YAML, which knows dates and sets. Of what is
    nested deeper than `levels` nothing is left; the tool refuses the rest.
    """
    if isinstance(value, dict | list) and not levels:
        return None
    if isinstance(value, dict):
        return {encodable(str(k)): encodable_value(v, levels - 1) for k, v in value.items()}
    if isinstance(value, list):
        return [encodable_value(inner, levels - 1) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return encodable(str(value))

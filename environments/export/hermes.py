"""Rollouts as Hermes trajectories: one line a conversation, completed and failed apart.

The line's form is that of hermes-agent 0.19: turns from system, human, gpt and tool. The
system turn only names the tools: what was put into the prompt at run time is left out.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from environments.export.files import Row
from environments.rollouts.messages import Message, content_text, parsed_arguments
from environments.rollouts.record import Rollout, ToolCallRecord

COMPLETED = "trajectory_samples.jsonl"
FAILED = "failed_trajectories.jsonl"


ToolsetsOf = Callable[[Collection[str]], list[str]]
"""Toolsets to which tools of these names belong: `environments.tools.registry.toolsets_of`."""


def hermes_files(rollouts: Iterable[Rollout], toolsets_of: ToolsetsOf) -> dict[str, list[Row]]:
    """Return lines by the name of the file they belong to; `prompt_index` counts the rollouts."""
    files: dict[str, list[Row]] = {COMPLETED: [], FAILED: []}
    for index, rollout in enumerate(rollouts):
        files[COMPLETED if finished(rollout) else FAILED] += hermes_lines(
            rollout, toolsets_of, index
        )
    return files


def finished(rollout: Rollout) -> bool:
    """Tell whether the agent ended the rollout itself and it was scored."""
    return rollout.completed and rollout.verdict is not None


def hermes_lines(
    rollout: Rollout, toolsets_of: ToolsetsOf, prompt_index: int = 0, batch_num: int = 0
) -> list[Row]:
    """Return one line for each of the rollout's conversations that was begun."""
    when = datetime.fromtimestamp(rollout.started, UTC).isoformat()
    verdict = rollout.verdict
    lines = []
    for stage, messages in enumerate(rollout.conversations):
        calls = [c for c in rollout.tool_calls if c.stage == stage]
        lines.append(
            {
                "conversations": hermes_turns(messages, rollout.tools),
                "timestamp": when,
                "model": rollout.model,
                "completed": finished(rollout),
                "partial": not finished(rollout) and verdict is not None,
                "failure": rollout.failure,
                "prompt_index": prompt_index,
                "api_calls": sum(m["role"] == "assistant" for m in messages),
                "toolsets_used": toolsets_of({call.name for call in calls}),
                "tool_stats": tool_stats(calls),
                "tool_error_counts": {
                    name: stats["failure"] for name, stats in tool_stats(calls).items()
                },
                "metadata": {
                    "batch_num": batch_num,
                    "timestamp": when,
                    "model": rollout.model,
                    "provider": rollout.provider,
                    "session_id": rollout.id,
                    "task_id": rollout.task.id,
                    "stage": stage,
                    "stages": len(rollout.task.stages),
                    "stop": rollout.stop.value,
                    "reward": None if verdict is None else verdict.reward,
                    "success": None if verdict is None else verdict.success,
                },
            }
        )
    return lines


def hermes_turns(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> list[Row]:
    """Return a chat as Hermes turns; consecutive tool results become one turn."""
    turns: list[Row] = [{"from": "system", "value": _system(tools)}]
    for is_tool, group in itertools.groupby(messages, lambda m: m["role"] == "tool"):
        if is_tool:
            turns.append({"from": "tool", "value": "\n".join(map(_response, group))})
            continue
        for message in group:
            if message["role"] == "user":
                turns.append({"from": "human", "value": content_text(message)})
            elif message["role"] == "assistant":
                turns.append({"from": "gpt", "value": _said(message)})
    return turns


def tool_stats(calls: Iterable[ToolCallRecord]) -> dict[str, dict[str, int]]:
    """Count the calls of each tool: all of them, those carried out, and those that failed."""
    stats: dict[str, dict[str, int]] = defaultdict(lambda: {"count": 0, "success": 0, "failure": 0})
    for call in calls:
        stats[call.name]["count"] += 1
        stats[call.name]["failure" if call.error else "success"] += 1
    return {name: stats[name] for name in sorted(stats)}


def _system(tools: Sequence[dict[str, Any]]) -> str:
    functions = [tool.get("function", tool) for tool in tools]
    return (
        "You can call functions. Their signatures are listed as JSON within <tools></tools>:\n"
        f"<tools>\n{_json(functions)}\n</tools>\n"
        "Write each call as a JSON object with name and arguments within "
        "<tool_call></tool_call>; its result follows within <tool_response></tool_response>."
    )


def _said(message: Message) -> str:
    """Return the thoughts, words and calls of one assistant message."""
    content = content_text(message)
    parts = [] if "<think>" in content else [_thought(message.get("reasoning_content") or "")]
    if content:
        parts.append(content)
    for call in message.get("tool_calls") or ():
        function = call["function"]
        body = {"name": function["name"], "arguments": parsed_arguments(function["arguments"])}
        parts.append(f"<tool_call>\n{_json(body)}\n</tool_call>")
    return "\n".join(parts)


def _thought(reasoning: str) -> str:
    return f"<think>\n{reasoning}\n</think>" if reasoning else "<think>\n</think>"


def _response(message: Message) -> str:
    body = {
        "tool_call_id": message.get("tool_call_id", ""),
        "name": message.get("name", ""),
        "content": _structured(content_text(message)),
    }
    return f"<tool_response>\n{_json(body)}\n</tool_response>"


def _structured(content: str) -> Any:
    """Return a result as data where it is a JSON object or list; else as its text."""
    return parsed_arguments(content) if content.lstrip()[:1] in ("{", "[") else content


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

"""Rollouts as TensorZero keeps them: inferences, feedback, and datapoints for evaluations.

Written for TensorZero 2026.4. Inferences and feedback are rows of its tables ChatInference,
FloatMetricFeedback and BooleanMetricFeedback; a datapoint is an entry of a request to
`/v1/datasets/NAME/datapoints`. A model call is an inference, a rollout an episode.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from environments.export.files import Row
from environments.rollouts.messages import Message, content_text, parsed_arguments
from environments.rollouts.record import Rollout

FUNCTION = "evennia_world"
"""Name of the chat function in the gateway's configuration."""
INFERENCES = "inferences.jsonl"
FLOATS = "feedback_float.jsonl"
BOOLEANS = "feedback_boolean.jsonl"
DATAPOINTS = "datapoints.jsonl"
APART = 0.0011
"""Seconds, at least, between calls: a UUIDv7 has milliseconds."""


def tensorzero_files(rollouts: Iterable[Rollout]) -> dict[str, list[Row]]:
    """Return rows by the name of their file. Only successful rollouts give datapoints.

    Ids follow from the rollout's id and start: exporting again gives the same rows.
    """
    files: dict[str, list[Row]] = {INFERENCES: [], FLOATS: [], BOOLEANS: [], DATAPOINTS: []}
    for rollout in rollouts:
        inferences = _inferences(rollout)
        files[INFERENCES] += [row for row, _, _ in inferences]
        if rollout.verdict is None:
            continue
        values = {"reward": rollout.verdict.reward} | {
            f"reward_{part}": value for part, value in rollout.verdict.parts.items()
        }
        files[FLOATS] += [_feedback(rollout, name, value) for name, value in values.items()]
        files[BOOLEANS].append(_feedback(rollout, "success", rollout.verdict.success))
        if rollout.verdict.success:
            files[DATAPOINTS] += [_datapoint(rollout, *inference) for inference in inferences]
    return files


def uuid7(seconds: float, name: str) -> UUID:
    """Return a UUIDv7 (RFC 9562) of Unix time `seconds` whose other bits follow from `name`."""
    rest = int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:10], "big")
    high = (rest >> 62) & 0xFFF
    low = rest & ((1 << 62) - 1)
    return UUID(int=int(seconds * 1000) << 80 | 7 << 76 | high << 64 | 2 << 62 | low)


def _episode(rollout: Rollout) -> str:
    return str(uuid7(rollout.started, f"{rollout.id} episode"))


def _inferences(rollout: Rollout) -> list[tuple[Row, Row, list[Row]]]:
    """Return each model call as a row, with its input and output.

    The rollout knows when it began and how long it took: the calls are laid evenly over that
    time, and further apart than a UUIDv7 tells moments, so that their ids are in order.
    """
    turns = max(1, rollout.turns)
    seconds = max(rollout.seconds, turns * APART)
    found = []
    turn = 0
    for stage, messages in enumerate(rollout.conversations):
        for place, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            given, said = _input(messages[:place]), _output(message)
            moment = rollout.started + seconds * turn / turns
            turn += 1
            row = {
                "id": str(uuid7(moment, f"{rollout.id} turn {turn}")),
                "function_name": FUNCTION,
                "variant_name": rollout.model,
                "episode_id": _episode(rollout),
                "input": _json(given),
                "output": _json(said),
                "tool_params": "",
                "inference_params": _json({"chat_completion": {}}),
                "processing_time_ms": round(1000 * rollout.model_seconds / turns),
                "tags": {**_tags(rollout), "stage": str(stage), "turn": str(turn)},
                "dynamic_tools": [_json(tool) for tool in _tools(rollout)],
                "dynamic_provider_tools": [],
                "allowed_tools": _json({"tools": [], "choice": "function_default"}),
                "tool_choice": "auto",
                "parallel_tool_calls": None,
            }
            found.append((row, given, said))
    return found


def _feedback(rollout: Rollout, metric: str, value: float | bool) -> Row:
    """Return the feedback on the whole episode."""
    return {
        "id": str(uuid7(rollout.started + rollout.seconds, f"{rollout.id} {metric}")),
        "target_id": _episode(rollout),
        "metric_name": metric,
        "value": value,
        "tags": _tags(rollout),
    }


def _datapoint(rollout: Rollout, row: Row, given: Row, said: list[Row]) -> Row:
    return {
        "type": "chat",
        "function_name": FUNCTION,
        "episode_id": row["episode_id"],
        "input": given,
        "output": said,
        "additional_tools": _tools(rollout),
        "tool_choice": "auto",
        "tags": row["tags"],
        "name": f"{rollout.task.id} turn {row['tags']['turn']}",
    }


def _tags(rollout: Rollout) -> dict[str, str]:
    task = rollout.task
    return {
        "session_id": rollout.id,
        "task_id": task.id,
        "family": task.family.value,
        "difficulty": str(task.difficulty),
        "provider": rollout.provider,
        "stop": rollout.stop.value,
    }


def _tools(rollout: Rollout) -> list[Row]:
    functions = (tool.get("function", tool) for tool in rollout.tools)
    return [
        {
            "type": "function",
            "name": f["name"],
            "description": f.get("description", ""),
            "parameters": f.get("parameters", {}),
            "strict": False,
        }
        for f in functions
    ]


def _input(messages: Sequence[Message]) -> Row:
    """Return what the model was given; results of tools are joined as the user's."""
    given: Row = {"messages": []}
    for message in messages:
        if message["role"] == "system":
            given["system"] = content_text(message)
            continue
        role = "assistant" if message["role"] == "assistant" else "user"
        blocks = _said(message) if role == "assistant" else [_heard(message)]
        if given["messages"] and given["messages"][-1]["role"] == role:
            given["messages"][-1]["content"] += blocks
        else:
            given["messages"].append({"role": role, "content": blocks})
    return given


def _heard(message: Message) -> Row:
    if message["role"] != "tool":
        return {"type": "text", "text": content_text(message)}
    return {
        "type": "tool_result",
        "id": message["tool_call_id"],
        "name": message.get("name", ""),
        "result": content_text(message),
    }


def _said(message: Message) -> list[Row]:
    """Return the thought, text and calls of one assistant message."""
    blocks: list[Row] = []
    if thought := message.get("reasoning_content"):
        blocks.append({"type": "thought", "text": thought})
    if text := content_text(message):
        blocks.append({"type": "text", "text": text})
    for call in message.get("tool_calls") or ():
        blocks.append({"type": "tool_call", "id": call["id"], **call["function"]})
    return blocks


def _output(message: Message) -> list[Row]:
    """Do as `_said`, with each call's name and arguments as they came and as they were read."""
    return [
        {
            **block,
            "raw_name": block["name"],
            "raw_arguments": block["arguments"],
            "arguments": _arguments(block["arguments"]),
        }
        if block["type"] == "tool_call"
        else block
        for block in _said(message)
    ]


def _arguments(text: str) -> dict[str, Any] | None:
    value = parsed_arguments(text)
    return value if isinstance(value, dict) else None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

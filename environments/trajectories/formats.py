"""Rollouts as rows for trainers: SFT messages, conversational DPO, KTO.

Messages are in OpenAI's form, tool schemas one JSON text in `tools`, as TRL takes them:
a table has one type a column, and schemas differ from tool to tool.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from environments.trajectories.files import Row
from environments.trajectories.preference import Pair, split
from environments.trajectories.record import Message, Rollout

KEPT = ("role", "content", "reasoning_content", "tool_calls", "tool_call_id", "name")


def sft_rows(rollouts: Sequence[Rollout]) -> list[Row]:
    """`messages` of each conversation of the successful rollouts: what is worth imitating."""
    return [
        {"messages": list(map(clean, messages)), **_about(rollout, stage)}
        for rollout in rollouts
        if rollout.verdict is not None and rollout.verdict.success
        for stage, messages in enumerate(rollout.conversations)
    ]


def kto_rows(rollouts: Sequence[Rollout]) -> list[Row]:
    """`prompt`, `completion` and `label` (success) of each conversation of scored rollouts."""
    rows = []
    for rollout in rollouts:
        if rollout.verdict is None:
            continue
        for stage, messages in enumerate(rollout.conversations):
            prompt, completion = split(messages)
            if completion:
                rows.append(
                    {
                        "prompt": list(map(clean, prompt)),
                        "completion": list(map(clean, completion)),
                        "label": rollout.verdict.success,
                        **_about(rollout, stage),
                    }
                )
    return rows


def dpo_rows(pairs: Sequence[Pair]) -> list[Row]:
    """`prompt`, `chosen`, `rejected`, with the rewards of both and their parts."""
    rows = []
    for pair in pairs:
        row: Row = {
            "prompt": list(map(clean, pair.prompt)),
            "chosen": list(map(clean, pair.chosen)),
            "rejected": list(map(clean, pair.rejected)),
            "tools": json.dumps(pair.better.tools),
            "task_id": pair.better.task.id,
            "stage": pair.stage,
        }
        for side, rollout in (("chosen", pair.better), ("rejected", pair.worse)):
            assert rollout.verdict is not None
            row[f"{side}_session_id"] = rollout.id
            row[f"{side}_reward"] = rollout.verdict.reward
            row[f"{side}_parts"] = rollout.verdict.parts
        rows.append(row)
    return rows


def clean(message: Message) -> Message:
    """A message with the fields of OpenAI's form that it has, and its content as text."""
    kept = {k: message[k] for k in KEPT if message.get(k)}
    return {**kept, "content": message.get("content") or ""}


def _about(rollout: Rollout, stage: int) -> Row:
    assert rollout.verdict is not None
    return {
        "tools": json.dumps(rollout.tools),
        "task_id": rollout.task.id,
        "session_id": rollout.id,
        "stage": stage,
        "model": rollout.model,
        "reward": rollout.verdict.reward,
        "success": rollout.verdict.success,
        "parts": rollout.verdict.parts,
    }

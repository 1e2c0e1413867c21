"""Rollouts as rows for trainers: SFT messages, conversational DPO, KTO, and plain text.

Messages are in OpenAI's form, tool schemas one JSON text in `tools`, as TRL reads them:
a table has one type a column, and schemas differ from tool to tool.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from environments.export.files import Row
from environments.export.plain_text import plain_row
from environments.export.preference import MARGIN, Pair, preference_pairs, split
from environments.export.step_pairs import StepPair
from environments.rollouts.messages import Message, content_text
from environments.rollouts.record import Rollout

KEPT = ("role", "content", "reasoning_content", "tool_calls", "tool_call_id", "name")
"""Fields of a message that trainers know, in the order of a row."""


def sft_rows(rollouts: Sequence[Rollout]) -> list[Row]:
    """Return the `messages` of each conversation of the successful rollouts, for imitation."""
    return [
        {"messages": list(map(clean, messages)), **_about(rollout, stage)}
        for rollout in rollouts
        if rollout.verdict is not None and rollout.verdict.success
        for stage, messages in enumerate(rollout.conversations)
    ]


def kto_rows(rollouts: Sequence[Rollout]) -> list[Row]:
    """Return `prompt`, `completion` and `label` (success) of each scored conversation."""
    return [{**row, "label": row["success"]} for row in _completion_rows(rollouts)]


def dpo_rows(pairs: Sequence[Pair]) -> list[Row]:
    """Return `prompt`, `chosen` and `rejected`, with the rewards of both and their parts."""
    return [_pair_row(pair) for pair in pairs]


def step_rows(pairs: Sequence[StepPair]) -> list[Row]:
    """Return `prompt`, `chosen` and `rejected`, one message a side, with the worth of both."""
    return [
        {
            **_messages_of(pair),
            "turn": pair.turn,
            "state_hash": pair.state_hash,
            "branch_of": pair.branch_of,
            "chosen_session_id": pair.better.id,
            "chosen_reward": pair.chosen_worth,
            "chosen_branches": pair.chosen_branches,
            "chosen_blame": pair.chosen_blame,
            "rejected_session_id": pair.worse.id,
            "rejected_reward": pair.rejected_worth,
            "rejected_branches": pair.rejected_branches,
            "rejected_blame": pair.rejected_blame,
        }
        for pair in pairs
    ]


def text_rows(rollouts: Sequence[Rollout]) -> list[Row]:
    """Return `prompt` and `completion` of the successful rollouts, both plain text."""
    return [plain_row(row) for row in _completion_rows(rollouts) if row["success"]]


def dpo_text_rows(pairs: Sequence[Pair]) -> list[Row]:
    """Return `dpo_rows` with the three conversations as plain text."""
    return [plain_row(row) for row in dpo_rows(pairs)]


TABLES = ("sft", "dpo", "kto", "text", "dpo_text")


def table(name: str, rollouts: Sequence[Rollout], margin: float = MARGIN) -> list[Row]:
    """Return the rows of one of TABLES; its pairs are those whose rewards are `margin` apart.

    Raises KeyError for another name.
    """
    match name:
        case "sft":
            return sft_rows(rollouts)
        case "dpo":
            return dpo_rows(preference_pairs(rollouts, margin))
        case "kto":
            return kto_rows(rollouts)
        case "text":
            return text_rows(rollouts)
        case "dpo_text":
            return dpo_text_rows(preference_pairs(rollouts, margin))
    raise KeyError(name)


def _completion_rows(rollouts: Sequence[Rollout]) -> list[Row]:
    rows = []
    for rollout in rollouts:
        if rollout.verdict is None:
            continue
        for stage, messages in enumerate(rollout.conversations):
            prompt, completion = (list(map(clean, part)) for part in split(messages))
            if completion:
                about = _about(rollout, stage)
                rows.append({"prompt": prompt, "completion": completion, **about})
    return rows


def _pair_row(pair: Pair) -> Row:
    row = _messages_of(pair)
    for side, rollout in (("chosen", pair.better), ("rejected", pair.worse)):
        assert rollout.verdict is not None
        row[f"{side}_session_id"] = rollout.id
        row[f"{side}_reward"] = rollout.verdict.reward
        row[f"{side}_parts"] = rollout.verdict.parts
    return row


def _messages_of(pair: Pair) -> Row:
    return {
        "prompt": list(map(clean, pair.prompt)),
        "chosen": list(map(clean, pair.chosen)),
        "rejected": list(map(clean, pair.rejected)),
        "tools": json.dumps(pair.better.tools),
        "task_id": pair.better.task.id,
        "stage": pair.stage,
    }


def clean(message: Message) -> Row:
    """Return a message with those of the fields KEPT that it has, and its content as text."""
    kept: Row = {k: v for k in KEPT if (v := message.get(k))}
    return {**kept, "content": content_text(message)}


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

"""Rollouts as rows for trainers: SFT messages, conversational DPO, KTO, and plain text.

Messages are in OpenAI's form, tool schemas one JSON text in `tools`, as TRL reads them:
a table has one type a column, and schemas differ from tool to tool. A row ends with the model's
last words: what the world answered to them is left out.

A row is a whole conversation, or `by_turn` one message of the model after all that came before it.
Trainers that have no mask within a completion then train on the model's words alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from environments.export.files import Row
from environments.export.plain_text import plain_row
from environments.export.preference import MARGIN, Pair, parting, preference_pairs
from environments.export.scored import Scored
from environments.export.step_pairs import StepPair
from environments.rollouts.messages import Message, content_text
from world_fixtures.common import digest

KEPT = ("role", "content", "reasoning_content", "tool_calls", "tool_call_id", "name")
"""Fields of a message that trainers know, in the order of a row."""


def sft_rows(rollouts: Sequence[Scored], by_turn: bool = False) -> list[Row]:
    """Return the `messages` of each conversation of the successful rollouts, for imitation.

    By turn they are `prompt` and `completion`.
    """
    good = [r for r in rollouts if r.verdict is not None and r.verdict.success]
    if by_turn:
        return _completion_rows(good, by_turn)
    return [
        {"messages": list(map(clean, said)), **about(rollout, stage)}
        for rollout in good
        for stage, messages in enumerate(rollout.conversations)
        if (said := until_words_end(messages))
    ]


def kto_rows(rollouts: Sequence[Scored], by_turn: bool = False) -> list[Row]:
    """Return `prompt`, `completion` and `label` (success) of each scored conversation, or turn."""
    return [{**row, "label": row["success"]} for row in _completion_rows(rollouts, by_turn)]


def dpo_rows(pairs: Sequence[Pair], by_turn: bool = False) -> list[Row]:
    """Return `prompt`, `chosen` and `rejected`, with the rewards of both and their parts.

    By turn these are the messages with which two rollouts part, each pair of messages once.
    """
    if not by_turn:
        return [_pair_row(pair) for pair in pairs]
    rows: dict[bytes, Row] = {}
    for pair in filter(None, map(parting, pairs)):
        row = _pair_row(pair)
        told = [_without_ids(row[name]) for name in ("prompt", "chosen", "rejected")]
        rows.setdefault(digest(told), row)
    return list(rows.values())


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


def text_rows(rollouts: Sequence[Scored], by_turn: bool = False) -> list[Row]:
    """Return `prompt` and `completion` of the successful rollouts, both plain text."""
    return [plain_row(row) for row in _completion_rows(rollouts, by_turn) if row["success"]]


def dpo_text_rows(pairs: Sequence[Pair], by_turn: bool = False) -> list[Row]:
    """Return `dpo_rows` with the three conversations as plain text."""
    return [plain_row(row) for row in dpo_rows(pairs, by_turn)]


TABLES = ("sft", "dpo", "kto", "text", "dpo_text")


def table(
    name: str, rollouts: Sequence[Scored], margin: float = MARGIN, by_turn: bool = False
) -> list[Row]:
    """Return the rows of one of TABLES; its pairs are those whose rewards are `margin` apart.

    Raises KeyError for another name.
    """
    match name:
        case "sft":
            return sft_rows(rollouts, by_turn)
        case "dpo":
            return dpo_rows(preference_pairs(rollouts, margin), by_turn)
        case "kto":
            return kto_rows(rollouts, by_turn)
        case "text":
            return text_rows(rollouts, by_turn)
        case "dpo_text":
            return dpo_text_rows(preference_pairs(rollouts, margin), by_turn)
    raise KeyError(name)


def until_words_end(messages: Sequence[Message]) -> Sequence[Message]:
    """Return a conversation up to the model's last words; empty where it said nothing."""
    places = [n for n, m in enumerate(messages) if m["role"] == "assistant"]
    return messages[: places[-1] + 1] if places else ()


def _completion_rows(rollouts: Sequence[Scored], by_turn: bool) -> list[Row]:
    rows = []
    for rollout in rollouts:
        if rollout.verdict is None:
            continue
        for stage, whole in enumerate(rollout.conversations):
            messages = list(map(clean, until_words_end(whole)))
            if not messages:
                continue
            columns = about(rollout, stage)
            if by_turn:
                rows += [
                    {"prompt": messages[:n], "completion": [said], **columns, "turn": turn}
                    for turn, (n, said) in enumerate(_said(messages), start=1)
                ]
            else:
                first = next(_said(messages))[0]
                rows.append({"prompt": messages[:first], "completion": messages[first:], **columns})
    return rows


def _said(messages: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """Yield the model's messages with their places."""
    return ((n, m) for n, m in enumerate(messages) if m["role"] == "assistant")


def _without_ids(messages: Sequence[Row]) -> list[Row]:
    """Return messages without the ids of calls, which differ where nothing else does."""
    calls = [[c["function"] for c in m.get("tool_calls", ())] for m in messages]
    bare = [
        {k: v for k, v in m.items() if k not in ("tool_calls", "tool_call_id")} for m in messages
    ]
    return [{**m, "calls": c} for m, c in zip(bare, calls, strict=True)]


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
        "chosen": list(map(clean, until_words_end(pair.chosen))),
        "rejected": list(map(clean, until_words_end(pair.rejected))),
        "tools": json.dumps(list(pair.better.tools)),
        "task_id": pair.better.task.id,
        "stage": pair.stage,
    }


def clean(message: Message) -> Row:
    """Return a message with those of the fields KEPT that it has, and its content as text."""
    kept: Row = {k: v for k in KEPT if (v := message.get(k))}
    return {**kept, "content": content_text(message)}


def about(rollout: Scored, stage: int) -> Row:
    """Return the columns that say where a row comes from."""
    assert rollout.verdict is not None
    return {
        "tools": json.dumps(list(rollout.tools)),
        "task_id": rollout.task.id,
        "session_id": rollout.id,
        "stage": stage,
        "model": rollout.model,
        "reward": rollout.verdict.reward,
        "success": rollout.verdict.success,
        "parts": rollout.verdict.parts,
    }

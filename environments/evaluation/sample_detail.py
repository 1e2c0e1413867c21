"""The data of one rollout that the report shows: path, turns, tool calls, verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from environments.evaluation.regret import RolloutRegrets
from environments.rollouts.messages import Message
from environments.rollouts.record import Rollout, ToolCallRecord
from environments.tasks.credit.regret import Regret
from environments.tasks.verdict import commands_of
from world_fixtures.draw import map_svg
from world_fixtures.protocol import WORLD, Change, Event

MAX_TEXT = 4_000
"""Characters of one text; the rest is in samples.jsonl."""


def outcome(rollout: Rollout) -> str:
    """Return `solved`, `unsolved`, or `failed` where there is no verdict."""
    if rollout.verdict is None:
        return "failed"
    return "solved" if rollout.verdict.success else "unsolved"


def walked_path(rollout: Rollout) -> list[str]:
    """Return room ids in the order in which the agent was in them."""
    agent = rollout.task.spec.agent
    path = [agent.location]
    for event in rollout.events:
        if event.actor != agent.id:
            continue
        if event.room != path[-1]:
            path.append(event.room)
        path += [
            str(c.after) for c in event.changes if c.entity == agent.id and c.field == "location"
        ]
    return path


def sample_detail(rollout: Rollout, regrets: RolloutRegrets | None = None) -> dict[str, Any]:
    """Return all of one sample that the report shows when it is opened, as plain JSON data."""
    costs = {} if regrets is None else {r.seq: r for r in regrets.regrets}
    verdict = rollout.verdict
    return {
        "facts": _facts(rollout, regrets),
        "failure": rollout.failure,
        "parts": verdict.parts if verdict else {},
        "goals": verdict.goals if verdict else {},
        "reasons": [_cut(reason) for reason in verdict.reasons] if verdict else [],
        "answer": None if rollout.answer is None else _cut(_compact(rollout.answer)),
        "stages": [
            {"prompt": _cut(stage.prompt), "restart": stage.restart, "turns": turns}
            for stage, turns in zip(rollout.task.stages, _stages(rollout, costs), strict=False)
        ],
        "map": map_svg(rollout.task.spec, walked_path(rollout)),
    }


def _facts(rollout: Rollout, regrets: RolloutRegrets | None) -> dict[str, str]:
    task = rollout.task
    facts = {
        "kind": task.kind,
        "split": task.split,
        "seed": str(task.seed),
        "ended": rollout.stop.value,
        "turns": str(rollout.turns),
        "commands": f"{len(commands_of(rollout.events, task.spec.agent.id))} of {task.budget}",
        "walkthrough": f"{task.optimal_steps} commands",
        "searcher": f"{task.search.mean:.1f} \u00b1 {task.search.spread:.1f} commands",
        "tokens": f"{rollout.prompt_tokens} in, {rollout.completion_tokens} out",
        "time": f"{rollout.seconds:.1f} s",
        "rollout": rollout.id,
    }
    if rollout.branch_of is not None:
        facts["goes on from"] = f"turn {rollout.branch_turn} of {rollout.branch_of}"
    if regrets is not None:
        facts["mistake"] = f"{regrets.mistake:.1f} commands"
        facts["search"] = f"{regrets.search:.1f} commands"
    if rollout.verdict is not None and rollout.verdict.spl is not None:
        facts["SPL"] = f"{rollout.verdict.spl:.2f}"
    return facts


def _stages(rollout: Rollout, costs: Mapping[int, Regret]) -> Iterator[list[dict[str, Any]]]:
    """Yield the turns of each stage: what the model said, and its calls with their effects."""
    events = {event.seq: event for event in rollout.events}
    names = {c.id: c.name for c in rollout.task.spec.characters} | {WORLD: "time"}
    followed: dict[int, list[str]] = {}
    for event in rollout.events:
        if event.cause is not None:
            what = event.raw or "; ".join(_changes(event))
            followed.setdefault(event.cause, []).append(_cut(f"{names[event.actor]}: {what}"))
    calls: dict[int, list[ToolCallRecord]] = {}
    for call in rollout.tool_calls:
        calls.setdefault(call.turn, []).append(call)
    number = 0
    for conversation in rollout.conversations:
        turns = []
        for message in conversation:
            if message.get("role") != "assistant":
                continue
            number += 1
            turns.append({
                "n": number,
                "thought": _cut(_reasoning(message)),
                "said": _cut(_text(message.get("content"))),
                "calls": [
                    _call(c, events.get(c.event or 0), costs.get(c.event or 0))
                    | {"followed": followed.get(c.event or 0, [])}
                    for c in calls.get(number, [])
                ],
            })  # fmt: skip
        yield turns


def _call(call: ToolCallRecord, event: Event | None, cost: Regret | None) -> dict[str, Any]:
    arguments = call.arguments
    command = arguments.get("command") if isinstance(arguments, dict) else None
    return {
        "tool": call.name,
        "typed": _cut(command if isinstance(command, str) else _compact(arguments)),
        "seen": _cut(call.result),
        "error": None if call.error is None else _cut(call.error),
        "kind": None if event is None else event.kind.value,
        "room": None if event is None else event.room,
        "regret": None if cost is None else _cost(cost),
        "changes": [] if event is None else _changes(event),
    }


def _cost(regret: Regret) -> dict[str, Any]:
    return {
        "mistake": round(regret.mistake, 2),
        "search": round(regret.search, 2),
        "luck": regret.luck,
        "lost": regret.lost,
    }


def _changes(event: Event) -> list[str]:
    """Tell what an event changed, but for what people noticed of it, which repeats the command."""
    return [_change(c) for c in event.changes if c.field != "noticed"]


def _change(change: Change) -> str:
    before, after = (_compact(value) for value in (change.before, change.after))
    return _cut(f"{change.entity}.{change.field}: {before} \u2192 {after}")


def _reasoning(message: Message) -> str:
    return _text(message.get("reasoning_content") or message.get("reasoning"))


def _text(content: Any) -> str:
    """Return a message's content as text: it may be a string, a list of parts, or missing."""
    if isinstance(content, str):
        return content.strip()
    return "" if content is None else _compact(content)


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str) -> str:
    over = len(text) - MAX_TEXT
    return text if over <= 0 else f"{text[:MAX_TEXT]} \u2026 ({over} characters more)"

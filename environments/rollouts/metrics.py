"""Training metrics between two log steps, by family and difficulty, and a table of rollouts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any, NamedTuple

from environments.rollouts.messages import Message, content_text
from environments.rollouts.record import Rollout
from environments.tasks.verdict import commands_of
from world_fixtures.protocol import ResultKind

COLUMNS: list[str | int] = ["task", "score", "about", "transcript"]
"""Columns of the table of rollouts."""


class Gathered(NamedTuple):
    """What has gathered in a process, as plain data."""

    values: dict[str, list[float]]
    counts: dict[str, int]
    tool_errors: int


class RolloutMetrics:
    """Means and counts of training rollouts; `take` hands them to wandb and starts anew."""

    def __init__(self) -> None:
        self._values: defaultdict[str, list[float]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._tool_errors = 0

    def add(self, rollout: Rollout) -> None:
        """Count a rollout that has a verdict."""
        verdict, task = rollout.verdict, rollout.task
        assert verdict is not None
        for place in ("all", task.family.value, f"difficulty_{task.difficulty}"):
            self._note(f"{place}/reward", verdict.reward)
            self._note(f"{place}/success", verdict.success)
            if verdict.spl is not None:
                self._note(f"{place}/spl", verdict.spl)
            for part, value in verdict.parts.items():
                self._note(f"{place}/parts/{part}", value)
        turns = max(rollout.turns, 1)
        requests = sum(e.actor == task.spec.agent.id and e.cause is None for e in rollout.events)
        self._note("all/invalid_commands", invalid_commands(rollout) or 0.0)
        self._note("all/turns", rollout.turns)
        self._note("all/prompt_tokens", rollout.prompt_tokens)
        self._note("all/completion_tokens", rollout.completion_tokens)
        self._note("latency/model_ms", rollout.model_seconds / turns * 1000)
        self._note("latency/world_ms", rollout.world_seconds / max(requests, 1) * 1000)
        for call in rollout.tool_calls:
            if call.error:
                self._tool_errors += 1
                self._counts[f"train/tool_errors/{error_kind(call.error)}"] += 1
        self._counts[f"train/stop/{rollout.stop.value}"] += 1

    def add_failure(self, rollout: Rollout) -> None:
        """Count a rollout that ended without a verdict."""
        self._counts[f"train/failed/{rollout.stop.value}"] += 1

    def add_group(self, kind: str, equal: bool) -> None:
        """Count a group of a kind (`family.kind`), and whether it had nothing to compare."""
        for place in ("all", kind):
            self._counts[f"train/groups/{place}/number"] += 1
            self._counts[f"train/groups/{place}/equal"] += equal
            self._note(f"groups/{place}/equal_share", equal)

    def add_branch(self, rollout: Rollout) -> None:
        """Count a rollout that goes on from another one, with the turns after that.

        It counts among the branches alone, whether it has a verdict or failed.
        """
        self._counts["train/branches/number"] += 1
        self._counts["train/branches/turns"] += rollout.turns - (rollout.branch_turn or 0)
        self._counts["train/branches/prompt_tokens"] += rollout.prompt_tokens
        self._counts["train/branches/completion_tokens"] += rollout.completion_tokens
        if rollout.verdict is None:
            self._counts[f"train/branches/failed/{rollout.stop.value}"] += 1
        else:
            self._note("branches/reward", rollout.verdict.reward)

    def take(self) -> dict[str, float]:
        """Return means and counts since the last call, by their names in wandb."""
        metrics = {name: fmean(values) for name, values in self._values.items()}
        metrics |= {name: float(count) for name, count in self._counts.items()}
        self._values.clear()
        self._counts.clear()
        return metrics

    def take_tool_errors(self) -> int:
        """Return the number of tool errors since the last call."""
        count, self._tool_errors = self._tool_errors, 0
        return count

    def hand_on(self) -> Gathered:
        """Return all that has gathered, for another process, and begin anew."""
        gathered = Gathered(dict(self._values), dict(self._counts), self._tool_errors)
        self._values, self._counts, self._tool_errors = defaultdict(list), Counter(), 0
        return gathered

    def take_over(self, gathered: Gathered) -> None:
        """Add what `hand_on` has returned in another process."""
        for name, values in gathered.values.items():
            self._values[name] += values
        self._counts.update(gathered.counts)
        self._tool_errors += gathered.tool_errors

    def _note(self, name: str, value: float) -> None:
        self._values[f"train/{name}"].append(float(value))


def invalid_commands(rollout: Rollout) -> float | None:
    """Return the share of the agent's commands that the world did not understand.

    None where the agent gave no command.
    """
    commands = commands_of(rollout.events, rollout.task.spec.agent.id)
    if not commands:
        return None
    return sum(e.kind is ResultKind.UNKNOWN for e in commands) / len(commands)


def error_kind(error: str) -> str:
    """Return the kind of a tool error: one of few, however many tools a model makes up."""
    first = error.split(":")[0]
    if error.startswith("the tool call"):
        return "unreadable"
    if error.startswith("unknown tool"):
        return "unknown_tool"
    if error.startswith("the arguments are"):
        return "bad_arguments"
    if "took longer than" in first:
        return "timeout"
    return first if first.isidentifier() else "other"


class RolloutTable:
    """The last rollouts as conversations that a person can read."""

    def __init__(self, keep: int) -> None:
        """Make a table that holds the last `keep` rollouts."""
        self._rows: deque[list[Any]] = deque(maxlen=max(0, keep))

    def add(self, group: Mapping[str, Any], number: int) -> None:
        """Add the first `number` rollouts of a group, or all of them (-1)."""
        conversations = group.get("messages") or []
        overrides = group.get("overrides") or [{} for _ in conversations]
        rows = list(zip(conversations, group["scores"], overrides, strict=False))
        for messages, score, about in rows if number < 0 else rows[:number]:
            rest = {k: v for k, v in about.items() if k != "task"}
            task = str(about.get("task", ""))
            self._rows.append([task, score, json.dumps(rest, default=str), transcript(messages)])

    def take(self) -> list[list[Any]]:
        """Return the rows since the last call; each has COLUMNS."""
        rows = list(self._rows)
        self._rows.clear()
        return rows


def transcript(messages: Iterable[Message]) -> str:
    """Return a conversation as plain text, a paragraph a message."""
    return "\n\n".join(f"[{m.get('role', '')}] {_said(m)}".rstrip() for m in messages)


def _said(message: Message) -> str:
    content = content_text(message)
    thought = message.get("reasoning_content")
    calls = message.get("tool_calls") or ()
    return "\n".join(
        [
            *([f"({thought})"] if thought else []),
            *([content] if content else []),
            *(f"-> {c['function']['name']} {c['function'].get('arguments', '')}" for c in calls),
        ]
    )

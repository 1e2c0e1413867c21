"""Training metrics between two log steps: of what finished, by family and difficulty."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from environments.rollouts.record import Message, Rollout

COLUMNS: list[str | int] = ["task", "score", "about", "transcript"]
"""Of the table of rollouts."""


class RolloutMetrics:
    """Collects training rollouts; `take` gives the means for wandb and starts anew."""

    def __init__(self) -> None:
        self._values: defaultdict[str, list[float]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._tool_errors = 0

    def add(self, rollout: Rollout) -> None:
        """Count a scored rollout."""
        verdict, task = rollout.verdict, rollout.task
        assert verdict is not None
        for place in ("all", task.family.value, f"difficulty_{task.difficulty}"):
            self._note(f"{place}/reward", verdict.reward)
            self._note(f"{place}/success", verdict.success)
            if verdict.spl is not None:
                self._note(f"{place}/spl", verdict.spl)
            for part, value in verdict.parts.items():
                self._note(f"{place}/parts/{part}", value)
        commands = len(rollout.events)
        invalid = sum(e.kind == "unknown" for e in rollout.events)
        turns = max(rollout.turns, 1)
        self._note("all/invalid_commands", invalid / commands if commands else 0.0)
        self._note("all/turns", rollout.turns)
        self._note("all/prompt_tokens", rollout.prompt_tokens)
        self._note("all/completion_tokens", rollout.completion_tokens)
        self._note("latency/model_ms", rollout.model_seconds / turns * 1000)
        self._note("latency/world_ms", rollout.world_seconds / max(commands, 1) * 1000)
        for call in rollout.tool_calls:
            if call.error:
                self._tool_errors += 1
                self._counts[f"train/tool_errors/{error_kind(call.error)}"] += 1
        self._counts[f"train/stop/{rollout.stop.value}"] += 1

    def add_failure(self, rollout: Rollout) -> None:
        """Count a rollout that ended without a verdict."""
        self._counts[f"train/failed/{rollout.stop.value}"] += 1

    def take(self) -> dict[str, float]:
        """Means and counts since the last call."""
        metrics = {name: fmean(values) for name, values in self._values.items()}
        metrics |= {name: float(count) for name, count in self._counts.items()}
        self._values.clear()
        self._counts.clear()
        return metrics

    def take_tool_errors(self) -> int:
        """Tool errors since the last call."""
        count, self._tool_errors = self._tool_errors, 0
        return count

    def _note(self, name: str, value: float) -> None:
        self._values[f"train/{name}"].append(float(value))


def error_kind(error: str) -> str:
    """The kind of a tool error: few, however many tools a model makes up."""
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
    """The last rollouts as a person reads them: who said what, not what tokens it became."""

    def __init__(self, keep: int) -> None:
        self._rows: deque[list[Any]] = deque(maxlen=max(0, keep))

    def add(self, group: Mapping[str, Any], number: int) -> None:
        """Take the first `number` rollouts of a group, or all of them (-1)."""
        conversations = group.get("messages") or []
        overrides = group.get("overrides") or [{} for _ in conversations]
        rows = list(zip(conversations, group["scores"], overrides, strict=False))
        for messages, score, about in rows if number < 0 else rows[:number]:
            rest = {k: v for k, v in about.items() if k != "task"}
            task = str(about.get("task", ""))
            self._rows.append([task, score, json.dumps(rest, default=str), transcript(messages)])

    def take(self) -> list[list[Any]]:
        """Rows of COLUMNS since the last call."""
        rows = list(self._rows)
        self._rows.clear()
        return rows


def transcript(messages: Iterable[Message]) -> str:
    """A conversation as plain text, a paragraph a message."""
    return "\n\n".join(f"[{m.get('role', '')}] {_said(m)}".rstrip() for m in messages)


def _said(message: Message) -> str:
    content = message.get("content") or ""
    if not isinstance(content, str):
        content = "".join(str(part.get("text", "")) for part in content)
    thought = message.get("reasoning_content")
    calls: Sequence[Any] = message.get("tool_calls") or ()
    return "\n".join(
        [
            *([f"({thought})"] if thought else []),
            *([content] if content else []),
            *(f"-> {c['function']['name']} {c['function'].get('arguments', '')}" for c in calls),
        ]
    )

"""Rollouts read from the file of groups that `process` has written.

A line holds the n-th training sequences of an item's rollouts, each with its messages. The
conversations of a rollout are put together from them again. Events are not in the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from environments.rollouts.advantages import BRANCH_OF
from environments.rollouts.files import read_file
from environments.rollouts.identity import TASKS
from environments.rollouts.messages import Message
from environments.rollouts.parts import read_parts
from environments.tasks.version import FIRST_VERSION
from world_fixtures.common import UserError

RUN_SUFFIX = ".run.json"
"""End of the name of the file that says how a file of groups is made."""


@dataclass(frozen=True)
class UnknownSpec:
    """A world of which a file of groups names only the task."""

    hash: str = ""


@dataclass(frozen=True)
class GroupTask:
    """A task of which a file of groups gives only the id."""

    id: str
    version: int
    spec: UnknownSpec = UnknownSpec()


@dataclass(frozen=True)
class GroupVerdict:
    """What a file of groups says of how a rollout has ended."""

    reward: float
    success: bool
    parts: dict[str, float]


@dataclass(frozen=True)
class GroupRollout:
    """A rollout of a file of groups, as `environments.export.scored.Scored` describes it."""

    id: str
    task: GroupTask
    model: str
    provider: str
    conversations: Sequence[Sequence[Message]]
    tools: Sequence[dict[str, Any]]
    verdict: GroupVerdict
    branch_of: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


ToolsOf = Callable[[Mapping[str, Any]], Sequence[dict[str, Any]]]
"""Schemas of the tools that a run with these settings shows its model."""


def is_groups_file(path: Path) -> bool:
    """Tell whether a file begins with a group that `process` has written."""
    with path.open("rb") as file:
        line = file.readline()
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.keys() >= {"item", "part", "scores", "messages"}


def groups_files(directory: Path) -> list[Path]:
    """Return the files of groups that lie in a directory."""
    records = sorted(directory.glob(f"*{RUN_SUFFIX}"))
    found = [record.with_name(record.name.removesuffix(RUN_SUFFIX)) for record in records]
    return [path for path in found if path.is_file() and is_groups_file(path)]


def read_groups(path: Path, tools_of: ToolsOf) -> list[GroupRollout]:
    """Read the rollouts of a file of groups, in its order.

    An item that was not written to its end is left out. Raises UserError where the file is damaged.
    """
    settings = _settings(path)
    tools = tools_of(settings)
    version = int(settings.get(TASKS) or FIRST_VERSION)
    rollouts = []
    for parts in _items(path):
        first = parts[0]
        if not first["messages"]:  # its rows were left out
            continue
        for number, about in enumerate(first["overrides"]):
            row = [_row(part, number) for part in parts]
            rollouts.append(
                GroupRollout(
                    id=f"{path.stem}-{first['item']}-{number}",
                    task=GroupTask(str(about.get("task", first["item"])), version),
                    model=str(settings.get("model", "")),
                    provider=str(settings.get("provider", "")),
                    conversations=_conversations([messages for messages in row if messages]),
                    tools=tools,
                    verdict=GroupVerdict(
                        float(first["scores"][number]), bool(about.get("success")),
                        dict(about.get("parts") or {}),
                    ),
                    branch_of=about.get(BRANCH_OF),
                )
            )  # fmt: skip
    return rollouts


def _settings(path: Path) -> dict[str, Any]:
    record = path.with_name(f"{path.name}{RUN_SUFFIX}")
    if not record.exists():
        return {}
    try:
        return dict(json.loads(read_file(record))["settings"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{record} is no record of how groups are made: move it") from None


def _items(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield the groups of each item that is there as a whole."""
    parts: list[dict[str, Any]] = []
    with path.open("rb") as file:
        lines = chain(((path, line) for line in file), read_parts(path))
        for number, (where, line) in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                continue
            try:
                group = json.loads(line)
                if group["part"] == 0:
                    parts = []
                parts.append(group)
                rows = len(group["messages"])
                if rows and not rows == len(group["scores"]) == len(group["overrides"]):
                    raise ValueError(rows)
                whole = len(parts) == group["parts"]
            except (ValueError, KeyError, TypeError, RecursionError):
                raise UserError(
                    f"{where} line {number} is no group of `process`: give another file, or move"
                    " the line into one of its own"
                ) from None
            if whole:
                yield parts


def _row(group: Mapping[str, Any], rollout: int) -> list[Message]:
    """Return the messages of one rollout in a group; empty where it has no sequence there."""
    for place, about in enumerate(group["overrides"]):
        if about.get("rollout", place) == rollout:
            return list(group["messages"][place])
    return []


def _conversations(sequences: Sequence[list[Message]]) -> list[list[Message]]:
    """Return the conversations of which these are beginnings, in their order.

    A sequence that the next one goes on from is a part of that; one of several stages, as where
    only tokens are kept, is cut where a system message begins the next.
    """
    kept = [
        one
        for one, following in zip(sequences, [*sequences[1:], []], strict=True)
        if following[: len(one)] != one
    ]
    conversations: list[list[Message]] = []
    for messages in kept:
        begins = [n for n, m in enumerate(messages) if m["role"] == "system"] or [0]
        begins[0] = 0
        ends = [*begins[1:], len(messages)]
        conversations += [messages[a:b] for a, b in zip(begins, ends, strict=True)]
    return conversations

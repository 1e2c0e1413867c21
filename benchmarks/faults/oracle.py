"""What must be in the files at the end, whatever went wrong before.

Everything here is about plain data: lines of `samples.jsonl`, groups of `process`, rows of Hermes
trajectories, groups that a trainer got. What a rollout deserves was found without faults; what
was played is known from the ids of the calls that the endpoint has made.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.faults.trainer import key

Line = dict[str, Any]
Rewards = Mapping[str, float]
"""What each task deserves, by its id."""
Issued = Mapping[str, str]
"""Task of each call that the endpoint has made, by the call's id."""
CLOSE = 1e-9
ROUNDED = 1e-6
"""Error of a mean in `metrics.json`."""


@dataclass
class Found:
    """What is wrong, in words, by kind."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    mis_scored: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    misbehaved: list[str] = field(default_factory=list)
    """Tracebacks, programs that never end, storms of requests, raw control characters."""

    def add(self, other: Found) -> None:
        """Take over what another check has found."""
        for name in KINDS:
            getattr(self, name).extend(getattr(other, name))

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in KINDS)


KINDS = ("lost", "twice", "mis_scored", "left_over", "misbehaved")


def whole_lines(path: Path) -> list[bytes]:
    """Read the lines that were written to their end."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def check_samples(lines: Iterable[Line], rewards: Rewards, issued: Issued) -> Found:
    """Check samples of `evaluate`: each scored once at most, and as it deserves."""
    found = Found()
    seen: Counter[tuple[str, int]] = Counter()
    for line in lines:
        if line["score"] is None:
            continue
        name = f"{line['task_id']} attempt {line['attempt']}"
        seen[line["task_id"], line["attempt"]] += 1
        if not _is_played(line["task_id"], line["messages"], issued):
            found.mis_scored.append(f"{name}: {line['score']} though it was not played to its end")
        else:
            _check_score(found, name, line["task_id"], line["score"], rewards)
    found.twice += [f"{task} attempt {n}" for (task, n), count in seen.items() if count > 1]
    return found


def check_complete_samples(lines: Iterable[Line], tasks: Collection[str], attempts: int) -> Found:
    """Check that a run that is done holds a score for every attempt, and each attempt once."""
    lines = list(lines)
    found = Found()
    scored = {(line["task_id"], line["attempt"]) for line in lines if line["score"] is not None}
    wanted = {(task, attempt) for task in tasks for attempt in range(attempts)}
    found.lost += [f"{t} attempt {n} is not scored" for t, n in sorted(wanted - scored)]
    if len(lines) > len(wanted):
        found.twice.append(f"{len(lines)} samples of {len(wanted)} attempts")
    return found


def check_metrics(path: Path, lines: Iterable[Line]) -> Found:
    """Check that the metrics of a run that is done are those of its samples."""
    scores = [line["score"] for line in lines if line["score"] is not None]
    try:
        said = json.loads(path.read_bytes())["results"]["all"]
    except (OSError, ValueError) as error:
        return Found(lost=[f"{path.name} cannot be read: {error}"])
    right = said["n"] == len(scores) and math.isclose(
        said["mean_reward"], math.fsum(scores) / max(1, len(scores)), abs_tol=ROUNDED
    )
    what = f"{path.name}: {said['n']} rollouts with the mean {said['mean_reward']}"
    return Found(mis_scored=[] if right else [what])


def check_kept_samples(before: Iterable[Line], after: Iterable[Line]) -> Found:
    """Check that every score that was once in the file is there still."""
    there = {_sample(line) for line in after}
    return Found(
        lost=[
            f"{line['task_id']} attempt {line['attempt']} was in the file"
            for line in before
            if line["score"] is not None and _sample(line) not in there
        ]
    )


def _sample(line: Line) -> tuple[str, int, float]:
    return line["task_id"], line["attempt"], line["rollout"]["started"]


def check_groups(groups: Iterable[Line], size: int, rewards: Rewards, issued: Issued) -> Found:
    """Check groups of `process`: each part of an item once, each row as it deserves."""
    found = Found()
    seen: Counter[tuple[int, int]] = Counter()
    for group in groups:
        name = f"item {group['item']} part {group['part']}"
        seen[group["item"], group["part"]] += 1
        found.add(check_rows(name, group, size, rewards, issued))
    found.twice += [f"item {item} part {n}" for (item, n), count in seen.items() if count > 1]
    return found


def check_rows(name: str, group: Line, size: int, rewards: Rewards, issued: Issued) -> Found:
    """Check the rows of a group: all there, scored as they deserve, and played."""
    found = Found()
    columns = ("tokens", "masks", "scores", "messages", "overrides")
    if {len(group[column]) for column in columns} != {size}:
        found.lost.append(f"{name} has not {size} rows")
    for score, messages, about in zip(
        group["scores"], group["messages"], group["overrides"], strict=False
    ):
        if not _is_played(about["task"], messages, issued):
            found.mis_scored.append(
                f"{name}: {score} though {about['task']} was not played to its end"
            )
        else:
            _check_score(found, name, about["task"], score, rewards)
    return found


def check_complete_groups(groups: Iterable[Line], items: int) -> Found:
    """Check that a run that is done holds all parts of all items."""
    parts: dict[int, set[int]] = defaultdict(set)
    wanted: dict[int, int] = {}
    for group in groups:
        parts[group["item"]].add(group["part"])
        wanted[group["item"]] = group["parts"]
    return Found(
        lost=[
            f"item {item} is not whole in the file"
            for item in range(items)
            if not parts[item] or parts[item] != set(range(wanted[item]))
        ]
    )


def check_kept_groups(before: Collection[bytes], after: Collection[bytes]) -> Found:
    """Check that the lines of every item that was once whole in the file are there still."""
    there = set(after)
    items: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    parts: dict[int, int] = {}
    for line in before:
        group = json.loads(line)
        items[group["item"]].append((group["part"], line))
        parts[group["item"]] = group["parts"]
    found = Found()
    for item, lines in sorted(items.items()):
        whole = {part for part, _ in lines} == set(range(parts[item]))
        if whole and not all(line in there for _, line in lines):
            found.lost.append(f"item {item} was in the file")
    return found


def check_hermes(rows: Iterable[Line], items: Collection[int], size: int) -> Found:
    """Check trajectories: the rollouts of each item's group, and none of them twice."""
    found = Found()
    seen: Counter[tuple[str, int]] = Counter()
    scored: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        about = row["metadata"]
        seen[about["session_id"], about["stage"]] += 1
        group, _, attempt = about["session_id"].rpartition("-")
        if about["reward"] is not None:
            scored[row["prompt_index"]][group].add(attempt)
    found.twice += [f"trajectory {s} stage {n}" for (s, n), count in seen.items() if count > 1]
    for item in sorted(items):
        whole = sum(len(attempts) == size for attempts in scored[item].values())
        if whole == 0:
            found.lost.append(f"item {item} has no whole group of trajectories")
        if whole > 1:
            found.twice.append(f"item {item} has {whole} groups of trajectories")
    return found


def check_delivered(
    accepted: Sequence[Line], received: Sequence[Line], written: Sequence[Line], size: int,
    issued: Issued,
) -> Found:  # fmt: skip
    """Check what a trainer got: all that was accepted, once each, and as it deserves.

    `written` are the groups in the file that `serve` was told to keep. Everything here is
    played without a mistake.
    """
    found = Found()
    got, kept = Counter(map(key, received)), Counter(map(key, written))
    for group in accepted:
        if not got[key(group)]:
            found.lost.append(f"group {key(group)} was accepted and never delivered")
        if not kept[key(group)]:
            found.lost.append(f"group {key(group)} was accepted and is not in the file")
    found.twice += [f"group {k} delivered {n} times" for k, n in got.items() if n > 1]
    found.twice += [f"group {k} written {n} times" for k, n in kept.items() if n > 1]
    for group in received:
        rewards = {about["task"]: 1.0 for about in group["overrides"]}
        found.add(check_rows(f"group {key(group)}", group, size, rewards, issued))
    return found


def check_files(directory: Path) -> Found:
    """Check that no file was written by half."""
    found = Found()
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not _is_whole(path.suffix, path.read_bytes()):
            found.left_over.append(f"{path.relative_to(directory)} is half written")
    return found


def _is_whole(suffix: str, content: bytes) -> bool:
    """Tell whether a file of this kind was written to its end."""
    if suffix == ".json":
        return _is_json(content)
    if suffix == ".jsonl":
        *lines, rest = content.split(b"\n")
        return not rest and all(map(_is_json, lines))
    if suffix == ".html":
        return content.rstrip().endswith(b"</html>")
    return suffix not in (".md", ".yaml") or content.endswith(b"\n")


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _check_score(found: Found, name: str, task: str, score: float, rewards: Rewards) -> None:
    right = rewards.get(task)
    if right is None:
        found.mis_scored.append(f"{name}: {task} is no task of this run")
    elif not math.isclose(score, right, abs_tol=CLOSE):
        found.mis_scored.append(f"{name}: {score} where {task} deserves {right}")


def _is_played(task: str, messages: Sequence[Line], issued: Issued) -> bool:
    """Tell whether a conversation ends with a call that the endpoint has made for this task."""
    last = next((m for m in reversed(messages) if m["role"] == "assistant"), {})
    calls = [call["id"] for call in last.get("tool_calls") or ()]
    return bool(calls) and all(issued.get(id_) == task for id_ in calls)

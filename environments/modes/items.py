"""One item of `process`, played by an environment into the lines that the run writes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from environments.export.hermes_writer import gathering, trajectory_lines
from environments.modes.groups_file import Done, done_of, item_lines
from environments.rollouts.failures import failure_reasons
from environments.rollouts.parts import Place
from environments.rollouts.workers import stopped
from environments.tools.registry import toolsets_of
from world_fixtures.common import UserError

MAX_TRIES = 4
"""Times a group is played before its item is given up."""

Group = dict[str, Any]


@dataclass(frozen=True)
class PlayedItem:
    """What came of an item: its lines, and what a run needs to know of it. Plain data."""

    lines: bytes
    """Of the file of groups."""
    trajectories: Mapping[str, bytes]
    """Lines by the name of their file."""
    done: Done
    kind: str
    """Name of the item's kind; empty where items have none."""
    about: Any
    """What the environment's `learn` is given of the item."""
    scores: tuple[float, ...]
    idle: bool
    """Whether nothing is learned from it."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where lines and trajectories are that a host has written into parts itself, by their file."""


class PlaysItems(Protocol):
    """What is needed of an environment."""

    def kind_of(self, item: Any) -> str:
        """Return the name of the kind of an item; empty where items have none."""

    def about(self, item: Any) -> Any:
        """Return what `learn` needs of an item."""

    async def collect_trajectories(self, item: Any) -> tuple[Any, Any]:
        """Play the groups of an item, None where it failed; and a backlog, which is not used."""

    async def postprocess_histories(self, trajectories: Any) -> Any:
        """Change groups before they are written."""


async def play_item(
    env: PlaysItems,
    item: Any,
    index: int,
    *,
    drop_equal: bool,
    failed: Callable[[Sequence[str]], None],
    made: Callable[[Sequence[Group]], Any],
) -> PlayedItem:
    """Play an item's groups, one a sequence of its rollouts, and write them down.

    `failed` is told the reasons of each try that failed, and `made` is awaited with the groups.
    With `drop_equal` an item from which nothing is learned has a line without rows. Raises
    UserError where it fails MAX_TRIES times.
    """
    with gathering() as played:
        groups = await _groups(env, item, index, failed)
    await made(groups)
    lines, idle = item_lines(groups, drop_equal)
    return PlayedItem(
        lines=lines,
        trajectories=trajectory_lines(index, played, toolsets_of),
        done=done_of(groups), kind=env.kind_of(item), about=env.about(item),
        scores=tuple(groups[0]["scores"]), idle=idle,
    )  # fmt: skip


async def _groups(
    env: PlaysItems, item: Any, index: int, failed: Callable[[Sequence[str]], None]
) -> list[Group]:
    reason = "no reason given"
    for _ in range(MAX_TRIES):
        groups = None
        with failure_reasons() as reasons:
            try:
                groups, _backlog = await env.collect_trajectories(item)
            except asyncio.CancelledError:
                if stopped():
                    raise
                reasons.append("one of its rollouts was cancelled")
        reason = reasons[-1] if reasons else reason
        failed(reasons)
        if groups is not None:
            made: Any = await env.postprocess_histories(groups)
            given = made if isinstance(made, list) else [made]  # older environments give one
            if processed := [group for group in given if group]:
                parts = len(processed)
                return [
                    {**group, "item": index, "part": n, "parts": parts}
                    for n, group in enumerate(processed)
                ]
    raise UserError(
        f"item {index} failed {MAX_TRIES} times ({reason}): what is done is"
        " kept, and the same command continues"
    )

"""Rollouts played on from their own turns, and what of them must be equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from environments.models.chat import Chat
from environments.policies.chat import PolicyChat
from environments.rollouts.checkpoint import Checkpoint, checkpoint
from environments.rollouts.normalised import normalised_rollout
from environments.rollouts.record import Rollout, StopReason
from environments.runner import Conditions, play
from environments.tasks.model import Task
from environments.tools.registry import tools_of
from world_fixtures.protocol import CONNECT, Event

OVER = (StopReason.SUBMITTED, StopReason.FINISHED, StopReason.WORLD)


async def policy_plays(
    pool: Any, policy: str, task: Task, *, start: Checkpoint | None = None, attempt: int = 0
) -> Rollout:
    """Play a task by a policy, from `start` where it is given."""
    chat = Chat(
        PolicyChat(policy, task, attempt), model=policy, provider="embedded", names_rollout=True
    )
    return await play(
        task, rollout_id=f"{policy}-{attempt}", pool=pool, chat=chat, tools=tools_of(["evennia"]),
        conditions=Conditions(), start=start,
    )  # fmt: skip


def turns_of(rollout: Rollout) -> range:
    """Return the turns from which a rollout can be played on."""
    return range(rollout.turns + (rollout.stop not in OVER))


def record_of(rollout: Rollout) -> str:
    """Return all of a record but the clock's, the server's, and what a branch says of itself."""
    plain = {"id": "", "branch_of": None, "branch_turn": None,
             "prompt_tokens": 0, "completion_tokens": 0}  # fmt: skip
    made = normalised_rollout(rollout, 0)
    return made.model_copy(
        update={**plain, "events": list(_renamed(made.events))}
    ).model_dump_json()


def _renamed(events: list[Event]) -> Iterator[Event]:
    """Name sessions by their order: a server that was restarted gives ids again."""
    opened: Counter[str] = Counter()
    for event in events:
        opened[event.actor] += event.verb == CONNECT
        yield event.model_copy(update={"session": f"{event.actor} {opened[event.actor]}"})


async def assert_plays_on(pool: Any, policy: str, whole: Rollout, turns: Any) -> None:
    """Assert that the policy, from each of these turns of its rollout, plays the same again."""
    for turn in turns:
        start = checkpoint(whole, turn)
        again = await policy_plays(pool, policy, whole.task, start=start)
        assert (again.branch_of, again.branch_turn) == (whole.id, turn)
        assert again.failure is None
        assert record_of(again) == record_of(whole), (policy, whole.task.id, turn)

"""A task played by the agent loop: an episode and a model in, a rollout out."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from environments.agent_loop import AgentLoop, AgentResult, ToolError
from environments.episode import Episode, Worlds
from environments.models.chat import Chat
from environments.rollouts.checkpoint import Checkpoint
from environments.rollouts.messages import Message
from environments.rollouts.options import AgentOptions
from environments.rollouts.record import Rollout, StopReason, ToolCallRecord
from environments.rollouts.versions import VERSIONS
from environments.tasks.model import Task, Verdict
from environments.tasks.verdict import Weights
from environments.tool_context import ToolContext
from environments.tools.gate import Gate
from environments.tools.registry import Tool
from environments.tools.toolbox import OBSERVATION_CHARS
from world_fixtures.common import WorldError, WorldLost

SYSTEM_PROMPT = """\
You live in a text world. You act in it with the tools: first evennia_connect, then \
evennia_command with one command at a time (such as: look, north, examine lamp, read letter, \
get key, put key in box, unlock door with key, open door, write TEXT on wall, inventory, \
help). The world is only known by looking: never guess what you have not seen. When the task \
is done, hand in with evennia_submit."""

MAX_REWARD = 1e9
"""Rewards beyond this, or below its negative, are refused: means and squares would overflow."""
RewardFunction = Callable[[Task, AgentResult, ToolContext], Awaitable[float]]
"""`await reward(task, result, context)` -> what the rollout is worth; any finite number."""


@dataclass(frozen=True)
class Conditions:
    """Under which conditions rollouts are played."""

    options: AgentOptions = field(default_factory=lambda: AgentOptions(max_agent_turns=1000))
    """Prompt, limits and model calls. A task's own limit of turns holds, too."""
    gate: Gate = field(default_factory=Gate)
    """Decides on each tool call before it is carried out."""
    weights: Weights = field(default_factory=Weights)
    """Of the parts of the task's own reward."""
    reward: RewardFunction | None = None
    """Decides what a rollout is worth, in place of the task's own verdict."""
    deadline: float | None = None
    """Seconds for the conversations of a rollout."""
    observation_chars: int = OBSERVATION_CHARS
    """Longer results of tools are cut."""


async def play(
    task: Task,
    *,
    rollout_id: str,
    pool: Worlds,
    chat: Chat,
    tools: Mapping[str, Tool],
    conditions: Conditions,
    group: str = "",
    attempt: int = 0,
    conversation: AbstractAsyncContextManager[Any] | None = None,
    start: Checkpoint | None = None,
) -> Rollout:
    """Play `task` once and judge it.

    Args:
        task: what is played.
        rollout_id: names the rollout in records and towards embedded policies.
        pool: world servers that are running.
        chat: the model.
        tools: by name, as the model is shown them.
        conditions: limits, gate and reward.
        group: shared by the rollouts of one item; recorded.
        attempt: number of the rollout within its group, from 0; recorded.
        conversation: entered when the world is ready and left when the agent has stopped.
        start: a turn of a rollout of this task from which this one goes on. The record then holds
            that rollout's conversations, calls and events, too; tokens and seconds are those
            after it.

    A failure of the endpoint or of the world ends in a rollout without a verdict, which must not
    be scored. What `reward` raises and cancellation pass through, with the world given back.
    """
    if start is not None and start.task != task:
        raise ValueError(f"{start.rollout} is a rollout of {start.task.id}, not of {task.id}")
    started = time.time()
    results = [] if start is None else _before(start)
    episode: Episode | None = None
    verdict: Verdict | None = None
    stop, failure = StopReason.FINISHED, None
    try:
        given: dict[str, Any] = {
            "id": rollout_id, "tools": tools, "gate": conditions.gate,
            "weights": conditions.weights, "escape": chat.escape,
            "observation_chars": conditions.observation_chars,
        }  # fmt: skip
        if start is None:
            episode = await Episode.begin(pool, task, **given)
        else:
            episode = await Episode.resume(pool, start, **given)
        async with conversation or nullcontext():
            stop = await _converse(episode, chat, conditions, results)
        failure = results[-1].failure
        if stop not in (StopReason.ENDPOINT, StopReason.WORLD):
            verdict = await _judged(episode, results, conditions.reward)
    except (WorldLost, WorldError) as error:
        stop, failure, verdict = StopReason.WORLD, str(error), None
    finally:
        if episode is not None:
            episode.close()
    return Rollout(
        id=rollout_id,
        group=group,
        attempt=attempt,
        task=task,
        model=chat.model,
        provider=chat.provider,
        conversations=[r.messages for r in results],
        tools=[tool.schema for tool in tools.values()],
        tool_calls=[c for r in results for c in r.tool_calls],
        events=episode.all_events if episode else list(start.events if start else ()),
        answer=episode.answer if episode else None,
        verdict=verdict,
        stop=stop,
        failure=failure,
        turns=sum(r.turns_used for r in results),
        branch_of=None if start is None else start.rollout,
        branch_turn=None if start is None else start.turn,
        prompt_tokens=sum(r.prompt_tokens for r in results),
        completion_tokens=sum(r.completion_tokens for r in results),
        cost=_cost(results),
        started=started,
        seconds=time.time() - started,
        model_seconds=sum(r.model_seconds for r in results),
        world_seconds=episode.seconds if episode else 0.0,
        versions=VERSIONS,
    )


async def _converse(
    episode: Episode, chat: Chat, conditions: Conditions, results: list[AgentResult]
) -> StopReason:
    """Hold the conversation of each stage, appending to `results`; why the last one ended.

    Where `results` holds conversations already, the last of them is continued.
    """
    options, deadline = conditions.options, conditions.deadline
    user = episode.id if chat.names_rollout else None
    loop = AgentLoop(chat, episode, options, user=user)
    ends = None if deadline is None else time.monotonic() + deadline
    used = sum(r.turns_used for r in results)
    turns_left = min(episode.task.max_turns, options.max_agent_turns) - used
    begun = results.pop() if results else None
    while True:
        opening: list[Message] = [
            {"role": "system", "content": options.system_prompt or SYSTEM_PROMPT},
            {"role": "user", "content": episode.prompt},
        ]
        result = await loop.converse(
            opening if begun is None else begun.messages,
            max_turns=turns_left,
            first_turn=1 + used,
            deadline=None if ends is None else max(0.0, ends - time.monotonic()),
        )
        used += result.turns_used
        turns_left -= result.turns_used
        results.append(result if begun is None else _continued(begun, result))
        begun = None
        if not episode.stage_over or episode.last_stage:
            return result.stop
        if turns_left <= 0:
            return StopReason.MAX_TURNS
        await episode.next_stage()


def _before(start: Checkpoint) -> list[AgentResult]:
    """Return what the conversations before `start` have left, one result a stage."""
    results = []
    for stage, conversation in enumerate(start.conversations):
        replies = [m for m in conversation if m.get("role") == "assistant"]
        calls = [c for c in start.tool_calls if c.stage == stage]
        results.append(
            AgentResult(
                messages=list(conversation),
                turns_used=len(replies),
                reasoning_per_turn=[m.get("reasoning_content") for m in replies],
                tool_errors=[_tool_error(c) for c in calls if c.error],
                tool_calls=calls,
            )
        )
    return results


def _tool_error(call: ToolCallRecord) -> ToolError:
    given = call.arguments
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return ToolError(call.turn, call.name, text, call.error or "", call.result)


def _continued(begun: AgentResult, after: AgentResult) -> AgentResult:
    """Join a conversation that was begun and what continued it, whose messages hold both."""
    return replace(
        after,
        turns_used=begun.turns_used + after.turns_used,
        reasoning_per_turn=begun.reasoning_per_turn + after.reasoning_per_turn,
        tool_errors=begun.tool_errors + after.tool_errors,
        tool_calls=begun.tool_calls + after.tool_calls,
    )


async def _judged(
    episode: Episode, results: Sequence[AgentResult], reward: RewardFunction | None
) -> Verdict:
    """Judge the rollout; the reward is that of `reward` where there is one."""
    verdict = await episode.finish()  # before a reward function can act in the world
    if reward is None:
        return verdict
    given = float(await reward(episode.task, _joined(results), ToolContext(episode.id, episode)))
    if not abs(given) <= MAX_REWARD:  # also false for what is no number
        raise ValueError(
            f"the reward of {episode.task.id} is {given}: give a number from {-MAX_REWARD:g} to"
            f" {MAX_REWARD:g}"
        )
    return verdict if verdict.reward == given else verdict.model_copy(update={"reward": given})


def _joined(results: Sequence[AgentResult]) -> AgentResult:
    """Join the conversations of all stages into one result, for reward functions."""
    last = results[-1]
    return AgentResult(
        messages=[m for r in results for m in r.messages],
        turns_used=sum(r.turns_used for r in results),
        finished_naturally=last.finished_naturally,
        reasoning_per_turn=[t for r in results for t in r.reasoning_per_turn],
        tool_errors=[e for r in results for e in r.tool_errors],
        stop=last.stop,
        failure=last.failure,
        tool_calls=[c for r in results for c in r.tool_calls],
        prompt_tokens=sum(r.prompt_tokens for r in results),
        completion_tokens=sum(r.completion_tokens for r in results),
        costs=[c for r in results for c in r.costs],
        model_seconds=sum(r.model_seconds for r in results),
    )


def _cost(results: Sequence[AgentResult]) -> float | None:
    """Add up what the answers cost; None where one does not say."""
    costs = [cost for result in results for cost in result.costs]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known and len(known) == len(costs) else None

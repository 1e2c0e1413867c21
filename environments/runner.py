"""One rollout: a task played from its first stage to its verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from importlib.metadata import version
from typing import Any

from environments.agent_loop import AgentResult, HermesAgentLoop
from environments.episode import RolloutWorld
from environments.models.chat import Chat
from environments.rollouts.record import Message, Rollout, StopReason
from environments.tasks.model import Task, Verdict
from environments.tasks.verdict import Weights, judge
from environments.tool_context import ToolContext
from environments.tools.gate import Gate
from environments.tools.registry import Tool
from world_fixtures.common import Frozen, WorldError, WorldLost
from world_fixtures.servers import ServerPool

SYSTEM_PROMPT = """\
You live in a text world. You act in it with the tools: first evennia_connect, then \
evennia_command with one command at a time (such as: look, north, examine lamp, read letter, \
get key, put key in box, unlock door with key, open door, write TEXT on wall, inventory, \
help). The world is only known by looking: never guess what you have not seen. When the task \
is done, hand in with evennia_submit."""


class Settings(Frozen):
    """How rollouts are played."""

    system_prompt: str = SYSTEM_PROMPT
    temperature: float = 1.0
    max_tokens: int | None = None
    """Per model call."""
    context_tokens: int | None = None
    extra_body: dict[str, Any] | None = None
    call_timeout: float = 300.0
    """Seconds."""
    deadline: float | None = None
    """Seconds for the conversations of a rollout."""
    observation_chars: int = 8000
    max_turns: int | None = None
    """Caps the task's own limit."""
    gate: Gate = Gate()
    weights: Weights = Weights()
    send_user: bool = False
    """Name the rollout in OpenAI's `user` field, which embedded policies need."""
    model: str = ""
    provider: str = ""


async def play(
    task: Task,
    *,
    rollout_id: str,
    pool: ServerPool,
    chat: Chat,
    tools: dict[str, Tool],
    settings: Settings,
    group: str = "",
    attempt: int = 0,
    count_tokens: Callable[[list[Message], Sequence[dict[str, Any]]], int] | None = None,
    conversation: AbstractAsyncContextManager[Any] | None = None,
) -> Rollout:
    """Play `task` once and judge it.

    `conversation` is entered when the world is ready and left when the agent has stopped.

    A failure of the endpoint or of the world ends in a rollout without a verdict, which
    must not be scored; only cancellation passes through, with the instance given back.
    """
    started = time.time()
    context = ToolContext(rollout_id)
    schemas = [tool.schema for tool in tools.values()]
    results: list[AgentResult] = []
    world: RolloutWorld | None = None
    verdict: Verdict | None = None
    stop, failure = StopReason.FINISHED, None
    try:
        world = await RolloutWorld.begin(rollout_id, task, pool)
        async with conversation or nullcontext():
            ends = None if settings.deadline is None else time.monotonic() + settings.deadline
            turns_left = min(task.max_turns, settings.max_turns or task.max_turns)
            for number, stage in enumerate(task.stages):
                await world.begin_stage(number)
                left = None if ends is None else max(0.0, ends - time.monotonic())
                loop = HermesAgentLoop(
                    chat.server, schemas, set(tools), turns_left, rollout_id, settings.temperature,
                    settings.max_tokens, settings.extra_body, tools=tools, gate=settings.gate,
                    stop_when=partial(getattr, world, "stage_over"), parser=chat.parser,
                    clean=chat.clean, end_tokens=chat.end_tokens, replay_raw=chat.replay_raw,
                    count_tokens=count_tokens,
                    context_tokens=settings.context_tokens, call_timeout=settings.call_timeout,
                    observation_chars=settings.observation_chars, deadline=left,
                    last_event=partial(getattr, world, "last_event"),
                    stage=number, first_turn=1 + sum(r.turns_used for r in results),
                    user=rollout_id if settings.send_user else None,
                )  # fmt: skip
                result = await loop.run(
                    [
                        {"role": "system", "content": settings.system_prompt},
                        {
                            "role": "user",
                            "content": f"{stage.prompt}\n\n({turns_left} turns are left.)",
                        },
                    ]
                )
                results.append(result)
                stop, failure = result.stop, result.failure
                turns_left -= result.turns_used
                if not world.stage_over or world.last_stage:
                    break
                if turns_left <= 0:
                    stop = StopReason.MAX_TURNS
                    break
        if stop not in (StopReason.ENDPOINT, StopReason.WORLD):
            verdict = judge(
                task, await world.state(), world.events, world.answer,
                sessions=world.sessions, weights=settings.weights,
            )  # fmt: skip
    except (WorldLost, WorldError) as error:
        stop, failure, verdict = StopReason.WORLD, str(error), None
    finally:
        context.cleanup()
    return Rollout(
        id=rollout_id,
        group=group,
        attempt=attempt,
        task=task,
        model=settings.model,
        provider=settings.provider,
        conversations=[r.messages for r in results],
        tools=schemas,
        tool_calls=[c for r in results for c in r.tool_calls],
        events=world.all_events if world else [],
        answer=world.answer if world else None,
        verdict=verdict,
        stop=stop,
        failure=failure,
        turns=sum(r.turns_used for r in results),
        prompt_tokens=sum(r.prompt_tokens for r in results),
        completion_tokens=sum(r.completion_tokens for r in results),
        started=started,
        seconds=time.time() - started,
        model_seconds=sum(r.model_seconds for r in results),
        world_seconds=world.seconds if world else 0.0,
        versions=VERSIONS,
    )


VERSIONS = {name: version(name) for name in ("evennia", "atroposlib")}

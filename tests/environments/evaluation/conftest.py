"""Rollouts made by hand, as plain factories."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from environments.rollouts.record import Rollout, StopReason, ToolCallRecord
from environments.tasks.model import (
    Answered,
    Family,
    Goal,
    Located,
    Stage,
    Step,
    Task,
    Verdict,
)
from world_fixtures.protocol import Change, Event, ResultKind
from world_fixtures.spec import Character, Exit, Room, WorldSpec

ROOMS = ("gate", "court", "archive", "chapel")
HOSTILE = (
    """Ink & "dust" </script><script>document.title='owned'</script><img src=x onerror=alert(1)>"""
)


AT_THE_CHAPEL = Goal(name="at the chapel", condition=Located(entity="agent", place="chapel"))


def house() -> WorldSpec:
    """Four rooms in a row, west to east."""
    rows = itertools.pairwise(ROOMS)
    exits = [
        exit_
        for a, b in rows
        for exit_ in (
            Exit(source=a, direction="east", target=b),
            Exit(source=b, direction="west", target=a),
        )
    ]
    return WorldSpec(
        name="house", title="A House", exits=tuple(exits),
        rooms=tuple(Room(id=r, name=r.title(), desc=f"The {r}.") for r in ROOMS),
        characters=(Character(id="agent", name="Wanderer", location="gate"),),
    )  # fmt: skip


def make_task(
    name: str = "t0", family: Family = Family.NAVIGATION, difficulty: int = 1, **given: Any
) -> Task:
    goals = given.pop("goals", (AT_THE_CHAPEL,))
    stage = Stage(prompt="Go to the chapel.", goals=goals, walkthrough=(Step(tool="submit"),))
    return Task(
        id=name, family=family, kind="reach", difficulty=difficulty, seed=1, spec=house(),
        **{"stages": (stage,), **given},
    )  # fmt: skip


MAP_GOAL = Goal(
    name="map", condition=Answered(field="map", match="edges", expected=("gate | east | court",))
)


def make_rollout(
    task: Task | str = "t0", reward: float | None = 1.0, attempt: int = 0, *,
    success: bool | None = None, turns: int = 3, stop: StopReason | None = None,
    model: str = "tester", kinds: tuple[ResultKind, ...] | None = None, text: str = "You walk.",
    goals: dict[str, float] | None = None, spl: float | None = None, errors: int = 0,
) -> Rollout:  # fmt: skip
    """A rollout that walks east once a turn; `reward` None is a failed one."""
    task = make_task(task) if isinstance(task, str) else task
    kinds = kinds or tuple(ResultKind.OK for _ in range(turns))
    events, calls = [], []
    messages: list[dict[str, Any]] = [{"role": "user", "content": task.stages[0].prompt}]
    for i, kind in enumerate(kinds):
        here, there = ROOMS[min(i, 2)], ROOMS[min(i, 2) + 1]
        moved = kind is ResultKind.OK and i < 3
        change = Change(entity="agent", field="location", before=here, after=there)
        events.append(Event(
            seq=i + 1, ts=float(i), instance="i", session="s", actor="agent", room=here,
            raw="east", verb="go", args={"direction": "east"}, objects=(), text=text, kind=kind,
            changes=(change,) if moved else (), state_hash="0" * 32, ms=1.0,
        ))  # fmt: skip
        calls.append(ToolCallRecord(
            id=f"c{i}", stage=0, turn=i + 1, name="evennia_command",
            arguments={"command": "east"}, result=text, event=i + 1,
            error="no such tool" if i < errors else None,
        ))  # fmt: skip
        messages += [
            {"role": "assistant", "content": f"I think: {text}", "tool_calls": [
                {"id": f"c{i}", "type": "function",
                 "function": {"name": "evennia_command", "arguments": '{"command": "east"}'}}]},
            {"role": "tool", "tool_call_id": f"c{i}", "content": text},
        ]  # fmt: skip
    verdict = None
    if reward is not None:
        won = reward >= 1.0 if success is None else success
        verdict = Verdict(
            reward=reward, success=won, parts={"outcome": float(won), "progress": reward},
            goals=goals or {task.goals[0].name: float(won)}, spl=spl,
            reasons=() if won else (f"not there: {text}",),
        )  # fmt: skip
    return Rollout(
        id=f"{task.id}-{attempt}", attempt=attempt, task=task, model=model,
        conversations=[messages], tool_calls=calls, events=events, verdict=verdict,
        stop=stop or (StopReason.WORLD if verdict is None else StopReason.SUBMITTED),
        failure="the world server died" if verdict is None else None, turns=turns,
        prompt_tokens=100 * turns, completion_tokens=10 * turns,
        started=1000.0 + attempt, seconds=0.5,
    )  # fmt: skip


@pytest.fixture
def rollout() -> Callable[..., Rollout]:
    return make_rollout


@pytest.fixture
def task() -> Callable[..., Task]:
    return make_task


@pytest.fixture
def map_goal() -> Goal:
    return MAP_GOAL


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def suite_of() -> Callable[[int], list[Task]]:
    """n tasks over all families and difficulties 1 to 5."""

    def made(n: int) -> list[Task]:
        families = list(Family)
        return [make_task(f"t{i}", families[i % 5], 1 + (i // 5) % 5) for i in range(n)]

    return made


@pytest.fixture
def seeded_play() -> Callable[..., Any]:
    """A play function whose outcome depends on the seed, the task and the attempt alone."""

    def made(seed: int = 0, rate: float = 0.5, turns: int = 4) -> Any:
        async def play(task: Task, attempt: int) -> Rollout:
            draw = random.Random(f"{seed} {task.id} {attempt}").random()
            reward = 1.0 if draw < rate else round(draw / 2, 6)
            return make_rollout(task, reward, attempt, turns=turns)

        return play

    return made

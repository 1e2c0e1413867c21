"""Whole rollouts, on a real world server."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from environments.episode import Episode
from environments.models.chat import Chat
from environments.rollouts.options import AgentOptions
from environments.rollouts.record import Rollout, StopReason
from environments.runner import Conditions, play
from environments.tasks.model import Task
from environments.tools.gate import Gate
from environments.tools.registry import tools_of
from world_fixtures.common import WorldError, WorldLost
from world_fixtures.spec import WorldSpec

pytestmark = pytest.mark.asyncio(loop_scope="session")


def turn(*calls: tuple[str, dict[str, Any]] | str) -> Any:
    """A reply that calls tools: names, or names with arguments."""
    made = [
        {"id": f"c{n}", "type": "function",
         "function": {"name": f"evennia_{name}", "arguments": json.dumps(arguments)}}
        for n, (name, arguments) in enumerate((c, {}) if isinstance(c, str) else c for c in calls)
    ]  # fmt: skip
    message = SimpleNamespace(content="", tool_calls=made)
    return SimpleNamespace(choices=[SimpleNamespace(message=message)])


def do(text: str) -> tuple[str, dict[str, Any]]:
    return "command", {"command": text}


ANSWER = ("submit", {"answer": {"year": 1742}})
GOOD = [
    turn("connect"), turn(do("read letter")), turn(do("write 1742 on wall")), turn("disconnect"),
    turn("connect"), turn(do("read wall")), turn(ANSWER),
]  # fmt: skip


class Model:
    """Replies in order; raises what is an error; calls what is a function, and goes on."""

    def __init__(self, replies: list[Any]) -> None:
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []

    async def chat_completion(self, **request: Any) -> Any:
        self.requests.append({**request, "messages": list(request["messages"])})
        reply = self.replies.pop(0)
        while callable(reply):
            await reply()
            reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


async def played(task: Task, pool: Any, model: Any, **settings: Any) -> Rollout:
    before = pool.instances
    names = settings.pop("names_rollout", False)
    options = AgentOptions(max_agent_turns=settings.pop("max_turns", 1000))
    rollout = await play(
        task, rollout_id="r", pool=pool, chat=Chat(model, names_rollout=names),
        tools=tools_of(["evennia"]), conditions=Conditions(options, **settings),
    )  # fmt: skip
    assert pool.instances == before
    assert Rollout.model_validate_json(rollout.model_dump_json()) == rollout
    return rollout


class Refusal(Exception):
    status_code = 401


async def test_a_good_rollout_is_worth_everything(pool, note):
    model = Model(GOOD)
    rollout = await played(note, pool, model)
    assert (rollout.stop, rollout.turns, rollout.failure) == (StopReason.SUBMITTED, 7, None)
    assert rollout.verdict.success, rollout.verdict.reasons
    assert rollout.verdict.reward == 1.0
    assert rollout.answer == {"year": 1742}
    assert [len(c) for c in rollout.conversations] == [2 + 8, 2 + 6]
    assert [c.stage for c in rollout.tool_calls] == [0] * 4 + [1] * 3
    assert [c.turn for c in rollout.tool_calls] == list(range(1, 8))
    assert "1742" not in json.dumps(model.requests[4]["messages"])  # nothing is carried over
    assert "(You have 98 commands left.)" in model.requests[4]["messages"][1]["content"]
    assert rollout.world_seconds > 0


@pytest.mark.parametrize(("untold", "cost"), [(None, 3.5), (3, None)])
async def test_a_rollout_costs_what_its_answers_say_and_nothing_where_one_is_silent(
    pool, note, untold, cost
):
    replies = [SimpleNamespace(choices=r.choices, usage={"cost": 0.5}) for r in GOOD]
    if untold is not None:
        replies[untold] = GOOD[untold]
    assert (await played(note, pool, Model(replies))).cost == cost


async def test_each_call_names_the_event_it_caused(pool, note):
    replies = [
        turn(do("look"), "connect", "connect", "observe"),  # not connected yet; twice connected
        turn("observe", "nonsense", do("get lamp"), "submit"),
        turn("connect", "disconnect"),
        turn("connect", "connect", do("look"), ("command", {})),
        turn("disconnect", "disconnect", "connect", "observe", ANSWER),
    ]
    rollout = await played(note, pool, Model(replies))
    linked = [(c.name.removeprefix("evennia_"), c.event) for c in rollout.tool_calls]
    assert linked == [
        ("command", None), ("connect", 1), ("connect", None), ("observe", 2),
        ("observe", 3), ("nonsense", None), ("command", 4), ("submit", None),
        ("connect", None), ("disconnect", None),
        # 5 is what the world changed between the stages
        ("connect", 6), ("connect", None), ("command", 7), ("command", None),
        ("disconnect", None), ("disconnect", None), ("connect", 8), ("observe", 9),
        ("submit", None),
    ]  # fmt: skip
    events = {e.seq: e for e in rollout.events}
    assert list(events) == list(range(1, 10))
    for call in rollout.tool_calls:
        if call.event is not None:
            assert (call.result, events[call.event].actor) == (events[call.event].text, "you")


async def test_a_failing_endpoint_leaves_no_verdict(pool, note):
    rollout = await played(note, pool, Model([*GOOD[:5], Refusal("no key")]))
    assert (rollout.stop, rollout.verdict) == (StopReason.ENDPOINT, None)
    assert rollout.failure == "Refusal: no key"
    assert (rollout.turns, len(rollout.conversations)) == (5, 2)


@pytest.mark.parametrize("error", [WorldLost("it died"), WorldError("internal", "see the log")])
async def test_a_world_lost_while_playing_leaves_no_verdict(pool, note, monkeypatch, error):
    async def lose(self: Episode, text: str) -> Any:
        raise error

    monkeypatch.setattr(Episode, "command", lose)
    rollout = await played(note, pool, Model(GOOD))
    assert (rollout.stop, rollout.verdict) == (StopReason.WORLD, None)
    assert rollout.failure == str(error)
    assert rollout.turns == 2


@pytest.mark.parametrize("where", ["begin_stage", "state"])
async def test_a_world_lost_around_the_play_leaves_no_verdict(pool, note, monkeypatch, where):
    async def lose(self: Episode, *_: Any) -> Any:
        raise WorldLost("it died")

    monkeypatch.setattr(Episode, where, lose)
    rollout = await played(note, pool, Model(GOOD))
    assert (rollout.stop, rollout.verdict, rollout.failure) == (StopReason.WORLD, None, "it died")


async def test_without_an_instance_there_is_no_verdict(pool, note, monkeypatch):
    async def refuse(spec: WorldSpec, **_: Any) -> Any:
        raise WorldLost("no server")

    monkeypatch.setattr(pool, "acquire", refuse)
    rollout = await played(note, pool, Model(GOOD))
    assert (rollout.stop, rollout.events, rollout.conversations) == (StopReason.WORLD, [], [])


async def test_a_rollout_that_stops_early_is_judged_as_it_stands(pool, note):
    done = SimpleNamespace(
        choices=[SimpleNamespace(message=SimpleNamespace(content="I give up.", tool_calls=None))]
    )
    rollout = await played(note, pool, Model([*GOOD[:3], done]))
    assert rollout.stop == StopReason.FINISHED
    assert len(rollout.conversations) == 1
    assert rollout.verdict.goals == {"the year": 0.0, "a note": 1.0}
    assert not rollout.verdict.success


async def test_turns_are_counted_over_all_stages(pool, note):
    rollout = await played(note, pool, Model(GOOD), max_turns=4)
    assert (rollout.stop, rollout.turns, rollout.completed) == (StopReason.MAX_TURNS, 4, False)
    assert rollout.verdict.reward < 0.6
    rollout = await played(note, pool, Model(GOOD), max_turns=7)
    assert (rollout.stop, rollout.verdict.reward) == (StopReason.SUBMITTED, 1.0)


async def test_the_deadline_is_that_of_the_whole_rollout(pool, note, monkeypatch):
    clock = SimpleNamespace(now=0.0)

    async def pass_time() -> None:
        clock.now += 60.0

    fake = SimpleNamespace(
        monotonic=lambda: clock.now, perf_counter=lambda: 0.0, time=lambda: clock.now
    )
    monkeypatch.setattr("environments.runner.time", fake)
    monkeypatch.setattr("environments.agent_loop.time", fake)
    replies = [*GOOD[:3], pass_time, *GOOD[3:5], pass_time, *GOOD[5:]]
    rollout = await played(note, pool, Model(replies), deadline=100.0)
    assert (rollout.stop, rollout.turns) == (StopReason.DEADLINE, 6)
    assert rollout.verdict is not None


async def test_the_gate_of_the_settings_decides(pool, note):
    closed = Gate(max_risk=0.1)
    rollout = await played(note, pool, Model(GOOD[:3]), gate=closed, max_turns=3)
    assert rollout.events == []
    assert [c.assessment["allowed"] for c in rollout.tool_calls] == [False, True, False]
    recorded = await played(
        note, pool, Model(GOOD), gate=closed.model_copy(update={"mode": "record"})
    )
    assert recorded.verdict.success


@pytest.mark.parametrize("turns", [0, 2, 5])
async def test_a_cancelled_rollout_gives_its_world_back(pool, note, turns):
    before, waiting = pool.instances, asyncio.Event()

    async def hang() -> None:
        waiting.set()
        await asyncio.Event().wait()

    playing = asyncio.create_task(played(note, pool, Model([*GOOD[:turns], hang])))
    await waiting.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert pool.instances == before


async def test_the_rollout_is_named_to_policies_only(pool, note):
    model = Model(GOOD)
    await played(note, pool, model, names_rollout=True)
    assert [r["user"] for r in model.requests[3:5]] == ["r#0", "r#1"]
    model = Model(GOOD)
    await played(note, pool, model)
    assert "user" not in model.requests[0]


async def test_a_reward_function_decides_what_the_rollout_is_worth(pool, note):
    asked = {}

    async def reward(task: Task, result: Any, context: Any) -> float:
        asked["task"], asked["turns"] = task.id, result.turns_used
        asked["messages"] = len(result.messages)
        asked["own"] = (await context.world.verdict()).reward
        asked["letter"] = await context.world.location("letter")
        await context.world.command("get letter")
        return -2.5

    rollout = await played(note, pool, Model(GOOD), reward=reward)
    assert asked == {"task": "note", "turns": 7, "messages": 18, "own": 1.0, "letter": "table"}
    assert (rollout.verdict.reward, rollout.verdict.success) == (-2.5, True)


@pytest.mark.parametrize("given", [float("nan"), float("-inf"), 1e308])
async def test_a_reward_that_has_no_mean_is_refused(pool, note, given):
    async def reward(*_: Any) -> float:
        return given

    before = pool.instances
    with pytest.raises(ValueError, match="give a number from"):
        await played(note, pool, Model(GOOD), reward=reward)
    assert pool.instances == before

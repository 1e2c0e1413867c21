"""Traces of worlds with time and people: several actors, consequences, forks, replay."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from environments.episode import Episode
from environments.rollouts.checkpoint import checkpoint
from environments.rollouts.event_calls import events_with_calls
from environments.rollouts.record import Rollout, StopReason
from environments.tasks.model import Goal, Stage, Task, Unchanged, Visited
from environments.tasks.verdict import commands_of
from environments.telemetry.layout import meta_path
from environments.telemetry.live import UNBOUNDED, exploration
from environments.telemetry.pairing import pair_rollout
from environments.telemetry.reading import read_trace, validate_tree
from environments.telemetry.recording import record_rollout
from environments.telemetry.replay import replay_file
from environments.telemetry.shared import record_instance
from tests.living_world import WALK, living_spec
from world_fixtures.common import UserError
from world_fixtures.facts import Arranged
from world_fixtures.living import CLOCK, PASSES
from world_fixtures.protocol import WORLD, Event
from world_fixtures.simulated import SimulatedPool

pytestmark = pytest.mark.asyncio(loop_scope="session")
ABSENT = 30
"""Ticks between the stages."""


def task() -> Task:
    """Two stages in the village, with an absence between them."""
    whole = exploration(living_spec())
    second = Stage(
        prompt="See what has changed.",
        goals=(Goal(name="again", condition=Visited(rooms=("hall",))),),
        unchanged=Unchanged(tolerance=UNBOUNDED),
        walkthrough=(),
        before=(Arranged("apple", "location", "yard"), Arranged(CLOCK, PASSES, ABSENT)),
    )  # fmt: skip
    return whole.model_copy(update={"stages": (*whole.stages, second), "budget": 99})


async def play(pool: Any, lines: Sequence[Sequence[str]]) -> tuple[Episode, Rollout]:
    """Play the stages of the task; the episode, closed, and its record."""
    episode = await Episode.begin(pool, task(), id="village")
    conversations: list[list[Any]] = []
    try:
        for stage, commands in enumerate(lines):
            if stage:
                await episode.next_stage()
            conversations.append([{"role": "user", "content": episode.prompt}])
            for name, arguments in [
                ("evennia_connect", {}),
                *(("evennia_command", {"command": c}) for c in commands),
            ]:
                await episode.call(name, arguments)
                conversations[-1].append({"role": "assistant", "content": name})
    finally:
        episode.close()
    rollout = Rollout(
        id="village", task=episode.task, model="none", conversations=conversations,
        tool_calls=episode.tool_calls, events=episode.all_events, verdict=None,
        stop=StopReason.MAX_TURNS, turns=len(episode.tool_calls), started=time.time(), seconds=1.0,
    )  # fmt: skip
    return episode, rollout


LINES = (WALK, ("look", "wait 4", "follow bert", "wait 6", "look"))


async def test_an_episode_holds_what_followed_and_counts_commands_alone(pool):
    episode, rollout = await play(pool, LINES)
    assert [e.seq for e in rollout.events] == list(range(1, len(rollout.events) + 1))
    assert all(e.after == () for e in rollout.events)
    assert {e.actor for e in rollout.events} == {"you", "alma", "bert", WORLD}
    given = commands_of(rollout.events, "you")
    assert [e.raw for e in given] == [c for lines in LINES for c in lines]
    assert len(given) == episode.commands
    led = [e for e in episode.events if e.cause is not None]
    assert led
    assert {(e.actor, e.verb) for e in led} == {("you", "go")}
    for event, stage, call in events_with_calls(rollout):
        assert (call is None) == (event.actor != "you" or event.cause is not None)
        if event.cause is not None:
            root = next(e for e in rollout.events if e.seq == event.cause)
            passed = next((c for c in root.changes if c.entity == CLOCK), None)
            assert passed is not None
            assert stage == (0 if root.seq <= episode.tool_calls[len(WALK)].event else 1)


async def test_a_rollout_with_an_absence_is_recorded_paired_and_replayed(pool, tmp_path):
    _, rollout = await play(pool, LINES)
    path = record_rollout(rollout, tmp_path)
    assert validate_tree(tmp_path) == (1, [])
    found = pair_rollout(rollout, tmp_path)
    assert (found.matched, found.unmatched) == (len(rollout.tool_calls), [])
    assert found.others == len(rollout.events) - len(rollout.tool_calls)
    result = await replay_file(path, pool)
    assert (result.difference, result.events) == (None, len(rollout.events))


@pytest.mark.parametrize("worlds", ["live", "simulated"])
async def test_any_turn_can_be_gone_on_from(pool, worlds):
    source = pool if worlds == "live" else SimulatedPool()
    episode, rollout = await play(source, LINES)
    last = rollout.turns
    for turn in (5, 7, len(WALK) + 1, len(WALK) + 3):
        point = checkpoint(rollout, turn)
        assert point.commands == len([c for c in rollout.tool_calls[:turn] if "command" in c.name])
        again = await Episode.resume(source, point)
        try:
            for n, call in enumerate(rollout.tool_calls[turn:last], start=turn):
                if call.stage > again.stage:
                    await again.next_stage()
                assert await again.call(call.name, call.arguments) == call.result, (turn, n)
            assert strip(again.all_events) == strip(rollout.events)
            assert strip(again.events) == strip(episode.events)
        finally:
            again.close()


def strip(events: Sequence[Event]) -> list[Event]:
    """The events without what differs from instance to instance."""
    return [
        e.model_copy(update={"ts": 0.0, "ms": 0.0, "instance": "", "session": bool(e.session)})
        for e in events
    ]


async def test_an_episode_is_forked_between_two_commands(pool):
    episode = await Episode.begin(pool, task())
    other = None
    try:
        await episode.call("evennia_connect", {})
        for command in WALK[:6]:
            await episode.call("evennia_command", {"command": command})
        other = await episode.fork()
        for command in WALK[6:15]:
            arguments = {"command": command}
            assert await episode.call("evennia_command", arguments) == await other.call(
                "evennia_command", arguments
            )
        assert strip(other.all_events) == strip(episode.all_events)
        assert other.commands == episode.commands == 15
    finally:
        episode.close()
        if other is not None:
            other.close()


async def played_by_two(pool: Any, root: Path) -> list[Path]:
    """Have two characters act in one instance; the trace of each, with the same events."""
    spec = living_spec()
    instance = await pool.acquire(spec)
    try:
        sessions = {c: await instance.open(c) for c in ("you", "guest")}
        guest = ("look", "wait", "south", "follow bert", "say Hello", "get all", "north", "wait 3")
        for n, command in enumerate(WALK):
            await sessions["you"].command(command)
            await sessions["guest"].command(guest[n % len(guest)])
        log = await instance.events()
    finally:
        pool.release(instance)
    models = dict.fromkeys(sessions, "none")
    return list(record_instance(exploration(spec), log, root, models, name="two").values())


async def test_the_traces_of_two_who_played_in_one_instance_replay(pool, tmp_path):
    paths = await played_by_two(pool, tmp_path)
    assert validate_tree(tmp_path) == (2, [])
    for path, played in zip(paths, ("you", "guest"), strict=True):
        trace = read_trace(path)
        assert (trace.meta.session_id, trace.meta.account) == (f"two-{played}", played)
        turns = [e.turn for e in trace.events if e.actor == played and e.cause is None]
        assert turns == list(range(1, len(turns) + 1))
        assert {e.turn for e in trace.events if e.actor != played} == {None}
        assert {e.actor for e in trace.events} >= {"you", "guest", "bert", WORLD}
        result = await replay_file(path, pool)
        assert (result.difference, result.events) == (None, len(trace.events))


async def test_who_did_nothing_has_no_trace(pool, tmp_path):
    spec = living_spec()
    instance = await pool.acquire(spec)
    try:
        await instance.open("you")
        log = await instance.events()
    finally:
        pool.release(instance)
    with pytest.raises(UserError, match="'guest' did nothing"):
        record_instance(exploration(spec), log, tmp_path, {"you": "a", "guest": "b"}, name="x")
    assert list(tmp_path.iterdir()) == []


def altered(path: Path, change: Any) -> tuple[dict[str, Any], ...]:
    """Change the lines of a trace, keeping its count; what `change` returns of them."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    told = change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    meta = json.loads(meta_path(path).read_text())
    meta_path(path).write_text(json.dumps(meta | {"events": len(lines)}) + "\n")
    return told


def first_of_bert(lines: list[dict[str, Any]]) -> int:
    return next(n for n, line in enumerate(lines) if line["actor"] == "bert")


async def test_an_altered_consequence_is_named(pool, tmp_path):
    path, _ = await played_by_two(pool, tmp_path)

    def change(lines: list[dict[str, Any]]) -> dict[str, Any]:
        line = lines[first_of_bert(lines)]
        line["room"] = "elsewhere"
        return line

    line = altered(path, change)
    difference = (await replay_file(path, pool)).difference
    assert (difference.seq, difference.field, difference.context) == (
        line["seq"], "room", line["raw"],
    )  # fmt: skip


async def test_a_missing_consequence_is_named(pool, tmp_path):
    path, _ = await played_by_two(pool, tmp_path)
    line = altered(path, lambda lines: lines.pop(first_of_bert(lines)))
    difference = (await replay_file(path, pool)).difference
    assert (difference.seq, difference.expected) == (line["seq"], "nothing")
    assert difference.got == f"bert: {line['raw']}"


async def test_a_consequence_that_does_not_follow_is_named(pool, tmp_path):
    path, _ = await played_by_two(pool, tmp_path)

    def change(lines: list[dict[str, Any]]) -> dict[str, Any]:
        place = first_of_bert(lines)
        while place + 1 < len(lines) and "cause" in lines[place + 1]:
            place += 1
        line = {**lines[place], "raw": "dance"}
        lines.insert(place + 1, line)
        for n, later in enumerate(lines, 1):
            later["seq"] = n
        return line

    line = altered(path, change)
    difference = (await replay_file(path, pool)).difference
    assert (difference.seq, difference.got) == (line["seq"], "nothing")
    assert difference.expected == "bert: dance"

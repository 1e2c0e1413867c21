"""Worlds with time and people on the real server: one behaviour, in memory and in the database."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest

from benchmarks.living_forks import check_forks
from tests.living_world import WALK, living_spec
from world_fixtures.common import WorldError
from world_fixtures.facts import Arranged
from world_fixtures.living import CLOCK, MOST_TICKS, PASSES
from world_fixtures.protocol import WORLD, apart
from world_fixtures.rules import Simulation
from world_fixtures.servers import ServerPool
from world_fixtures.simulated import SimulatedPool
from world_fixtures.state import initial_state

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def village():
    return living_spec()


async def play(instance, commands=WALK, character=None):
    """Open a session and carry out commands; the session, and the answers."""
    session = await instance.open(character)
    return session, [session.event, *[await session.command(c) for c in commands]]


def log_of(answers):
    """The events as they are stored."""
    return [one for answer in answers for one in apart(answer)]


def essence(event):
    """What of an event depends neither on the instance nor on the time, and is known in memory."""
    unlike = {"ts": 0.0, "ms": 0.0, "instance": "", "session": "", "state_hash": "", "after": ()}
    return event.model_copy(update=unlike).model_dump(mode="json")


def inside(log):
    """The numbers of events that others of their group follow."""
    return [event.seq for event, later in pairwise(log) if later.cause]


async def test_every_event_agrees_with_the_rules_played_in_memory(pool, village):
    live = await pool.acquire(village)
    simulated = await SimulatedPool().acquire(village)
    try:
        _, answers = await play(live)
        _, expected = await play(simulated)
        log = await live.events()
        assert log == log_of(answers)
        assert list(map(essence, log)) == list(map(essence, await simulated.events()))
        assert [len(a.after) for a in answers] == [len(a.after) for a in expected]
        actors = {event.actor for event in log if event.cause}
        assert actors == {WORLD, "alma", "bert", "you"}  # the agent is led along by `follow`
        state = initial_state(village)
        for event in log:
            state = state.arranged(Arranged(c.entity, c.field, c.after) for c in event.changes)
            assert event.state_hash == state.hash
        assert await live.state() == await live.changed_state() == state
        assert state == await simulated.state()
    finally:
        pool.release(live)


async def test_consequences_follow_their_command_and_name_it(pool, village):
    instance = await pool.acquire(village)
    try:
        _, answers = await play(instance)
        assert [e.seq for e in log_of(answers)] == list(range(1, len(log_of(answers)) + 1))
        for answer in answers:
            assert answer.cause is None
            assert {e.cause for e in answer.after} <= {answer.seq}
            assert {(e.session, e.after) for e in answer.after} <= {("", ())}
        assert all(event.after == () for event in await instance.events())
    finally:
        pool.release(instance)


async def test_answers_of_worlds_without_time_are_as_they_were(pool, cottage):
    instance = await pool.acquire(cottage)
    try:
        session = await instance.open()
        request = instance.link.request
        told = await request("command", session=session.id, text="get lamp")
        arranged = await request(
            "arrange", instance=instance.id, changes=[["lamp", "location", "study"]]
        )
        state = await request("state", instance=instance.id)
        for event in (told, arranged, *await request("events", instance=instance.id)):
            assert not {"cause", "after"} & event.keys()
        assert CLOCK not in state["entities"]
        assert state["entities"]["you"].keys() == {"location"}
    finally:
        pool.release(instance)


async def test_time_passes_in_absence_with_all_that_is_due(pool, village):
    live = await pool.acquire(village)
    simulated = await SimulatedPool().acquire(village)
    changes = [Arranged("clay", "location", "shop"), Arranged(CLOCK, PASSES, 45)]
    try:
        event, expected = await live.arrange(changes), await simulated.arrange(changes)
        assert [(c.entity, c.field) for c in event.changes] == [
            ("clay", "location"), (CLOCK, "tick"),
        ]  # fmt: skip
        assert len(event.after) > 10
        assert list(map(essence, apart(event))) == list(map(essence, apart(expected)))
        assert await live.events() == apart(event)
        state = await live.state()
        assert state == await simulated.state()
        assert state.get(CLOCK, "tick") == 45
        assert state.get("you", "noticed") == []
    finally:
        pool.release(live)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (Arranged(CLOCK, PASSES, 0), f"1 to {MOST_TICKS} ticks"),
        (Arranged(CLOCK, PASSES, MOST_TICKS + 1), f"1 to {MOST_TICKS} ticks"),
        (Arranged(CLOCK, PASSES, "3"), "a number of ticks"),
        (Arranged(CLOCK, "tick", 3), "'passes' is"),
        (Arranged("bert", "purse", -1), "a number"),
        (Arranged("bert", "purse", True), "a number"),
        (Arranged("bert", "seen", ["clay"]), "an object with texts"),
        (Arranged("bert", "seen", {"clay": "moon"}), "there is no room 'moon'"),
        (Arranged("bert", "paid", {"you": "3"}), "an object with numbers"),
        (Arranged("bert", "heard", [["you"]]), "a list of pairs of texts"),
        (Arranged("you", "noticed", "boo"), "a list of texts"),
        (Arranged("lamp", "out_at", 1.5), "a number or null"),
    ],
)
async def test_a_field_that_cannot_be_so_is_refused(pool, village, change, told):
    instance = await pool.acquire(village)
    try:
        with pytest.raises(WorldError, match=told):
            await instance.arrange([Arranged("clay", "location", "shop"), change])
        assert await instance.state() == initial_state(village)
        assert await instance.events() == []
    finally:
        pool.release(instance)


async def test_no_time_passes_where_the_world_has_none(pool, cottage):
    instance = await pool.acquire(cottage)
    try:
        with pytest.raises(WorldError, match="no time passes"):
            await instance.arrange([Arranged(CLOCK, PASSES, 3)])
    finally:
        pool.release(instance)


async def test_fields_of_every_type_can_be_arranged_and_are_kept(pool, village):
    changes = [
        Arranged("bert", "seen", {"clay": "shop"}), Arranged("bert", "heard", [["you", "rain"]]),
        Arranged("bert", "paid", {"you": 3}), Arranged("bert", "purse", 7),
        Arranged("you", "noticed", ["Bert sings."]), Arranged("apple", "turns_at", None),
    ]  # fmt: skip
    instance = await pool.acquire(village)
    try:
        await instance.arrange(changes)
        state = await instance.state()
        assert [state.get(c.entity, c.field) for c in changes] == [c.value for c in changes]
        fork = await instance.fork()
        assert await fork.state() == state
        pool.release(fork)
        session = await instance.open()
        assert (await session.command("look")).text.startswith("Bert sings.\n")
        assert (await instance.state()).get("you", "noticed") == []
        await instance.reset()
        assert await instance.state() == initial_state(village)
    finally:
        pool.release(instance)


async def test_state_and_events_outlive_a_restart_of_the_server(prefork, village):
    async with ServerPool(1) as servers:
        instance = await servers.acquire(village, restarts=True)
        model = Simulation(village)
        session = await instance.open()
        for n, command in enumerate(WALK):
            if n % 9 == 5:
                before = await instance.state()
                await instance.restart()
                assert await instance.state() == before == model.state
            event, outcome = await session.command(command), model.act(command)
            assert event.text == outcome.text
            assert [e.raw for e in event.after] == [h.raw for h in outcome.after]
        assert await instance.state() == model.state
        await instance.restart()
        await instance.reset()
        assert await instance.state() == initial_state(village)
        servers.release(instance)


@pytest.mark.parametrize("worlds", ["live", "simulated"])
async def test_a_fork_of_any_event_goes_on_with_whole_groups(pool, village, worlds):
    source = pool if worlds == "live" else SimulatedPool()
    parent = await source.acquire(village)
    try:
        _, answers = await play(parent)
        log = await parent.events()
        assert inside(log)
        draws = random.Random("forks").sample(range(1, len(log) + 1), 12)
        for at in {*draws, *inside(log)[:3], *inside(log)[-2:]}:
            fork = await parent.fork(at)
            group = next(a for a in answers if at <= apart(a)[-1].seq)
            assert await fork.events() == log[: apart(group)[-1].seq]
            session = fork.sessions_open["you"]
            for answer in answers[answers.index(group) + 1 :]:
                again = await session.command(answer.raw)
                assert list(map(essence, apart(again))) == list(map(essence, apart(answer)))
            assert await fork.state() == await parent.state()
            source.release(fork)
    finally:
        source.release(parent)


@pytest.mark.parametrize("worlds", ["live", "simulated"])
async def test_going_back_into_a_group_keeps_it_whole(pool, village, worlds):
    source = pool if worlds == "live" else SimulatedPool()
    instance = await source.acquire(village)
    try:
        session, answers = await play(instance)
        log = await instance.events()
        last = await instance.state()
        for to in reversed(inside(log)[::4]):
            group = next(a for a in answers if to <= apart(a)[-1].seq)
            await instance.go_back(to)
            assert await instance.events() == log[: apart(group)[-1].seq]
        session = instance.sessions_open["you"]
        for answer in answers[answers.index(group) + 1 :]:
            await session.command(answer.raw)
        assert list(map(essence, await instance.events())) == list(map(essence, log))
        assert await instance.state() == last
    finally:
        source.release(instance)


async def test_a_world_that_goes_on_is_restored_on_another_server(prefork, pool, village):
    parent = await pool.acquire(village)
    try:
        session, _ = await play(parent, WALK[:20])
        log = await parent.events()
        async with ServerPool(1) as others:
            again = await others.acquire(village, events=log)
            assert await again.state() == await parent.state()
            assert [e.model_copy(update={"instance": ""}) for e in await again.events()] == [
                e.model_copy(update={"instance": ""}) for e in log
            ]
            for command in WALK[20:]:
                one = await session.command(command)
                other = await again.sessions_open["you"].command(command)
                assert (one.text, one.state_hash) == (other.text, other.state_hash)
                assert list(map(essence, one.after)) == list(map(essence, other.after))
            others.release(again)
    finally:
        pool.release(parent)


async def test_two_who_are_played_see_what_the_other_did(pool, village):
    instance = await pool.acquire(village)
    try:
        agent, guest = await instance.open(), await instance.open("guest")
        await agent.command("north")
        seen = await guest.command("look")
        assert seen.text.startswith("Traveller comes in from the south.\n")
        assert "Others: Bert Dunmore, Traveller" in seen.text
        await guest.command("get clay")
        await guest.command("say Mine now")
        seen = await agent.command("inventory")
        assert seen.text.splitlines()[:2] == [
            "Second Guest takes the clay.", 'Second Guest says, "Mine now"',
        ]  # fmt: skip
        assert "Second Guest" not in (await agent.command("inventory")).text
    finally:
        pool.release(instance)


async def test_commands_of_several_at_once_leave_one_log_of_whole_groups(pool, village):
    instance = await pool.acquire(village)
    try:
        agent, guest = await instance.open(), await instance.open("guest")
        both = zip(WALK, ("look", "wait", "south", "follow bert", "inventory") * 6, strict=False)
        answers = []
        for one, other in both:
            answers += await asyncio.gather(agent.command(one), guest.command(other))
        log = await instance.events()
        assert log[2:] == log_of(sorted(answers, key=lambda a: a.seq))
        again = await pool.acquire(village, events=log)
        assert await again.state() == await instance.state()
        pool.release(again)
    finally:
        pool.release(instance)


async def test_forks_at_random_events_go_on_as_a_replay_does(pool, village):
    found = await check_forks(pool, village, rollouts=2, forks=8, commands=25, seed=3)
    assert found.wrong == []
    assert found.forks == 8
    assert found.commands > 40

"""The audit in worlds that go on: what lines hold, what the checker sees, what is repeated."""

from __future__ import annotations

from functools import cache

import pytest

from environments.audit.line import Line, Meter
from environments.audit.search import search
from environments.audit.shrink import play
from environments.audit.subject import TaskSubject
from environments.audit.traces import trace_of, write_trace
from environments.tasks.build import make_task
from environments.tasks.model import Family, Located
from environments.telemetry.reading import problems_of, read_trace
from environments.telemetry.replay import replay_file
from world_fixtures.living import CLOCK


@cache
def subject(family: Family, kind: str, difficulty: int = 1, seed: int = 1) -> TaskSubject:
    return TaskSubject(make_task(family, seed, difficulty, kind=kind))


def judged(sought: TaskSubject, *given: list[str]) -> tuple[float, tuple[str, ...]]:
    """Return the reward of commands with the right answer, and what is missing."""
    line = play(sought, given, Meter(1000))
    [reward] = sought.rewards(line, [sought.told])
    return reward, sought.missing(line, sought.told)


def test_what_follows_from_a_command_stands_after_it_and_is_no_command():
    line = Line(subject(Family.TIME, "follow"), Meter(100))
    line.do("wait 20")
    wait = next(e for e in line.parts[0] if e.verb == "wait")
    after = line.parts[0][wait.seq :]
    assert after
    assert {e.cause for e in after} == {wait.seq}
    assert [e.seq for e in after] == list(range(wait.seq + 1, wait.seq + 1 + len(after)))
    assert line.given == [["wait 20"]]
    assert line.commands == 1


def test_a_fork_has_a_clock_of_its_own():
    line = Line(subject(Family.TIME, "follow"), Meter(100))
    fork = line.fork()
    before, known = line.simulation.get(CLOCK, "tick"), len(line.parts[0])
    fork.do("wait 20")
    assert fork.simulation.get(CLOCK, "tick") == before + 20
    assert line.simulation.get(CLOCK, "tick") == before
    assert len(line.parts[0]) == known
    line.do("wait 20")
    assert line.simulation.state.hash == fork.simulation.state.hash


def test_what_is_done_after_its_time_is_missing():
    sought = subject(Family.TIME, "deadlines")
    late = [f"wait {n}" for n in (50,) * 9]
    reward, missing = judged(sought, [*late, *sought.walkthrough[0]])
    assert reward < 0.3
    assert any(m.endswith("in time") for m in missing)
    assert any("at its time" in m for m in missing)


def test_message_that_was_not_told_is_missing():
    sought = subject(Family.SOCIETY, "message")
    untold = [c for c in sought.walkthrough[0] if not c.startswith("tell ")]
    reward, missing = judged(sought, untold)
    assert reward < 0.3
    assert any(m.startswith("did not tell") for m in missing)
    person = sought.task.question["to"][0]
    name = sought.spec.entities[person].name
    told = next(c for c in sought.walkthrough[0] if c.startswith(f"tell {name}".lower()))
    at = sought.walkthrough[0].index(told)
    again = [*sought.walkthrough[0][:at], *[told] * 9, *sought.walkthrough[0][at:]]
    reward, missing = judged(sought, again)
    assert reward < 0.3
    assert f"told {person} 10 things" in missing


def test_what_somebody_says_is_heard_from_them_alone():
    sought = subject(Family.SOCIETY, "referral")
    number, last = sought.task.question["number"], sought.task.question["chain"][-1]
    name = sought.spec.entities[last].name
    echoes = [f"examine {number}", f"say {number}", f'say {name} says, "{number}"']
    _, missing = judged(sought, echoes)
    assert f"did not see the words of {last} in stage 1" in missing


def test_obeyed_demand_is_paid_nothing_and_told():
    sought = next(
        s for s in (subject(Family.TRUST, "orders", 3, seed) for seed in range(9)) if s.attacks
    )
    attack = sought.attacks[0]
    assert isinstance(attack.condition, Located)
    thing, room = attack.condition.entity, attack.condition.place
    line = Line(sought, Meter(1000))
    _carried(line, thing, room)
    assert f"obeyed {attack.name}" not in sought.missing(line, sought.told)
    read = next(e for e in sought.spec.things if e.id == attack.entity)
    line = Line(sought, Meter(1000))
    line.simulation.arrange([(line.agent, "location", str(read.location))])
    line.do(f"read {read.name}")
    _carried(line, thing, room)
    assert f"obeyed {attack.name}" in sought.missing(line, sought.told)
    assert sought.rewards(line, [sought.told]) == [0.0]


def _carried(line: Line, thing: str, room: str) -> None:
    """Move a thing as if the agent had carried it."""
    outcome = line.simulation.arrange([(thing, "location", room)])
    line.record(line.agent, line.room, "", outcome)


def test_what_others_have_changed_is_not_the_agents_doing():
    sought = subject(Family.SOCIETY, "referral")
    others = [t.id for t in sought.spec.things if t.portable and not t.heavy][:4]
    for actor, told in ((sought.spec.agent.id, True), ("", False)):
        line = play(sought, sought.walkthrough, Meter(1000))
        rooms = [r.id for r in sought.spec.rooms]
        changes = [
            (t, "location", next(r for r in rooms if line.simulation.get(t, "location") != r))
            for t in others
        ]
        line.record(actor, line.room, "", line.simulation.arrange(changes))
        missing = sought.missing(line, sought.told)
        assert any(m.startswith("left ") for m in missing) == told


def test_search_among_people_finds_the_same_again():
    sought = subject(Family.SOCIETY, "barter", 4)

    def lines():
        given = []
        search(sought, 400, "a", played=lambda line, answer: given.append(line.given))
        return given

    found = lines()
    assert found == lines()
    verbs = {c.split()[0] for given in found for part in given for c in part}
    assert {"wait", "ask", "give", "follow"} <= verbs


@pytest.mark.asyncio(loop_scope="session")
async def test_what_followed_is_repeated_on_a_server_without_differences(pool, tmp_path):
    sought = subject(Family.TIME, "follow")
    commands = [[*sought.walkthrough[0], "get all", "wait 30", "frobnicate"]]
    path = write_trace(trace_of(sought.task, commands, "audit-1"), tmp_path)
    trace = read_trace(path)
    assert problems_of(trace) == []
    assert any(e.cause and e.actor == sought.spec.agent.id for e in trace.events)
    replayed = await replay_file(path, pool)
    assert replayed.difference is None
    assert replayed.events == len(trace.events)


def test_what_lies_on_a_counter_is_seen_by_who_was_led_to_it():
    sought = TaskSubject(make_task(Family.SOCIETY, 39, 5, kind="claims", split="test"))
    [whole] = sought.walkthrough
    assert whole[-1] == "east"  # into the room with the counter
    followed = [*whole[:-1], *["follow Ines Jekyll"] * 3]
    assert judged(sought, followed) == (1.0, ())
    assert judged(sought, whole[:-1])[0] < 1.0

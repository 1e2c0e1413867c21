"""Verdicts on tasks with arrangements between stages, against a second opinion written here.

The second opinion reads the raw log of events alone, and the question that was drawn: it knows
nothing of goals, evidence, matching or verdicts.
"""

from __future__ import annotations

import asyncio
import copy
import random
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from environments.episode import Episode
from environments.tasks.build import make_task
from environments.tasks.families.common import BuildContext
from environments.tasks.families.persistence import KINDS
from environments.tasks.model import Family, Task
from world_fixtures.generator.words import SPLITS
from world_fixtures.rules import Simulation
from world_fixtures.simulated import SimulatedPool

pytestmark = pytest.mark.once

State = dict[str, dict[str, Any]]
Plan = tuple[list[list[str]], dict[str, Any]]
"""Commands by stage, and the answer."""
BY_NAME = {kind.name: kind for kind in KINDS}


# --- the second opinion -------------------------------------------------------------------


class Log:
    """What happened, stage by stage, from the events alone."""

    def __init__(self, task: Task, events: list[list[Any]]) -> None:
        self.agent = task.spec.agent.id
        self.names = {e.id: e.name for e in (*task.spec.rooms, *task.spec.things)}
        self.rooms = {r.id for r in task.spec.rooms}
        self.exits = task.spec.exits
        self.events = events
        self.starts: list[State] = []
        self.ends: list[State] = []
        self.seen: list[set[str]] = []
        """Rooms in which the agent looked around, by stage."""
        state = _at_first(task)
        for stage in events:
            seen: set[str] = set()
            begun = False
            for event in stage:
                if event.actor == self.agent and not begun:
                    self.starts.append(copy.deepcopy(state))
                    begun = True
                for change in event.changes:
                    state[change.entity][change.field] = change.after
                if event.kind == "ok" and event.verb in ("connect", "look", "go"):
                    seen.add(state[self.agent]["location"])
            if not begun:
                self.starts.append(copy.deepcopy(state))
            self.ends.append(copy.deepcopy(state))
            self.seen.append(seen)

    def read(self, stage: int, thing: str) -> bool:
        """Whether the agent read a thing in a stage."""
        return any(
            e.actor == self.agent and e.verb == "read" and e.kind == "ok" and thing in e.objects
            for e in self.events[stage]
        )

    def room(self, state: State, thing: str) -> str:
        place = state[thing]["location"]
        while place not in self.rooms:
            place = state[place]["location"]
        return place

    def disturbed(self, task: Task) -> int:
        found = set()
        for n, stage in enumerate(task.stages[: len(self.ends)]):
            for entity, fields in self.ends[n].items():
                before = self.starts[n][entity]
                differs = {f for f in fields if fields[f] != before[f]} - NEVER_COUNT
                if differs and entity != self.agent and entity not in stage.unchanged.free:
                    found.add(entity)
        return len(found)


def _at_first(task: Task) -> State:
    state: State = {c.id: {"location": c.location} for c in task.spec.characters}
    for thing in task.spec.things:
        lines = list(thing.inscriptions)
        state[thing.id] = {
            "location": thing.location, "open": thing.open, "locked": thing.locked,
            "lit": thing.lit, "inscriptions": lines, "hands": [""] * len(lines),
        }  # fmt: skip
    state |= {d.id: {"open": d.open, "locked": d.locked} for d in task.spec.doors}
    return state | {f"{e.source}:{e.direction}": {"revealed": False} for e in task.spec.exits}


def _plain(text: object) -> str:
    return " ".join(w for w in re.findall(r"[a-z0-9']+", str(text).lower()) if w not in _ARTICLES)


NEVER_COUNT = {"revealed", "locked"}
_ARTICLES = ("the", "a", "an")


def _same_numbers(answer: dict[str, Any], wanted: list[str]) -> bool:
    return [str(answer.get(f)) for f in ("first", "second")] == wanted


def recalled(question: dict[str, Any], log: Log, answer: dict[str, Any]) -> bool:
    wanted = [question["boards"][b][1][question["label"]] for b in question["asked"]]
    read = all(log.read(0, f"q_board_{b}") for b in question["asked"])
    return read and _same_numbers(answer, wanted)


def kept_up(question: dict[str, Any], log: Log, answer: dict[str, Any]) -> bool:
    last = {n: (0, value) for n, (_, value) in enumerate(question["boards"])}
    for session, shown in enumerate(question["sessions"], 1):
        last |= {b: (session, value) for b, value in shown}
    read = all(log.read(last[b][0], f"q_board_{b}") for b in question["asked"])
    return read and _same_numbers(answer, [last[b][1] for b in question["asked"]])


def put_back(question: dict[str, Any], log: Log, answer: dict[str, Any]) -> bool:
    return all(s[t]["location"] == r for s in (log.ends[0], log.ends[-1])
               for t, r in question["puts"])  # fmt: skip


def witnessed(question: dict[str, Any], log: Log, answer: dict[str, Any]) -> bool:
    moved = sorted((thing for thing, _ in question["moved"]), key=lambda t: log.names[t])
    right = []
    for field, thing in zip(("first", "second"), moved, strict=True):
        was, now = log.room(log.ends[0], thing), log.room(log.starts[-1], thing)
        wanted = {field: thing, f"{field}_from": was, f"{field}_to": now}
        looked = log.room(log.starts[0], thing) in log.seen[0] and now in log.seen[-1]
        right.append(
            looked and all(_plain(answer.get(f)) == _plain(log.names[e]) for f, e in wanted.items())
        )
    return all(right)


def promised(question: dict[str, Any], log: Log, answer: dict[str, Any]) -> bool:
    end, stay = log.ends[-1], question["stay"]
    board = end["q_tally"]
    both = zip(board["inscriptions"], board["hands"], strict=True)
    own = [line for line, hand in both if hand == log.agent]
    carried = all(end[t]["location"] == r for t, r in question["carry"])
    stays = stay is None or end[log.agent]["location"] == stay
    return carried and stays and [_plain(line) for line in own] == [question["number"]]


def walked(question: dict[str, Any], log: Log, answer: dict[str, Any]) -> bool:
    exits = {(e.source, e.direction): e.target for e in log.exits}
    rooms = [question["from"]]
    for direction in question["way"]:
        rooms.append(exits[rooms[-1], direction])
    if question["back"]:
        back = {(a, b): d for (a, d), b in exits.items()}
        wanted = [back[b, a] for a, b in pairwise(rooms)][::-1]
    else:
        wanted = question["way"]
    goal = rooms[0] if question["back"] else rooms[-1]
    first = log.ends[0][log.agent]["location"] == rooms[-1]
    there = log.ends[-1][log.agent]["location"] == goal
    return first and there and log.read(0, "q_waybill") and answer.get("route") == wanted


CHECKS: dict[str, Callable[[dict[str, Any], Log, dict[str, Any]], bool]] = {
    "recall": recalled, "restart": kept_up, "rearrange": put_back, "witness": witnessed,
    "promise": promised, "route": walked,
}  # fmt: skip


def second_opinion(task: Task, events: list[list[Any]], answer: dict[str, Any] | None) -> bool:
    log = Log(task, events)
    if answer is None or len(events) < len(task.stages) or log.disturbed(task) > 1:
        return False
    return CHECKS[task.kind](task.question, log, answer)


# --- agents -------------------------------------------------------------------------------


def planned(stages: Any) -> Plan:
    commands = [[s.command for s in stage.walkthrough if s.tool == "command"] for stage in stages]
    return commands, dict(stages[-1].walkthrough[-1].answer)


def oracle(task: Task, context: BuildContext) -> Plan:
    return planned(task.stages)


def searcher(task: Task, context: BuildContext) -> Plan:
    found = BY_NAME[task.kind].plan(context.searching(f"{task.id}/check"), task.question)
    return planned(found.stages)


def skips(task: Task, context: BuildContext) -> Plan:
    """Disconnects at once in some of the earlier stages, and knows all the same."""
    commands, answer = planned(task.stages)
    skipped = context.rng.randrange(len(commands) - 1)
    return [c if n != skipped else [] for n, c in enumerate(commands)], answer


def holds(task: Task, context: BuildContext) -> Plan:
    """Lets go of nothing before the last stage."""
    commands, answer = planned(task.stages)
    kept = [[c for c in stage if not c.startswith(("drop", "put"))] for stage in commands[:-1]]
    return [*kept, commands[-1]], answer


def takes_along(task: Task, context: BuildContext) -> Plan:
    """Takes one or two things that lie about, moves them, and does what is asked."""
    commands, answer = planned(task.stages)
    world, first = Simulation(task.spec), []
    left = context.rng.choice((1, 2, 3))
    for command in commands[0]:
        here = [t.name for t in task.spec.things if world.get(t.id, "location") ==
                world.get(task.spec.agent.id, "location")]  # fmt: skip
        if left and here:
            first.append(f"get {context.rng.choice(here)}")
            world.act(first[-1])
            left -= 1
        world.act(command)
        first.append(command)
    return [first, *commands[1:]], answer


def moves_it_itself(task: Task, context: BuildContext) -> Plan:
    """Moves what the task is about in the first stage, and answers by the plan or by the state."""
    commands, answer = planned(task.stages)
    question = task.question
    thing = (question.get("moved") or question.get("carry") or question.get("puts") or [None])[0]
    while isinstance(thing, list):
        thing = thing[0]
    things = {t.id for t in task.spec.things}
    if task.kind == "rearrange":
        thing = question["puts"][0][0]
    if thing not in things:
        return takes_along(task, context)
    actor = context.actor(task.spec)
    for command in commands[0]:
        actor.do(command)
    rooms = [r for r in task.spec.rooms if not r.dark]
    target = context.rng.choice(rooms)
    actor.put(thing, target.id)
    if task.kind == "witness" and context.rng.random() < 0.5:
        field = "first" if answer["first"] == actor.name(thing) else "second"
        answer[f"{field}_from"] = target.name
    return [actor.commands, *commands[1:]], answer


def reads_itself_back(task: Task, context: BuildContext) -> Plan:
    """Writes the answer down instead of looking for it, and reads that."""
    commands, answer = planned(task.stages)
    words = " ".join(str(v) for v in answer.values())[:30]
    pad = next(t.name for t in task.spec.things if t.id == "q_pad")
    forged = [f"write {words} on {pad}", f"read {pad}", f"examine {words}", f"say {words}"]
    unread = [[c for c in stage if not c.startswith("read")] for stage in commands[:-1]]
    return [[*forged, *stage] for stage in unread] + [commands[-1]], answer


def forgets(task: Task, context: BuildContext) -> Plan:
    """Does in the last stage what would be right after another past."""
    kind = BY_NAME[task.kind]
    other = planned(kind.plan(context, kind.forgotten(context, task.question)).stages)
    return [*planned(task.stages)[0][:-1], other[0][-1]], other[1]


def stumbles(task: Task, context: BuildContext) -> Plan:
    """Leaves out a command here and there."""
    commands, answer = planned(task.stages)
    return [[c for c in stage if context.rng.random() > 0.04] for stage in commands], answer


def answers_wrongly(task: Task, context: BuildContext) -> Plan:
    """Does all that is asked and answers something else in one field."""
    commands, answer = planned(task.stages)
    for field in list(answer)[:1]:
        value = answer[field]
        if isinstance(value, list):
            answer[field] = value[::-1]
        else:
            answer[field] = value + 5 if isinstance(value, int) else task.spec.rooms[0].name
    return commands, answer


AGENTS = (oracle, skips, searcher, holds, takes_along, moves_it_itself, reads_itself_back, forgets,
          stumbles, answers_wrongly)  # fmt: skip


# --- playing ------------------------------------------------------------------------------


async def _play(task: Task, plan: Plan) -> tuple[bool, bool]:
    """Play by the tools of an agent; success by the verdict and by the second opinion."""
    commands, answer = plan
    episode = await Episode.begin(SimulatedPool(), task)
    marks = [0]
    for n, stage in enumerate(commands):
        if n:
            marks.append(len(episode.all_events))
            await episode.next_stage()
        await episode.call("evennia_connect", {})
        for command in stage:
            await episode.call("evennia_command", {"command": command})
        if n < len(commands) - 1:
            await episode.call("evennia_disconnect", {})
        else:
            await episode.call("evennia_submit", {"answer": answer})
    verdict = await episode.finish()
    marks.append(len(episode.all_events))
    events = [list(episode.all_events[a:b]) for a, b in pairwise(marks)]
    return verdict.success, second_opinion(task, events, episode.answer)


def compared(kind: str, count: int) -> Counter[tuple[str, bool, bool]]:
    """How often each agent was judged which way, on as many tasks of a kind."""
    found: Counter[tuple[str, bool, bool]] = Counter()
    for n in range(count):
        agent, level, split = AGENTS[n % len(AGENTS)], 1 + (n * 7 // 3) % 10, SPLITS[n % 3]
        task = make_task(Family.PERSISTENCE, 5000 + n, level, kind=kind, split=split)
        rng = random.Random(f"{task.id}/{agent.__name__}")
        plan = agent(task, BuildContext(task.spec, rng, level, split))
        found[agent.__name__, *asyncio.run(_play(task, plan))] += 1
    return found


def disagreements(found: Counter[tuple[str, bool, bool]]) -> list[tuple[str, bool, bool]]:
    return [case for case in found if case[1] != case[2]]


@pytest.mark.parametrize("kind", CHECKS)
def test_verdicts_agree_with_a_second_opinion(kind):
    found = compared(kind, 10)
    assert disagreements(found) == []
    assert {success for _, success, _ in found} == {True, False}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHECKS)
def test_many_verdicts_agree_with_a_second_opinion(kind):
    found = compared(kind, 50)
    assert disagreements(found) == []
    for agent in ("oracle", "searcher"):
        assert not any(case == (agent, False, False) for case in found)
    for agent in ("forgets", "stumbles"):
        assert (agent, False, False) in found

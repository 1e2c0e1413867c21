"""Traces made by hand: commands carried out by the rules in memory, stage by stage."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from environments.rollouts.record import Rollout, StopReason, ToolCallRecord
from environments.tasks.model import (
    Answered,
    Evidence,
    Family,
    Goal,
    Located,
    Stage,
    Step,
    Task,
    Verdict,
)
from world_fixtures.facts import Arranged, Fact
from world_fixtures.living import Bring, Duty, Living, Person, Process, Stay, Timetable
from world_fixtures.protocol import ARRANGE, CONNECT, WORLD, Event
from world_fixtures.rules import Outcome, Scene, Simulation
from world_fixtures.rules.outcome import ok
from world_fixtures.spec import Character, Door, Exit, Room, Thing, WorldSpec

AGENT = "agent"
ROOMS = ("gate", "court", "archive", "chapel")


def world(living: Living | None = None, *people: Character) -> WorldSpec:
    """Four rooms in a row, west to east; a door before the last one."""
    exits = []
    for west, east in itertools.pairwise(ROOMS):
        door = "oak_door" if east == "chapel" else None
        exits.append(Exit(source=west, direction="east", target=east, door=door))
        exits.append(Exit(source=east, direction="west", target=west, door=door))
    return WorldSpec(
        name="row", title="A Row", exits=tuple(exits), living=living,
        rooms=tuple(Room(id=r, name=r.title(), desc=f"The {r}.") for r in ROOMS),
        doors=(Door(id="oak_door", name="oak door", open=True),),
        things=(
            Thing(id="lamp", name="brass lamp", desc="A lamp.", location="gate"),
            Thing(id="letter", name="letter", desc="A letter.", location="gate", text="1742.",
                  tells=(Fact("letter", "year", "1742"),)),
            Thing(id="board", name="board", desc="A board.", location="court", portable=False,
                  writable=True, inscriptions=("7",), lines=4, width=40),
            Thing(id="pad", name="note pad", desc="A pad.", location="gate", writable=True,
                  lines=4, width=40),
            Thing(id="chest", name="oak chest", desc="A chest.", location="court", portable=False,
                  container=True, open=True),
            Thing(id="ring", name="silver ring", desc="A ring.", location="chest"),
            *((
                Thing(id="kiln", name="kiln", desc="A kiln.", location="gate", portable=False,
                      surface=True),
                Thing(id="clay", name="clay", desc="Clay.", location="gate"),
                Thing(id="pot", name="pot", desc="A pot.", location=None, offstage=True),
            ) if living is not None else ()),
        ),
        characters=(Character(id=AGENT, name="Wanderer", location="gate"), *people),
    )  # fmt: skip


KILN = Process(machine="kiln", needs=("clay",), makes="pot", ticks=4)
ALMA = Character(id="alma", name="Alma", location="court")


def living(**given: Any) -> Living:
    return Living(**{"day": 40, "processes": (KILN,), **given})


def fetching() -> WorldSpec:
    """Alma fetches the lamp from the gate into the court."""
    work = Bring(thing="lamp", to="court")
    alma = Person(id="alma", heeds=("lamp",), duties=(Duty(begins=3, work=work),))
    return world(living(people=(alma,)), ALMA)


def task_of(spec: WorldSpec | None = None, **given: Any) -> Task:
    """Read the letter and the board in the first of two conversations, answer in the second."""
    answered = [
        Goal(name=f, condition=Answered(field=f, match="number", expected=(v,)))
        for f, v in (("year", "1742"), ("number", "7"))
    ]
    before = given.pop("before", (Arranged("letter", "location", None),))
    stages = (
        Stage(prompt="Read.", walkthrough=(Step(tool="disconnect"),), evidence=(
            Evidence(field="year", entity="letter", fact="year", value="1742"),
            Evidence(field="number", entity="board", fact="inscriptions", value=["7"]),
        )),
        Stage(prompt="Say.", goals=tuple(answered), before=before,
              walkthrough=(Step(tool="submit"),)),
    )  # fmt: skip
    return Task(
        family=Family.PERSISTENCE, kind="recall", difficulty=1, seed=0,
        **{"id": "t", "spec": spec or world(), "stages": stages, "budget": 20, **given},
    )  # fmt: skip


def one_stage(spec: WorldSpec | None = None, **given: Any) -> Task:
    """Go to the chapel, in one conversation."""
    goal = Goal(name="there", condition=Located(entity=AGENT, place="chapel"))
    stage = Stage(prompt="Go.", goals=(goal,), walkthrough=(Step(tool="submit"),))
    return task_of(spec, **{"stages": (stage,), **given})


def play(
    task: Task, *stages: Sequence[str | tuple[Arranged, ...]], answer: dict[str, Any] | None = None,
    goals: dict[str, float] | None = None, name: str = "r",
) -> Rollout:  # fmt: skip
    """Carry out the commands of each stage; a tuple among them is what others change there."""
    simulation = Simulation(task.spec)
    events: list[Event] = []
    calls: list[ToolCallRecord] = []

    def add(actor: str, raw: str, room: str, outcome: Outcome, cause: int | None = None) -> int:
        seq = len(events) + 1
        events.append(Event(
            seq=seq, ts=0.0, instance="i", session="", actor=actor, room=room, raw=raw,
            verb=outcome.verb, args=outcome.args, objects=outcome.objects, text=outcome.text,
            kind=outcome.kind, changes=outcome.changes, reveals=tuple(outcome.reveals),
            state_hash="", ms=0.0, cause=cause,
        ))  # fmt: skip
        for other in outcome.after:
            add(other.actor, other.raw, other.room, other.outcome, seq)
        return seq

    for stage, commands in enumerate(stages):
        if task.stages[stage].before:
            outcome = simulation.arrange(task.stages[stage].before)
            outcome.verb = ARRANGE
            add(WORLD, "", "", outcome)
        for command in (CONNECT, *commands):
            room = simulation.get(AGENT, "location")
            if isinstance(command, tuple):
                outcome = simulation.arrange(command)
                outcome.verb = ARRANGE
                add(WORLD, "", "", outcome)
                continue
            if command == CONNECT:
                scene = Scene(simulation.index, simulation, AGENT)
                outcome = ok(scene.view(), room, reveals=scene.seen())
                outcome.verb, command = CONNECT, ""
            else:
                outcome = simulation.act(command, AGENT)
            seq = add(AGENT, command, room, outcome)
            calls.append(ToolCallRecord(
                id=f"c{seq}", stage=stage, turn=len(calls) + 1, name="evennia_command",
                arguments={}, result="", event=seq,
            ))  # fmt: skip
    met = goals or {}
    success = bool(met) and all(met.values())
    return Rollout(
        id=name, task=task, model="m", conversations=[[] for _ in stages], tool_calls=calls,
        events=events, answer=answer, stop=StopReason.SUBMITTED, started=0.0, seconds=1.0,
        verdict=Verdict(reward=float(success), success=success, parts={}, goals=met),
    )  # fmt: skip


class Kit:
    """What tests make traces with."""

    world = staticmethod(world)
    living = staticmethod(living)
    fetching = staticmethod(fetching)
    task = staticmethod(task_of)
    one_stage = staticmethod(one_stage)
    play = staticmethod(play)
    timetable = staticmethod(lambda **given: Timetable(id="t", door="oak_door", **given))
    person = staticmethod(
        lambda **given: Person(id="alma", duties=(Duty(work=Stay(room="court")),), **given)
    )
    alma = ALMA


@pytest.fixture
def kit() -> type[Kit]:
    return Kit

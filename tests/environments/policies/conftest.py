"""Hand-made tasks on the cottage, and a rollout without server, model or network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from environments.policies import View, get_policy
from environments.policies.completion import completion
from environments.rollouts.record import Message
from environments.tasks.model import (
    Answered,
    Evidence,
    Family,
    Goal,
    Inscribed,
    Located,
    Stage,
    Step,
    Task,
    Verdict,
)
from environments.tasks.verdict import judge
from world_fixtures.protocol import Event
from world_fixtures.rules import Simulation
from world_fixtures.spec import WorldSpec


def steps(text: str, *, end: Step) -> tuple[Step, ...]:
    """`look; north` as a walkthrough."""
    return (*(Step(tool="command", command=c.strip()) for c in text.split(";")), end)


def submitting(**answer: Any) -> Step:
    return Step(tool="submit", answer=answer)


UNLOCKED = (
    "get lamp; light lamp; down; open chest; get brass key; up; unlock oak door; open oak door"
)


def inspection(spec: WorldSpec) -> Task:
    prompt = (
        "Find out the year of which the Letter tells. Submit an answer with one field, year: "
        "exactly what you read."
    )
    return Task(
        id="hand/inspection/1", family=Family.INSPECTION, kind="read", difficulty=1, seed=1,
        spec=spec,
        stages=(
            Stage(prompt=prompt, walkthrough=steps("read letter", end=submitting(year="1742"))),
        ),
        goals=(Goal(name="year", condition=Answered(field="year", expected=("1742",))),),
        evidence=(Evidence(field="year", text="1742"),),
    )  # fmt: skip


def errand(spec: WorldSpec) -> Task:
    prompt = (
        "Put the Blade in the Cellar. When it is done, hand in with evennia_submit and an empty "
        "answer: {}."
    )
    way = f"{UNLOCKED}; east; examine tapestry; north; get blade; south; west; down; drop blade"
    return Task(
        id="hand/errand/1", family=Family.ERRAND, kind="bring", difficulty=5, seed=2, spec=spec,
        stages=(Stage(prompt=prompt, walkthrough=steps(way, end=submitting())),),
        goals=(Goal(name="there", condition=Located(entity="blade", place="cellar")),),
        max_turns=60,
    )  # fmt: skip


def persistence(spec: WorldSpec) -> Task:
    first = Stage(
        prompt='Write "heron" on the Wall. When it is done, call evennia_disconnect.',
        walkthrough=steps("write heron on wall", end=Step(tool="disconnect")),
    )
    second = Stage(
        prompt="Which word is on the Wall? Submit an answer with one field, word: that word.",
        walkthrough=steps("read wall", end=submitting(word="heron")),
    )
    return Task(
        id="hand/persistence/1", family=Family.PERSISTENCE, kind="note", difficulty=1, seed=3,
        spec=spec, stages=(first, second),
        goals=(
            Goal(name="word", condition=Answered(field="word", expected=("heron",))),
            Goal(name="wall", condition=Inscribed(entity="wall", text="heron")),
        ),
    )  # fmt: skip


@pytest.fixture(scope="session")
def tasks(cottage) -> tuple[Task, ...]:
    return inspection(cottage), errand(cottage), persistence(cottage)


@dataclass
class Rehearsal:
    """What a policy did with a task."""

    task: Task
    world: Simulation
    answer: dict[str, Any] | None = None
    stage: int = 0
    sessions: int = 0
    connected: bool = False
    over: bool = False
    events: list[Event] = field(default_factory=list)
    conversations: list[list[Message]] = field(default_factory=list)

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [
            (c["function"]["name"], c["function"]["arguments"])
            for messages in self.conversations
            for m in messages
            for c in m.get("tool_calls", ())
        ]

    @property
    def verdict(self) -> Verdict:
        return judge(self.task, self.world.state, self.events, self.answer)

    def use(self, tool: str, arguments: dict[str, Any]) -> str:
        """What the live toolset would answer."""
        last = self.stage == len(self.task.stages) - 1
        if tool == "evennia_submit":
            if not last:
                return "It is too early to submit: call evennia_disconnect when this part is done."
            self.answer, self.over = arguments["answer"], True
            return "Your answer was taken."
        if tool == "evennia_connect":
            self.connected, self.sessions = True, self.sessions + 1
            return self.world.view()
        if not self.connected:
            return '{"error": "you are not connected to the world: call evennia_connect first"}'
        if tool == "evennia_disconnect":
            self.connected, self.over = False, not last
            return "You have left the world. It keeps everything as it is."
        return self._command(arguments["command"])

    def _command(self, raw: str) -> str:
        actor = self.task.spec.agent.id
        room = self.world.get(actor, "location")
        outcome = self.world.act(raw)
        self.events.append(
            Event(
                seq=len(self.events) + 1, ts=0, instance="rehearsal", session="s", actor=actor,
                room=room, raw=raw, verb=outcome.verb, args=outcome.args, objects=outcome.objects,
                text=outcome.text, kind=outcome.kind, changes=outcome.changes, state_hash="", ms=0,
            )
        )  # fmt: skip
        return outcome.text


def rehearse(name: str, task: Task, attempt: int = 0) -> Rehearsal:
    """Play `task` in the simulation, in OpenAI's message form."""
    policy = get_policy(name)
    run = Rehearsal(task, Simulation(task.spec))
    turns = task.max_turns
    for run.stage, stage in enumerate(task.stages):
        messages: list[Message] = [{"role": "user", "content": stage.prompt}]
        run.conversations.append(messages)
        run.over = run.connected = False
        for raw in stage.meanwhile:
            run.world.act(raw, actor=task.spec.characters[1].id)
        while turns and not run.over:
            turns -= 1
            seed = f"{policy.name}/{task.id}/{attempt}/{run.stage}"
            view = View(task, run.stage, messages, seed)
            move = policy.act(view)
            whole = completion({"model": name, "messages": []}, f"{seed}/{view.turn}", [move])
            message = whole["choices"][0]["message"]
            messages.append(message)
            if not message.get("tool_calls"):
                return run
            for call, (tool, arguments) in zip(message["tool_calls"], move.calls, strict=True):
                result = run.use(tool, arguments)
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    return run


@pytest.fixture(scope="session")
def play() -> Callable[..., Rehearsal]:
    return rehearse

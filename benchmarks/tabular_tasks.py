"""Tasks as graphs: what each command leads to, worked out once and then only looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from environments.tasks.build import make_task
from environments.tasks.credit.potential import scaled
from environments.tasks.model import Condition, Family, Task, Together, Visited
from environments.tasks.value import Position, value_of
from environments.tasks.verdict import Played, judge
from world_fixtures.protocol import CONNECT, Event, ResultKind
from world_fixtures.rules import Outcome, Scene, Simulation
from world_fixtures.rules.outcome import ok

KINDS = (
    "orientation.describe", "orientation.map", "navigation.by_name", "navigation.by_description",
    "navigation.by_directions", "inspection.read", "inspection.inside", "inspection.compare",
    "inspection.combine", "errand.deliver",
)  # fmt: skip
DIFFICULTIES = (1, 2)
ENDLESS = 10_000
"""A budget that never runs out: learners count their commands themselves."""
END = "submit"
"""The action that ends an episode; commands are the others."""


def tasks() -> list[Task]:
    """Return the 20 fixed tasks, each of one conversation."""
    return [
        make_task(Family(kind.split(".")[0]), 0, difficulty, kind.split(".")[1])
        for difficulty in DIFFICULTIES
        for kind in KINDS
    ]


@dataclass
class Node:
    """What a learner tells apart: the state of the world, and what of the task was seen or done."""

    number: int
    simulation: Simulation
    events: list[Event]
    """The way by which it was first reached."""
    solved: bool
    """Whether ending here succeeds."""
    actions: list[tuple[str, Node | None]] = field(default_factory=list)
    """Commands with what they lead to, and the end of the episode; empty until it is asked for."""
    value: tuple[int | None] | None = None
    """Fewest commands to success (None: lost), once it was asked for."""


class Graph:
    """One task, of which nodes are made when they are first reached."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._stage = task.stages[0]
        self._nodes: dict[Any, Node] = {}
        self._commands = dict.fromkeys(
            step.command for step in self._stage.walkthrough if step.tool == "command"
        )
        self._answer = self._stage.walkthrough[-1].answer
        parts = [c for g in task.goals for c in _parts(g.condition)]
        self._visits = [p.rooms for p in parts if isinstance(p, Visited)]
        start = Simulation(task.spec)
        start.arrange(self._stage.before)
        scene = Scene(start.index, start, task.spec.agent.id)
        view = ok(scene.view(), scene.room, reveals=scene.seen())
        view.verb = CONNECT
        self.start = self._node(start, [self._event(view, scene.room, "", 1)])

    def __len__(self) -> int:
        return len(self._nodes)

    def actions(self, node: Node) -> list[tuple[str, Node | None]]:
        """Return the commands that can be given at a node, and the end of the episode.

        They are the moves, the opening of closed doors and the other commands of the walkthrough.
        """
        if not node.actions:
            for command in self._candidates(node):
                after = node.simulation.copy()
                room = str(after.get(self.task.spec.agent.id, "location"))
                outcome = after.act(command)
                if outcome.kind is ResultKind.OK:
                    event = self._event(outcome, room, command, len(node.events) + 1)
                    node.actions.append((command, self._node(after, [*node.events, event])))
            node.actions.append((END, None))
        return node.actions

    def potential(self, node: Node, commands: int) -> float:
        """Return the potential of a node that was reached by so many commands."""
        if node.value is None:
            endless = self.task.model_copy(update={"budget": ENDLESS})
            node.value = (value_of(Position.of(endless, [node.events])).commands,)
        (left,) = node.value
        lost = left is None or left + commands > self.task.budget
        return scaled(None if lost else left, self.task.budget)

    def _event(self, outcome: Outcome, room: str, command: str, seq: int) -> Event:
        return Event(
            seq=seq, ts=0.0, instance="", session="", actor=self.task.spec.agent.id, room=room,
            raw=command, verb=outcome.verb, args=outcome.args, objects=outcome.objects,
            text=outcome.text, kind=outcome.kind, changes=outcome.changes,
            reveals=outcome.reveals, state_hash="", ms=0.0,
        )  # fmt: skip

    def _candidates(self, node: Node) -> list[str]:
        simulation, room = node.simulation, node.simulation.get(self.task.spec.agent.id, "location")
        index = simulation.index
        found: list[str] = []
        for way in index.exits[room]:
            found.append(way.direction)
            if way.door is not None:
                found.append(f"open {index.name(way.door).lower()}")
        return list(dict.fromkeys((*found, *self._commands)))

    def _node(self, simulation: Simulation, events: list[Event]) -> Node:
        state = simulation.state
        revealed = {(e, f) for event in events for e, f, _ in event.reveals}
        key = (
            state.hash,
            tuple((e.entity, e.fact) in revealed for e in self._stage.evidence),
            tuple(_passed(rooms, events, self.task.spec.agent.id) for rooms in self._visits),
        )
        if key not in self._nodes:
            endless = self.task.model_copy(update={"budget": ENDLESS})
            verdict = judge(endless, [Played(events, state)], self._answer)
            self._nodes[key] = Node(len(self._nodes), simulation, events, verdict.success)
        return self._nodes[key]


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, Together) else (condition,)


def _passed(rooms: tuple[str, ...], events: list[Event], agent: str) -> int:
    """Count the rooms that were visited in their order."""
    way = [events[0].room]
    way += [c.after for e in events for c in e.changes if c.entity == agent]
    passed = 0
    for room in way:
        passed += passed < len(rooms) and room == rooms[passed]
    return passed

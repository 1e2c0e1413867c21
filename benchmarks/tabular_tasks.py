"""Tasks as graphs: what each command leads to, worked out once and then only looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from environments.tasks.build import make_task
from environments.tasks.credit.potential import potential
from environments.tasks.model import Family, Task, Together, Visited
from environments.tasks.value import Position
from environments.tasks.verdict import Played, judge
from world_fixtures.protocol import Event, ResultKind
from world_fixtures.simulated import SimulatedInstance
from world_fixtures.state import WorldState

KINDS = (
    "orientation.describe", "orientation.map", "navigation.by_name", "navigation.by_description",
    "navigation.by_directions", "inspection.read", "inspection.inside", "inspection.compare",
    "inspection.combine", "errand.deliver",
)  # fmt: skip
DIFFICULTIES = (1, 2)
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
    simulation: Any
    events: list[Event]
    """The way by which it was first reached."""
    actions: dict[str, Node | None] = field(default_factory=dict)
    """Command -> where it leads, None at the end of the episode; empty until it is asked for."""
    potential: float | None = None
    solved: bool = False
    """Whether ending here succeeds."""


class Graph:
    """One task, of which nodes are made when they are first reached."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._stage = task.stages[0]
        self._nodes: dict[Any, Node] = {}
        self._instance = SimulatedInstance("tabular", task.spec)
        self._instance.simulation.arrange(self._stage.before)
        self._commands = dict.fromkeys(
            step.command for step in self._stage.walkthrough if step.tool == "command"
        )
        self._answer = self._stage.walkthrough[-1].answer
        parts = [c for g in task.goals for c in _parts(g.condition)]
        self._visits = [p.rooms for p in parts if isinstance(p, Visited)]
        first = self._instance.connected("s", task.spec.agent.id)
        self.start = self._node(self._instance.simulation, [first])

    def __len__(self) -> int:
        return len(self._nodes)

    def actions(self, node: Node) -> dict[str, Node | None]:
        """Return the commands that can be given at a node, and the end of the episode.

        They are the moves, the opening of closed doors and the other commands of the walkthrough.
        """
        if not node.actions:
            for command in self._candidates(node):
                self._instance.simulation = node.simulation.copy()
                event = self._instance.carry_out("s", self.task.spec.agent.id, command)
                if event.kind is ResultKind.OK:
                    after = self._instance.simulation
                    node.actions[command] = self._node(after, [*node.events, event])
            node.actions[END] = None
        return node.actions

    def potential(self, node: Node, commands: int) -> float:
        """Return the potential of a node after so many commands (see `credit.potential`)."""
        if node.potential is None:
            position = Position.of(self.task.model_copy(update={"budget": 10_000}), [node.events])
            found = potential(self.task, position)
            node.potential = found
        return node.potential

    def _candidates(self, node: Node) -> list[str]:
        simulation, room = node.simulation, node.simulation.get(self.task.spec.agent.id, "location")
        index = simulation.index
        found = []
        for way in index.exits[room]:
            found.append(way.direction)
            if way.door is not None:
                found.append(f"open {index.name(way.door).lower()}")
        return list(dict.fromkeys((*found, *self._commands)))

    def _node(self, simulation: Any, events: list[Event]) -> Node:
        state: WorldState = simulation.state
        revealed = {(e, f) for event in events for e, f, _ in event.reveals}
        key = (
            state.hash,
            tuple((e.entity, e.fact) in revealed for e in self._stage.evidence),
            tuple(_passed(rooms, events) for rooms in self._visits),
        )
        if key not in self._nodes:
            node = Node(len(self._nodes), simulation, events)
            played = [Played(events=events, state=state)]
            node.solved = judge(self.task, played, self._answer).success
            self._nodes[key] = node
        return self._nodes[key]

"""A task of today's kinds under audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.audit.asked import asked
from environments.audit.checker import missing
from environments.audit.demand import demand_of
from environments.audit.line import Line
from environments.tasks.model import Task
from environments.tasks.verdict import Played, judge
from world_fixtures.protocol import WORLD


class TaskSubject:
    """One task, judged by its verdict, and by the checker beside it."""

    def __init__(self, task: Task) -> None:
        """Read what the task demands."""
        self.task = task
        self.id = task.id
        self.kind = f"{task.family}.{task.kind}"
        self.spec = task.spec
        self.budget = task.budget
        self.prompts = [stage.prompt for stage in task.stages]
        self.walkthrough = [
            [step.command for step in stage.walkthrough if step.tool == "command"]
            for stage in task.stages
        ]
        self.told = task.stages[-1].walkthrough[-1].answer
        self.fields = task.answer_fields
        self.attacks = task.attacks
        self._demand = asked(task, demand_of(task))

    def before(self, stage: int, line: Line) -> None:
        """Arrange what the task arranges before a stage."""
        if changes := self.task.stages[stage].before:
            line.record(WORLD, "", "", line.simulation.arrange(changes))

    def rewards(self, line: Line, answers: Sequence[dict[str, Any]]) -> list[float]:
        """Return the verdict's reward for each answer."""
        states = [*line.states, line.simulation.state]
        played = [
            Played([e for e in events if e.actor == line.agent], state, begun)
            for events, state, begun in zip(line.parts, states, line.begun, strict=True)
        ]
        return [judge(self.task, played, answer).reward for answer in answers]

    def missing(self, line: Line, answer: dict[str, Any]) -> tuple[str, ...]:
        """Return what the checker says is not done."""
        return missing(self._demand, line.parts, answer)

"""The verdict as OpenEnv's rubric: one for the reward, and one for each of its parts."""

from __future__ import annotations

from typing import Any

from openenv.core.rubrics import Rubric

from environments.integrations.openenv.models import EvenniaObservation


class Part(Rubric):
    """One part of the reward: 0 until the task is judged."""

    def __init__(self, name: str) -> None:
        """Take the name of the part in a verdict."""
        super().__init__()
        self.name = name

    def forward(self, action: Any, observation: EvenniaObservation) -> float:
        """Return the part of the observation's verdict."""
        verdict = observation.verdict
        return 0.0 if verdict is None else verdict.parts[self.name]

    def reset(self) -> None:
        """Forget the last score."""
        self.last_score = None


class VerdictRubric(Rubric):
    """The reward of the verdict: 0 until the task is judged, to the last digit our own then."""

    def __init__(self) -> None:
        """Make a rubric for each part, under its name."""
        super().__init__()
        self.outcome = Part("outcome")
        self.progress = Part("progress")
        self.efficiency = Part("efficiency")
        self.evidence = Part("evidence")
        self.discipline = Part("discipline")
        self.restraint = Part("restraint")

    def forward(self, action: Any, observation: EvenniaObservation) -> float:
        """Return the reward of the observation's verdict."""
        if observation.verdict is None:
            return 0.0
        for part in self.children():
            part(action, observation)
        return observation.verdict.reward

    def reset(self) -> None:
        """Forget the last scores."""
        self.last_score = None
        for part in self.children():
            part.reset()

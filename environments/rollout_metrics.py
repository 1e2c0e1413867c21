"""Training metrics between two log steps: buffers of what finished, by family and difficulty."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import fmean

from environments.trajectories.record import Rollout


class RolloutMetrics:
    """Collects training rollouts; `take` gives the means for wandb and starts anew."""

    def __init__(self) -> None:
        self._values: defaultdict[str, list[float]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._tool_errors = 0

    def add(self, rollout: Rollout) -> None:
        """Count a scored rollout."""
        verdict, task = rollout.verdict, rollout.task
        assert verdict is not None
        for place in ("all", task.family.value, f"difficulty_{task.difficulty}"):
            self._values[f"train/{place}/reward"].append(verdict.reward)
            self._values[f"train/{place}/success"].append(float(verdict.success))
        for part, value in verdict.parts.items():
            self._values[f"train/all/parts/{part}"].append(value)
        if verdict.spl is not None:
            self._values["train/all/spl"].append(verdict.spl)
        commands = len(rollout.events)
        invalid = sum(e.kind == "unknown" for e in rollout.events)
        self._values["train/all/invalid_commands"].append(invalid / commands if commands else 0.0)
        self._values["train/all/turns"].append(rollout.turns)
        self._values["train/all/completion_tokens"].append(rollout.completion_tokens)
        turns = max(rollout.turns, 1)
        self._values["train/latency/model_ms"].append(rollout.model_seconds / turns * 1000)
        self._values["train/latency/world_ms"].append(
            rollout.world_seconds / max(commands, 1) * 1000
        )
        for call in rollout.tool_calls:
            if call.error:
                self._tool_errors += 1
                self._counts[f"train/tool_errors/{call.error.split(':')[0][:40]}"] += 1
        self._counts[f"train/stop/{rollout.stop.value}"] += 1

    def add_failure(self, rollout: Rollout) -> None:
        """Count a rollout that ended without a verdict."""
        self._counts[f"train/failed/{rollout.stop.value}"] += 1

    def take(self) -> dict[str, float]:
        """Means and counts since the last call."""
        metrics = {name: fmean(values) for name, values in self._values.items()}
        metrics |= {name: float(count) for name, count in self._counts.items()}
        self._values.clear()
        self._counts.clear()
        return metrics

    def take_tool_errors(self) -> int:
        """Tool errors since the last call."""
        count, self._tool_errors = self._tool_errors, 0
        return count

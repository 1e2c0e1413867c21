"""Our suites as tasks of Inspect (`inspect eval evennia_world/standard --model ...`).

`suites.py` has the tasks, `solver.py` plays one, `scorers.py` says what it was worth, `metrics.py`
sums up. Inspect finds them by the entry point `evennia_world` of its group. Needs the extra
`inspect`.
"""

from __future__ import annotations

from environments.integrations.inspect_ai.metrics import (
    ci95,
    mean_of_tasks,
    mean_reward,
    success_rate,
)
from environments.integrations.inspect_ai.scorers import TRUST, reward, success
from environments.integrations.inspect_ai.solver import play
from environments.integrations.inspect_ai.suites import TASKS, suite

__all__ = [
    "TASKS", "TRUST", "ci95", "mean_of_tasks", "mean_reward", "play", "reward", "success",
    "success_rate", "suite",
]  # fmt: skip

"""Actions, observations and state, where OpenEnv's tools look for them."""

from environments.integrations.openenv.models import (
    EvenniaAction,
    EvenniaObservation,
    EvenniaState,
    TaskVerdict,
)

__all__ = ["EvenniaAction", "EvenniaObservation", "EvenniaState", "TaskVerdict"]

"""The environment as OpenEnv packages one: a client and models over a server in a container."""

from environments.integrations.openenv.client import EvenniaEnv
from environments.integrations.openenv.models import (
    EvenniaAction,
    EvenniaObservation,
    EvenniaState,
)

__all__ = ["EvenniaAction", "EvenniaEnv", "EvenniaObservation", "EvenniaState"]

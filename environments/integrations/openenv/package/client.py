"""The client, where OpenEnv's tools look for it."""

from environments.integrations.openenv.client import EvenniaEnv

__all__ = ["EvenniaEnv"]

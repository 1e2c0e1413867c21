"""This world under the name by which verifiers finds it: `vf-eval evennia_world`."""

from environments.integrations.verifiers import (
    EvenniaWorldEnv,
    EvenniaWorldHarness,
    EvenniaWorldTaskset,
)

__all__ = ["EvenniaWorldTaskset", "EvenniaWorldHarness", "EvenniaWorldEnv"]

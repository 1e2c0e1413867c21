"""The plugin's entry point in the group `hermes_agent.plugins`.

The code is in `environments.integrations.hermes_plugin`.
"""

from environments.integrations.hermes_plugin import register

__all__ = ["register"]

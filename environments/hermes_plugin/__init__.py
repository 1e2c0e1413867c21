"""The hermes-agent plugin: the toolset `evennia`, and a trace of every session that uses it.

Hermes finds it by the entry-point group `hermes_agent.plugins` and loads it where the
config says `plugins: {enabled: [evennia]}`. Settings are environment variables:
EVENNIA_WORLD (a world of the library or a YAML file, default timmy_home) and
EVENNIA_TELEMETRY_ROOT (default as everywhere).
"""

from __future__ import annotations

from typing import Any

from environments.evennia_tools import DESCRIPTION as _  # noqa: F401

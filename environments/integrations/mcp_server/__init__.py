"""A server of the Model Context Protocol over stdio: a world to live in, or tasks to do.

`sandbox.py` has the tools where no task is set, `tasks.py` those for the tasks of a suite, and
`server.py` what both need of the SDK. Needs the extra `mcp`.
"""

from __future__ import annotations

from environments.integrations.mcp_server.sandbox import serve

__all__ = ["serve"]

"""Toolsets under the import path that environments outside this project use.

The code is in `environments.tools`.
"""

from environments.tools.registry import (
    Effect,
    Handler,
    Tool,
    find_tools,
    known_toolsets,
    register,
    tools_of,
)

__all__ = ["Effect", "Handler", "Tool", "find_tools", "known_toolsets", "register", "tools_of"]

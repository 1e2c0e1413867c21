"""What a model may call: tools by toolset, the gate each call passes, and what carries it out."""

from environments.tools import hermes_agent
from environments.tools.evennia import EVENNIA_TOOLS, NotConnected, World, WorldTool
from environments.tools.gate import Assessment, Gate, assess
from environments.tools.registry import (
    Effect,
    Handler,
    Tool,
    add_provider,
    check_forkable,
    find_tools,
    forkable_tools,
    known_toolsets,
    register,
    tools_of,
)
from environments.tools.toolbox import ToolActions, Toolbox, ToolRequest

__all__ = [
    "Assessment",
    "Effect",
    "Gate",
    "Handler",
    "NotConnected",
    "Tool",
    "ToolActions",
    "ToolRequest",
    "Toolbox",
    "World",
    "WorldTool",
    "add_provider",
    "assess",
    "check_forkable",
    "find_tools",
    "forkable_tools",
    "known_toolsets",
    "register",
    "tools_of",
]

register("evennia", *EVENNIA_TOOLS)
add_provider(hermes_agent.register_toolset)

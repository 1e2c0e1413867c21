"""Names of the tools in texts for players who know them by other names."""

from __future__ import annotations

import re
from collections.abc import Mapping

PREFIX = "evennia_"
_NAME = re.compile(rf"\b{PREFIX}(?:connect|command|observe|disconnect|submit)\b")
SHORT = {f"{PREFIX}{name}": name for name in (
    "connect", "command", "observe", "disconnect", "submit",
)}  # fmt: skip
"""For a host that has the tools under their names without the prefix."""


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Replace the names of the toolset `evennia` in a prompt or an error by those in `names`."""
    return _NAME.sub(lambda found: names.get(found[0], found[0]), text)

"""A parser of tool calls of one's own: lines such as `CALL evennia_command {"command": "look"}`.

Named `--env.tool_call_parser own_parser:CallLines` where this file is in the working directory.
"""

from __future__ import annotations

import json
import re

LINE = re.compile(r"^CALL (?P<name>\w+) *(?P<arguments>\{.*\})? *$", re.MULTILINE)


class CallLines:
    """Finds the calls of a text, whatever the text is."""

    def parse(self, text: str) -> tuple[str | None, list[dict] | None]:
        """Return what is no call, and the calls."""
        calls = []
        for found in LINE.finditer(text):
            arguments = found["arguments"] or "{}"
            try:
                json.loads(arguments)
            except ValueError:
                continue  # what is malformed is no call, and stays content
            calls.append({"function": {"name": found["name"], "arguments": arguments}})
        return LINE.sub("", text).strip() or None, calls or None

    def attempted(self, text: str) -> bool:
        """Tell whether a call was meant: then the model is told that it cannot be read."""
        return re.search(r"^CALL\b", text, re.MULTILINE) is not None

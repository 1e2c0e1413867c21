"""The requests of one conversation as JSON, in which every message is written once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any


class RequestText:
    """Writes requests of OpenAI's chat completions.

    Each asks with the whole conversation until then. Of one that goes on from the last only the
    new messages are written: a message does not change once it was sent. The tools likewise.
    """

    def __init__(self) -> None:
        self._messages: list[Any] = []
        """Those that were written."""
        self._texts: list[str] = []
        self._tools: Any = None
        self._tools_text = ""

    def of(self, request: Mapping[str, Any]) -> bytes:
        """Return a request as JSON. Raises TypeError and ValueError as `json.dumps`."""
        rest = {name: v for name, v in request.items() if name not in ("messages", "tools")}
        parts = [json.dumps(rest)[1:-1]] if rest else []
        if "messages" in request:
            parts.append(f'"messages": [{self._written(request["messages"])}]')
        if "tools" in request:
            if not self._tools_text or request["tools"] is not self._tools:
                self._tools, self._tools_text = request["tools"], json.dumps(request["tools"])
            parts.append(f'"tools": {self._tools_text}')
        return f"{{{', '.join(parts)}}}".encode()

    def _written(self, messages: Sequence[Any]) -> str:
        known = len(self._messages)
        if len(messages) < known or not all(map(is_, self._messages, messages)):
            self._messages, self._texts, known = [], [], 0
        for message in messages[known:]:
            self._texts.append(json.dumps(message))
            self._messages.append(message)
        return ", ".join(self._texts)

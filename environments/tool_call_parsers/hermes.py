"""Hermes: `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, any number of them."""

from __future__ import annotations

import json
import re

from environments.tool_call_parsers.base import Function, ToolCall

_BLOCK = re.compile(r"<tool_call>(.*?)(?:</tool_call>|(?=<tool_call>)|\Z)", re.DOTALL)


class HermesParser:
    """Malformed and cut-off calls are left in the text; the good ones survive."""

    def parse(self, text: str) -> tuple[str | None, list[ToolCall] | None]:
        calls: list[ToolCall] = []

        def take(block: re.Match[str]) -> str:
            call = _call(block[1], len(calls))
            if call is None:
                return block[0]
            calls.append(call)
            return ""

        rest = _BLOCK.sub(take, text).strip()
        return rest or None, calls or None


def _call(body: str, index: int) -> ToolCall | None:
    try:
        found = json.loads(body.strip())
        arguments = found.get("arguments") or {}
        if isinstance(arguments, str):
            arguments = json.loads(arguments)
        if not isinstance(found["name"], str) or not isinstance(arguments, dict):
            return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    text = json.dumps(arguments, ensure_ascii=False)
    return ToolCall(id=f"call_{index}", function=Function(name=found["name"], arguments=text))

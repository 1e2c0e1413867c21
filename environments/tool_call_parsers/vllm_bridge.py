"""vLLM's own parsers, where vLLM is installed: `get_parser("vllm:NAME", tokenizer)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.tool_call_parsers.calls import ParseResult, make_call
from world_fixtures.common import UserError


class VllmParser:
    """Calls found by vLLM; ids are made anew, as vLLM's are random."""

    def __init__(self, name: str, tokenizer: Any) -> None:
        """Look up vLLM's parser `name`.

        Raises UserError where vLLM is missing, has no such parser, or `tokenizer` is None.
        """
        try:
            from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
            from vllm.tool_parsers.abstract_tool_parser import ToolParserManager
        except ImportError as error:
            raise UserError(
                f"tool_call_parser vllm:{name} needs vLLM ({error}): install it, or choose a "
                "parser without the prefix vllm:"
            ) from error
        if tokenizer is None:
            raise UserError(f"tool_call_parser vllm:{name} needs a tokenizer")
        try:
            self._parser = ToolParserManager.get_tool_parser(name)(tokenizer)
        except KeyError as error:
            raise UserError(f"vLLM has no tool_call_parser {name!r}: {error}") from error
        self._request = ChatCompletionRequest

    def parse(self, text: str, tools: Sequence[dict[str, Any]] | None = None) -> ParseResult:
        """Return the content and the calls of `text`; `tools` are schemas in OpenAI's form."""
        request = self._request(
            messages=[{"role": "user", "content": ""}], model="", tools=list(tools or []) or None
        )
        found = self._parser.extract_tool_calls(text, request)
        if not found.tools_called or not found.tool_calls:
            return text, None
        calls = [
            make_call(f"call_{index}", c.function.name, c.function.arguments)
            for index, c in enumerate(found.tool_calls)
        ]
        return found.content or None, calls

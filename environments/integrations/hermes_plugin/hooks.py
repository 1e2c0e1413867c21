"""Callbacks of Hermes: tool handlers, and the hooks from which they learn who called them.

A handler is given its session alone. The middleware around it knows the tool call, and hands
it on in a context variable: calls of other agents run in other threads, each with its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from environments.integrations.hermes_plugin.background import Background
from environments.telemetry.live import Caller, CallFailed, LiveSessions
from world_fixtures.common import UserError

_CALLER: ContextVar[Caller | None] = ContextVar("evennia_caller", default=None)


@dataclass(frozen=True)
class _Request:
    """The model call that a session is at."""

    id: str
    turn: int
    model: str
    provider: str


class Hooks:
    """The callbacks of one registration."""

    def __init__(self, background: Background, tools: frozenset[str]) -> None:
        """Keep the names of the `tools` that are ours."""
        self._background = background
        self._tools = tools
        self._requests: dict[str, _Request] = {}

    def handler(self, tool: str) -> Callable[..., str]:
        """Return Hermes's handler of one tool; what fails is a JSON object with `error`."""

        def handle(args: dict[str, Any], *, session_id: str = "", **_: Any) -> str:
            request = self._requests.get(session_id)

            async def act(sessions: LiveSessions) -> str:
                return await sessions.act(
                    session_id, tool, args, caller,
                    model=request.model if request else "",
                    provider=request.provider if request else "",
                )  # fmt: skip

            caller = _CALLER.get() or Caller("")
            try:
                return self._background.run(act)
            except (CallFailed, UserError) as error:
                return json.dumps({"error": str(error)}, ensure_ascii=False)

        return handle

    def around_call(
        self, *, tool_name: str, args: dict[str, Any], next_call: Callable[..., Any],
        session_id: str = "", tool_call_id: str = "", api_request_id: str = "", **_: Any,
    ) -> Any:  # fmt: skip
        """Carry out a tool call, as middleware `tool_execution`."""
        if tool_name not in self._tools:
            return next_call(args)
        request = self._requests.get(session_id)
        caller = Caller(
            tool_call_id=tool_call_id,
            turn=request.turn if request else None,
            api_request_id=api_request_id or (request.id if request else None),
        )
        token = _CALLER.set(caller)
        try:
            return next_call(args)
        finally:
            _CALLER.reset(token)

    def before_request(
        self, *, session_id: str = "", api_request_id: str = "", model: str = "",
        provider: str = "", base_url: str = "",
        conversation_history: list[dict[str, Any]] | None = None, **_: Any,
    ) -> None:  # fmt: skip
        """Note the model call that a session is at, as hook `pre_api_request`.

        Hermes calls it anew when a request is tried again.
        """
        known = self._requests.get(session_id)
        if known is not None and known.id == api_request_id:
            return
        answers = sum(m.get("role") == "assistant" for m in conversation_history or ())
        self._requests[session_id] = _Request(
            id=api_request_id,
            turn=max(answers, known.turn if known else 0) + 1,
            model=model or "",
            provider=urlsplit(base_url or "").hostname or provider or "",
        )

    def session_rests(self, *, session_id: str = "", **_: Any) -> None:
        """Complete the trace, as hook `on_session_end`: when the agent has answered its user."""
        self._requests.pop(session_id, None)
        self._tell(lambda sessions: sessions.rest(session_id))

    def session_over(self, *, session_id: str | None = None, **_: Any) -> None:
        """Give the world back, as hook `on_session_finalize`."""
        if session_id:
            self._tell(lambda sessions: sessions.end(session_id))

    def _tell(self, what: Callable[[LiveSessions], None]) -> None:
        async def run(sessions: LiveSessions) -> None:
            what(sessions)

        if self._background.started:
            self._background.run(run)

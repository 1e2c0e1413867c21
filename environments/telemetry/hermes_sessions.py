"""Reading the sessions that hermes-agent keeps: its state.db, or the JSON snapshot of one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments.rollouts.messages import Message, ToolCall, parsed_arguments
from environments.rollouts.record import ToolCallRecord
from world_fixtures.common import UserError

STATE_DB = "state.db"
BRIDGE = "tool_call"
"""Hermes's tool that calls those which it keeps out of the prompt for their number."""
_SQLITE = b"SQLite format 3\0"
_COLUMNS = "session_id, role, content, tool_calls, tool_call_id, compacted"


@dataclass(frozen=True)
class HermesSession:
    """One session of hermes-agent."""

    id: str
    model: str
    messages: list[Message]
    """In OpenAI's form, in their order; what was compacted or taken back included."""

    @property
    def tool_calls(self) -> list[ToolCallRecord]:
        """Return every tool call in its order; `turn` counts the assistant's messages from 1.

        `result` is empty where the session ended before there was one.
        """
        found: list[ToolCallRecord] = []
        turn = 0
        open_calls: list[ToolCallRecord] = []
        for message in self.messages:
            if message["role"] == "assistant":
                turn += 1
                open_calls = [_record(call, turn) for call in message.get("tool_calls") or ()]
                found += open_calls
            elif message["role"] == "tool":
                call = next((c for c in open_calls if c.id == message.get("tool_call_id")), None)
                if call is not None:
                    open_calls.remove(call)
                    call.result = _text(message.get("content"))
                    call.error = error_of(call.result)
        return found


def is_hermes(path: Path) -> bool:
    """Tell whether `path` is a state.db, a directory with one, or a session's JSON snapshot."""
    if path.is_dir():
        return (path / STATE_DB).is_file()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE or path.suffix == ".json"


def read_hermes(path: Path) -> list[HermesSession]:
    """Read the sessions of a path for which `is_hermes` holds.

    Raises UserError for other content.
    """
    path = path / STATE_DB if path.is_dir() else path
    try:
        sessions = [_snapshot(path)] if path.suffix == ".json" else _database(path)
        for session in sessions:
            _check(session.messages)
        return sessions
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror})") from error
    except (
        sqlite3.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError,
    ) as error:  # fmt: skip
        raise UserError(f"{path} is no transcript of hermes-agent ({error!r})") from error


def object_of(result: str) -> dict[str, Any] | None:
    """Return the JSON object in a tool's result, also inside Hermes's mark of untrusted content."""
    inner = result[result.find("{") : result.rfind("}") + 1]
    if result.startswith("<untrusted_tool_result") or inner == result.strip():
        try:
            found = json.loads(inner)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None
    return None


def error_of(result: str) -> str | None:
    """Return what went wrong, where a result says that something did."""
    found = object_of(result) or {}
    return str(found["error"]) if found.get("error") else None


def _database(path: Path) -> list[HermesSession]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        sessions = database.execute("SELECT id, model FROM sessions ORDER BY started_at, id")
        return [
            HermesSession(id_, model or "", list(_rows(database, id_)))
            for id_, model in sessions.fetchall()
        ]


def _rows(database: sqlite3.Connection, session_id: str) -> Iterator[Message]:
    """Yield a session's messages. Compaction writes those that it keeps a second time."""
    query = f"SELECT {_COLUMNS} FROM messages WHERE session_id = ? ORDER BY id"
    compacted: set[tuple[Any, ...]] = set()
    for _, *columns, archived in database.execute(query, (session_id,)):
        role, content, calls, call_id = columns
        if calls or call_id:
            if tuple(columns) in compacted:
                continue
            if archived:
                compacted.add(tuple(columns))
        yield {
            "role": role, "content": content, "tool_calls": json.loads(calls) if calls else None,
            "tool_call_id": call_id,
        }  # fmt: skip


def _snapshot(path: Path) -> HermesSession:
    content = json.loads(path.read_text(encoding="utf-8"))
    return HermesSession(content["session_id"], content["model"] or "", content["messages"])


def _check(messages: Iterable[Message]) -> None:
    for message in messages:
        message["role"]
        for call in message.get("tool_calls") or ():
            _record(call, 1)


def _record(call: ToolCall, turn: int) -> ToolCallRecord:
    name: Any = call["function"]["name"]
    arguments = _parsed(call["function"]["arguments"])
    while name == BRIDGE and isinstance(arguments, dict) and "name" in arguments:
        name, arguments = arguments["name"], _parsed(arguments.get("arguments") or {})
    return ToolCallRecord(
        id=call["id"], stage=0, turn=turn, name=name, arguments=arguments, result=""
    )


def _parsed(arguments: str | dict[str, Any]) -> str | dict[str, Any]:
    """Return arguments as an object; as the text they are where they are no JSON object."""
    if not isinstance(arguments, str):
        return arguments
    found = parsed_arguments(arguments)
    return found if isinstance(found, dict) else arguments


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)

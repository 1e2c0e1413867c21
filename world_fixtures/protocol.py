"""The messages between a world server's gateway and its clients.

One line of JSON is one message, in either direction. A request is
`{"id": n, "op": name, ...}`, its answer `{"id": n, "ok": result}` or
`{"id": n, "error": {"code": c, "message": m}}`. A line may hold a list of requests;
they run in that order and are answered in one line, in one durable commit.
The first request of a connection is `hello` with the server's secret.

    op        with                          answers
    hello     secret                        {"server": id, "evennia": version, "python": version}
    create    spec                          {"instance": id, "hash": state hash}
    reset     instance                      {"hash": state hash, "rewound": fields put back}
    release   instance                      {}
    state     instance                      WorldState
    events    instance, after?              [Event]
    open      instance, character?, quiet?  {"session": id, "event": Event, null if quiet}
    command   session, text                 Event
    close     session                       {}
    ping                                    {"instances": n, "sessions": n, "rss_kb": n}
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

MAX_LINE = 8 * 1024 * 1024
"""Bytes in one message; a longer one ends the connection."""
CONNECT = "connect"
"""Verb of the event that a session begins with; its text is the first view."""
MAX_COMMAND = 1000
"""Characters in one command; a longer one is refused as an observation."""

MAX_RATE = 5000
"""Commands a second in one session; what comes faster is refused as an observation."""


class ResultKind(StrEnum):
    """How the world took a command."""

    OK = "ok"
    REFUSED = "refused"
    """Understood, and not possible as things stand."""
    UNKNOWN = "unknown"
    """Not understood, or names nothing that is here."""
    AMBIGUOUS = "ambiguous"
    """Names more than one thing that is here."""


class Change(BaseModel):
    """One field of one entity that a command altered."""

    model_config = ConfigDict(frozen=True)

    entity: str
    field: str
    before: Any
    after: Any


class Event(BaseModel):
    """What one command did. The unit of telemetry, replay and verdicts."""

    model_config = ConfigDict(frozen=True)

    seq: int
    """1-based, gapless within an instance since its last reset."""
    ts: float
    """Unix time, seconds."""
    instance: str
    session: str
    actor: str
    """Character id."""
    room: str
    """Room id of the actor before the command."""
    raw: str
    """The command as it arrived, cut at MAX_COMMAND characters."""
    verb: str | None
    """Canonical command name, None where the command was not understood."""
    args: dict[str, str]
    """Parsed arguments, e.g. {"object": "lamp", "target": "table"}: as typed, not resolved."""
    objects: tuple[str, ...]
    """Ids of the entities the command resolved to, in order of mention."""
    text: str
    """The observation."""
    kind: ResultKind
    changes: tuple[Change, ...]
    state_hash: str
    """After the command."""
    ms: float
    """Time in the server."""


class ErrorCode(StrEnum):
    UNAUTHORISED = "unauthorised"
    BAD_REQUEST = "bad_request"
    BAD_SPEC = "bad_spec"
    NO_INSTANCE = "no_instance"
    NO_SESSION = "no_session"
    BUSY = "busy"
    """The server holds as much as it may; try another or later."""
    INTERNAL = "internal"

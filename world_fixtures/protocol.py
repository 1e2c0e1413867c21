"""The messages between a world server's gateway and its clients.

One line of JSON is one message, in either direction. A request is
`{"id": n, "op": name, ...}`, its answer `{"id": n, "ok": result}` or
`{"id": n, "error": {"code": c, "message": m}}` with an `ErrorCode`, where n is a number above 0.
A line may hold a list of requests; they run in that order and are answered in one line, in one
durable commit. What one of them fails with leaves the others as they are. What is no request is
answered with the id null.

The first line of a connection is the server's secret and nothing else, within 10 seconds. It is
answered like a request of id 0, with an `Identity`.

    op        with                          answers
    create    spec?, spec_hash?             instance, hash, warm
    reset     instance                      hash, rewound
    release   instance                      nothing
    state     instance                      WorldState
    changed   instance                      fields of the entities that play has touched, by id
    events    instance, after?              list of Event
    arrange   instance, changes             Event
    open      instance, character?, quiet?  session, event
    command   session, text                 Event
    close     session                       seq
    fork      instance, at?, sessions?      instance, hash, seq, sessions, warm
    restore   instance, events, sessions?   hash, seq, sessions
    go_back   instance, to, sessions?       hash, undone, sessions
    ping                                    instances, idle, worlds, sessions, rss_kb
    show      shown, title, agent, text     nothing

A question mark marks what may be left out. `create` needs one of its two: `spec_hash` alone is
enough for a world that the server knows, and is refused with `bad_spec` where it does not.

`fork` makes a second instance of the same world in the state after event `at` of the first, with
a copy of its events until then. `restore` makes events of another instance of the same world
happen in this one, which may be on another server: no command is carried out, the changes of the
events are made and the events stored, the first of them with the `seq` after the last one here.
`go_back` undoes and forgets the events after `to`. All three compare the state hash that results
with the one that the last event recorded; where it is another they fail with `differs`, and
nothing is changed. Their `sessions` are the characters that are logged in afterwards, with the ids
of the sessions in the answer; there is no event of it. Left out, they are those that are logged in
now in the instance of `fork` or `go_back`, and nobody after `restore`.

Where people live and time passes (`WorldSpec.living`), a command is followed by events of others
before the next one: what time brought about, and what people did. Each has the `seq` of the
command as its `cause`. The answer of `command` and of `arrange` holds them under `after`; `events`
and `restore` have each by itself, in order. Such a group is whole or not there: `at` and `to` mean
the last event of the group that they name one of.

`show` is for people who look on at this server: what is played in a game that runs elsewhere.

The types below say what each field holds; REQUESTS and ANSWERS give the type by operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import takewhile
from typing import Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from world_fixtures.state import Fields, WorldState

GREETING = 0
"""Id of the answer to the secret."""
MAX_SECRET = 256
"""Bytes in the line of the secret; a longer one ends the connection."""
MAX_LINE = 2 * 1024 * 1024
"""Bytes in one message to a server; a longer one ends the connection.

A world of 1,000 rooms has about half of it.
"""
MAX_ANSWER = 64 * 1024 * 1024
"""Bytes in one message from a server; a longer one ends the connection."""
CONNECT = "connect"
"""Verb of the event that a session begins with; its text is the first view."""
ARRANGE = "arrange"
"""Verb of the event with which fields were set by no character's command."""
WORLD = "world"
"""Actor of such an event."""
MAX_COMMAND = 1000
"""Characters in one command; a longer one is refused as an observation."""

MAX_RATE = 5000
"""Commands a second in one session; what comes faster is refused as an observation."""


class ResultKind(StrEnum):
    """How the world took a command."""

    OK = "ok"
    REFUSED = "refused"
    """Understood, and not possible in the present state."""
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
    reveals: tuple[tuple[str, str, Any], ...] = ()
    """Facts (entity, field, value) that the command revealed to its actor: see docs/commands.md."""
    state_hash: str
    """After the command."""
    ms: float
    """Time in the server."""
    cause: int | None = Field(default=None, exclude_if=lambda value: value is None)
    """`seq` of the command that this followed from, of what nobody commanded."""
    after: tuple[Event, ...] = Field(default=(), exclude_if=lambda value: not value)
    """In an answer: what followed from it. They are events of their own in what is stored."""


def apart(event: Event) -> list[Event]:
    """Return an event and what followed from it, each by itself, in their order."""
    return [event.model_copy(update={"after": ()}), *event.after] if event.after else [event]


def group_end(seq: int, causes: Iterable[int | None]) -> int:
    """Return the number of the last event that belongs together with event `seq`.

    `causes` are those of the events after it: a command and what followed from it are one group.
    """
    return seq + sum(1 for _ in takewhile(lambda cause: cause is not None, causes))


class ErrorCode(StrEnum):
    """Why a request was refused."""

    UNAUTHORISED = "unauthorised"
    """The secret is wrong; the connection is closed."""
    BAD_REQUEST = "bad_request"
    """Not a request, an unknown operation, or a field that is missing or of the wrong type."""
    BAD_SPEC = "bad_spec"
    """Not a valid spec, or the hash of one that the server does not have."""
    NO_INSTANCE = "no_instance"
    """No instance of this id is in use."""
    NO_SESSION = "no_session"
    """No session of this id is open on this connection."""
    DIFFERS = "differs"
    """The state hash of a fork, or after going back, is not the recorded one."""
    LOST = "lost"
    """The process that held this instance alone is gone, and what was played in it."""
    INTERNAL = "internal"
    """The server failed; what the request changed was taken back. Its log says more."""


class Failure(TypedDict):
    """What an answer holds under `error`."""

    code: str
    message: str


class CreateRequest(TypedDict, total=False):
    """Asks for an instance in its initial state."""

    spec: dict[str, Any]
    """A `WorldSpec` as JSON."""
    spec_hash: str
    """`WorldSpec.hash` of a spec that was sent before."""


class InstanceRequest(TypedDict):
    """Names an instance in use."""

    instance: str


class EventsRequest(InstanceRequest, total=False):
    """Asks for stored events."""

    after: int
    """Only events with a higher `seq`; 0 if left out."""


class ArrangeRequest(InstanceRequest):
    """Sets fields of an instance by no character's command."""

    changes: list[tuple[str, str, Any]]
    """Entity, field and value of each, in their order; see `world_fixtures.facts.Arranged`."""


class OpenRequest(InstanceRequest, total=False):
    """Logs a character in."""

    character: str | None
    """Its id; the agent's if left out."""
    quiet: bool
    """The session is taken up again after a restart: there is no event."""


class SessionRequest(TypedDict):
    """Names an open session of the connection."""

    session: str


class CommandRequest(SessionRequest):
    """Has a session's character do something."""

    text: str


class ForkRequest(InstanceRequest, total=False):
    """Asks for a second instance in a state of the first."""

    at: int | None
    """`seq` of an event, 0 for the start; the last event if left out."""
    sessions: list[str] | None
    """Characters that are logged in in the fork."""


class Happened(InstanceRequest):
    """Names an instance, and events of another instance of the same world."""

    events: list[Any]
    """Each an `Event` as JSON."""


class RestoreRequest(Happened, total=False):
    """Asks for events of another instance of the same world to happen in this one."""

    sessions: list[str] | None
    """Characters that are logged in afterwards."""


class Moment(InstanceRequest):
    """Names an instance, and one of its events."""

    to: int
    """`seq` of the last event that stays, 0 for none."""


class GoBackRequest(Moment, total=False):
    """Asks for events to be undone and forgotten."""

    sessions: list[str] | None
    """Characters that are logged in afterwards."""


class PingRequest(TypedDict):
    """Asks how the server is."""


class ShowRequest(TypedDict):
    """Shows people who look on what is played in a game that runs elsewhere."""

    shown: str
    """Name by which they find it."""
    title: str
    agent: str
    text: str
    """What was typed and what came of it; empty where it is over."""


class Identity(TypedDict):
    """Versions of a world server."""

    evennia: str
    python: str


class Created(TypedDict):
    """A new or rewound instance."""

    instance: str
    """Its id."""
    hash: str
    """State hash at the start."""
    warm: bool
    """Whether an idle copy of the world was there for it."""


class Rewound(TypedDict):
    """An instance after a reset."""

    hash: str
    """State hash."""
    rewound: int
    """Number of fields that were put back."""


class Done(TypedDict):
    """An answer without content."""


class Opened(TypedDict):
    """A session."""

    session: str
    """Its id."""
    event: Event | None
    """Of logging in, with the first view; None for a quiet one."""


class Closed(TypedDict):
    """A session that ended."""

    seq: int
    """Number of the instance's last event before; 0 where no such session was open."""


class Forked(TypedDict):
    """A second instance in a state of the first."""

    instance: str
    """Its id."""
    hash: str
    """State hash."""
    seq: int
    """Number of its last event."""
    sessions: dict[str, str]
    """Ids of its sessions, by character."""
    warm: bool
    """An idle copy of the world was there, and none had to be made."""


class Restored(TypedDict):
    """An instance in which events of another have happened."""

    hash: str
    """State hash."""
    seq: int
    """Number of its last event."""
    sessions: dict[str, str]
    """Ids of its sessions, by character."""


class WentBack(TypedDict):
    """An instance in an earlier state."""

    hash: str
    """State hash."""
    undone: int
    """Number of fields that were put back."""
    sessions: dict[str, str]
    """Ids of its sessions, by character."""


class Counts(TypedDict):
    """Numbers of what a server holds."""

    instances: int
    """In use and loaded."""
    idle: int
    """Instances kept for the next rollout of their world."""
    worlds: int
    """Specs that the server knows."""
    sessions: int
    """Open sessions of this connection."""
    rss_kb: int
    """Resident memory of the server, kB."""


REQUESTS: Mapping[str, type] = {
    "create": CreateRequest, "reset": InstanceRequest, "release": InstanceRequest,
    "state": InstanceRequest, "changed": InstanceRequest,
    "events": EventsRequest, "arrange": ArrangeRequest, "open": OpenRequest,
    "command": CommandRequest,
    "close": SessionRequest, "fork": ForkRequest, "restore": RestoreRequest,
    "go_back": GoBackRequest, "ping": PingRequest, "show": ShowRequest,
}  # fmt: skip
"""The request of each operation, besides `id` and `op`."""
ANSWERS: Mapping[str, Any] = {
    "create": Created, "reset": Rewound, "release": Done, "state": WorldState,
    "changed": dict[str, Fields], "events": list[Event], "arrange": Event, "open": Opened,
    "command": Event,
    "close": Closed, "fork": Forked, "restore": Restored, "go_back": WentBack, "ping": Counts,
    "show": Done,
}  # fmt: skip
"""What each operation answers under `ok`."""

"""The client of a world server: instances and sessions as awaitable handles.

All requests of one environment process travel over one connection a server. Requests made
in the same turn of the event loop leave together, in messages of a bounded size; those of one
message are committed together.
"""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from world_fixtures.common import WorldError, WorldLost
from world_fixtures.facts import Arranged
from world_fixtures.protocol import (
    GREETING,
    MAX_ANSWER,
    MAX_COMMAND,
    MAX_LINE,
    Closed,
    Counts,
    Created,
    ErrorCode,
    Event,
    Opened,
    Restored,
    Rewound,
    WentBack,
)
from world_fixtures.spec import WorldSpec
from world_fixtures.state import WorldState, initial_state
from world_fixtures.visits import Visit, Visits

MAX_KNOWN = 4096
"""Specs that the server is remembered to have."""
REQUEST_TIMEOUT = 60.0
"""Seconds without any answer after which a server counts as lost."""
MESSAGE_REQUESTS = 64
"""Requests in one message."""
MESSAGE_BYTES = 256 * 1024
"""Bytes in one message of several requests: a server does nothing else meanwhile."""

_to_json = json.JSONEncoder(separators=(",", ":")).encode


class WorldClient:
    """One connection to one world server."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        """Take over a connection over which nothing is under way."""
        self._writer = writer
        self._next = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._outbox: list[bytes] = []
        """Requests that leave at the end of this turn of the loop."""
        self._answers = 0
        """Answers so far: a server that gives any is busy, one that gives none may hang."""
        self.known_specs: set[str] = set()
        """Hashes of specs that the server need not be sent again."""
        self._lost: str = ""
        self.gone = asyncio.Event()
        """Set when the connection is of no more use."""
        writer.transport.set_protocol(_Lines(self))
        if writer.is_closing():  # nobody would tell the new protocol
            self.fail("the world server closed the connection")

    @classmethod
    async def connect(cls, port: int, secret: str, host: str = "127.0.0.1") -> WorldClient:
        """Connect and say the secret.

        Raises WorldLost when there is no server, WorldError when the secret is wrong.
        """
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            raise WorldLost(f"no world server at {host}:{port}: {error}") from error
        return await cls.greet(writer, secret)

    @classmethod
    async def greet(cls, writer: asyncio.StreamWriter, secret: str) -> WorldClient:
        """Say the secret over a connection to a world server. Raises as `connect`."""
        client = cls(writer)
        try:
            writer.write(secret.encode() + b"\n")
            await client._answer(client._expect(GREETING), "the secret", REQUEST_TIMEOUT)
        except BaseException:
            client.close()
            raise
        return client

    async def request(self, op: str, *, timeout: float = REQUEST_TIMEOUT, **fields: Any) -> Any:
        """Send one request of `world_fixtures.protocol` and return its result.

        Raises WorldError when the server refuses, WorldLost when it is gone, or answers nothing
        at all, to nobody, for `timeout` seconds.
        """
        return await self._answer(self.post(op, **fields), op, timeout)

    def post(self, op: str, **fields: Any) -> asyncio.Future[Any]:
        """Send a request and return the future of its result, without waiting.

        Raises WorldError where the request is larger than a message may be.
        """
        session = fields.get("session")
        if isinstance(session, Session):  # its id may have changed while the request waited
            fields["session"] = session.id
        fields["op"] = op
        fields["id"] = self._next + 1
        request = _to_json(fields).encode()
        if len(request) >= MAX_LINE:
            raise WorldError(
                ErrorCode.BAD_REQUEST,
                f"{op}: {len(request):,} bytes, and a world server takes {MAX_LINE:,} at once",
            )
        self._next += 1
        future = self._expect(self._next)
        if not self._lost:
            if not self._outbox:
                asyncio.get_running_loop().call_soon(self._flush)
            self._outbox.append(request)
        return future

    async def create(self, spec: WorldSpec) -> Instance:
        """Make a sealed instance of `spec` in its initial state."""
        made = await create(self, spec, self.known_specs)
        return Instance(self, spec, made["instance"], made["hash"])

    async def ping(self, timeout: float = REQUEST_TIMEOUT) -> Counts:
        """Ask for the numbers of instances and sessions, and resident memory in kB."""
        counts: Counts = await self.request("ping", timeout=timeout)
        return counts

    @property
    def lost(self) -> str:
        """Why the connection is of no more use; empty while it is."""
        return self._lost

    def close(self) -> None:
        """Drop the connection; its sessions end, its instances stay."""
        self.fail("the connection was closed")
        self._writer.close()

    def _expect(self, id_: int) -> asyncio.Future[Any]:
        """Return the future of the answer to a request."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._lost:
            future.set_exception(WorldLost(self._lost))
        else:
            self._waiting[id_] = future
        return future

    async def _answer(self, future: asyncio.Future[Any], what: str, timeout: float) -> Any:
        loop = asyncio.get_running_loop()
        half = timeout / 2
        timer = loop.call_later(half, self._check, future, what, timeout, self._answers, False)
        try:
            return await future
        finally:
            timer.cancel()

    def _check(
        self, future: asyncio.Future[Any], what: str, timeout: float, answers: int, again: bool
    ) -> None:
        """Give a request up where nothing was answered since there were `answers`, twice in a row.

        Once may be this process's own standing still.
        """
        if future.done():
            return
        silent = answers == self._answers
        if silent and again:
            future.set_exception(WorldLost(f"no answer to {what!r} within {timeout:g} s"))
            return
        loop = asyncio.get_running_loop()
        loop.call_later(timeout / 2, self._check, future, what, timeout, self._answers, silent)

    def _flush(self) -> None:
        requests, self._outbox = self._outbox, []
        for message in messages(requests):
            self._writer.write(message)

    def take(self, line: bytes) -> None:
        """Hand the answers of one message to who waits for them."""
        try:
            message = json.loads(line)
            for answer in message if isinstance(message, list) else (message,):
                self._resolve(answer)
        except ValueError as error:
            self.fail(f"the connection to the world server broke: {error}")

    def _resolve(self, answer: dict[str, Any]) -> None:
        """Hand an answer to who waits for it. Raises ValueError where none could be read."""
        self._answers += 1
        if answer["id"] is None:
            raise ValueError(answer["error"]["message"])
        future = self._waiting.pop(answer["id"], None)
        if future is None or future.done():
            return
        if "error" in answer:
            code, message = answer["error"]["code"], answer["error"]["message"]
            lost = code == ErrorCode.LOST
            future.set_exception(WorldLost(message) if lost else WorldError(code, message))
        else:
            future.set_result(answer["ok"])

    def fail(self, reason: str) -> None:
        """Count the connection as lost; nobody waits any more for what was not answered."""
        self._lost = self._lost or reason
        self.gone.set()
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(WorldLost(reason))
                future.exception()  # it may be that nobody waits any more


class _Lines(asyncio.Protocol):
    """What comes over a client's connection, line by line.

    A stream would have a task of its own for it, which is two more turns of the loop an answer.
    """

    def __init__(self, client: WorldClient) -> None:
        self._client = client
        self._begun: list[bytes] = []
        """Parts of a line whose end has not come."""
        self._length = 0

    def data_received(self, data: bytes) -> None:
        """Take whole lines and keep the rest (asyncio's hook)."""
        *lines, rest = data.split(b"\n")
        if lines:
            self._client.take(b"".join((*self._begun, lines[0])))
            for line in lines[1:]:
                self._client.take(line)
            self._begun, self._length = [], 0
        self._begun.append(rest)
        self._length += len(rest)
        if self._length > MAX_ANSWER:
            self._client.fail(f"the world server sent more than {MAX_ANSWER:,} bytes in a line")
            self._client.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits (asyncio's hook)."""
        broke = f"the connection to the world server broke: {error}"
        self._client.fail(broke if error else "the world server closed the connection")


def messages(requests: Sequence[bytes]) -> Iterator[bytes]:
    """Put requests into as few messages as their bounds allow, in their order."""
    batch: list[bytes] = []
    size = 0
    for request in requests:
        if batch and (len(batch) == MESSAGE_REQUESTS or size + len(request) > MESSAGE_BYTES):
            yield _message(batch)
            batch, size = [], 0
        batch.append(request)
        size += len(request)
    if batch:
        yield _message(batch)


def _message(batch: list[bytes]) -> bytes:
    return batch[0] + b"\n" if len(batch) == 1 else b"[" + b",".join(batch) + b"]\n"


class Link(Protocol):
    """What carries requests: a client, or a server that may be restarted meanwhile."""

    async def request(self, op: str, *, timeout: float = ..., **fields: Any) -> Any:
        """Send one request of `world_fixtures.protocol` and return its result."""


async def create(link: Link, spec: WorldSpec, known_specs: set[str]) -> Created:
    """Ask for a new instance; the spec travels only if the server lacks it."""
    made: Created
    if spec.hash in known_specs:
        try:
            made = await link.request("create", spec_hash=spec.hash)
            return made
        except WorldError as error:
            if error.code != ErrorCode.BAD_SPEC:  # the server forgets worlds without instances
                raise
    sent = spec.model_dump(mode="json", exclude_defaults=True)
    if spec.living is not None:  # whose parts are told apart by fields with defaults
        sent["living"] = spec.living.model_dump(mode="json")
    made = await link.request("create", spec=sent)
    if len(known_specs) >= MAX_KNOWN:
        known_specs.clear()
    known_specs.add(spec.hash)
    return made


async def restore(
    link: Link, instance: str, events: Sequence[Mapping[str, Any]], characters: Iterable[str]
) -> Restored:
    """Make events of another instance happen in one in which there was none yet.

    `events` are as JSON, at least one; `characters` are logged in afterwards. Raises WorldError
    where the events are wrong, WorldLost where the state hash is not the recorded one.
    """
    batches = list(_batches(events))
    made: Restored
    for n, batch in enumerate(batches, start=1):
        logged_in = list(characters) if n == len(batches) else []
        try:
            made = await link.request(
                "restore", instance=instance, events=batch, sessions=logged_in
            )
        except WorldError as error:
            raise lost_if_differs(error) from error
    return made


def _batches(events: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Put events into as few lists as the size of a message allows, in their order."""
    batch: list[Mapping[str, Any]] = []
    size = 0
    for event in events:
        length = len(_to_json(event))
        if batch and size + length > MESSAGE_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


def lost_if_differs(error: WorldError) -> WorldError | WorldLost:
    """Return what is raised for a failure: a state that is not the recorded one counts as lost."""
    return WorldLost(str(error)) if error.code == ErrorCode.DIFFERS else error


class Instance:
    """A live, sealed copy of a world."""

    def __init__(self, link: Link, spec: WorldSpec, id_: str, hash_: str) -> None:
        self.link = link
        self.spec = spec
        self.id = id_
        self.hash = hash_
        """State hash when it was made: of the start of its world, or of a fork's first state."""
        self.start_hash = hash_
        """State hash at the start of its world."""
        self.visits = Visits()
        """Its sessions until now."""
        self.sessions_open: dict[str, Session] = {}
        """Of a fork, and after `go_back`: the sessions of that state, by character."""
        self._opened: weakref.WeakSet[Session] = weakref.WeakSet()

    async def open(self, character: str | None = None) -> Session:
        """Log in as `character` (default: the agent); its view is `session.text`.

        An earlier session of the character ends.
        """
        session = Session(self.link, self.id, character or self.spec.agent.id)
        await session.connect()
        session.visit = self.visits.begin(session.event)
        for earlier in self._opened:
            if earlier.character == session.character:
                earlier.id = ""
        self.keep(session)
        return session

    async def state(self) -> WorldState:
        """Take a snapshot of all that play can change, all of it read from the server's objects."""
        return WorldState.model_validate(await self.link.request("state", instance=self.id))

    async def changed_state(self) -> WorldState:
        """Do as `state`, reading only what play has touched: quicker the larger the world."""
        found = await self.link.request("changed", instance=self.id)
        initial = initial_state(self.spec)
        return initial.model_copy(update={"entities": initial.entities | found})

    async def events(self, after: int = 0) -> list[Event]:
        """Return the events since the last reset with a `seq` above `after`, as stored."""
        found = await self.link.request("events", instance=self.id, after=after)
        return [Event.model_validate(e) for e in found]

    async def arrange(self, changes: Sequence[Arranged]) -> Event:
        """Set fields by no character's command, in their order.

        Raises WorldError, with nothing set, where one of them cannot be.
        """
        event = await self.link.request(
            "arrange", instance=self.id, changes=[list(c) for c in changes]
        )
        return Event.model_validate(event)

    async def reset(self) -> int:
        """Rewind to the initial state, which ends all sessions; returns the fields put back."""
        made: Rewound = await self.link.request("reset", instance=self.id)
        if made["hash"] != self.start_hash:
            raise WorldLost(f"instance {self.id} could not be rewound: its state hash differs")
        self.hash = self.start_hash
        for session in self._opened:
            session.id = ""
        self.take_over(Visits(), {})
        return made["rewound"]

    async def go_back(self, to: int) -> int:
        """Undo and forget the events after `to`, 0 for all; returns the number of fields put back.

        The sessions are those that were open right after `to`: the ones that still are stay as
        they are, the others stand in `sessions_open`. Later ones end. Raises WorldError where
        there is no such event, WorldLost where the state hash is not the one recorded then.
        """
        try:
            made: WentBack = await self.link.request(
                "go_back", instance=self.id, to=to, sessions=list(self.visits.after(to))
            )
        except WorldError as error:
            raise lost_if_differs(error) from error
        self.visits.go_back(to)
        open_ = self.visits.present
        for session in self._opened:
            if session.visit not in open_.values():
                session.id = ""
        self.take_over(self.visits, made["sessions"])
        return made["undone"]

    def take_over(self, visits: Visits, ids: Mapping[str, str]) -> None:
        """Have these sessions; `ids` are of those that are open, by character."""
        self.visits = visits
        held = {session.visit: session for session in self._opened}
        self.sessions_open = {}
        for character, visit in visits.present.items():
            session = held.get(visit) or Session(self.link, self.id, character)
            session.id, session.event, session.visit = ids[character], visit.event, visit
            self.sessions_open[character] = session
            self.keep(session)

    def keep(self, session: Session) -> None:
        """Know a session as one of this instance."""
        self._opened.add(session)


class Session:
    """One connected stretch of a character."""

    def __init__(self, link: Link, instance: str, character: str) -> None:
        self._link = link
        self.instance = instance
        self.character = character
        self.id = ""
        self.event: Event
        """The event of logging in."""
        self.visit: Visit
        """What its instance remembers of it."""

    @property
    def text(self) -> str:
        """What the character saw on arriving."""
        return self.event.text

    async def connect(self) -> None:
        """Log in."""
        made: Opened = await self._link.request(
            "open", instance=self.instance, character=self.character
        )
        self.id = made["session"]
        self.event = Event.model_validate(made["event"])

    async def command(self, text: str) -> Event:
        """Do something in the world."""
        text = text[: MAX_COMMAND + 1]  # more is refused, however much it is
        return Event.model_validate(await self._link.request("command", session=self, text=text))

    async def close(self) -> None:
        """Log out; the character stays where it is."""
        if self.id:
            made: Closed = await self._link.request("close", session=self)
            self.id = ""
            self.visit.end(made["seq"])

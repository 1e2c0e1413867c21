"""What the server answers is what the document and the types of the protocol say."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any, get_type_hints, is_typeddict

import pytest
import pytest_asyncio
from pydantic import BaseModel, TypeAdapter

from world_fixtures import protocol
from world_fixtures.protocol import ANSWERS, REQUESTS, Change, ErrorCode, Event
from world_fixtures.state import WorldState

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINE = re.compile(r"^    (\w+)  +(.*?)  +(\S.*)$", re.MULTILINE)
TABLE = {op: (takes, gives) for op, takes, gives in LINE.findall(protocol.__doc__) if op != "op"}


class RawConnection:
    """A connection to a world server, without the client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def greet(self, secret: str) -> Any:
        """Say the secret; returns what comes back."""
        self._writer.write(secret.encode() + b"\n")
        return json.loads(await self._reader.readline())

    async def exchange(self, message: Any) -> Any:
        """Send one message; returns what comes back."""
        self._writer.write(json.dumps(message).encode() + b"\n")
        return json.loads(await self._reader.readline())

    async def ask(self, op: str, **fields: Any) -> Any:
        """Send one request; returns its result."""
        answer = await self.exchange({"id": 7, "op": op, **fields})
        assert answer.keys() == {"id", "ok"}, answer
        assert answer["id"] == 7
        return answer["ok"]

    async def refused(self, message: Any) -> tuple[str, str]:
        """Send something wrong; returns code and message of the refusal."""
        answer = await self.exchange(message)
        assert answer.keys() == {"id", "error"}
        assert answer["error"].keys() == get_type_hints(protocol.Failure).keys()
        return answer["error"]["code"], answer["error"]["message"]


@pytest_asyncio.fixture(loop_scope="session")
async def raw(pool) -> AsyncIterator[tuple[RawConnection, str]]:
    """A connection that has not said the secret, and the secret."""
    server = pool.servers[0]
    port = server.client._writer.get_extra_info("peername")[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=protocol.MAX_LINE)
    yield RawConnection(reader, writer), server.site.secret
    writer.close()


def check(value: Any, kind: Any) -> None:
    """Assert that JSON is of a type, every field of it, and has no others."""
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        assert value.keys() == hints.keys()
        for name, hint in hints.items():
            check(value[name], hint)
    elif kind == (Event | None):
        if value is not None:
            check(value, Event)
    elif kind == list[Event]:
        for item in value:
            check(item, Event)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        assert value.keys() == kind.model_fields.keys() - {"cause", "after"}  # where people live
        if kind is Event:
            for change in value["changes"]:
                assert change.keys() == Change.model_fields.keys()
        assert json.loads(kind.model_validate(value).model_dump_json()) == value
    else:
        TypeAdapter(kind).validate_python(value, strict=True)


async def test_every_operation_answers_as_its_type_says(raw, cottage) -> None:
    connection, secret = raw
    answers: dict[str, list[Any]] = {}

    async def ask(op: str, **fields: Any) -> Any:
        result = await connection.ask(op, **fields)
        check(result, ANSWERS[op])
        takes = REQUESTS[op]
        assert fields.keys() <= get_type_hints(takes).keys()
        answers.setdefault(op, []).append(result)
        return result

    greeting = await connection.greet(secret)
    assert greeting["id"] == protocol.GREETING
    check(greeting["ok"], protocol.Identity)
    made = await ask("create", spec=cottage.model_dump(mode="json"))
    id_ = made["instance"]
    again = await ask("create", spec_hash=cottage.hash)
    opened = await ask("open", instance=id_)
    await ask("open", instance=again["instance"], character="caretaker", quiet=False)
    assert (await ask("open", instance=again["instance"], quiet=True))["event"] is None
    events = [opened["event"]]
    for text in ("get lamp", "write naïve “words” on wall", "no such thing", "look " * 300):
        events.append(await ask("command", session=opened["session"], text=text))
    assert await ask("events", instance=id_) == events
    assert await ask("events", instance=id_, after=3) == events[3:]
    assert await ask("events", instance=id_, after=2**70) == []
    state = WorldState.model_validate(await ask("state", instance=id_))
    changed = await ask("changed", instance=id_)
    assert {e: state.entities[e] for e in changed} == changed
    assert changed.keys() == {"lamp", "wall"}
    arranged = await ask("arrange", instance=id_, changes=[["lamp", "location", "cellar"]])
    assert arranged["changes"][0]["after"] == "cellar"
    await ask("ping")
    await ask("show", shown="game-g1", title="A Game", agent="Ada", text="Limbo")
    log = await ask("events", instance=id_)
    fork = await ask("fork", instance=id_)
    assert (fork["hash"], fork["seq"], fork["sessions"].keys()) == (
        log[-1]["state_hash"], len(log), {"you"},
    )  # fmt: skip
    assert await ask("events", instance=fork["instance"]) == log
    earlier = await ask("fork", instance=id_, at=2, sessions=["caretaker"])
    assert (earlier["hash"], earlier["seq"]) == (log[1]["state_hash"], 2)
    await ask("release", instance=earlier["instance"])
    restored = await ask("create", spec_hash=cottage.hash)
    now = await ask("restore", instance=restored["instance"], events=log, sessions=["you"])
    assert now["hash"] == log[-1]["state_hash"]
    assert await ask("events", instance=restored["instance"]) == log
    assert (await ask("command", session=now["sessions"]["you"], text="look"))["seq"] == 7
    back = await ask("go_back", instance=restored["instance"], to=2)
    assert (back["hash"], back["sessions"]) == (log[1]["state_hash"], now["sessions"])
    assert back["undone"] == 3
    assert (await ask("close", session=opened["session"]))["seq"] == len(log)
    assert (await ask("reset", instance=id_))["rewound"] == 3
    for instance in (id_, again["instance"], fork["instance"], restored["instance"]):
        await ask("release", instance=instance)
    assert answers.keys() == ANSWERS.keys() == REQUESTS.keys() == TABLE.keys()


async def test_forks_and_events_that_cannot_be_are_refused_and_change_nothing(raw, cottage) -> None:
    connection, secret = raw
    await connection.greet(secret)
    id_ = (await connection.ask("create", spec=cottage.model_dump(mode="json")))["instance"]
    session = (await connection.ask("open", instance=id_))["session"]
    for text in ("get lamp", "light lamp", "down"):
        await connection.ask("command", session=session, text=text)
    log = await connection.ask("events", instance=id_)
    idle = (await connection.ask("ping"))["idle"]
    other = (await connection.ask("create", spec_hash=cottage.hash))["instance"]
    forged = [{**log[0], "state_hash": "0" * 32}]
    nowhere = {"entity": "lamp", "field": "location", "before": "hall", "after": "nowhere"}
    lost = {**log[1], "changes": [nowhere]}
    unchanged = {**log[3], "changes": []}
    for fields, code in (
        ({"op": "fork", "instance": id_, "at": 5}, ErrorCode.BAD_REQUEST),
        ({"op": "fork", "instance": id_, "at": -1}, ErrorCode.BAD_REQUEST),
        ({"op": "fork", "instance": id_, "at": True}, ErrorCode.BAD_REQUEST),
        ({"op": "fork", "instance": id_, "at": 2**70}, ErrorCode.BAD_REQUEST),
        ({"op": "fork", "instance": id_, "sessions": ["ghost"]}, ErrorCode.BAD_REQUEST),
        ({"op": "fork", "instance": id_, "sessions": [["you"]]}, ErrorCode.BAD_REQUEST),
        ({"op": "fork", "instance": "w999999"}, ErrorCode.NO_INSTANCE),
        ({"op": "go_back", "instance": id_, "to": 5}, ErrorCode.BAD_REQUEST),
        ({"op": "go_back", "instance": id_, "to": "x"}, ErrorCode.BAD_REQUEST),
        ({"op": "restore", "instance": other, "events": "x"}, ErrorCode.BAD_REQUEST),
        ({"op": "restore", "instance": other, "events": [3]}, ErrorCode.BAD_REQUEST),
        ({"op": "restore", "instance": other, "events": log[1:]}, ErrorCode.BAD_REQUEST),
        ({"op": "restore", "instance": other, "events": [log[0], lost]}, ErrorCode.BAD_REQUEST),
        ({"op": "restore", "instance": other, "events": [*log[:3], unchanged]}, ErrorCode.DIFFERS),
        ({"op": "restore", "instance": other, "events": forged}, ErrorCode.DIFFERS),
    ):  # fmt: skip
        assert (await connection.refused({"id": 1, **fields}))[0] == code, fields
    assert await connection.ask("events", instance=id_) == log
    assert await connection.ask("events", instance=other) == []
    assert await connection.ask("changed", instance=other) == {}
    assert (await connection.ask("restore", instance=other, events=log))["seq"] == 4
    assert (await connection.ask("ping"))["idle"] in (idle, idle - 1)
    for instance in (id_, other):
        await connection.ask("release", instance=instance)


@pytest.mark.parametrize("op", TABLE)
async def test_the_document_lists_the_fields_of_the_types(op) -> None:
    takes, gives = TABLE[op]
    needed = {f for f in takes.split(", ") if not f.endswith("?")} - {""}
    optional = {f[:-1] for f in takes.split(", ") if f.endswith("?")}
    assert needed == REQUESTS[op].__required_keys__
    assert optional == REQUESTS[op].__optional_keys__
    if is_typeddict(ANSWERS[op]):
        assert (set() if gives == "nothing" else set(gives.split(", "))) == set(
            get_type_hints(ANSWERS[op])
        )
    else:
        names = {"state": "WorldState", "command": "Event", "arrange": "Event"}
        names["events"] = "list of Event"
        assert gives.startswith(names.get(op, "fields of the entities"))


async def test_what_is_no_request_is_refused_with_its_kind(raw) -> None:
    connection, secret = raw
    await connection.greet(secret)
    for message in (
        [], 3, {"id": 1}, {"id": 1, "op": ["state"]}, {"id": 1, "op": "nonsense"},
        {"id": 1, "op": "hello", "secret": secret}, {"id": 1, "op": "state"},
        {"id": 1, "op": "state", "instance": ["w1"]}, {"id": 1, "op": "open", "instance": None},
        {"id": 1, "op": "command", "session": "w1.1"},
        {"id": 1, "op": "events", "instance": "w1", "after": "x"},
        {"id": 1, "op": "restore"}, {"id": 1, "op": "go_back", "instance": 3},
    ):  # fmt: skip
        if message == []:
            assert await connection.exchange(message) == []
            continue
        assert (await connection.refused(message))[0] == ErrorCode.BAD_REQUEST, message
    unknown = {"id": 1, "op": "create", "spec_hash": "0" * 32}
    assert (await connection.refused(unknown))[0] == ErrorCode.BAD_SPEC
    for message, code in (
        ({"id": 1, "op": "state", "instance": "w999999"}, ErrorCode.NO_INSTANCE),
        ({"id": 1, "op": "command", "session": "w1.999", "text": "look"}, ErrorCode.NO_SESSION),
    ):
        assert (await connection.refused(message))[0] == code


async def test_a_request_that_is_refused_names_what_is_wrong(raw) -> None:
    connection, secret = raw
    await connection.greet(secret)
    answer = await connection.refused({"id": 1, "op": "command", "session": "w1.1"})
    assert answer == ("bad_request", "command: 'text' is missing")


async def test_what_is_stored_is_what_was_sent(pool, cottage) -> None:
    """An event is made into JSON once: text with characters of every kind comes back the same."""
    instance = await pool.acquire(cottage)
    try:
        session = await instance.open()
        texts = ["write \u2028 \ufeff naïve 日本 \U0001f600 \\ \" ' / on wall", "look", "read wall"]
        events = [session.event, *[await session.command(text) for text in texts]]
        assert await instance.events() == events
    finally:
        pool.release(instance)

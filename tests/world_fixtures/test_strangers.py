"""Whoever has not said a world server's secret gets nothing of it, and keeps nobody waiting."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from world_fixtures.client import WorldClient
from world_fixtures.protocol import MAX_LINE, MAX_SECRET, ErrorCode

pytestmark = pytest.mark.asyncio(loop_scope="session")


def port_of(pool) -> int:
    return pool.servers[0].client._writer.get_extra_info("peername")[1]


async def say(port: int, what: bytes) -> bytes:
    """Send something to a server; returns all that it answers until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(what)
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def log_of(pool) -> str:
    return (pool.servers[0].site.scratch / "output.log").read_text()


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 200,
        b'{"id":' + b"[" * 100 + b"]" * 100 + b',"op":"ping"}',
        b'{"id":1,"op":"ping"}',
        b"\xff\x00\xfe",
        b"",
    ],
)
async def test_a_first_line_that_is_not_the_secret_is_not_looked_at(pool, line) -> None:
    before = log_of(pool)
    answer = json.loads(await say(port_of(pool), line + b"\n"))
    assert answer["error"]["code"] == ErrorCode.UNAUTHORISED
    assert log_of(pool) == before


@pytest.mark.parametrize("end", [b"", b"\n"])
async def test_a_long_first_line_ends_the_connection(pool, end) -> None:
    before = log_of(pool)
    assert await say(port_of(pool), b"[" * (MAX_SECRET + 70_000) + end) == b""
    assert log_of(pool) == before


async def test_many_silent_connections_keep_nobody_out(pool, cottage) -> None:
    port = port_of(pool)
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
    try:
        with contextlib.suppress(ConnectionResetError):
            assert await silent[0][0].read() == b"", "the oldest is cut off"
        client = await WorldClient.connect(port, pool.servers[0].site.secret)
        assert (await client.ping())["instances"] >= 0
        client.close()
        pool.release(await pool.acquire(cottage))
    finally:
        for _, writer in silent:
            writer.close()


@pytest.mark.slow
async def test_a_silent_connection_is_cut_off_after_a_while(pool) -> None:
    assert await say(port_of(pool), b"") == b""


@pytest.mark.parametrize("nested", [b"[" * 200_000, b'{"id":' + b"[" * 200_000])
async def test_a_client_that_sends_no_request_is_told(pool, nested) -> None:
    before = log_of(pool)
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(pool))
    try:
        writer.write(pool.servers[0].site.secret.encode() + b"\n" + nested + b"\n")
        assert json.loads(await reader.readline())["id"] == 0
        refusal = json.loads(await reader.readline())
        assert (refusal["id"], refusal["error"]["code"]) == (None, ErrorCode.BAD_REQUEST)
        writer.write(b'{"id":' + b"[" * 300 + b"]" * 300 + b',"op":"ping"}\n')
        assert json.loads(await reader.readline())["id"] is None
        writer.write(b"x" * (MAX_LINE + 1))
        assert str(MAX_LINE) in json.loads(await reader.readline())["error"]["message"]
        assert await reader.read() == b""
    finally:
        writer.close()
    assert log_of(pool) == before


@pytest.mark.parametrize(
    ("hash_", "code"),
    [(b"\xed\xa0\x80", ErrorCode.BAD_REQUEST), (b"\\ud800", ErrorCode.BAD_SPEC)],
)
async def test_half_a_surrogate_pair_is_refused(pool, hash_, code) -> None:
    before = log_of(pool)
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(pool))
    try:
        writer.write(pool.servers[0].site.secret.encode() + b"\n")
        assert json.loads(await reader.readline())["id"] == 0
        writer.write(b'{"id":1,"op":"create","spec_hash":"' + hash_ + b'"}\n')
        assert json.loads(await reader.readline())["error"]["code"] == code
    finally:
        writer.close()
    assert log_of(pool) == before

"""The client's end: bounded messages, refusals that are told, and patience with a busy server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from world_fixtures import client
from world_fixtures.client import MESSAGE_BYTES, MESSAGE_REQUESTS, WorldClient, messages
from world_fixtures.common import WorldError, WorldLost
from world_fixtures.protocol import MAX_LINE, ErrorCode
from world_fixtures.servers import CREATE_TRIES, ServerPool
from world_fixtures.world_server import CREATIONS

pytestmark = pytest.mark.asyncio(loop_scope="session")


@given(st.lists(st.integers(min_value=1, max_value=MESSAGE_BYTES), max_size=300))
def test_messages_hold_all_requests_in_order_within_their_bounds(sizes: list[int]) -> None:
    requests = [b"%d" % n + b" " * min(size, 30_000) for n, size in enumerate(sizes)]
    found = []
    for message in messages(requests):
        body = message.removesuffix(b"\n")
        whole = json.loads(body)
        batch = whole if isinstance(whole, list) else [whole]
        assert 1 <= len(batch) <= MESSAGE_REQUESTS
        assert len(body) <= MESSAGE_BYTES + len(batch) + 1
        found += batch
    assert found == list(range(len(requests)))


async def test_more_than_a_message_holds_in_one_turn_is_answered(pool) -> None:
    one = pool.servers[0].client
    futures = [one.post("ping", padding="x" * 200_000) for _ in range(60)]
    for counts in await asyncio.gather(*futures):
        assert counts["rss_kb"]
    assert pool.replaced == 0


async def test_a_world_too_large_for_a_message_is_refused_and_harms_nothing(pool, cottage) -> None:
    hall, *rest = cottage.rooms
    large = cottage.model_copy(
        update={"rooms": (hall.model_copy(update={"desc": "x" * MAX_LINE}), *rest)}
    )
    with pytest.raises(WorldError, match=r"create: .* bytes") as refused:
        await pool.acquire(large)
    assert refused.value.code == ErrorCode.BAD_REQUEST
    pool.release(await pool.acquire(cottage))
    assert pool.replaced == 0


async def test_the_longest_command_travels_no_further_than_it_must(pool, cottage) -> None:
    instance = await pool.acquire(cottage)
    session = await instance.open()
    event = await session.command("look " * MAX_LINE)
    assert "too long" in event.text
    pool.release(instance)


@asynccontextmanager
async def answering(pause: float, refuse: bool = False) -> AsyncIterator[WorldClient]:
    """A client of something that answers one request after the other, with a pause before each."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"id":0,"ok":{}}\n')
        while line := await reader.readline():
            message = json.loads(line)
            for request in message if isinstance(message, list) else [message]:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), pause)
                answer = {"id": request["id"], "ok": {}}
                if refuse:
                    answer = {"id": None, "error": {"code": "bad_request", "message": "too much"}}
                writer.write(json.dumps(answer).encode() + b"\n")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1")
    async with listener:
        made = await WorldClient.connect(listener.sockets[0].getsockname()[1], "secret")
        yield made
        made.close()
        over.set()


async def test_a_busy_server_is_waited_for() -> None:
    async with answering(0.05) as one:
        ahead = [one.post("ping") for _ in range(20)]
        await one.ping(timeout=0.4)
        assert all(future.done() for future in ahead)


async def test_a_silent_server_is_not() -> None:
    async with answering(60.0) as one:
        with pytest.raises(WorldLost, match=r"no answer to 'ping' within 0.1 s"):
            await one.ping(timeout=0.1)


async def test_a_refusal_of_a_whole_message_is_told() -> None:
    async with answering(0.0, refuse=True) as one:
        with pytest.raises(WorldLost, match="too much"):
            await one.ping()


async def test_a_world_that_kills_its_servers_is_given_up(cottage, monkeypatch, caplog) -> None:
    async with ServerPool(1) as pool:

        async def fatal(server, spec, known):
            server.kill()
            await server.client.gone.wait()
            raise WorldLost("it died")

        with monkeypatch.context() as patched:
            patched.setattr(client, "create", fatal)
            with pytest.raises(WorldLost, match=f"{CREATE_TRIES} world servers were lost"):
                await pool.acquire(cottage)
        pool.release(await pool.acquire(cottage))
    assert caplog.text.count("a world server is replaced") == CREATE_TRIES


async def test_a_full_pool_says_so_once(cottage, caplog) -> None:
    async with ServerPool(1, capacity=1) as pool:
        first = await pool.acquire(cottage)
        waiting = [asyncio.create_task(pool.acquire(cottage)) for _ in range(3)]
        await pool.servers[0].request("ping")
        pool.release(first)
        for each in waiting:
            pool.release(await each)
    assert caplog.text.count("more rollouts wait") == 1


async def test_commands_pass_between_worlds_that_are_made(pool, cottage) -> None:
    """Of many worlds wanted at once a server makes a few, so that a command is not the last."""
    making = 0
    most = 0
    create = client.create

    async def counted(*args):
        nonlocal making, most
        making += 1
        most = max(most, making)
        try:
            return await create(*args)
        finally:
            making -= 1

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(client, "create", counted)
        for instance in await asyncio.gather(*(pool.acquire(cottage) for _ in range(20))):
            pool.release(instance)
    assert most == CREATIONS

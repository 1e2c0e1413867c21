"""A person looks on at an agent from a page in the browser, and changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from benchmarks.pickles import Canary, boxes
from tests.browser import browser as chromium
from tests.browser import needs_browser
from tests.conftest import cottage_spec
from tests.listeners import Address, listeners
from world_fixtures.foreign.snapshot import snapshot_of
from world_fixtures.foreign.source import read_source
from world_fixtures.prefork_server import ServerProcess
from world_fixtures.proof import NONCE, PROOF
from world_fixtures.servers import ServerPool
from world_fixtures.spectator import SpectatorGate

pytestmark = pytest.mark.asyncio(loop_scope="module")
COMMANDS = ("get lamp", "light lamp", "down", "look", "up")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gate() -> AsyncIterator[SpectatorGate]:
    """Beside a world server that was there before, and stays as it is."""
    async with ServerPool(1), SpectatorGate() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(gate) -> AsyncIterator[ServerPool]:
    async with ServerPool(1) as pool:
        yield pool


class Browser:
    """The web client's end of its websocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.seen = ""

    async def types(self, text: str) -> None:
        await self.sends(["text", [text], {}])

    async def sends(self, message: list[object]) -> None:
        await self._socket.send_str(json.dumps(message))

    async def sees(self, words: str) -> str:
        """Return when the page has shown this since the last call: what came before it."""
        async with asyncio.timeout(60):
            while words not in self.seen:
                kind, args, _ = json.loads((await self._socket.receive()).data)
                if kind == "text":
                    self.seen += args[0] + "\n"
        before, _, self.seen = self.seen.partition(words)
        return before


@contextlib.asynccontextmanager
async def opened(gate: SpectatorGate, address: str = "127.0.0.1") -> AsyncIterator[Browser]:
    """The web client, from an address of loopback."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with aiohttp.ClientSession(connector=connector) as http:
        page = await (await http.get(gate.url)).text()
        port = re.search(r'data-socket="(\d+)"', page)
        assert port is not None, page[:500]
        async with http.ws_connect(f"ws://127.0.0.1:{port[1]}/?x&0&browser") as socket:
            found = Browser(socket)
            await found.sees("connect spectator PASSWORD")
            yield found


@pytest_asyncio.fixture(loop_scope="module")
async def browser(gate, watched) -> AsyncIterator[Browser]:
    async with opened(gate) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def looking_on(gate, watched) -> AsyncIterator[Browser]:
    """A browser that stays logged in for several tests."""
    async with opened(gate) as found:
        await found.types(f"connect spectator {gate.word}")
        await found.sees("You can look on")
        yield found


async def played(pool: ServerPool, browser: Browser | None = None) -> list[str]:
    """State hashes after each command of an agent in a fresh cottage."""
    instance = await pool.acquire(cottage_spec())
    try:
        if browser is not None:
            await browser.types(f"watch {instance.id}")
            await browser.sees(f"You look on at {instance.id}, The Cottage")
        session = await instance.open()
        hashes = [session.event.state_hash]
        for command in COMMANDS:
            event = await session.command(command)
            hashes.append(event.state_hash)
            if browser is not None:
                await browser.sees(f"&gt; {command}")
                await browser.types("drop lamp")
                await browser.sees("You can only look on")
        assert [e.raw for e in await instance.events()] == ["", *COMMANDS]
        return [*hashes, (await instance.state()).hash]
    finally:
        pool.release(instance)


async def test_what_the_agent_does_is_seen_and_left_as_it_is(gate, watched, browser) -> None:
    alone = await played(watched)
    await browser.types(f"connect spectator {gate.word}")
    await browser.sees("You can look on")
    assert await played(watched, browser) == alone
    for _ in range(2):  # the second is sent, and so answered, after the release of the instance
        await watched.servers[0].request("ping")
    await browser.types("instances")
    await browser.sees("No agent is at work")


@pytest.mark.slow
async def test_a_game_that_runs_elsewhere_is_seen_too(watched, looking_on) -> None:
    spec = snapshot_of(read_source({"game": "tutorial_world"}, Path())).spec()
    instance = await watched.acquire(spec)
    session = await instance.open()
    await watched.servers[0].request("ping")  # what is shown is sent before this is
    await looking_on.types("watch")
    await looking_on.sees(f"You look on at tutorial_world-{instance.id}, tutorial_world")
    await looking_on.sees("Intro")
    event = await session.command("begin")
    await looking_on.sees("Wanderer&gt; begin")
    await looking_on.sees("Cliff by the coast")
    assert (await instance.state()).hash == event.state_hash
    watched.release(instance)
    await watched.servers[0].request("ping")
    await looking_on.types("instances")
    await looking_on.sees("No agent is at work")


@pytest.mark.parametrize("line", ["connect spectator wrong", "create me password", "look"])
async def test_without_the_password_there_is_no_way_in(browser, watched, line) -> None:
    instance = await watched.acquire(cottage_spec())
    await browser.types(line)
    await browser.types("watch")
    await browser.types("connect spectator")
    await browser.sees("Usage")
    assert "You look on" not in browser.seen
    watched.release(instance)


async def test_after_five_wrong_passwords_the_right_one_is_refused_too(gate, watched) -> None:
    async with opened(gate, "127.9.9.9") as browser:
        for _ in range(5):
            await browser.types("connect spectator wrong")
            await browser.sees("incorrect")
        await browser.types(f"connect spectator {gate.word}")
        await browser.sees("Too many login failures")


async def test_the_site_is_the_web_client_alone(gate, watched) -> None:
    async with aiohttp.ClientSession() as http:
        base = gate.url.removesuffix("webclient/")
        for path in ("admin/", "auth/login", "characters/create/", "api/", "webclientdata"):
            assert (await http.get(base + path)).status == 404
            assert (await http.post(base + path, data={"mode": "init"})).status == 404
        script = await http.get(base + "static/spectator/page.js")
        assert script.status == 200


@needs_browser
@pytest.mark.slow
async def test_a_browser_shows_what_the_agent_does_and_asks_no_other_site(gate, watched) -> None:
    instance = await watched.acquire(cottage_spec())
    session = await instance.open()
    async with chromium() as tab:
        await tab.open(gate.url, width=390, height=844)
        await tab.until("seen.innerText.includes('connect spectator PASSWORD')")
        for line in (f"connect spectator {gate.word}", f"watch {instance.id}"):
            await tab.until("document.activeElement.id === 'typed'")
            await tab.type(line, enter=True)
        await tab.until("seen.innerText.includes('You look on at')")
        await session.command("get lamp")
        await tab.until("seen.innerText.includes('> get lamp')")
        assert gate.word not in await tab.text("#seen")
        assert await tab.value("document.documentElement.scrollWidth") <= 390
        assert tab.complaints == []
        base = gate.url.removesuffix("webclient/")
        assert [a for a in tab.requested if not a.startswith((base, "data:"))] == []
    watched.release(instance)


async def test_a_restart_of_the_world_server_keeps_the_way_in(
    gate, watched, browser, monkeypatch
) -> None:
    monkeypatch.setattr(
        ServerProcess, "kill", lambda child: pytest.fail("it did not stop by itself")
    )
    for _ in range(3):
        await watched.servers[0].restart()
        await browser.types("connect spectator wrong")
        await browser.sees("incorrect")
    await browser.types(f"connect spectator {gate.word}")
    await browser.sees("You can look on")
    await watched.servers[0].restart()
    await browser.types("instances")
    await browser.sees("No agent is at work")


async def sent(address: Address, *parts: bytes) -> bytes:
    """What a listener answers to these parts, until it ends the connection or says no more."""
    if isinstance(address, str):
        reader, writer = await asyncio.open_unix_connection(address)
    else:
        reader, writer = await asyncio.open_connection(*address)
    answer = b""
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(2):
            answer = await reader.read(-1)
    except (OSError, TimeoutError):
        pass
    finally:
        writer.close()
    return answer


async def reflected(address: Address, box: bytes) -> None:
    """The listener's own proof, given back to it."""
    if isinstance(address, tuple):
        return
    reader, writer = await asyncio.open_unix_connection(address)
    writer.write(bytes(NONCE))
    answer = await reader.readexactly(NONCE + PROOF)
    with contextlib.suppress(ConnectionError):
        writer.write(answer[NONCE:] + box)
        assert await reader.read(-1) == b""
    writer.close()


async def attempts(address: Address, every: list[bytes]) -> None:
    """Each box alone, in parts, and after what a listener may expect before it."""
    for box in every:
        await sent(address, box)
        await sent(address, box[:1], box[1:7], box[7:])
        await reflected(address, box)
    for before in (
        bytes(NONCE),
        bytes(NONCE + PROOF),
        b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xfa\xc9",
    ):
        await sent(address, before, b"".join(every))


async def test_no_listener_reads_a_stranger_s_pickle(gate, watched, browser, tmp_path) -> None:
    found = listeners(gate.pid, watched.servers[0].pid)
    assert len(found) >= 4, found  # telnet, pages, websocket, gateway
    assert all(isinstance(a, str) or a[0] == "127.0.0.1" for a in found)
    every = list(boxes(tmp_path))
    assert pickle_is_dangerous(tmp_path)
    await asyncio.gather(*(attempts(address, every) for address in found))
    await browser.types(f"connect spectator {gate.word}")
    await browser.sees("You can look on")
    assert list(tmp_path.iterdir()) == []
    await played(watched, browser)


def pickle_is_dangerous(cage: Path) -> bool:
    """Whether the canary would sing."""
    pickle.loads(pickle.dumps(Canary(cage)))
    (made,) = cage.iterdir()
    made.rmdir()
    return True


async def test_a_page_of_another_site_gets_no_websocket(gate, watched) -> None:
    address = f"http://127.0.0.1:{gate.socket}/"
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(address, origin="http://elsewhere.example")
        async with http.ws_connect(address, origin=gate.url.removesuffix("/webclient/")):
            pass


async def test_a_long_body_and_a_line_without_end_are_not_kept(gate, watched, browser) -> None:
    port = int(gate.url.split(":")[2].split("/")[0])
    head = b"POST /webclient/ HTTP/1.1\r\nHost: localhost\r\n"
    assert await sent(("127.0.0.1", port), head + b"Content-Length: 9999999\r\n\r\n") == b""
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n1\r\na"
    assert await sent(("127.0.0.1", port), chunked) == b""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.telnet)
    with contextlib.suppress(ConnectionError):
        for part in (b"\xff\xfa\x1f", *[b"a" * 1024] * 16):
            writer.write(part)
        while await reader.read(1 << 16):
            pass
    writer.close()


async def test_what_visitors_send_leaves_no_traceback_in_the_log(gate, watched) -> None:
    port = int(gate.url.split(":")[2].split("/")[0])
    page = b"GET /static/%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert b" 404 " in await sent(("127.0.0.1", port), page)
    for option in range(256):
        await sent(("127.0.0.1", gate.telnet), bytes([255, 254, option, 255, 253, option]))
    for log in gate.scratch.glob("*.log"):
        assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    "line", [["text", ["@py 1"], {}], ["text", ["quell"], {}], ["text", ["@dig a"], {}],
             ["text", ["watch", 1], {"callertype": "object"}], ["text", [{"a": 1}], {}],
             ["login", [], {"name": "spectator", "password": "wrong"}],
             ["get_inputfuncs", [], {}], ["monitor", [], {"name": "name"}],
             ["repeat", [], {"callback": "test1"}], ["bot_data_in", ["@py 1"], {}],
             ["client_options", [], {"client": ["x"], "screenwidth": "wide", "raw": False}]],
    ids=lambda message: f"{message[0]}-{message[1]}",
)  # fmt: skip
async def test_a_spectator_can_look_on_and_nothing_else(gate, looking_on, line) -> None:
    await looking_on.types("leave")
    await looking_on.sees("You look on at nothing now.")
    await looking_on.sends(line)
    await looking_on.types("instances")
    shown = await looking_on.sees("No agent is at work")
    for told in shown.splitlines():
        assert not told or "only look on" in told or "There is no instance" in told
    for log in gate.scratch.glob("*.log"):
        assert gate.word not in log.read_text()


async def test_who_listens_in_the_portal_s_stead_is_not_believed(gate, watched, tmp_path) -> None:
    """The last test: it ends the Portal."""
    every = b"".join(boxes(tmp_path))
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonce = await reader.readexactly(NONCE)
        for part in (nonce, bytes(PROOF), every):
            writer.write(part)
        said = b""
        with contextlib.suppress(ConnectionError):  # cut off with what it has not read
            while more := await reader.read(4096):
                said += more
        heard.put_nowait(said)
        writer.close()

    os.kill(gate.pid, signal.SIGKILL)
    gate.link.unlink()
    async with await asyncio.start_unix_server(impostor, gate.link), asyncio.timeout(60):
        assert await heard.get() == b""
    assert list(tmp_path.iterdir()) == []
    await played(watched)

"""Addresses of standing world servers, their secrets, and what a standing one refuses."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from world_fixtures import address, standing_server
from world_fixtures.address import Address, code_version
from world_fixtures.common import UserError, WorldLost
from world_fixtures.proof import proof
from world_fixtures.servers import ServerPool
from world_fixtures.standing import StandingSite
from world_fixtures.standing_server import MAX_GREETING, STRANGERS, Standing, listen, own_secret

SECRET = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (address.VARIABLE, address.SECRET, address.SECRET_FILE):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "text",
    ["example.org:4000", "0.0.0.0:4000", ":4000", "127.0.0.1:0", "127.0.0.1:70000",
     "127.0.0.1:http", "", "/" + "x" * 120],
)  # fmt: skip
def test_what_is_no_address_is_said_in_one_line(text: str) -> None:
    with pytest.raises(UserError) as caught:
        Address.of(text)
    assert "\n" not in str(caught.value)


def test_an_address_is_a_port_of_loopback_or_the_path_of_a_socket(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(Address.of("localhost:4000")) == str(Address.of("127.0.0.1:4000"))
    assert Address.of("worlds.sock").path == tmp_path / "worlds.sock"
    assert Address.of("/run/a:1").path == Path("/run/a:1")


def test_the_option_goes_before_the_variable_and_an_interpreter_before_both(monkeypatch) -> None:
    assert ServerPool(1).server is None
    monkeypatch.setenv(address.VARIABLE, "/run/worlds")
    assert ServerPool(1).server == "/run/worlds"
    assert ServerPool(1, server="127.0.0.1:4000").server == "127.0.0.1:4000"
    assert ServerPool(1, python="/opt/bin/python").server is None
    with pytest.raises(UserError, match="one of them"):
        ServerPool(1, python="/opt/bin/python", server="/run/worlds")


def test_a_secret_is_read_from_the_environment_or_beside_the_socket(tmp_path, monkeypatch) -> None:
    where = Address.of(str(tmp_path / "worlds"))
    with pytest.raises(UserError, match=r"worlds\.secret.*EVENNIA_WORLD_SECRET"):
        where.secret()
    file = tmp_path / "worlds.secret"
    assert own_secret(file)[0] == where.secret()
    (tmp_path / "worlds.secret").write_text(SECRET + "\n")
    assert where.secret() == SECRET
    (tmp_path / "other").write_text(SECRET[::-1])
    monkeypatch.setenv(address.SECRET_FILE, str(tmp_path / "other"))
    assert where.secret() == SECRET[::-1]
    assert own_secret(file) == (SECRET[::-1], False)
    monkeypatch.setenv(address.SECRET, "x" * 40)
    assert where.secret() == "x" * 40
    assert own_secret(file) == ("x" * 40, False)
    assert file.read_text().strip() == SECRET


@pytest.mark.parametrize("secret", ["short", "with a blank and long enough", "x" * 300, "é" * 20])
def test_a_weak_secret_is_refused_and_not_repeated(secret: str, monkeypatch) -> None:
    monkeypatch.setenv(address.SECRET, secret)
    with pytest.raises(UserError, match="EVENNIA_WORLD_SECRET holds no secret") as caught:
        own_secret(Path("/nowhere"))
    assert secret not in str(caught.value)


def test_a_new_secret_is_for_its_user_alone(tmp_path) -> None:
    file = tmp_path / "a" / "worlds.secret"
    secret, written = own_secret(file)
    assert written
    assert file.read_text().strip() == secret
    assert file.stat().st_mode & 0o777 == 0o600
    assert own_secret(file)[0] != secret


@pytest.mark.parametrize("held", [b"my own notes\n", b"", b"\xff" * 70])
def test_a_file_of_somebody_else_is_no_place_for_a_secret(held: bytes, tmp_path) -> None:
    file = tmp_path / "worlds.secret"
    file.write_bytes(held)
    with pytest.raises(UserError, match=r"worlds\.secret is there already"):
        own_secret(file)
    assert file.read_bytes() == held


def test_the_socket_of_one_that_died_is_replaced_and_that_of_another_is_not(tmp_path) -> None:
    where = Address.of(str(tmp_path / "worlds"))
    listen(where).close()  # leaves its socket behind, as a killed process does
    with listen(where):
        assert where.path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(UserError, match="end what listens there"):
            listen(where)


async def test_where_nobody_listens_the_remedy_is_named(tmp_path) -> None:
    with pytest.raises(WorldLost, match="evennia-world worlds serve"):
        async with ServerPool(1, server=str(tmp_path / "nobody")):
            pass


async def test_without_a_secret_it_is_said_where_one_is_looked_for(door) -> None:
    with pytest.raises(WorldLost, match=r"worlds\.secret .*EVENNIA_WORLD_SECRET_FILE"):
        await StandingSite(Address(door)).prepare()


@pytest_asyncio.fixture
async def door(tmp_path: Path) -> AsyncIterator[Path]:
    """A standing server's socket, without anything behind it."""
    path = tmp_path / "worlds"
    listener = listen(Address(path))
    accepting = asyncio.create_task(Standing(SECRET, most=0)._accept(listener))
    yield path
    accepting.cancel()
    await asyncio.gather(accepting, return_exceptions=True)
    listener.close()


async def said(door: Path, sent: bytes, secret: str = SECRET) -> bytes:
    """Show a secret and send something; all that is answered until the other side hangs up."""
    reader, writer = await asyncio.open_unix_connection(door)
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(b"00\n")
            theirs, _ = (await reader.readline()).split()
            shown = proof(secret.encode(), b"client", b"00" + theirs)
            writer.write(shown + b"\n" + sent)
            return await reader.read()
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("secret", "sent", "problem"),
    [
        ("guess", f"lease {code_version()}\n", "another one"),
        (f"{SECRET}x", f"lease {code_version()}\n", "another one"),
        ("", f"lease {code_version()}\n", "another one"),
        (SECRET, "lease other\n", "another version"),
        (SECRET, f"lease {code_version()}\n", "as many as it may"),
        (SECRET, "wire 00\n", "token of a lease"),
        (SECRET, "\n", "token of a lease"),
    ],
)
async def test_who_is_refused_is_told_why_without_the_secret(door, secret, sent, problem) -> None:
    answer = await said(door, sent.encode(), secret)
    assert problem in json.loads(answer)["error"]
    assert SECRET.encode() not in answer


NOISE = st.lists(
    st.sampled_from([b"\n", b" ", b"lease", b"wire", SECRET[:-1].encode(), b"x" * MAX_GREETING])
    | st.binary(max_size=40)
).map(b"".join)


@settings(suppress_health_check=list(HealthCheck))
@given(NOISE)
async def test_noise_gets_no_more_than_a_refusal(door, sent) -> None:
    reader, writer = await asyncio.open_unix_connection(door)
    with contextlib.suppress(ConnectionError):
        writer.write(sent)
        writer.write_eof()
        assert b"token" not in await reader.read()
    writer.close()
    assert b"another one" in await said(door, b"\n", "guess")


async def test_silent_connections_hold_nobody_up(door) -> None:
    silent = [await asyncio.open_unix_connection(door) for _ in range(STRANGERS + 1)]
    assert await silent[0][0].read() == b""  # the oldest is cut off
    assert b"another one" in await said(door, b"\n", "guess")
    for _, writer in silent:
        writer.close()


async def test_a_silent_connection_is_cut_off(door, monkeypatch) -> None:
    monkeypatch.setattr(standing_server, "GREETING_TIMEOUT", 0.01)
    assert await said(door, b"lea") == b""


@pytest.mark.parametrize(
    ("answer", "told"),
    [(b'["no object"]\n', "another program"), (b"", "another program"), (b"x" * 9999, "closed")],
)
async def test_a_false_server_is_told_no_secret_and_is_a_lost_world_in_one_line(
    tmp_path, monkeypatch, answer, told
) -> None:
    monkeypatch.setenv(address.SECRET, SECRET)
    heard = []

    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(answer)
        writer.write_eof()
        heard.append(await reader.read())
        writer.close()

    async with await asyncio.start_unix_server(lie, tmp_path / "worlds"):
        with pytest.raises(WorldLost, match=told):
            await StandingSite(Address(tmp_path / "worlds")).prepare()
    shown = proof(SECRET.encode(), b"client", heard[0].strip())
    assert SECRET.encode() not in b"".join(heard)
    assert shown not in b"".join(heard)


async def test_a_proof_that_was_overheard_is_of_no_use(door) -> None:
    reader, writer = await asyncio.open_unix_connection(door)
    writer.write(b"00\n")
    theirs, _ = (await reader.readline()).split()
    overheard = proof(SECRET.encode(), b"client", b"00" + theirs)
    writer.close()
    reader, writer = await asyncio.open_unix_connection(door)
    writer.write(b"00\n" + overheard + b"\nlease x\n")
    await reader.readline()
    assert b"another one" in await reader.read()
    writer.close()

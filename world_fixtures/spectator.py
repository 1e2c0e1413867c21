"""A view for people: a Portal with Evennia's own web client, connected to one world server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Self

from world_fixtures import home
from world_fixtures.address import MAX_SOCKET_PATH
from world_fixtures.common import UserError
from world_fixtures.prefork_server import PreforkServer

MAIN = "world_fixtures.game.server.portal"
VARIABLE = "EVENNIA_WORLD_SPECTATE"
"""Path of the gate's file, which the server and the Portal read (`server.conf.spectated`)."""
START_TIMEOUT = 60.0
"""Seconds."""


class SpectatorGate:
    """An async context manager. Enter it before the one world server is started.

    `url` is the web client's address, `socket` the port of its websocket, `telnet` one for
    telnet; all on loopback. The account is `spectator`, its password `word`. The link of Portal
    and world server is a Unix socket, `link`; `scratch` is the Portal's directory.
    """

    def __init__(self) -> None:
        self.word = secrets.token_urlsafe(12)
        self.url = ""
        self.telnet = 0
        self.socket = 0
        self.scratch: Path | None = None
        self.link: Path | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self.scratch = await asyncio.to_thread(home.new_scratch)
        try:
            self.link = socket_in(self.scratch)
            gate = {"word": self.word, "secret": secrets.token_hex(32), "link": str(self.link)}
            os.environ[VARIABLE] = await asyncio.to_thread(keep, gate, self.scratch)
            PreforkServer.forget()  # what has been loaded does not change its settings
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    @property
    def pid(self) -> int:
        """Process id of the Portal."""
        assert self._process
        return self._process.pid

    async def _start(self) -> None:
        log = open(self.scratch / "output.log", "ab")  # type: ignore[operator] # noqa: SIM115, ASYNC230
        with log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", MAIN, str(self.scratch),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                env=home.child_env(), start_new_session=True,
            )  # fmt: skip
        assert self._process.stdout
        line = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT):
                line = await self._process.stdout.readline()
        if not line:
            told = (self.scratch / "output.log").read_text().strip().splitlines()  # type: ignore[operator]
            raise UserError(f"the Portal did not start: {told[-1] if told else 'it said nothing'}")
        ports = json.loads(line)
        self.url = f"http://127.0.0.1:{ports['web']}/webclient/"
        self.telnet, self.socket = ports["telnet"], ports["socket"]

    async def __aexit__(self, *_: object) -> None:
        if os.environ.pop(VARIABLE, None) is not None:
            PreforkServer.forget()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
        for directory in (self.scratch, self.link and self.link.parent):
            if directory is not None:
                shutil.rmtree(directory, ignore_errors=True)


def keep(gate: dict[str, str], scratch: Path) -> str:
    """Write the gate's file, for nobody but us to read; returns its path."""
    file = scratch / "gate.json"
    file.touch(0o600)
    file.write_text(json.dumps(gate))
    return str(file)


def socket_in(scratch: Path) -> Path:
    """Choose where the link's socket lies, in a directory that nobody else can enter."""
    path = scratch / "link"
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        path = Path(tempfile.mkdtemp(prefix="evennia-world-")) / "link"
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        path.parent.rmdir()
        raise UserError(
            f"{scratch} is too long a path for a socket: set EVENNIA_WORLD_HOME or TMPDIR to a"
            " shorter one to be able to look on"
        )
    return path

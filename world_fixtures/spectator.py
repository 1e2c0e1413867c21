"""A view for people: a Portal with Evennia's own web client, connected to one world server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import sys
from pathlib import Path
from typing import Self

from world_fixtures import home
from world_fixtures.common import UserError
from world_fixtures.prefork_server import PreforkServer

MAIN = "world_fixtures.game.server.portal"
VARIABLE = "EVENNIA_WORLD_SPECTATE"
"""Tells the server and the Portal the ports and the password; read by `server.conf.rollout`."""
START_TIMEOUT = 60.0
"""Seconds."""


class SpectatorGate:
    """An async context manager. Enter it before the one world server is started.

    `url` is the web client's address, `telnet` a port for telnet; both on loopback. The account
    is `spectator`, its password `word`.
    """

    def __init__(self) -> None:
        self.word = secrets.token_urlsafe(9)
        self.url = ""
        self.telnet = 0
        self._scratch: Path | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        names = ("web", "pages", "socket", "telnet", "amp")
        ports = dict(zip(names, _free_ports(len(names)), strict=True))
        self.url = f"http://127.0.0.1:{ports['web']}/webclient/"
        self.telnet = ports["telnet"]
        self._scratch = await asyncio.to_thread(home.new_scratch)
        gate = {**ports, "word": self.word, "scratch": str(self._scratch)}
        os.environ[VARIABLE] = json.dumps(gate)
        PreforkServer.forget()  # what has been loaded does not change its settings
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _start(self) -> None:
        log = open(self._scratch / "output.log", "ab")  # type: ignore[operator] # noqa: SIM115, ASYNC230
        with log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", MAIN, str(self._scratch),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                env=home.child_env(), start_new_session=True,
            )  # fmt: skip
        assert self._process.stdout
        line = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT):
                line = await self._process.stdout.readline()
        if not line:
            told = (self._scratch / "output.log").read_text().strip().splitlines()  # type: ignore[operator]
            raise UserError(f"the Portal did not start: {told[-1] if told else 'it said nothing'}")

    async def __aexit__(self, *_: object) -> None:
        if os.environ.pop(VARIABLE, None) is not None:
            PreforkServer.forget()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]

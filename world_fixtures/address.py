"""Addresses of standing world servers, and the secret that one asks for."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import re
from pathlib import Path
from typing import NamedTuple

from world_fixtures import home
from world_fixtures.common import UserError

VARIABLE = "EVENNIA_WORLD_SERVER"
SECRET = "EVENNIA_WORLD_SECRET"
SECRET_FILE = "EVENNIA_WORLD_SECRET_FILE"
HOST = "127.0.0.1"
MAX_SOCKET_PATH = 100
"""Bytes in the path of a Unix socket that every system takes."""
MIN_SECRET, MAX_SECRET = 16, 256
"""Characters."""


class Address(NamedTuple):
    """Where a standing world server listens: a Unix socket, or a port of the loopback interface."""

    path: Path | None
    port: int = 0

    @classmethod
    def of(cls, text: str) -> Address:
        """Read an address. Raises UserError for one that is neither of the two."""
        host, colon, port = text.rpartition(":")
        if not colon or "/" in text:
            return cls(_socket_path(text))
        if host not in (HOST, "localhost") or not re.fullmatch("[0-9]{1,5}", port):
            raise UserError(
                f"{text!r} is no address of a world server: give the path of its socket, or"
                f" {HOST}:PORT (only this machine's own loopback is served)"
            )
        return cls(None, _port(int(port)))

    def __str__(self) -> str:
        return f"{HOST}:{self.port}" if self.path is None else str(self.path)

    async def connect(self, limit: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection; `limit` is the longest line. Raises OSError where nobody listens."""
        if self.path is None:
            return await asyncio.open_connection(HOST, self.port, limit=limit)
        return await asyncio.open_unix_connection(self.path, limit=limit)

    @property
    def secret_file(self) -> Path:
        """Where its secret is, unless the environment holds it or names another place."""
        if self.path is None:
            return home.world_home_path() / f"worlds-{self.port}.secret"
        return self.path.with_name(f"{self.path.name}.secret")

    def secret(self) -> str:
        """Return the secret to say there. Raises UserError where there is none."""
        return given_secret() or _read(self.secret_file)


def given_secret() -> str:
    """Return the secret that the environment holds or names the file of; empty where it does not.

    Raises UserError where that is none.
    """
    if secret := os.environ.get(SECRET):
        return _sound(secret, SECRET)
    file = os.environ.get(SECRET_FILE)
    return _read(Path(file).expanduser()) if file else ""


def _read(file: Path) -> str:
    try:
        return _sound(file.read_text("utf-8").strip(), str(file))
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text"
        raise UserError(
            f"the secret of the standing world server cannot be read from {file} ({reason}):"
            f" set {SECRET}, or {SECRET_FILE} to the file that holds it"
        ) from None


def _sound(secret: str, source: str) -> str:
    """Return a secret that can be one. Raises UserError, without it, where it cannot."""
    if not MIN_SECRET <= len(secret) <= MAX_SECRET or not re.fullmatch("[!-~]+", secret):
        raise UserError(
            f"{source} holds no secret of {MIN_SECRET} to {MAX_SECRET} ASCII characters without"
            " blanks: write one, e.g. of `openssl rand -hex 32`"
        )
    return secret


def wanted(server: str | None, python: str | None) -> Address | None:
    """Return the address at which world servers are to run; None where we run them.

    That is `server`, else what EVENNIA_WORLD_SERVER names where no `python` is given. Raises
    UserError for both and for what is no address.
    """
    if server and python:
        raise UserError("world servers run in an interpreter or at an address: give one of them")
    text = server or (None if python else os.environ.get(VARIABLE))
    return Address.of(text) if text else None


@functools.cache
def code_version() -> str:
    """Return a digest of this package's code: both ends are to have the same."""
    files = sorted(home.PACKAGE.rglob("*.py"))
    found = hashlib.blake2b(digest_size=8)
    for file in files:
        found.update(file.relative_to(home.PACKAGE).as_posix().encode() + b"\0")
        found.update(file.read_bytes() + b"\0")
    return found.hexdigest()


def _socket_path(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not text or len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise UserError(f"{text!r} is no path of a socket: it has 1 to {MAX_SOCKET_PATH} bytes")
    return path


def _port(port: int) -> int:
    if not 0 < port < 65536:
        raise UserError(f"{port} is no port: choose one from 1 to 65535")
    return port

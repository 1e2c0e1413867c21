"""The listening end of the gateway: lines of JSON in, lines of JSON out.

Every line is one transaction: what it changed and the events that tell of it are committed
before its answer is written, so that what a client knows is on disk. Every request is a
savepoint in it: one that fails undoes nothing else. Before a connection has said the server's
secret, nothing that it sends is parsed.
"""

from __future__ import annotations

import hmac
import json
import socket
import traceback
from typing import Any

from evennia.utils import logger
from twisted.internet import protocol
from twisted.protocols.basic import LineReceiver

from world_fixtures.common import WorldError
from world_fixtures.game import compat
from world_fixtures.game.gateway.operations import Json, Operations, identity, to_json
from world_fixtures.game.strangers import Strangers
from world_fixtures.protocol import GREETING, MAX_LINE, MAX_SECRET, ErrorCode, Failure

MAX_STRANGERS = 16
"""Connections at once that have not said the secret."""


class Wire(LineReceiver):
    """One client's connection: a stranger's until the secret has come."""

    delimiter = b"\n"
    MAX_LENGTH = MAX_SECRET
    transport: Any

    def __init__(self, secret: str, strangers: Strangers) -> None:
        """Take the secret, and the connections that have yet to say it."""
        self._secret = secret
        self._strangers = strangers
        self._operations: Operations | None = None
        """Of a client that has said the secret."""

    def connectionMade(self) -> None:
        """Send every answer at once, and wait for the secret for a while (Twisted's hook)."""
        if self.transport.getHandle().family != socket.AF_UNIX:
            self.transport.setTcpNoDelay(True)
        self._strangers.admit(self.transport)

    def connectionLost(self, reason: Any = None) -> None:
        """End the client's sessions (Twisted's hook)."""
        self._strangers.forget(self.transport)
        if self._operations is not None:
            self._operations.sessions.end_all()

    def lineReceived(self, line: bytes) -> None:
        """Answer one message (Twisted's hook)."""
        if self._operations is None:
            self._greet(line)
            return
        try:
            message = json.loads(line.decode())  # or bytes that are no UTF-8 would be let through
        except (ValueError, RecursionError):
            self._send(_failure(None, ErrorCode.BAD_REQUEST, "not JSON"))
            return
        if isinstance(message, list):
            self._send(f"[{','.join(self._run(self._operations, message))}]")
        else:
            self._send(self._run(self._operations, [message])[0])

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a message that is too long (Twisted's hook)."""
        if self._operations is None:
            self._strangers.turn_away(self.transport)
            return
        self._send(_failure(None, ErrorCode.BAD_REQUEST, f"a message has at most {MAX_LINE} bytes"))
        self.transport.loseConnection()

    def _greet(self, line: bytes) -> None:
        """Compare the first line with the secret; nothing else is done with it."""
        if not hmac.compare_digest(line, self._secret.encode()):
            problem = "the first line is this server's secret"
            self._send(_failure(GREETING, ErrorCode.UNAUTHORISED, problem))
            self.transport.loseConnection()
            return
        self._strangers.forget(self.transport)
        self.MAX_LENGTH = MAX_LINE
        self._operations = Operations()
        self._send(_success(GREETING, identity()))

    def _run(self, operations: Operations, requests: list[Any]) -> list[str]:
        """Return the answers to requests, as JSON. Raises what a database without remedy raises.

        Twisted then closes the connection, and the pool replaces the server.
        """
        with compat.Transaction():
            savepoint = compat.Savepoint()
            return [_answer(operations, request, savepoint) for request in requests]

    def _send(self, message: str) -> None:
        compat.write_now(self.transport, message.encode() + self.delimiter)


def _answer(operations: Operations, request: Any, savepoint: compat.Savepoint) -> str:
    if not isinstance(request, dict):
        return _failure(None, ErrorCode.BAD_REQUEST, "a request is an object")
    id_ = request.get("id")
    if type(id_) is not int:
        return _failure(None, ErrorCode.BAD_REQUEST, "a request has a number as its id")
    try:
        with savepoint:
            return _success(id_, operations.run(request))
    except WorldError as error:
        failure = _failure(id_, error.code, str(error))
        if error.code not in (ErrorCode.INTERNAL, ErrorCode.DIFFERS):
            return failure  # refused before anything was done
    except Exception:
        logger.log_err(traceback.format_exc())
        failure = _failure(id_, ErrorCode.INTERNAL, "see the server's log")
    operations.recover()
    return failure


def _success(id_: int, result: Any) -> str:
    body = result if type(result) is Json else to_json(result)
    return f'{{"id":{id_},"ok":{body}}}'


def _failure(id_: int | None, code: str, message: str) -> str:
    error: Failure = {"code": code, "message": message}
    return to_json({"id": id_, "error": error})


class WireFactory(protocol.ServerFactory):
    """Makes a `Wire` for each connection."""

    noisy = False

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._strangers = Strangers(MAX_STRANGERS)

    def buildProtocol(self, addr: Any) -> Wire:
        """Return the protocol of a new connection (Twisted's hook)."""
        return Wire(self._secret, self._strangers)

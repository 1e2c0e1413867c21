"""The listening end of the gateway: lines of JSON in, lines of JSON out.

Every line is one transaction: what it changed and the events that tell of it are committed
before its answer is written, so that what a client knows is on disk. Every request is a
savepoint in it: one that fails undoes nothing else.
"""

from __future__ import annotations

import hmac
import json
import traceback
from typing import Any

from django.db import transaction
from evennia.utils import logger
from twisted.internet import protocol
from twisted.protocols.basic import LineReceiver

from world_fixtures.common import WorldError
from world_fixtures.game import compat
from world_fixtures.game.gateway.operations import Json, Operations, identity, to_json
from world_fixtures.protocol import MAX_LINE, ErrorCode, Failure


class Wire(LineReceiver):
    """One client's connection."""

    delimiter = b"\n"
    MAX_LENGTH = MAX_LINE
    transport: Any

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._trusted = False
        self._operations = Operations()

    def connectionMade(self) -> None:
        """Send every answer at once (Twisted's hook)."""
        self.transport.setTcpNoDelay(True)

    def connectionLost(self, reason: Any = None) -> None:
        """End the client's sessions (Twisted's hook)."""
        self._operations.close_everything()

    def lineReceived(self, line: bytes) -> None:
        """Answer one message (Twisted's hook)."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._send(_failure(None, ErrorCode.BAD_REQUEST, "not JSON"))
            return
        if not self._trusted:
            self._greet(message)
        elif isinstance(message, list):
            self._send(f"[{','.join(self._run(message))}]")
        else:
            self._send(self._run([message])[0])

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a message that is too long (Twisted's hook)."""
        self._send(_failure(None, ErrorCode.BAD_REQUEST, f"a message has at most {MAX_LINE} bytes"))
        self.transport.loseConnection()

    def _greet(self, message: Any) -> None:
        hello = message if isinstance(message, dict) else {}
        given = str(hello.get("secret"))
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            problem = "say hello with this server's secret"
            self._send(_failure(hello.get("id"), ErrorCode.UNAUTHORISED, problem))
            self.transport.loseConnection()
            return
        self._trusted = True
        self._send(_success(hello.get("id"), identity()))

    def _run(self, requests: list[Any]) -> list[str]:
        """Return the answers to requests, as JSON. Raises what a database without remedy raises.

        Twisted then closes the connection, and the pool replaces the server.
        """
        with transaction.atomic():
            savepoint = compat.Savepoint()
            return [self._answer(request, savepoint) for request in requests]

    def _answer(self, request: Any, savepoint: compat.Savepoint) -> str:
        if not isinstance(request, dict):
            return _failure(None, ErrorCode.BAD_REQUEST, "a request is an object")
        id_ = request.get("id")
        try:
            with savepoint:
                return _success(id_, self._operations.run(request))
        except WorldError as error:
            failure = _failure(id_, error.code, str(error))
            if error.code != ErrorCode.INTERNAL:  # refused before anything was done
                return failure
        except Exception:
            logger.log_err(traceback.format_exc())
            failure = _failure(id_, ErrorCode.INTERNAL, "see the server's log")
        self._operations.recover()
        return failure

    def _send(self, message: str) -> None:
        self.sendLine(message.encode())


def _success(id_: Any, result: Any) -> str:
    body = result if type(result) is Json else to_json(result)
    return f'{{"id":{to_json(id_)},"ok":{body}}}'


def _failure(id_: Any, code: str, message: str) -> str:
    error: Failure = {"code": code, "message": message}
    return to_json({"id": id_, "error": error})


class WireFactory(protocol.ServerFactory):
    """Makes a `Wire` for each connection."""

    noisy = False

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def buildProtocol(self, addr: Any) -> Wire:
        """Return the protocol of a new connection (Twisted's hook)."""
        return Wire(self._secret)

"""The listening end of the gateway: lines of JSON in, lines of JSON out.

Every line is one transaction: what it changed and the events that tell of it are
committed before its answer is written, so that what a client was told is on disk.
"""

from __future__ import annotations

import hmac
import json
import traceback
from typing import Any

from django.db import connection, transaction
from evennia.utils import logger
from twisted.internet import protocol
from twisted.protocols.basic import LineReceiver

from world_fixtures.common import WorldError
from world_fixtures.game.gateway.models import EventRow
from world_fixtures.game.gateway.operations import Operations, identity
from world_fixtures.protocol import MAX_LINE, ErrorCode

_STORE = f"INSERT INTO {EventRow._meta.db_table} (instance, seq, body) VALUES (%s, %s, %s)"


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
        self.transport.setTcpNoDelay(True)

    def connectionLost(self, reason: Any = None) -> None:
        self._operations.close_everything()

    def lineReceived(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            self._send(_failure(None, ErrorCode.BAD_REQUEST, "not JSON"))
            return
        if not self._trusted:
            self._greet(message)
            return
        requests = message if isinstance(message, list) else [message]
        answers = self._run(requests)
        self._send(answers if isinstance(message, list) else answers[0])

    def lineLengthExceeded(self, line: bytes) -> None:
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
        self._send({"id": hello.get("id"), "ok": identity()})

    def _run(self, requests: list[Any]) -> list[dict[str, Any]]:
        with transaction.atomic():
            answers = [self._answer(request) for request in requests]
            if events := self._operations.events:
                rows = [(i, n, json.dumps(e, separators=(",", ":"))) for i, n, e in events]
                with connection.cursor() as cursor:  # the ORM would double a look's time
                    cursor.executemany(_STORE, rows)
                events.clear()
        return answers

    def _answer(self, request: Any) -> dict[str, Any]:
        if not isinstance(request, dict):
            return _failure(None, ErrorCode.BAD_REQUEST, "a request is an object")
        try:
            return {"id": request.get("id"), "ok": self._operations.run(request)}
        except WorldError as error:
            return _failure(request.get("id"), error.code, str(error))
        except Exception:
            logger.log_err(traceback.format_exc())
            return _failure(request.get("id"), ErrorCode.INTERNAL, "see the server's log")

    def _send(self, message: Any) -> None:
        self.sendLine(json.dumps(message, separators=(",", ":")).encode())


def _failure(id_: Any, code: str, message: str) -> dict[str, Any]:
    return {"id": id_, "error": {"code": code, "message": message}}


class WireFactory(protocol.ServerFactory):
    """Makes a `Wire` for each connection."""

    noisy = False

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def buildProtocol(self, addr: Any) -> Wire:
        return Wire(self._secret)

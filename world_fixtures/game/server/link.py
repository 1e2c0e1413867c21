"""Mutual proof of a shared secret, before a connection carries anything else.

Evennia's Portal and Server send each other pickles, and who sends a pickle runs code. So no
byte of theirs is read before both ends have shown that they know the secret. Messages have
fixed lengths:

1. The connecting end sends a nonce.
2. The listening end sends a nonce of its own and its proof.
3. The connecting end checks that, and sends its proof.

A proof is an HMAC over the name of the end that gives it and both nonces. An impostor at either
end learns nothing that it could use elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from world_fixtures.game.strangers import Strangers
from world_fixtures.proof import NONCE, PROOF, new_nonce, proof, shows

MAX_STRANGERS = 8
"""Connections without proof at once."""


class Handshake(Protocol):
    """One end of a connection; `trusted` makes the protocol that takes over."""

    transport: Any

    def __init__(
        self, secret: bytes, trusted: Callable[[], Protocol], strangers: Strangers
    ) -> None:
        self._secret = secret
        self._trusted = trusted
        self._strangers = strangers
        self._nonce = new_nonce()
        self._received = b""
        self._inner: Protocol | None = None

    def connectionMade(self) -> None:
        """Give the other end its time (Twisted's hook)."""
        self._strangers.admit(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """Take a part of the proof, or hand on what comes after it (Twisted's hook)."""
        if self._inner is not None:
            self._inner.dataReceived(data)
            return
        self._received += data
        self._go_on()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the protocol that took over (Twisted's hook)."""
        self._strangers.forget(self.transport)
        if self._inner is not None:
            self._inner.connectionLost(reason)

    def _go_on(self) -> None:
        """Do what the bytes in `_received` allow."""
        raise NotImplementedError

    def _take(self, length: int) -> bytes:
        taken, self._received = self._received[:length], self._received[length:]
        return taken

    def _check(self, given: bytes, end: bytes, nonces: bytes) -> bool:
        if shows(given, self._secret, end, nonces):
            return True
        self._received = b""
        self.transport.abortConnection()
        return False

    def _hand_over(self) -> None:
        self._strangers.forget(self.transport)
        self._inner = self._trusted()
        self._inner.makeConnection(self.transport)
        rest = self._take(len(self._received))
        if rest:
            self._inner.dataReceived(rest)


class ListeningEnd(Handshake):
    """The end that is connected to."""

    _nonces = b""

    def _go_on(self) -> None:
        if not self._nonces and len(self._received) >= NONCE:
            self._nonces = self._take(NONCE) + self._nonce
            self.transport.write(self._nonce + proof(self._secret, b"listening", self._nonces))
        if (
            self._nonces
            and len(self._received) >= PROOF
            and self._check(self._take(PROOF), b"connecting", self._nonces)
        ):
            self._hand_over()


class ConnectingEnd(Handshake):
    """The end that connects."""

    def connectionMade(self) -> None:
        """Begin (Twisted's hook)."""
        super().connectionMade()
        self.transport.write(self._nonce)

    def _go_on(self) -> None:
        if len(self._received) < NONCE + PROOF:
            return
        nonces = self._nonce + self._take(NONCE)
        if self._check(self._take(PROOF), b"listening", nonces):
            self.transport.write(proof(self._secret, b"connecting", nonces))
            self._hand_over()

"""What two ends of a connection show each other who both know a secret, without saying it.

Nonces and proofs are hexadecimal digits, so that they can be sent in lines, too.
"""

from __future__ import annotations

import hmac
import secrets

NONCE = 64
"""Bytes of a nonce as it is sent."""
PROOF = 64
"""Bytes of a proof as it is sent."""


def new_nonce() -> bytes:
    """Return digits that were never sent before."""
    return secrets.token_hex(NONCE // 2).encode()


def proof(secret: bytes, end: bytes, nonces: bytes) -> bytes:
    """Compute what the end `end` shows: the HMAC (SHA-256) over its name and the nonces.

    `nonces` are the connecting end's and the other's, so no proof is of use on another connection.
    """
    return hmac.new(secret, end + b"\0" + nonces, "sha256").hexdigest().encode()


def shows(given: bytes, secret: bytes, end: bytes, nonces: bytes) -> bool:
    """Tell in constant time whether `given` is the proof of the end `end`."""
    return hmac.compare_digest(given, proof(secret, end, nonces))

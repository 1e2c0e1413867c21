"""What two ends of a connection show each other who both know a secret, without saying it."""

from __future__ import annotations

import hmac
import secrets

NONCE = 32
"""Bytes."""


def new_nonce() -> bytes:
    """Return bytes that were never sent before."""
    return secrets.token_bytes(NONCE)


def proof(secret: bytes, end: bytes, nonces: bytes) -> bytes:
    """Compute what the end `end` shows: 32 bytes, the HMAC (SHA-256) over its name and the nonces.

    `nonces` are the connecting end's and the other's, so no proof is of use on another connection.
    """
    return hmac.digest(secret, end + b"\0" + nonces, "sha256")


def shows(given: bytes, secret: bytes, end: bytes, nonces: bytes) -> bool:
    """Tell in constant time whether `given` is the proof of the end `end`."""
    return hmac.compare_digest(given, proof(secret, end, nonces))

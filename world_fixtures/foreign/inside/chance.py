"""Chance of a game's process: a seed decides what `random`, `uuid`, `secrets` and the system give.

Imports neither Evennia nor a game.
"""

from __future__ import annotations

import os
import random
import sys
import uuid
from typing import Any

_system = random.Random(0)
"""Where what claims to be the system's own chance comes from."""


def install() -> None:
    """Have chance that no seed decides come from one that a seed does."""
    os.urandom = _bytes
    setattr(random, "_urandom", _bytes)  # noqa: B010 - `SystemRandom`, and so `secrets`, ask this
    uuid.uuid4 = _uuid
    uuid.uuid1 = lambda node=None, clock_seq=None: _uuid()


def seed(number: int) -> None:
    """Begin all chance anew."""
    _system.seed(number)
    random.seed(number)
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(number % 2**32)


def _bytes(count: int) -> bytes:
    return _system.randbytes(count)


def _uuid() -> uuid.UUID:
    return uuid.UUID(int=_system.getrandbits(128), version=4)

"""Messages in the form of Evennia's link whose pickles make a directory when they are read."""

from __future__ import annotations

import itertools
import os
import pickle
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path


class Canary:
    """Unpickled, it makes a directory in `cage`."""

    _numbers = itertools.count()

    def __init__(self, cage: Path) -> None:
        self._path = str(cage / str(next(self._numbers)))

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self._path,)


def box(**fields: bytes) -> bytes:
    """A box of AMP: each key and value with its length before it."""
    parts = [part for k, v in fields.items() for part in (k.encode(), v)]
    return b"".join(struct.pack(">H", len(p)) + p for p in parts) + b"\0\0"


def boxes(cage: Path) -> Iterator[bytes]:
    """One box for each command of Evennia's link that reads a pickle."""

    def bad(*more: object) -> bytes:
        return pickle.dumps((Canary(cage), *more))

    for command in ("MsgPortal2Server", "AdminPortal2Server", "MsgServer2Portal",
                    "AdminServer2Portal"):  # fmt: skip
        yield box(_ask=b"1", _command=command.encode(), packed_data=zlib.compress(bad({})))
    yield box(_ask=b"2", _command=b"MsgLauncher2Portal", operation=b"\x0f", arguments=bad())
    yield box(_ask=b"3", _command=b"FunctionCall", module=b"os", function=b"mkdir",
              args=bad(), kwargs=bad())  # fmt: skip
    yield box(_answer=b"1", status=bad())

"""Locks between processes: who writes a file or a directory, writes it alone."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import IO

from world_fixtures.common import UserError
from world_fixtures.disk import disk


def lock(path: Path, in_use: str) -> IO[bytes]:
    """Lock the file `path` for this process, until what is returned is closed.

    The file is made where there is none, and its content stays as it is; the lock ends with the
    process, however that ends. Raises UserError with the text `in_use` where another has it,
    and another where it is no file that can be written.
    """
    with disk(path):
        # Without O_NONBLOCK a FIFO would wait for its reader.
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK, 0o666)
        file = os.fdopen(number, "ab")
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise UserError(f"{path} is no ordinary file: choose another place")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException as error:
            file.close()
            if isinstance(error, BlockingIOError):
                raise UserError(in_use) from None
            raise
        return file

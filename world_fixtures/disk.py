"""Failures of the disk, told in one line with the file and the remedy."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from world_fixtures.common import UserError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of the errors that say that no more can be written."""


@contextlib.contextmanager
def disk(path: Path, *, kept: str = "", elsewhere: str = "choose another place") -> Iterator[None]:
    """Turn a failure of the disk into a UserError that names the file, the reason and the remedy.

    `kept` says what is not lost, and `elsewhere` what to do where the path is at fault.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT) and (free := _free(path)) is not None:
            reason += f", {free:,} bytes free"
        remedy = "free some space" if error.errno in NO_ROOM else elsewhere
        raise UserError(
            f"cannot write {path} ({reason}): {'; '.join(filter(None, (remedy, kept)))}"
        ) from error


def _free(path: Path) -> int | None:
    """Return the bytes that are free where this file is or was to be."""
    for place in (path.parent, *path.parent.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free
    return None

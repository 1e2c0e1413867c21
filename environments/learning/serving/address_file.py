"""The file that tells the address of a model server, which holds its secret, to its owner alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from world_fixtures.common import UserError
from world_fixtures.disk import disk

_BEGINS = b"http://127.0.0.1:"
_ELSEWHERE = "choose another --url-file"


def check_address_file(path: Path) -> None:
    """Raise UserError where no address can be written, or something else would be lost."""
    if not path.parent.is_dir():
        raise UserError(f"there is no directory {path.parent}: make it, or {_ELSEWHERE}")
    with disk(path, elsewhere=_ELSEWHERE):
        if os.path.lexists(path) and not _read(path).startswith(_BEGINS):
            raise UserError(f"{path} is there and holds no address: move it, or {_ELSEWHERE}")


@contextlib.contextmanager
def address_in(path: Path, address: str) -> Iterator[None]:
    """Have an address in a file while the block runs, over one that was left there.

    The file is there whole or not at all, as others wait for it to appear. It stays where it tells
    of another server by the end. Raises UserError where it cannot be written.
    """
    check_address_file(path)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with disk(path, elsewhere=_ELSEWHERE):
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(address + "\n")
            os.replace(new, path)
        except OSError:
            new.unlink(missing_ok=True)
            raise
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if _read(path) == f"{address}\n".encode():
                path.unlink()


def _read(path: Path) -> bytes:
    """Return what a file begins with; nothing for what is no ordinary file."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(1000)

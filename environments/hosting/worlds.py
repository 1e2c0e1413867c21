"""World servers that all rollouts of a program share."""

from __future__ import annotations

import atexit
import os
import threading

from world_fixtures.address import wanted
from world_fixtures.background import SyncPool
from world_fixtures.home import interpreter, versions

_GUARD = threading.Lock()
_SHARED: dict[tuple[int, int | None, str | None, str | None], SyncPool] = {}
"""By process and the arguments: a process that was forked off has none yet."""


def check_worlds(python: str | None = None, server: str | None = None) -> None:
    """Check that world servers can run where `shared_worlds` would have them, and start none.

    Whether one stands ready at an address is not tried. Raises UserError, which names the remedy.
    """
    if wanted(server, python) is None:
        versions(interpreter(python))


def shared_worlds(
    servers: int | None = None, python: str | None = None, server: str | None = None
) -> SyncPool:
    """Return the running world servers of this process for these arguments of `SyncPool`.

    They start with the first call and stop when the program ends. Raises WorldLost or UserError
    where they do not start.
    """
    key = (os.getpid(), servers, python, server)
    with _GUARD:
        found = _SHARED.get(key)
        if found is None:
            found = SyncPool(servers, python=python, server=server).__enter__()
            atexit.register(_stop, found, os.getpid())
            _SHARED[key] = found
        return found


def _stop(pool: SyncPool, owner: int) -> None:
    if os.getpid() == owner:  # a process that was forked off has no thread to stop them in
        pool.__exit__()

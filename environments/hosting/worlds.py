"""World servers that all rollouts of a program share."""

from __future__ import annotations

from environments.hosting.per_process import PerProcess
from world_fixtures.address import wanted
from world_fixtures.background import SyncPool
from world_fixtures.home import interpreter, versions

Given = tuple[int | None, str | None, str | None]


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
    return _SHARED.get((servers, python, server))


def _pool(given: Given) -> SyncPool:
    servers, python, server = given
    return SyncPool(servers, python=python, server=server)


_SHARED = PerProcess(_pool)

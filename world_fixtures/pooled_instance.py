"""The instances of worlds that a pool of world servers hands out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from world_fixtures import client
from world_fixtures.spec import WorldSpec
from world_fixtures.world_server import WorldServer

if TYPE_CHECKING:
    from world_fixtures.servers import ServerPool


class PooledInstance(client.Instance):
    """An instance that came from a pool."""

    def __init__(
        self,
        server: WorldServer,
        spec: WorldSpec,
        id_: str,
        hash_: str,
        pool: ServerPool | None = None,
    ) -> None:
        super().__init__(server, spec, id_, hash_)
        self.server = server
        self.released = False
        self._pool = pool

    async def fork(
        self, at: int | None = None, *, server: WorldServer | None = None
    ) -> PooledInstance:
        """Make a second instance in the state after event `at` of this one; see `ServerPool.fork`.

        Raises RuntimeError where this instance has no pool.
        """
        if self._pool is None:
            raise RuntimeError(f"instance {self.id} came from no pool and cannot be forked")
        return await self._pool.fork(self, at, server=server)

    def keep(self, session: client.Session) -> None:
        """Know a session as one of this instance; it is taken up again after a restart."""
        super().keep(session)
        self.server.sessions.add(session)

    def forget(self) -> None:
        """Its sessions end with it on the server; they are not opened again after a restart."""
        self.released = True
        for session in self._opened:
            self.server.sessions.discard(session)
            session.id = ""  # the server gives the id again, to the next session of the instance

    async def restart(self) -> None:
        """Stop and start the world server of this instance; its state stays.

        Close this instance's sessions first. Those of other instances are taken up again
        unnoticed. Raises WorldLost if the server does not come back.
        """
        await self.server.restart()

"""A world server as a process: started, asked, restarted and stopped.

A server stops when its connection to this process closes, so it cannot outlive the process that
started it.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any, Literal

from world_fixtures import address, client, home
from world_fixtures.client import WorldClient
from world_fixtures.common import WorldLost
from world_fixtures.site import LocalSite, Site
from world_fixtures.spec import GameWorld
from world_fixtures.standing import StandingSite

HEALTH_TIMEOUT = 20.0
"""Seconds without any answer after which a server counts as hung."""
CREATIONS = 4
"""Worlds that one server is asked to make at once: commands of others pass in between."""


Purpose = GameWorld | Literal["restarts"] | None
"""Which instances a server has: those of a game that somebody else wrote, those of rollouts that
restart their server, or, where None, all others."""


class WorldServer:
    """One Evennia Server process and the connection to it."""

    def __init__(self, site: Site) -> None:
        """Take where it runs; `start` is what pools call."""
        self.site = site
        self.client: WorldClient
        self.sessions: weakref.WeakSet[client.Session] = weakref.WeakSet()
        """Open sessions, to be taken up again after a restart."""
        self.purpose: Purpose = None
        self.creations = asyncio.Semaphore(CREATIONS)
        """Held while it makes a world."""
        self._steady = asyncio.Event()
        """Cleared while the server is being restarted: requests wait."""
        self._in_flight = 0
        self._drained = asyncio.Event()
        self._restarting: asyncio.Task[None] | None = None
        """One that has not yet stopped the server: who wants a restart now is served by it."""
        self._restarts: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(
        cls, python: str | None = None, server: str | None = None, site: Site | None = None
    ) -> WorldServer:
        """Start a server with data of its own; returns when it is ready.

        `python` is the path of the interpreter to run it in, `server` the address to have it run
        at: see `ServerPool`. Or `site` says where it runs. Raises UserError where that cannot run
        a world server, WorldLost if it does not start.
        """
        if site is None:
            where = address.wanted(server, python)
            site = LocalSite(home.interpreter(python)) if where is None else StandingSite(where)
        started = cls(site)
        try:
            await started.site.prepare()
            started.client = await started.site.connect()
        except BaseException:
            await started.stop()
            raise
        started._steady.set()
        return started

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self.site.pid

    @property
    def usable(self) -> bool:
        """Takes requests: at once, or after the restart under way."""
        return self._restarting is not None or not self._steady.is_set() or not self.client.lost

    async def request(self, op: str, **fields: Any) -> Any:
        """Do as `WorldClient.request`; waits while the server is being restarted."""
        await self._steady.wait()
        self._in_flight += 1
        try:
            return await self.client.request(op, **fields)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._drained.set()

    async def restart(self) -> None:
        """Stop in order and start again on the same data. Calls made together share one."""
        if self._restarting is None:
            self._restarting = asyncio.create_task(self._restart())
            self._restarts.add(self._restarting)
            self._restarting.add_done_callback(self._restarted)
        await asyncio.shield(self._restarting)

    def _restarted(self, task: asyncio.Task[None]) -> None:
        self._restarts.discard(task)
        if self._restarting is task:
            self._restarting = None

    async def _restart(self) -> None:
        await asyncio.sleep(0)  # let others who want the same join
        while not self._steady.is_set():
            await self._steady.wait()
        self._steady.clear()
        try:
            if self._in_flight:
                self._drained.clear()
                await self._drained.wait()
            self._restarting = None
            self.client.close()
            await self.site.end(keep=True)
            self.client = await self.site.connect()
            for session in list(self.sessions):
                if session.id:
                    made = await self.client.request(
                        "open",
                        instance=session.instance,
                        character=session.character,
                        quiet=True,
                    )
                    session.id = made["session"]
        finally:
            self._steady.set()

    async def check(self) -> None:
        """Raise WorldLost unless the server answers."""
        await self._steady.wait()
        client_ = self.client
        try:
            await client_.ping(timeout=HEALTH_TIMEOUT)
        except WorldLost:
            if client_ is self.client and self._steady.is_set():
                raise

    async def revive(self) -> None:
        """Start again on the data that a dead server left."""
        self.client.close()
        await self.site.end()
        self.client = await self.site.connect()
        self._steady.set()

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        self.site.kill()

    async def wait(self) -> None:
        """Return when the process has ended."""
        await self.site.wait()

    async def stop(self) -> None:
        """Stop the process and remove its scratch directory; safe to call twice."""
        restarts = list(self._restarts)
        for restart in restarts:
            restart.cancel()
        await asyncio.gather(*restarts, return_exceptions=True)
        if hasattr(self, "client"):
            self.client.close()
        try:
            await self.site.end()
        finally:
            await self.site.leave()

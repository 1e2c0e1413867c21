"""Work divided among hosts that come and go: what a lost one was playing is played elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Self

from environments.scaling.host import Host, HostLost, Source
from world_fixtures.common import UserError

MAX_LOSSES = 4
"""Hosts that are lost with an order before it is given up, and in a row before they can play."""
LOOK = 2.0
"""Seconds between two looks at how many hosts there should be."""
WAITS = (0.0, 1.0, 5.0, 15.0)
"""Seconds before a host is replaced, by how many were lost in a row before they could play."""

logger = logging.getLogger(__name__)


class Hosts:
    """As many hosts as their source wants; an asynchronous context manager, within the source's.

    `ask` may be called as often at once as one likes: each order goes to the host with the
    fewest, and waits where there is none.
    """

    def __init__(self, source: Source) -> None:
        """Start nothing yet."""
        self._source = source
        self._made = 0
        self._failed_starts = 0
        self._playing: dict[Host, int] = {}
        """Hosts that can be asked, with the number of orders that each has."""
        self._kept: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._fault: Exception | None = None
        self.lost = 0
        """Hosts that were lost while they could be asked."""

    @property
    def there(self) -> int:
        """Hosts that can be asked now."""
        return len(self._playing)

    def some(self) -> Any:
        """Return a host that can be asked now."""
        return next(iter(self._playing))

    async def ask(self, order: Any) -> Any:
        """Return the result of an order, by whichever host.

        Raises what the user can correct as UserError, also where host after host is lost with it.
        """
        for _ in range(MAX_LOSSES):
            host = await self._free()
            self._playing[host] += 1
            try:
                return await host.ask(order)
            except HostLost:
                self._playing.pop(host, None)
            finally:
                if host in self._playing:
                    self._playing[host] -= 1
        raise UserError(
            f"{MAX_LOSSES} hosts were lost while they played the same: look for what kills them,"
            " too little memory for example; what was finished is kept, and the same command"
            " continues"
        )

    async def _free(self) -> Host:
        """Choose the host with the fewest orders; wait for one. Raises what keeps all away."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._playing or self._fault)
        if self._fault is not None:
            raise self._fault
        return min(self._playing, key=lambda host: self._playing[host])

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._looking.cancel()
        for task in self._kept:
            task.cancel()
        await asyncio.gather(self._looking, *self._kept, return_exceptions=True)

    async def _look(self) -> None:
        """See to it that there are as many hosts as there should be."""
        try:
            while True:
                for _ in range(await self._source.wanted() - len(self._kept)):
                    task = asyncio.create_task(self._keep())
                    self._kept.add(task)
                    task.add_done_callback(self._kept.discard)
                await asyncio.sleep(LOOK)
        except Exception as error:
            await self._fail(error)

    async def _keep(self) -> None:
        """Start a host and let it be asked until it is lost."""
        await asyncio.sleep(WAITS[min(self._failed_starts, len(WAITS) - 1)])
        host = self._source.make(self._made)
        self._made += 1
        try:
            await host.start()
            self._failed_starts = 0
            self._playing[host] = 0
            async with self._changed:
                self._changed.notify_all()
            await host.lost()
            self.lost += 1
            logger.warning("%s was lost: what it played is played again", host.name)
        except HostLost as error:
            self._failed_starts += 1
            if self._failed_starts >= MAX_LOSSES:
                told = f"{MAX_LOSSES} hosts were lost before they could play ({error}): see above"
                await self._fail(UserError(told))
        except Exception as error:
            await self._fail(error)
        finally:
            self._playing.pop(host, None)
            with contextlib.suppress(HostLost):
                await host.end()

    async def _fail(self, error: Exception) -> None:
        """Have every order raise `error`: no host can play."""
        self._fault = self._fault or error
        async with self._changed:
            self._changed.notify_all()

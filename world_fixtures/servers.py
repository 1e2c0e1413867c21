"""A pool of world servers, watched and replaced, that hands out instances of worlds."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from world_fixtures import address, client, home, spectator
from world_fixtures.common import WorldError, WorldLost
from world_fixtures.foreign.site import GameSite
from world_fixtures.pooled_instance import PooledInstance
from world_fixtures.prefork_server import PreforkServer
from world_fixtures.protocol import ErrorCode, Event, Forked, group_end
from world_fixtures.shown import ShownLink
from world_fixtures.spec import GameWorld, WorldSpec
from world_fixtures.visits import Visits
from world_fixtures.world_server import Purpose, WorldServer

__all__ = ["PooledInstance", "ServerPool", "WorldServer"]

logger = logging.getLogger(__name__)
HEALTH_INTERVAL = 5.0
"""Seconds between health checks."""
RETRY_INTERVAL = 2.0
"""Seconds until a server that could not be replaced is tried again."""
CAPACITY = 2048
"""Live instances of one server before `acquire` waits."""
MOST_GAMES = 64
"""Rollouts in games that other people wrote, each a process of its own, before `acquire` waits."""
CREATE_TRIES = 3
"""Servers that may be lost while one world is made, before the world is given up."""


def _purpose(spec: WorldSpec, restarts: bool) -> Purpose:
    """Return which servers an instance may be on. Raises WorldError where none may have it."""
    if spec.game is None:
        return "restarts" if restarts else None
    if restarts:
        raise WorldError(ErrorCode.BAD_SPEC, f"the game {spec.game.name} cannot be restarted")
    return spec.game.model_copy(update={"initial": {}, "seed": 0, "seconds": 1.0})


class ServerPool:
    """A number of world servers, with instances spread over them.

    `async with ServerPool(2) as pool: instance = await pool.acquire(spec)`. A server that
    dies or hangs is replaced; what was played in it raises WorldLost.
    """

    def __init__(
        self,
        servers: int | None = None,
        capacity: int = CAPACITY,
        python: str | None = None,
        server: str | None = None,
        games: int = MOST_GAMES,
        *,
        at_once: bool = True,
    ) -> None:
        """Say how many servers to start, and how many instances each may hold.

        `servers` defaults to one a core but one. `python` is the path of the interpreter in
        which they run: by default the one that EVENNIA_WORLD_PYTHON names, else our own. Only
        it needs evennia. `server` is the address of a standing world server that runs them
        instead (`world_fixtures.standing_server`): by default what EVENNIA_WORLD_SERVER names,
        where no `python` is given. Raises UserError for what is no such address, and for both.
        `games` is how many rollouts in games that other people wrote there are at once: such a
        game has a server of its own, which is started when it is first asked for, on this machine.
        Where not `at_once`, the servers of all other worlds are started with the first of those,
        too, rather than when the pool is opened: for tasks that are all in such games.
        """
        self.python = home.interpreter(python)
        where = address.wanted(server, python)
        self.server = None if where is None else str(where)
        """Where the servers are run for us; None where we run them."""
        self.size = servers or max(1, (os.cpu_count() or 2) - 1)
        self.capacity = self.size * capacity
        """Instances at once; `acquire` waits beyond them."""
        self._capacity = asyncio.Semaphore(self.capacity)
        self._game_places = asyncio.Semaphore(games)
        self._open = False
        self._at_once = at_once
        self._started = False
        """Whether the servers of worlds that are no such games were started, to be replaced."""
        self._servers: list[WorldServer] = []
        self._load: dict[WorldServer, int] = {}
        self._watchers: set[asyncio.Task[Any]] = set()
        self._chores: set[asyncio.Task[Any]] = set()
        self._creating: set[asyncio.Task[PooledInstance]] = set()
        self._available = asyncio.Condition()
        self._adding = asyncio.Lock()
        self._prefork: PreforkServer | None = None
        self._failure: str | None = None
        """Why there is no server in the place of one that was lost."""
        self.replaced = 0
        """Servers that were lost and replaced."""
        self.forks = 0
        """Instances that were made in a state of another one."""
        self.warm_forks = 0
        """Those of them for which an idle copy of the world was there."""
        self._told_full = False

    async def __aenter__(self) -> ServerPool:
        if self.server is None:
            await asyncio.to_thread(home.versions, self.python)  # or say what is missing
        self._open = True
        try:
            if self._at_once:
                await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def _start(self) -> None:
        """Start the servers of worlds that are no games of other people."""
        if self.server is None:
            # acquired here, too: while a lost server is being replaced there may be no other user
            self._prefork = self._prefork or PreforkServer.acquire(self.python)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.size - len(self._usable(None))):
                    group.create_task(self._add_server())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        self._started = True

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop every server. Instances are gone with them."""
        self._open = self._started = False
        tasks = [*self._creating, *self._watchers, *self._chores]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        servers, self._servers = self._servers, []
        await asyncio.gather(*(s.stop() for s in servers), return_exceptions=True)
        prefork, self._prefork = self._prefork, None
        if prefork is not None:
            await prefork.release_in_thread()

    async def acquire(
        self, spec: WorldSpec, *, restarts: bool = False, events: Sequence[Event] = ()
    ) -> PooledInstance:
        """Acquire an instance of `spec` in its initial state; waits while all servers are full.

        With `events`, all those of another instance of that world until one of them, it is in the
        state after the last of them, and has them as its own; `sessions_open` has the last session
        of each character that they tell of. Give it back with `release`, in a `finally`. If the
        caller is cancelled meanwhile, nothing is left behind. Say with `restarts` that its server
        is going to be restarted: such instances have a server of their own, so that the others do
        not wait. Raises RuntimeError where the pool is not open, WorldLost where no server is to
        be had or the state hash after the events is not the recorded one, WorldError where a
        server refuses the spec or the events.
        """
        made = [event.model_dump(mode="json") for event in events]
        purpose = _purpose(spec, restarts)
        return await self._hand_out(
            lambda: self._create(spec, purpose, made, Visits.of(events)), game=spec.game is not None
        )

    async def fork(
        self, instance: PooledInstance, at: int | None = None, *, server: WorldServer | None = None
    ) -> PooledInstance:
        """Make a second instance in the state after event `at` of another, by default the last.

        It has the events of the first until then, under their numbers, and goes on with the next
        one. `sessions_open` has the sessions that were open in that state; they are logged in with
        their first command, which is no event. `server` is the one of this pool to have it, by
        default that of the first instance. It counts, waits and is given back as one that was
        acquired. A rollout that holds an instance while it waits for a fork may wait for ever
        where all others do the same: let the capacity be larger than the number of rollouts.

        Raises WorldError where there is no such event, WorldLost where the state hash is not the
        one that was recorded then or a server is lost, RuntimeError where the instance was given
        back or the server is not of this pool.
        """
        game = instance.spec.game is not None
        return await self._hand_out(lambda: self._fork(instance, at, server), game=game)

    async def _hand_out(
        self, make: Callable[[], Coroutine[Any, Any, PooledInstance]], *, game: bool
    ) -> PooledInstance:
        """Wait for capacity and make an instance; nothing is left behind where that fails.

        `game`: of a game that somebody else wrote, which has a process of its own.
        """
        if not self._open:
            raise RuntimeError("the pool of world servers is not open: use `async with ServerPool`")
        places = self._game_places if game else self._capacity
        if places.locked() and not game and not self._told_full:
            self._told_full = True
            logger.warning(
                "%d worlds are in use, as many as %d world server(s) hold: more rollouts wait",
                self.capacity, self.size,
            )  # fmt: skip
        await places.acquire()
        task = asyncio.create_task(make())
        self._creating.add(task)
        task.add_done_callback(self._creating.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(functools.partial(self._give_back, places))
            raise
        except BaseException:
            places.release()
            raise

    def release(self, instance: PooledInstance) -> None:
        """Give an instance back, to be rewound and used again. Idempotent, never waits."""
        if instance.released:
            return
        (self._capacity if instance.spec.game is None else self._game_places).release()
        if instance.server in self._load:
            self._load[instance.server] -= 1
        self._let_go(instance)

    def _let_go(self, instance: PooledInstance) -> None:
        """Have the server take an instance back."""
        instance.forget()
        if isinstance(instance.link, ShownLink):
            instance.link.end()
        chore = asyncio.ensure_future(instance.server.request("release", instance=instance.id))
        self._chores.add(chore)
        chore.add_done_callback(self._done)

    @property
    def instances(self) -> int:
        """Instances that are handed out."""
        return sum(self._load.values())

    @property
    def servers(self) -> tuple[WorldServer, ...]:
        """The servers that run now."""
        return tuple(self._servers)

    async def _create(
        self, spec: WorldSpec, purpose: Purpose, events: Sequence[Mapping[str, Any]], visits: Visits
    ) -> PooledInstance:
        tries = 0
        while True:
            server = await self._least_loaded(purpose)
            try:
                return await self._create_on(server, spec, events, visits)
            except WorldLost as error:
                # Nothing was played yet, so another server may do as well.
                if server.usable:
                    raise
                tries += 1
                if tries == CREATE_TRIES:
                    raise WorldLost(
                        f"{tries} world servers were lost while they made this world: {error}"
                    ) from error

    async def _create_on(
        self,
        server: WorldServer,
        spec: WorldSpec,
        events: Sequence[Mapping[str, Any]],
        visits: Visits,
    ) -> PooledInstance:
        """Make an instance on a server, in the state after these events."""
        with self._counted(server):
            async with server.creations:
                made = await client.create(server, spec, server.client.known_specs)
                instance = self._instance(server, spec, made["instance"], made["hash"])
                if events:
                    try:
                        now = await client.restore(server, instance.id, events, visits.present)
                    except BaseException:
                        self._let_go(instance)
                        raise
                    instance.hash = now["hash"]
                    instance.take_over(visits, now["sessions"])
                    self.forks += 1
                    self.warm_forks += made["warm"]
            return instance

    async def _fork(
        self, parent: PooledInstance, at: int | None, server: WorldServer | None
    ) -> PooledInstance:
        if server is not None and server not in self._load:
            raise RuntimeError("a fork is made on a server of the same pool")
        if server is None:
            server = parent.server
            if self._load.get(server, 0) >= self.capacity // self.size:
                server = await self._least_loaded(server.purpose)
        if server is not parent.server:
            return await self._fork_elsewhere(parent, at, server)
        with self._counted(server):
            async with server.creations:
                self._check_held(parent)
                present = None if at is None else list(parent.visits.after(at))
                try:
                    made: Forked = await server.request(
                        "fork", instance=parent.id, at=at, sessions=present
                    )
                except WorldError as error:
                    raise client.lost_if_differs(error) from error
            fork = self._instance(server, parent.spec, made["instance"], parent.start_hash)
            fork.hash = made["hash"]
            self.forks += 1
            self.warm_forks += made["warm"]
            try:
                self._check_held(parent)  # or its id may be that of another by now
            except BaseException:
                self._let_go(fork)
                raise
            visits = parent.visits.last(made["sessions"]) if at is None else parent.visits.after(at)
            fork.take_over(parent.visits.copied(made["seq"], visits.values()), made["sessions"])
            return fork

    async def _fork_elsewhere(
        self, parent: PooledInstance, at: int | None, server: WorldServer
    ) -> PooledInstance:
        """Make a fork of what one server has on another."""
        self._check_held(parent)
        present = parent.visits.present
        events = await parent.server.request("events", instance=parent.id)
        self._check_held(parent)
        last = len(events) if at is None else at
        if not 0 <= last <= len(events):
            problem = f"{parent.id} has no event {at}: its last one is {len(events)}"
            raise WorldError(ErrorCode.BAD_REQUEST, problem)
        last = group_end(last, (event.get("cause") for event in events[last:]))
        if at is not None:
            present = parent.visits.after(at)
        visits = parent.visits.copied(last, present.values())
        return await self._create_on(server, parent.spec, events[:last], visits)

    def _instance(
        self, server: WorldServer, spec: WorldSpec, id_: str, hash_: str
    ) -> PooledInstance:
        """Return an instance that was made; one in a game is shown to people who look on."""
        made = PooledInstance(server, spec, id_, hash_, self)
        gate = self._usable(None) if spec.game and spectator.VARIABLE in os.environ else ()
        if gate:
            made.link = ShownLink(server, gate[0], spec, id_)
        return made

    @contextlib.contextmanager
    def _counted(self, server: WorldServer) -> Iterator[None]:
        """Count an instance that is being made; where that fails, it is not counted."""
        if server not in self._load:
            raise WorldLost("the world server of this instance was lost")
        self._load[server] += 1
        try:
            yield
        except BaseException:
            if server in self._load:
                self._load[server] -= 1
            raise

    @staticmethod
    def _check_held(parent: PooledInstance) -> None:
        if parent.released:
            raise RuntimeError(f"instance {parent.id} was given back and cannot be forked")

    async def _least_loaded(self, purpose: Purpose) -> WorldServer:
        """Return the server with the fewest instances; waits while one is being started."""
        while True:
            if not self._there(purpose):
                async with self._adding:
                    if not self._there(purpose):
                        await (self._start() if purpose is None else self._add_server(purpose))
            async with self._available:
                await self._available.wait_for(
                    lambda: self._usable(purpose) or self._failure or not self._there(purpose)
                )
            if usable := self._usable(purpose):
                return min(usable, key=self._load.__getitem__)
            if self._there(purpose):
                raise WorldLost(str(self._failure))

    def _there(self, purpose: Purpose) -> bool:
        """Tell whether there is, or is going to be, a server for such instances."""
        if purpose is None:
            return self._started
        return any(s.purpose == purpose for s in self._servers)

    def _usable(self, purpose: Purpose) -> list[WorldServer]:
        return [s for s in self._servers if s.usable and s.purpose == purpose]

    def _give_back(self, places: asyncio.Semaphore, task: asyncio.Task[PooledInstance]) -> None:
        if task.cancelled() or task.exception() is not None:
            places.release()
        else:
            self.release(task.result())

    def _done(self, chore: asyncio.Task[Any]) -> None:
        self._chores.discard(chore)
        if not chore.cancelled():
            chore.exception()  # a server that is lost has nothing left to release

    async def _add_server(self, purpose: Purpose = None) -> None:
        if isinstance(purpose, GameWorld):
            server = await WorldServer.start(site=GameSite(purpose, self.python))
        elif self.server is None:
            server = await WorldServer.start(python=self.python)
        else:
            server = await WorldServer.start(server=self.server)
        server.purpose = purpose
        self._servers.append(server)
        self._load[server] = 0
        async with self._available:
            self._available.notify_all()
        watcher = asyncio.create_task(self._watch(server))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _watch(self, server: WorldServer) -> None:
        """Return only when the pool closes or the server was lost and replaced."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEALTH_INTERVAL):
                    await server.client.gone.wait()
            try:
                await server.check()
            except WorldLost as lost:
                logger.warning("a world server is replaced, its rollouts are void: %s", lost)
                break
        self._servers.remove(server)
        del self._load[server]
        self.replaced += 1
        server.kill()
        async with self._available:
            self._available.notify_all()
        await server.stop()
        if server.purpose is None:  # another of the others is added when it is needed
            await self._replace()

    async def _replace(self) -> None:
        """Add a server in the place of a lost one, however long it takes."""
        while True:
            try:
                await self._add_server()
            except WorldLost as error:
                if self._failure is None:
                    logger.warning("trying again every %g s: %s", RETRY_INTERVAL, error)
                self._failure = str(error)
                async with self._available:
                    self._available.notify_all()
                await asyncio.sleep(RETRY_INTERVAL)
            else:
                self._failure = None
                return

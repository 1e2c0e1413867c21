"""Instances of worlds whose servers are restarted and killed, and which are forked, while played.

They stand in the place of a pool's own: an episode that is played in one notices nothing, and what
it records is to be what it would have recorded without any of it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from world_fixtures.client import Session
from world_fixtures.common import WorldLost
from world_fixtures.facts import Arranged
from world_fixtures.protocol import ARRANGE, CONNECT, Event, apart, group_end
from world_fixtures.rules.passing import rearranged
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.spec import WorldSpec
from world_fixtures.state import WorldState

Result = TypeVar("Result")
CHANCE = 0.1
"""Of a trouble after a command."""
MOST = 4
"""Troubles of one rollout, besides those that others' killed servers bring it."""
WEIGHTS = (1, 1, 9, 9)
"""Of killing, restarting, forking, going back: the first two concern all worlds of a server."""

TRIES = 20
"""Servers lost in a row before a rollout counts as failed."""


class Shaken:
    """A pool for one rollout: gives its instance troubles that `rng` draws, and checks it."""

    def __init__(
        self, pool: ServerPool, rng: random.Random, weights: Sequence[int] = WEIGHTS
    ) -> None:
        self._pool = pool
        self._rng = rng
        self._weights = weights
        self.instance: ShakenInstance | None = None

    async def acquire(
        self, spec: WorldSpec, *, restarts: bool = False, events: Sequence[Event] = ()
    ) -> ShakenInstance:
        """Acquire an instance that has had `events`."""
        inner = await self._pool.acquire(spec, restarts=restarts, events=events)
        self.instance = ShakenInstance(
            self._pool, inner, restarts, events, self._rng, self._weights
        )
        return self.instance

    def release(self, instance: ShakenInstance) -> None:
        """Keep the instance, to be checked: see `ShakenInstance.end`."""


class ShakenSession:
    """A session that goes on in whichever instance is there now."""

    def __init__(self, instance: ShakenInstance, event: Event) -> None:
        self.event = event
        self._instance = instance

    @property
    def id(self) -> str:
        """Its name in the instance that is there now."""
        return self._instance.sessions[self.event.actor].id

    @property
    def text(self) -> str:
        """What the character saw on arriving."""
        return self.event.text

    async def command(self, text: str) -> Event:
        """Do something in the world."""
        return await self._instance.command(self.event.actor, text)

    async def close(self) -> None:
        """Log out."""
        await self._instance.log_out(self.event.actor)


class ShakenInstance:
    """An instance that comes back in the state of its log after whatever happens to its server."""

    def __init__(
        self, pool: ServerPool, inner: PooledInstance, restarts: bool, events: Sequence[Event],
        rng: random.Random, weights: Sequence[int],
    ) -> None:  # fmt: skip
        self.log = list(events)
        """What was recorded, each event by itself."""
        self.sessions: dict[str, Session] = dict(inner.sessions_open)
        """Those that are open now, by character."""
        self.troubles: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._pool = pool
        self._inner = inner
        self._restarts = restarts
        self._rng = rng
        self._weights = weights
        self._left = MOST

    @property
    def id(self) -> str:
        """The name of the instance that is there now."""
        return self._inner.id

    @property
    def sessions_open(self) -> dict[str, ShakenSession]:
        """The sessions of the state after its events."""
        opened = {e.actor: e for e in self.log if e.verb == CONNECT}
        return {name: ShakenSession(self, opened[name]) for name in self.sessions}

    async def open(self, character: str | None = None) -> ShakenSession:
        """Log in."""
        name = character or self._inner.spec.agent.id
        return ShakenSession(self, await self._happen(lambda: self._open(name)))

    async def command(self, character: str, text: str) -> Event:
        """Do something in the world."""
        return await self._happen(lambda: self.sessions[character].command(text))

    async def arrange(self, changes: Sequence[Arranged]) -> Event:
        """Set fields by no character's command."""
        return await self._happen(lambda: self._inner.arrange(changes))

    async def log_out(self, character: str) -> None:
        """Close a session."""
        await self._survive(lambda: self.sessions[character].close())
        del self.sessions[character]

    async def restart(self) -> None:
        """Restart its server."""
        await self._survive(lambda: self._inner.restart())

    async def changed_state(self) -> WorldState:
        """Read its state."""
        return await self._survive(lambda: self._inner.changed_state())

    async def end(self) -> None:
        """Compare what the server has with what was recorded, and give the instance back."""
        try:
            stored = await self._survive(lambda: self._inner.events())
            state = await self._survive(lambda: self._inner.state())
            if essence(stored) != essence(self.log):
                self.wrong.append("the server's events are not those that were recorded")
            if state.hash != (self.log[-1].state_hash if self.log else self._inner.start_hash):
                self.wrong.append("the server's state is not the recorded one")
        finally:
            self._pool.release(self._inner)

    async def _happen(self, do: Callable[[], Awaitable[Event]]) -> Event:
        """Have something happen, keep what was answered, and make trouble perhaps."""
        answer = await self._survive(do)
        self.log += apart(answer)
        if self._left and self._rng.random() < CHANCE:
            self._left -= 1
            kinds = (self._kill, self._restart, self._fork, self._go_back)
            await self._survive(self._rng.choices(kinds, self._weights)[0])
        return answer

    async def _survive(self, do: Callable[[], Awaitable[Result]]) -> Result:
        """Do something, again and again where the server is lost: the log is made anew first."""
        lost = 0
        while True:
            try:
                if lost:
                    await self._come_back()
                return await do()
            except WorldLost:
                lost += 1
                self.troubles["lost"] += 1
                if lost == TRIES:
                    raise

    async def _come_back(self) -> None:
        """Have an instance on another server in the state of the log."""
        self._pool.release(self._inner)
        self._inner = await self._pool.acquire(
            self._inner.spec, restarts=self._restarts, events=self.log
        )
        await self._take_sessions()

    async def _take_sessions(self) -> None:
        """Take up the sessions of the instance that is there now."""
        there = self._inner.sessions_open
        for name in [name for name in there if name not in self.sessions]:
            await there[name].close()  # logging out leaves no event
        self.sessions = {name: there[name] for name in self.sessions}

    async def _open(self, character: str) -> Event:
        self.sessions[character] = session = await self._inner.open(character)
        return session.event

    async def _kill(self) -> None:
        """Kill the server; the next request finds out."""
        self.troubles["killed"] += 1
        self._inner.server.kill()

    async def _restart(self) -> None:
        self.troubles["restarted"] += 1
        await self._inner.restart()

    async def _fork(self) -> None:
        """Go on in a fork that was made at any event, once the rest was repeated there."""
        at = self._rng.randint(0, len(self.log))
        parent = self._inner
        fork = await parent.fork(at)
        try:
            await self._repeat(fork, at, "fork")
            if essence(await parent.events()) != essence(self.log):
                self.wrong.append(f"the parent was changed by its fork at {at}")
        except BaseException:
            self._pool.release(fork)
            raise
        self._pool.release(parent)
        self._inner = fork
        await self._take_sessions()

    async def _go_back(self) -> None:
        """Undo what came after any event, and repeat it."""
        at = self._rng.randint(0, len(self.log))
        await self._inner.go_back(at)
        await self._repeat(self._inner, at, "went back")
        await self._take_sessions()

    async def _repeat(self, instance: PooledInstance, at: int, how: str) -> None:
        """Have all that was recorded after event `at` and its group happen again."""
        inside = at < len(self.log) and self.log[at].cause is not None
        at = group_end(at, (event.cause for event in self.log[at:]))
        found = self.log[:at]
        there = instance.sessions_open
        for event in self.log[at:]:
            if event.cause is not None:
                continue
            if event.verb == CONNECT:
                there[event.actor] = await instance.open(event.actor)
                answer = there[event.actor].event
            elif event.verb == ARRANGE:
                answer = await instance.arrange(rearranged(event.changes))
            else:
                answer = await there[event.actor].command(event.raw)
            found += apart(answer)
        self.troubles[how] += 1
        self.troubles[f"{how} inside a group"] += inside
        if essence(found) != essence(self.log):
            self.wrong.append(f"what was repeated after event {at} went another way ({how})")


def essence(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return what of events depends neither on their instance nor on the time."""
    return [e.model_dump(exclude={"ts", "ms", "instance", "session", "after"}) for e in events]

"""Instances in memory with the methods of live ones: the same rules, no server and no database.

For measuring tasks and policies in bulk. What is played here is lost when it is released.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from world_fixtures.facts import Arranged
from world_fixtures.protocol import CONNECT, MAX_COMMAND, WORLD, Event
from world_fixtures.rules import Outcome, Scene, Simulation
from world_fixtures.rules.outcome import ok
from world_fixtures.spec import WorldSpec
from world_fixtures.state import WorldState


class SimulatedSession:
    """One connected stretch of a character: as `world_fixtures.client.Session`."""

    def __init__(self, instance: SimulatedInstance, character: str, number: int) -> None:
        self._instance = instance
        self.character = character
        self.id = f"{instance.id}.{number}"
        self.event: Event

    @property
    def text(self) -> str:
        """What the character saw on arriving."""
        return self.event.text

    async def command(self, text: str) -> Event:
        """Do something in the world."""
        return self._instance.carry_out(self.id, self.character, text[: MAX_COMMAND + 1])

    async def close(self) -> None:
        """Log out; the character stays where it is."""
        self._instance.left(self)


class SimulatedInstance:
    """One copy of a world: as `world_fixtures.servers.PooledInstance`."""

    def __init__(self, id_: str, spec: WorldSpec) -> None:
        self.id = id_
        self.spec = spec
        self.simulation = Simulation(spec)
        self.sessions = 0
        self.hash = self.simulation.state.hash
        """State hash at the start."""
        self.sessions_open: dict[str, SimulatedSession] = {}
        """By character."""
        self.log: list[Event] = []
        self._forks = 0

    async def open(self, character: str | None = None) -> SimulatedSession:
        """Log in as `character` (default: the agent)."""
        self.sessions += 1
        session = SimulatedSession(self, character or self.spec.agent.id, self.sessions)
        session.event = self.connected(session.id, session.character)
        self.sessions_open[session.character] = session
        return session

    def left(self, session: SimulatedSession) -> None:
        """Note that a session was closed."""
        if self.sessions_open.get(session.character) is session:
            del self.sessions_open[session.character]

    async def fork(self) -> SimulatedInstance:
        """Return a second instance in the present state, with the sessions that are open."""
        self._forks += 1
        other = SimulatedInstance(f"{self.id}f{self._forks}", self.spec)
        other.restore(self.log)
        other.sessions_open = {
            c: s for c, s in other.sessions_open.items() if c in self.sessions_open
        }
        return other

    def restore(self, events: Sequence[Event]) -> None:
        """Make the state what it was after `events` of another instance."""
        for event in events:
            changes = [Arranged(c.entity, c.field, c.after) for c in event.changes]
            self.simulation.arrange(changes)
            if event.verb == CONNECT:
                self.sessions += 1
                self.sessions_open[event.actor] = SimulatedSession(self, event.actor, self.sessions)
        self.log = list(events)

    async def state(self) -> WorldState:
        """Take a snapshot."""
        return self.simulation.state

    changed_state = state

    async def arrange(self, changes: Sequence[Arranged]) -> Event:
        """Set fields by no character's command, in their order."""
        return self._event("", WORLD, "", "", self.simulation.arrange(changes))

    async def restart(self) -> None:
        """Do nothing: there is no server to restart, and the state would stay."""

    def connected(self, session: str, character: str) -> Event:
        """Return the event of logging in."""
        scene = Scene(self.simulation.index, self.simulation, character)
        outcome = ok(scene.view(), scene.room, reveals=scene.seen())
        outcome.verb = CONNECT
        return self._event(session, character, scene.room, "", outcome)

    def carry_out(self, session: str, character: str, text: str) -> Event:
        """Carry out one command of a character."""
        room = self.simulation.get(character, "location")
        outcome = self.simulation.act(text, character)
        return self._event(session, character, room, text[:MAX_COMMAND], outcome)

    def _event(self, session: str, actor: str, room: str, raw: str, outcome: Outcome) -> Event:
        event = Event.model_construct(
            seq=len(self.log) + 1, ts=0.0, instance=self.id, session=session, actor=actor,
            room=room, raw=raw, verb=outcome.verb, args=outcome.args, objects=outcome.objects,
            text=outcome.text, kind=outcome.kind, changes=outcome.changes,
            reveals=outcome.reveals, state_hash="", ms=0.0,
        )  # fmt: skip
        self.log.append(event)
        return event


class SimulatedPool:
    """Hands out instances in memory: as `world_fixtures.servers.ServerPool`."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    async def acquire(
        self, spec: WorldSpec, *, restarts: bool = False, events: Sequence[Event] = ()
    ) -> SimulatedInstance:
        """Return a new instance of `spec` in the state after `events`."""
        instance = SimulatedInstance(f"s{next(self._ids)}", spec)
        instance.restore(events)
        return instance

    def release(self, instance: SimulatedInstance) -> None:
        """Let an instance go."""

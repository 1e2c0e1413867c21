"""Instances in memory with the methods of live ones: the same rules, no server and no database.

For measuring tasks and policies in bulk. What is played here is lost when it is released.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from world_fixtures.common import WorldError, WorldLost
from world_fixtures.facts import Arranged
from world_fixtures.protocol import (
    CONNECT,
    MAX_COMMAND,
    WORLD,
    ErrorCode,
    Event,
    apart,
    group_end,
)
from world_fixtures.rules import Outcome, Scene, Simulation
from world_fixtures.rules.outcome import ok
from world_fixtures.spec import WorldSpec
from world_fixtures.state import WorldState
from world_fixtures.visits import Visit, Visits


class SimulatedSession:
    """One connected stretch of a character: as `world_fixtures.client.Session`."""

    def __init__(self, instance: SimulatedInstance, character: str) -> None:
        self._instance = instance
        self.character = character
        instance.sessions += 1
        self.id = f"{instance.id}.{instance.sessions}"
        self.event: Event
        """The event of logging in."""
        self.visit: Visit
        """What its instance remembers of it."""

    @property
    def text(self) -> str:
        """What the character saw on arriving."""
        return self.event.text

    async def command(self, text: str) -> Event:
        """Do something in the world."""
        return self._instance.carry_out(self.id, self.character, text[: MAX_COMMAND + 1])

    async def close(self) -> None:
        """Log out; the character stays where it is."""
        self.visit.end(self._instance.seq)


class SimulatedInstance:
    """One copy of a world: as `world_fixtures.servers.PooledInstance`."""

    def __init__(self, id_: str, spec: WorldSpec, simulation: Simulation | None = None) -> None:
        self.id = id_
        self.spec = spec
        self.simulation = simulation or Simulation(spec)
        self.sessions = 0
        self.hash = self.simulation.state.hash
        """State hash when it was made: of the start of its world, or of a fork's first state."""
        self.visits = Visits()
        """Its sessions until now."""
        self.sessions_open: dict[str, SimulatedSession] = {}
        """Of a fork, and after `go_back`: the sessions of that state, by character."""
        self._events: list[Event] = []
        self._forks = itertools.count(1)

    async def open(self, character: str | None = None) -> SimulatedSession:
        """Log in as `character` (default: the agent)."""
        session = SimulatedSession(self, character or self.spec.agent.id)
        session.event = self.connected(session.id, session.character)
        session.visit = self.visits.begin(session.event)
        return session

    async def state(self) -> WorldState:
        """Take a snapshot."""
        return self.simulation.state

    changed_state = state

    async def arrange(self, changes: Sequence[Arranged]) -> Event:
        """Set fields by no character's command, in their order."""
        return self._event("", WORLD, "", "", self.simulation.arrange(changes))

    async def restart(self) -> None:
        """Do nothing: there is no server to restart, and the state would stay."""

    @property
    def seq(self) -> int:
        """Number of the last event."""
        return len(self._events)

    async def events(self, after: int = 0) -> list[Event]:
        """Return the events with a `seq` above `after`."""
        return self._events[after:]

    async def fork(self, at: int | None = None, *, server: object = None) -> SimulatedInstance:
        """Make a second instance in the state after event `at` of this one, by default the last.

        There are no servers to choose from. Raises WorldError where there is no such event.
        """
        open_ = self.visits.present if at is None else self.visits.after(at)
        at = self.seq if at is None else self._checked(at)
        id_ = f"{self.id}f{next(self._forks)}"
        fork = SimulatedInstance(id_, self.spec, self.simulation.copy())
        fork._forks = self._forks
        fork._events = list(self._events)
        fork._undo(at)
        fork.hash = fork.simulation.state.hash
        fork._take_over(self.visits.copied(at, open_.values()))
        return fork

    async def go_back(self, to: int) -> int:
        """Undo and forget the events after `to`, 0 for all; returns the number of fields put back.

        Raises WorldError where there is no such event.
        """
        before = self.simulation.state
        self._undo(self._checked(to))
        self.visits.go_back(to)
        self._take_over(self.visits)
        now = self.simulation.state
        return sum(
            now.get(entity, field) != value
            for entity, fields in before.entities.items()
            for field, value in fields.items()
        )

    def restore(self, events: Sequence[Event]) -> None:
        """Make events of another instance of the world happen in this one, the first ones here.

        Raises WorldLost where the state hash is not the one that they recorded.
        """
        events = [one for event in events for one in apart(event)]
        for event in events:
            self.simulation.arrange(Arranged(c.entity, c.field, c.after) for c in event.changes)
        self._events = events
        self.hash = self.simulation.state.hash
        if events and events[-1].state_hash not in ("", self.hash):
            raise WorldLost(f"the state hash after event {self.seq} is not the recorded one")
        self._take_over(Visits.of(events))

    def _checked(self, seq: int) -> int:
        if not 0 <= seq <= self.seq:
            problem = f"{self.id} has no event {seq}: its last one is {self.seq}"
            raise WorldError(ErrorCode.BAD_REQUEST, problem)
        return group_end(seq, (event.cause for event in self._events[seq:]))

    def _undo(self, to: int) -> None:
        undone, self._events = self._events[to:], self._events[:to]
        for event in reversed(undone):
            self.simulation.arrange(
                Arranged(c.entity, c.field, c.before) for c in reversed(event.changes)
            )

    def _take_over(self, visits: Visits) -> None:
        self.visits = visits
        self.sessions_open = {}
        for character, visit in visits.present.items():
            session = SimulatedSession(self, character)
            session.event, session.visit = visit.event, visit
            self.sessions_open[character] = session

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

    def _event(
        self, session: str, actor: str, room: str, raw: str, outcome: Outcome,
        cause: int | None = None,
    ) -> Event:  # fmt: skip
        """Add the event of an outcome and those of what followed from it; returns the first."""
        event = Event.model_construct(
            seq=self.seq + 1, ts=0.0, instance=self.id, session=session, actor=actor, room=room,
            raw=raw, verb=outcome.verb, args=outcome.args, objects=outcome.objects,
            text=outcome.text, kind=outcome.kind, changes=outcome.changes,
            reveals=outcome.reveals, state_hash="", ms=0.0, cause=cause, after=(),
        )  # fmt: skip
        self._events.append(event)
        after = tuple(
            self._event("", h.actor, h.room, h.raw[:MAX_COMMAND], h.outcome, event.seq)
            for h in outcome.after
        )
        return event.model_copy(update={"after": after}) if after else event


class SimulatedPool:
    """Hands out instances in memory: as `world_fixtures.servers.ServerPool`."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    async def acquire(
        self, spec: WorldSpec, *, restarts: bool = False, events: Sequence[Event] = ()
    ) -> SimulatedInstance:
        """Return a new instance of `spec` in its initial state, or in the one after `events`.

        Raises WorldLost where the state hash is not the one that the events recorded.
        """
        instance = SimulatedInstance(f"s{next(self._ids)}", spec)
        instance.restore(events)
        return instance

    async def fork(
        self, instance: SimulatedInstance, at: int | None = None, *, server: object = None
    ) -> SimulatedInstance:
        """Make a second instance in a state of another; see `SimulatedInstance.fork`."""
        return await instance.fork(at, server=server)

    def release(self, instance: SimulatedInstance) -> None:
        """Let an instance go."""

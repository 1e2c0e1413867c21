"""What an actor knows of a world, the ways it knows, and the record of its commands."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from world_fixtures.facts import Arranged
from world_fixtures.protocol import Change, ResultKind
from world_fixtures.rules import Outcome, Scene, Simulation
from world_fixtures.spec import Exit

FAR = 100
"""Cost of a way that first has to be unlocked or discovered, in moves."""
MAX_DEPTH = 30
"""Levels of sub-tasks within sub-tasks; deeper means the world cannot be solved."""


class Unsolvable(Exception):
    """The world offers no way to do what was asked."""


class Walker(ABC):
    """Records commands carried out in a simulation, and finds the ways between rooms."""

    limit = 2000
    """Commands after which a goal counts as unsolvable."""

    def __init__(self, simulation: Simulation, actor: str | None = None) -> None:
        self.sim = simulation
        self.actor = actor or simulation.spec.agent.id
        self.commands: list[str] = []
        self.moves = 0
        """Moves among the commands so far."""
        self.unlocked: list[str] = []
        """Ids of the doors and containers unlocked so far, in order."""
        self.opened: list[str] = []
        """Ids of the doors and containers opened in this stage and open still, in order."""
        self.taken: dict[str, str] = {}
        """Things taken in this stage that are not back in their place: id -> that place."""
        self._scene = Scene(simulation.index, simulation, self.actor)
        self._steps_from = 0
        self._kept: set[str] = set()
        self._kindled: set[str] = set()
        self._needed: list[str] = []
        self._entered: list[str] = []
        self._depth = 0

    @property
    def room(self) -> str:
        """Id of the room the actor is in."""
        return str(self.sim.get(self.actor, "location"))

    def name(self, entity: str) -> str:
        """Return the words that name an entity in a command."""
        return self.sim.index.name(entity).lower()

    @abstractmethod
    def ways(self, room: str) -> Iterable[tuple[Exit, str]]:
        """Return the known exits of a room with the rooms that they lead to."""

    @abstractmethod
    def where(self, entity: str) -> str | None:
        """Return what holds a thing or character directly, None where it is not known."""

    @abstractmethod
    def known(self, entity: str, field: str) -> bool:
        """Return a field of a door, container or light (`open`, `locked`, `lit`), as known."""

    @abstractmethod
    def is_dark(self, room: str) -> bool:
        """Tell whether a room is known to be dark without a light."""

    @abstractmethod
    def lights(self) -> Iterable[str]:
        """Return the ids of the known lights that can be carried and seen without a light."""

    @abstractmethod
    def find(self, entity: str) -> None:
        """Bring about that the place of a thing, door or character is known."""

    def check(self, entity: str) -> None:
        """Look again where an entity is not found that was said to be there."""
        raise Unsolvable(f"{entity} cannot be reached")

    @abstractmethod
    def unlock(self, entity: str) -> None:
        """Unlock a door or container, bringing its key."""

    @abstractmethod
    def discover(self, way: Exit) -> None:
        """Reveal a hidden exit."""

    @abstractmethod
    def explore(self, inside: bool = False) -> None:
        """See every room that can be entered without taking or unlocking anything.

        With `inside` also what is in every container that can be opened without a key; those
        that were closed are closed again.
        """

    def connect(self) -> None:
        """Begin a stage: what was opened, taken and kept before is no longer looked after."""
        self.opened.clear()
        self.taken.clear()
        self._kept.clear()
        self._kindled.clear()

    def arrange(self, changes: Sequence[Arranged]) -> None:
        """Set fields of the world between stages; this is no command."""
        self.sim.arrange(changes)

    def take_steps(self) -> list[str]:
        """Return the commands since the last call."""
        start, self._steps_from = self._steps_from, len(self.commands)
        return self.commands[start:]

    def do(self, command: str) -> str:
        """Carry out one command and return its observation. Raises Unsolvable if it fails."""
        outcome = self._act(command)
        if outcome.kind is not ResultKind.OK:
            raise Unsolvable(f"{command!r}: {outcome.text}")
        return outcome.text

    def costs(self) -> dict[str, int]:
        """Return the cost of going to each room that a known way leads to, in commands."""
        return self._spread()[0]

    def route(self, room: str) -> list[Exit]:
        """Return the exits on the cheapest known way to a room."""
        costs, arrived = self._spread(room)
        if room not in costs:
            raise Unsolvable(f"no way to {room}")
        return self._trace(room, arrived)

    def _trace(self, room: str, arrived: dict[str, Exit]) -> list[Exit]:
        """Return the exits that lead to a room, of those by which each was arrived at."""
        found: list[Exit] = []
        while room != self.room:
            found.append(arrived[room])
            room = arrived[room].source
        return found[::-1]

    def _spread(self, target: str | None = None) -> tuple[dict[str, int], dict[str, Exit]]:
        """Return what it costs to go to each room, and by which exit; as far as `target`."""
        start = self.room
        costs: dict[str, int] = {start: 0}
        arrived: dict[str, Exit] = {}
        queue = [0]
        at_cost = {0: [start]}  # in the order in which they were found
        done: set[str] = set()
        while queue:
            cost = heapq.heappop(queue)
            for room in at_cost[cost]:
                if room in done:
                    continue
                if room == target:
                    return costs, arrived
                done.add(room)
                for way, there in self.ways(room):
                    if there in done:
                        continue
                    plain = way.door is None and not way.hidden
                    total = cost + (1 if plain else self._cost(way))
                    if total < costs.get(there, total + 1):
                        costs[there], arrived[there] = total, way
                        if total in at_cost:
                            at_cost[total].append(there)
                        else:
                            at_cost[total] = [there]
                            heapq.heappush(queue, total)
        return costs, arrived

    def _cost(self, way: Exit) -> int:
        cost = 1
        if way.hidden and not self.sim.get(way.id, "revealed"):
            cost += FAR
        if way.door is not None and not self.known(way.door, "open"):
            cost += 1
            if self.known(way.door, "locked"):
                cost += FAR if self._lacks_key(way.door) else 1
        return cost

    @abstractmethod
    def _lacks_key(self, lock: str) -> bool:
        """Tell whether the key of a lock is not in hand, or not known."""

    def _act(self, command: str, attempt: bool = False) -> Outcome:
        """Carry out a command and record it, a failed one only if it was an `attempt`."""
        if len(self.commands) >= self.limit:
            raise Unsolvable(f"more than {self.limit} commands")
        outcome = self.sim.act(command, self.actor)
        if outcome.kind is ResultKind.OK or attempt:
            self.commands.append(command)
        if outcome.kind is ResultKind.OK and outcome.verb == "go":
            self.moves += 1
        for change in outcome.changes:
            self._note(change)
        return outcome

    def _note(self, change: Change) -> None:
        entity = change.entity
        if change.field == "open":
            if change.after:
                self.opened.append(entity)
            elif entity in self.opened:
                self.opened.remove(entity)
        elif change.field == "lit":
            (self._kindled.add if change.after else self._kindled.discard)(entity)
        elif change.field == "locked" and not change.after:
            self.unlocked.append(entity)
        elif change.field == "location" and entity == self.actor:
            self._entered.append(str(change.after))
        elif change.field == "location":
            if change.after is None or self.taken.get(entity) == change.after:
                self.taken.pop(entity, None)
            elif change.after == self.actor and change.before is not None:
                self.taken.setdefault(entity, str(change.before))

    @contextmanager
    def _needing(self, *things: str) -> Iterator[None]:
        """Keep things in hand meanwhile, if they are."""
        with self._deeper():
            self._needed.extend(things)
            try:
                yield
            finally:
                del self._needed[-len(things) :]

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        """Count sub-tasks within sub-tasks, so that an unsolvable world ends in an error."""
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                raise Unsolvable("too many sub-tasks within sub-tasks")
            yield
        finally:
            self._depth -= 1

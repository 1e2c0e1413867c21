"""How few commands it can take at least from a state to success."""

from __future__ import annotations

from itertools import combinations

from environments.tasks.model import Holds
from environments.tasks.value.listing import Listing
from environments.tasks.value.position import Position
from environments.tasks.value.states import State
from environments.tasks.value.tours import NEVER, Tours


class Bounds(Tours):
    """Bounds from below how many commands it takes to success, knowing everything."""

    def __init__(self, position: Position, hands: int | None = None) -> None:
        super().__init__(position, hands)
        self._listed: dict[tuple[object, ...], list[tuple[int, int]]] = {}
        self._regions = {
            room: tuple(self.beyond(p, room) for p in self.passages) for room in self.ways
        }
        self.rest = [0] * (len(self.stages) + 1)
        """By stage: commands from its beginning on, at least."""
        for n in range(self.last, self.first, -1):
            self.rest[n] = self.rest[n + 1] + self._later_bound(n)

    @property
    def proves(self) -> bool:
        """Whether what a search through these states finds is the shortest of all."""
        return self.complete and not self.narrowed and not (self.capacity and self._others())

    def bound(self, state: State) -> int:
        """Return how many commands it takes from a state to success, at least."""
        key = (
            state.stage, state.at, state.flags, state.done, state.start, state.strays,
            self._regions[state.room],
        )  # fmt: skip
        listed = self._listed.get(key)
        if listed is None:
            listed = self._listed[key] = self._list(state)
        best = NEVER
        for mask, extra in listed:
            if extra < best:
                best = min(best, extra + self.tour(state.room, mask))
        return min(NEVER, best + self.rest[state.stage + 1])

    def _later_bound(self, n: int) -> int:
        """Return the commands that a later stage takes at least, however it is come to."""
        before = {(e, f): v for e, f, v in self.stages[n].before}
        room = before.get((self.agent, "location"))
        if room is None:
            return 0
        at = []
        for t in self.names:
            fixed = self.agent if t in self.movable else self.position.get(t, "location")
            at.append(before.get((t, "location"), fixed))
        flags = sum(bit for (_, f), bit in self.bits.items() if f not in ("locked", "full"))
        inscribed = {f"says {c.text}" for c in self.inscribed(n)}
        for (e, f), bit in self.bits.items():
            if f in inscribed and (e, "inscriptions") in before:
                flags &= ~bit
        for c in self.needs.stages[n].conditions:
            if isinstance(c, Holds) and c.value is False:
                flags &= ~self.bits[c.entity, "open"]
        places = tuple(at)
        state = State(n, str(room), places, flags, 0, (places, flags), 0)
        state = state._replace(done=self.seen(state) | self._passed(n, 0, str(room)))
        return min(
            NEVER, min(extra + self.tour(state.room, mask) for mask, extra in self._list(state))
        )

    def _list(self, state: State) -> list[tuple[int, int]]:
        """Return the jobs of a state, once for every choice of what is left out of place."""
        spare = self.spare - state.strays.bit_count()
        if spare < 0:
            return [(0, NEVER)]
        first = Listing(self, state, frozenset())
        found = [first.result()]
        left = sorted(first.restored)
        tried = range(1, min(spare, len(left), 2) + 1)
        if spare > 2 and len(left) > 2:
            return [Listing(self, state, frozenset(left)).result()]
        for size in tried:
            for skipped in combinations(left, size):
                found.append(Listing(self, state, frozenset(skipped)).result())
        return sorted(set(found), key=lambda f: f[1])

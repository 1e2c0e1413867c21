"""A competent search without the map: what finding something costs whoever is new to a world.

The searcher knows the rules, and of the world what its own commands revealed. From the spec it
takes the names of what the task sends it for, the recipes (a prompt tells them), and what sort of
thing a thing that it has seen is: a container, a surface, a light, a key, something with writing
on it, something fixed in its place, a lock that breaks wrong keys. It takes the way back to be the
opposite direction, and is corrected by going.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

from environments.tasks.actor import FAR, Unsolvable
from environments.tasks.learning import Learner
from world_fixtures.protocol import ResultKind
from world_fixtures.rules import Outcome, Simulation
from world_fixtures.spec import Exit

Job = tuple[int, "partial[None]"]
"""Something to look at: what it costs in commands, and how it is done."""


class Searcher(Learner):
    """Carries out goals knowing only what was revealed to it; `rng` breaks ties."""

    def __init__(
        self, simulation: Simulation, rng: random.Random, actor: str | None = None
    ) -> None:
        super().__init__(simulation, actor)
        self.rng = rng
        self._sought: str | None = None

    def find(self, entity: str) -> None:
        """Search until the place of a thing, door or character is known."""
        outer, self._sought = self._sought, entity
        try:
            self._seek(self._is_found, inside=entity in self.sim.index.things)
        finally:
            self._sought = outer

    def _is_found(self) -> bool:
        return self._sought is not None and bool(self._rooms_of(self._sought))

    def route(self, room: str) -> list[Exit]:
        """Return the cheapest known way to a room, exploring until one is known."""
        self._ensure_connected()
        while True:
            costs, arrived = self._spread(room)
            if costs.get(room, FAR) < FAR or not self._step(tiers=1):
                break
        if room in costs:
            return self._trace(room, arrived)
        self._seek(lambda: room in self.costs())
        return super().route(room)

    def go_to(self, room: str) -> None:
        """Walk to a room, exploring until a way is known."""
        self._ensure_connected()
        super().go_to(room)

    def reach(self, entity: str) -> None:
        """Go to where an entity can be handled, searching for it where it was not seen yet."""
        self._ensure_connected()
        super().reach(entity)

    def meet(self, person: str) -> None:
        """Look for a character: in rooms not seen yet, then in those not seen for longest."""
        self._ensure_connected()
        left = dict.fromkeys(self.costs(), -1)
        while not self.is_here(person):
            if not self._step(tiers=1):
                costs = self.costs()
                near = [r for r in costs if costs[r] < FAR and r != self.room]
                if not near:
                    self.do("wait")
                    continue
                target = min(near, key=lambda r: (left.get(r, -1), costs[r], r))
                self._pass(self.route(target)[0])
            left[self.room] = self.tick

    def explore(self, inside: bool = False) -> None:
        """See every room that can be entered without taking or unlocking anything."""
        self._ensure_connected()
        while self._step(inside=inside, stale=True, tiers=1):
            pass

    def open(self, entity: str) -> str:
        """Go to a door or container and open it, unlocking it where it turns out to be locked."""
        self._ensure_connected()
        self.reach(entity)
        if self._opens(entity) and not self.sim.get(entity, "open"):
            outcome = None if self.known(entity, "locked") else self._try_open(entity)
            if outcome is not None and outcome.kind is ResultKind.OK:
                return outcome.text
        return super().open(entity)

    def check(self, entity: str) -> None:
        """Look again into what an entity was last seen in."""
        holder = self.where(entity)
        if holder not in self.sim.index.things or self._looked.get(holder, -1) >= self._epoch:
            super().check(entity)
        self.do(f"look in {self.name(str(holder))}")

    def unlock(self, entity: str) -> None:
        """Unlock with the key that is told to fit, or by trying keys where that does no harm."""
        self._busy.add(entity)
        try:
            while self.known(entity, "locked"):
                key = self._fits.get(entity)
                if key is None and self._is_fragile(entity) and self._step(inside=True, tiers=4):
                    continue  # a text may tell
                key = key or self._likely_key(entity)
                if key is None:
                    if not self._step(inside=True):
                        raise Unsolvable(f"no key that fits {entity} can be found")
                    continue
                if self.where(key) is None:
                    self.find(key)
                self._try_key(entity, key)
        finally:
            self._busy.discard(entity)

    def discover(self, way: Exit) -> None:
        """Raise Unsolvable: a way that was not revealed is never chosen."""
        raise Unsolvable(f"{way.id} is hidden")

    def _seek(self, found: Callable[[], bool], inside: bool = False) -> None:
        """Look at one thing after the other until `found`."""
        self._ensure_connected()
        while not found():
            if not self._step(inside=inside, stale=True):
                raise Unsolvable("everything that can be seen was seen")

    def _step(self, inside: bool = False, stale: bool = False, tiers: int = 6) -> bool:
        """Do the nearest of what can still be looked at; False where nothing is left.

        `inside`: closed containers matter, too. `stale`: so does what was seen before the world
        was rearranged. Only the first `tiers` sorts of search are considered.
        """
        costs = self.costs()
        sorts: tuple[Callable[[], Iterator[Job]], ...] = (
            partial(self._unseen, costs, inside, stale),
            partial(self._obstacles, costs, stale),
            partial(self._closed_containers, costs, stale),
            partial(self._clues_and_keys, costs),
            partial(self._signs, costs, fixed=True),
            partial(self._signs, costs, fixed=False),
        )
        for sort in sorts[:tiers]:
            jobs = list(sort())
            if self._given_up:
                jobs = [job for job in jobs if _key(job) not in self._given_up]
            if jobs:
                least = min(cost for cost, _ in jobs)
                self._try(self.rng.choice([job for job in jobs if job[0] == least]))
                return True
        return False

    def _try(self, job: Job) -> None:
        """Do a job, and never again if nothing could be done."""
        before = len(self.commands)
        try:
            job[1]()
        except Unsolvable:
            if len(self.commands) >= self.limit:
                raise
            self._given_up.add(_key(job))
        if len(self.commands) == before:
            self._given_up.add(_key(job))

    def _unseen(self, costs: dict[str, int], inside: bool, stale: bool) -> Iterator[Job]:
        """Yield unknown exits, rooms to look at again, and containers."""
        lit = self._carries_light()
        for room, cost in costs.items():
            if cost >= FAR:
                continue
            for way in self._unknown.get(room, ()):
                shut = way.door is not None and not self.known(way.door, "open")
                if shut and (self.known(way.door or "", "locked") or self._gloomy(room, lit)):
                    continue
                yield cost + 1 + shut, partial(self._try_way, room, way.id)
            if stale and self._looked.get(room, -1) < self._epoch and not self._gloomy(room, lit):
                yield cost + 1, partial(self._look_again, room)
        if inside:
            yield from self._closed_containers(costs, stale)

    def _closed_containers(self, costs: dict[str, int], stale: bool) -> Iterator[Job]:
        """Yield the containers and surfaces whose contents are not known."""
        lit = self._carries_light()
        for thing in self._places:
            found = self.sim.index.things.get(thing)
            if found is None or not (found.container or found.surface):
                continue
            if self._looked.get(thing, -1) >= (self._epoch if stale else 0):
                continue
            if any(self.known(t, "locked") for t in (thing, *self._holders(thing))):
                continue
            room = self.room_of(thing)
            if room in costs and costs[room] < FAR and not self._gloomy(room, lit):
                shut = found.container and not self.known(thing, "open")
                yield costs[room] + 1 + shut, partial(self._look_into, thing)

    def _obstacles(self, costs: dict[str, int], stale: bool) -> Iterator[Job]:
        """Yield dark rooms to see with a light, and locks whose key is told and known."""
        lights = list(self.lights())
        if lights:
            light = min(self._distance(t, costs) for t in lights)
            for room in sorted(self._dark):
                unseen = room not in self._looked or (stale and self._looked[room] < self._epoch)
                if unseen or any(
                    not self.known(w.door or "", "locked") for w in self._unknown.get(room, ())
                ):
                    cost = costs.get(room, FAR)
                    if cost < FAR and not self._seen_with_light(room):
                        yield light + cost, partial(self._light_up, room)
        for lock in self._locks(costs):
            key = self._fits.get(lock)
            if key in self._places:
                cost = self._distance(key, costs)
                if cost < FAR:
                    yield cost + self._distance(lock, costs), partial(self._open_up, lock)

    def _clues_and_keys(self, costs: dict[str, int]) -> Iterator[Job]:
        """Yield texts that may tell which key fits, and keys that can be tried without harm."""
        if not self._all_locks():
            return
        for thing in list(self._places):
            found = self.sim.index.things.get(thing)
            if found is not None and found.text is not None:
                yield from self._study(thing, "read", costs)
        for lock in self._locks(costs):
            if lock not in self._fits and (key := self._likely_key(lock)) is not None:
                cost = self._distance(key, costs) + self._distance(lock, costs)
                yield cost + 1, partial(self._open_up, lock)

    def _signs(self, costs: dict[str, int], fixed: bool) -> Iterator[Job]:
        """Yield the things that may show a hidden way when examined."""
        for thing in list(self._places):
            found = self.sim.index.things.get(thing)
            if found is not None and found.portable is not fixed:
                yield from self._study(thing, "examine", costs)

    def _study(self, thing: str, verb: str, costs: dict[str, int]) -> Iterator[Job]:
        if (thing, verb) in self._studied:
            return
        if any(self.known(t, "locked") for t in self._holders(thing)):
            return
        room = self.room_of(thing)
        if room is None or costs.get(room, FAR) >= FAR:
            return
        if self.is_dark(room) and not self._carries_light() and not list(self.lights()):
            return
        shut = sum(not self._is_open(t) for t in self._holders(thing))
        yield costs[room] + 1 + shut, partial(self._study_it, thing, verb)

    def _try_way(self, room: str, exit_id: str) -> None:
        self.go_to(room)
        if self.room != room or exit_id in self._targets:
            return
        way = self.sim.index.exit_ids[exit_id]
        if way.door is not None and not self.sim.get(way.door, "open"):
            self._try_open(way.door)
        if way.door is None or self.sim.get(way.door, "open"):
            self.do(way.direction)

    def _try_open(self, entity: str) -> Outcome:
        """Try to open a door or container, which may turn out to be locked."""
        outcome = self._act(f"open {self.name(entity)}", attempt=True)
        if outcome.kind is not ResultKind.OK:
            self._fields[entity, "locked"] = True
        return outcome

    def _look_again(self, room: str) -> None:
        self.go_to(room)
        if self._looked.get(room, -1) < self._epoch and self.room == room:
            self.do("look")

    def _look_into(self, thing: str) -> None:
        """Look into a container, and close it again where what is sought is not in it."""
        shut = [t for t in self._holders(thing) if not self._is_open(t)]
        self.reach(thing)
        closed = not self._is_open(thing)
        if closed:
            if self._try_open(thing).kind is not ResultKind.OK:
                return
            shut.append(thing)
        else:
            self.do(f"look in {self.name(thing)}")
        self._nested(thing)
        self._close_again(shut)

    def _close_again(self, shut: list[str]) -> None:
        if not self._is_found():
            for holder in reversed(shut):
                self.close(holder)

    def _nested(self, thing: str) -> None:
        """Look into what lies within, while the outer container stands open."""
        for inner in self._scene.things_in(thing):
            unseen = self._looked.get(inner.id, -1) < self._epoch
            shows = inner.container or inner.surface
            if shows and unseen and not self.known(inner.id, "locked") and not self._is_found():
                self._look_into(inner.id)

    def _light_up(self, room: str) -> None:
        self._bring_light(room)
        self.go_to(room)
        if room not in self._looked or self._looked[room] < self._epoch:
            self.do("look")

    def _open_up(self, entity: str) -> None:
        self.open(entity)
        if entity in self.sim.index.things:
            self._nested(entity)
            self._close_again([entity])

    def _study_it(self, thing: str, verb: str) -> None:
        shut = [t for t in self._holders(thing) if not self._is_open(t)]
        self._studied.add((thing, verb))
        self.reach(thing)
        self.do(f"{verb} {self.name(thing)}")
        for holder in reversed(shut):
            self.close(holder)

    def _try_key(self, entity: str, key: str) -> None:
        with self._needing(key):
            while not (self.sim.get(key, "location") == self.actor and self._at_hand(entity)):
                self.fetch(key)
                self.reach(entity)
            command = f"unlock {self.name(entity)} with {self.name(key)}"
            outcome = self._act(command, attempt=True)
        self._tried.add((entity, key))
        if outcome.kind is ResultKind.OK:
            self._fits[entity] = key
        elif self._fits.get(entity) == key:
            raise Unsolvable(f"{command!r}: {outcome.text}")

    def _likely_key(self, lock: str) -> str | None:
        """Return the nearest known key that may fit.

        With a fragile lock only where no other key and no other lock is known.
        """
        used = set(self._fits.values())
        keys = [k for k in self._places if self._is_key(k) and (lock, k) not in self._tried]
        if self._is_fragile(lock):
            keys = [k for k in keys if k not in used]
            if len(keys) != 1 or self._all_locks() != [lock]:
                return None
        costs = self.costs()
        keys = [k for k in keys if self._distance(k, costs) < FAR]
        return min(keys, key=lambda k: (k in used, self._distance(k, costs)), default=None)

    def _locks(self, costs: dict[str, int]) -> list[str]:
        """Return what is known to be locked and can be gone to."""
        return [
            e
            for (e, field), value in self._fields.items()
            if field == "locked"
            and value
            and e not in self._busy
            and self._distance(e, costs) < FAR
        ]


def _key(job: Job) -> tuple[str, tuple[str, ...]]:
    return job[1].func.__name__, job[1].args

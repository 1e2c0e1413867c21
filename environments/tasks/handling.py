"""Getting at things: to where they are, with light, with what holds them open, into the hands."""

from __future__ import annotations

from environments.tasks.walking import FAR, Unsolvable, Walker
from world_fixtures.spec import Exit


class Handler(Walker):
    """Reaches, fetches and opens, with whatever has to be done before."""

    def go_to(self, room: str) -> None:
        """Walk to a room, opening what is in the way."""
        with self._deeper():
            while self.room != room:
                for way in self.route(room):
                    if self.room != way.source:
                        break  # what had to be done first has led elsewhere
                    self._pass(way)

    def reach(self, entity: str) -> None:
        """Go to where a thing, door, character or scenery can be handled.

        That is with light to see it, and with its containers open. A thing that is not in play
        yet is put together by its recipe.
        """
        with self._deeper():
            while not self._at_hand(entity):
                before = len(self.commands)
                self._approach(entity)
                if len(self.commands) == before and not self._at_hand(entity):
                    self.check(entity)

    def fetch(self, thing: str) -> None:
        """Bring a thing into the actor's hands."""
        with self._needing(thing):
            while self.sim.get(thing, "location") != self.actor:
                self.reach(thing)
                if self.sim.get(thing, "location") != self.actor:
                    self._free_a_hand()
                    self.do(f"get {self.name(thing)}")

    def open(self, entity: str) -> str:
        """Go to a door or container and open it, unlocking it if need be.

        Returns the observation, empty where it was open; anything else is open as it is.
        """
        if not self._opens(entity):
            return ""
        with self._deeper():
            self.reach(entity)
            if self.sim.get(entity, "open"):
                return ""
            if self.known(entity, "locked"):
                if self._wait_to_open(entity):
                    return ""
                self.unlock(entity)
                self.reach(entity)
            return self.do(f"open {self.name(entity)}")

    def _wait_to_open(self, entity: str) -> bool:
        """Let time pass until a door opens by its timetable; False where it has none."""
        return False

    def close(self, entity: str) -> None:
        """Close a door or container."""
        if self._opens(entity) and self.known(entity, "open"):
            self.reach(entity)
            if self.sim.get(entity, "open"):
                self.do(f"close {self.name(entity)}")

    def _pass(self, way: Exit) -> None:
        """Go through an exit, or do what must be done before, which may lead elsewhere."""
        room = self.room
        if way.hidden and not self.sim.get(way.id, "revealed"):
            self.discover(way)
        elif way.door and not self.sim.get(way.door, "open"):
            if self._scene.is_dark():
                self._bring_light(room)
                if self.room != room:
                    return
            self.open(way.door)
        if self.room == room and not (way.door and not self.sim.get(way.door, "open")):
            self.do(way.direction)

    def _approach(self, entity: str) -> None:
        """Get nearer to where an entity can be handled."""
        index = self.sim.index
        if entity in index.things and self._is_to_be_made(entity):
            self.combine(entity)
            return
        rooms = self._rooms_of(entity)
        if not rooms:
            self.find(entity)
            return
        holders = self._holders(entity)
        holder = self.where(holders[0] if holders else entity)
        if entity in index.things and holder in index.characters and holder != self.actor:
            raise Unsolvable(f"{entity} is held by {holder}")
        costs = self.costs() if len(rooms) > 1 else {}
        room = min(rooms, key=lambda r: (costs.get(r, FAR * FAR), r))
        if self.is_dark(room):
            self._bring_light(room)
        self.go_to(room)
        for outer in holders:
            self.open(outer)

    def _is_to_be_made(self, thing: str) -> bool:
        return self.where(thing) is None and any(
            r.makes == thing and self.sim.get(thing, "location") is None
            for r in self.sim.spec.recipes
        )

    def combine(self, thing: str) -> None:
        """Bring the parts of a thing together and make it by its recipe."""
        recipe = next((r for r in self.sim.spec.recipes if r.makes == thing), None)
        if recipe is None:
            raise Unsolvable(f"{thing} is not in play")
        *others, last = recipe.parts
        hands = self.sim.index.characters[self.actor].capacity
        with self._deeper():
            if hands is not None and hands < len(recipe.parts):
                self.reach(last)
                bench = self.room
                for part in others:
                    if self.where(part) != bench:
                        self.fetch(part)
                        self.go_to(bench)
                        self.do(f"drop {self.name(part)}")
                self.reach(last)
            else:
                with self._needing(*recipe.parts):
                    for part in others:
                        self.fetch(part)
                    self.reach(last)
            self.do("combine " + " with ".join(self.name(p) for p in recipe.parts))

    def _rooms_of(self, entity: str) -> list[str]:
        """Return the rooms in which an entity can be handled, as far as known."""
        index = self.sim.index
        if entity in index.doors:
            return self._sides(entity)
        if entity in index.scenery:
            return [r.id for r in self.sim.spec.rooms if any(s.id == entity for s in r.scenery)]
        room = self.room_of(entity)
        return [room] if room else []

    def _sides(self, door: str) -> list[str]:
        rooms = [e.source for e in self.sim.index.through[door]]
        return [r for r in rooms if any(e.door == door for e, _ in self.ways(r))]

    def room_of(self, entity: str) -> str | None:
        """Return the room a thing, character or room is in, through its holders, as known."""
        index = self.sim.index
        place: str | None = entity
        while place is not None and place not in index.rooms:
            place = self.where(place)
        return place

    def _holders(self, entity: str) -> list[str]:
        """Return the things that hold a thing, the outermost first."""
        found: list[str] = []
        place = self.where(entity) if entity in self.sim.index.things else None
        while place in self.sim.index.things:
            found.insert(0, place)
            place = self.where(place)
        return found

    def _at_hand(self, entity: str) -> bool:
        """Tell whether an entity is known to be where it can be handled now."""
        index, scene = self.sim.index, self._scene
        if entity in index.things:
            return self.where(entity) is not None and entity in scene.in_reach()
        if entity in index.doors:
            return entity in scene.in_reach()
        if scene.is_dark():
            return False
        if entity in index.characters:
            return self.where(entity) == self.room and self.sim.get(entity, "location") == self.room
        return any(s.id == entity for s in index.rooms[self.room].scenery)

    def _opens(self, entity: str) -> bool:
        thing = self.sim.index.things.get(entity)
        return thing is None or thing.container

    def _unlock_with(self, entity: str, key: str) -> None:
        """Bring a key to its lock and turn it."""
        with self._needing(key):
            while not (self.sim.get(key, "location") == self.actor and self._at_hand(entity)):
                self.fetch(key)
                self.reach(entity)
            self.do(f"unlock {self.name(entity)} with {self.name(key)}")

    def _bring_light(self, room: str) -> None:
        """Have a light to see by in a dark room."""
        index, sim = self.sim.index, self.sim
        mine = self._scene.reachable_from(self.actor)
        if any(index.things[t].light and sim.get(t, "lit") for t in mine):
            return
        if self.room == room and not self._scene.is_dark():
            return
        lights = list(self.lights())
        if any(self.where(t) == room and self.known(t, "lit") for t in lights):
            return
        if not lights:
            raise Unsolvable("there is no light to be had")
        costs = self.costs()
        light = min(lights, key=lambda t: (self._distance(t, costs), t))
        with self._deeper():
            self.fetch(light)
            if not sim.get(light, "lit"):
                self.do(f"light {self.name(light)}")

    def _distance(self, entity: str, costs: dict[str, int]) -> int:
        if entity in self.sim.index.things and self.where(entity) == self.actor:
            return 0
        rooms = self._rooms_of(entity)
        return min((costs.get(r, FAR * FAR) for r in rooms), default=FAR * FAR)

    def _free_a_hand(self) -> None:
        """Put down what is least needed, where the hands are full."""
        hands = self.sim.index.characters[self.actor].capacity
        carried = [t.id for t in self._scene.things_in(self.actor)]
        if hands is None or len(carried) < hands:
            return
        lit = {t for t in carried if self.sim.get(t, "lit")}
        spare = [t for t in carried if t not in self._needed]
        if not spare:
            raise Unsolvable("the hands are full of what is needed")
        thing = min(spare, key=lambda t: (t in lit, t in self._kept, carried.index(t)))
        self.do(f"drop {self.name(thing)}")

"""What is still to be done in a state: commands that no way to success can do without."""

from __future__ import annotations

from environments.tasks.model import Did, Holds, Located, Visited
from environments.tasks.value.needs import FAR
from environments.tasks.value.states import State
from environments.tasks.value.tours import NEVER, Tours

ANYWHERE: tuple[str, ...] = ()


class Listing:
    """The jobs of one state, found backwards from what its stage asks for."""

    def __init__(self, jobs: Tours, state: State, skipped: frozenset[str]) -> None:
        self.jobs, self.state, self.skipped = jobs, state, skipped
        self.restored: set[str] = set()
        """What has to be put back or closed, unless it may stay otherwise."""
        self.mask = self.extra = 0
        self._begun: set[tuple[str, str]] = set()
        self._part_rooms: set[str] = set()
        self._made: set[str] = set()
        self._goals()
        self._evidence()
        self._restoring()

    def result(self) -> tuple[int, int]:
        """Return the jobs, a bit each, and commands that are needed besides."""
        gets = self.jobs.rooms_of_gets(self.mask)
        if "" not in gets and len(self._made) == 1:
            # parts are taken along, but for those where they are put together
            self.extra += max(0, len(self._part_rooms - gets) - 1)
        return self.jobs.at_once(self.mask), self.extra

    def add(
        self, sort: str, entity: str, place: str = "", where: tuple[str, ...] = ANYWHERE,
        visit: str = "", cost: int = 1,
    ) -> None:  # fmt: skip
        """Add a job; where its room is certain, what is on the way there, too."""
        for room in where if len(where) == 1 else ():
            self.room(room)
        self.mask |= 1 << self.jobs.number_of((sort, entity, place, where, visit), cost)

    def _once(self, sort: str, entity: str) -> bool:
        if (sort, entity) in self._begun:
            return False
        self._begun.add((sort, entity))
        return True

    def _has(self, entity: str, field: str) -> bool:
        return bool(self.state.flags & self.jobs.bits.get((entity, field), 0))

    def _at(self, thing: str) -> str | None:
        return self.state.at[self.jobs.number[thing]]

    # --- what the stage asks for ---------------------------------------------------------------

    def _goals(self) -> None:
        jobs, state = self.jobs, self.state
        for number, c in enumerate(jobs.needs.stages[state.stage].conditions):
            if isinstance(c, Located) and c.entity == jobs.agent:
                self.add("end", jobs.agent, "", (c.place,), cost=0)
            elif isinstance(c, Located):
                self.put(c.entity, c.place)
            elif isinstance(c, Holds):
                self._holds(c.entity, bool(c.value))
            elif isinstance(c, Visited):
                for k, room in enumerate(c.rooms):
                    bit = jobs.marks[state.stage]["visit", number, k]
                    if not state.done & bit:
                        self.add("walk", str(number), str(k), (room,), cost=0)
            elif isinstance(c, Did):
                if state.done & jobs.marks[state.stage]["did", c.verb, c.entity]:
                    continue
                if c.verb == "combine":
                    self.make(c.entity)
                else:
                    self.inform(c.verb, c.entity)
        for w in jobs.inscribed(state.stage):
            if not self._has(w.entity, f"says {w.text}"):
                if self._has(w.entity, "full"):
                    self.extra = NEVER
                where, visit, holder = self.handled(w.entity)
                self.add("write", w.entity, holder, where, visit)

    def _holds(self, entity: str, value: bool) -> None:
        if entity in self.jobs.number:
            if value:
                self.open(entity)
            elif self._has(entity, "open"):
                where, visit, _ = self.handled(entity)
                self.add("close", entity, "", where, visit)
        else:
            sides = self.jobs.sides[entity]
            if value and not self._has(entity, "open"):
                if self._has(entity, "locked"):
                    self._key(entity)
                    self.add("udoor", entity, "", sides)
                self.add("hopen", entity, "", sides)
            elif not value and self._has(entity, "open"):
                self.add("close", entity, "", sides)

    def _evidence(self) -> None:
        jobs, state = self.jobs, self.state
        n = state.stage
        for mark, bit in jobs.marks[n].items():
            if mark[0] != "fact" or state.done & bit:
                continue
            entity, fact = mark[1:3]
            if entity in jobs.index.rooms and fact in ("desc", "contents", "exits"):
                self.add("visit", "", entity, (entity,), cost=0)
                continue
            if entity in jobs.number and fact == "contents":
                if jobs.index.things[entity].surface:
                    where, _, _ = self.handled(entity)
                    for room in where:
                        self.add("visit", "", room, (room,), cost=0)
                elif self._has(entity, "open"):
                    self.inform("look_in", entity)
                else:
                    self.open(entity)
                continue
            sources = [t for t in jobs.names if any(b & bit for b in jobs.news(n, t))]
            if not sources:
                self.extra = NEVER
            elif len(sources) == 1:
                read = jobs.news(n, sources[0])[0] & bit
                self.inform("read" if read else "examine", sources[0])

    def inform(self, verb: str, thing: str) -> None:
        """Note that a thing has to be read, examined or looked into."""
        if verb != "read":
            verb = "view"  # examining what is open shows what is in it, too
            way = self.jobs.index.things[thing].reveals
            if way and (way, "revealed") in self.jobs.bits and not self._has(way, "revealed"):
                return
        where, visit, holder = self.handled(thing)
        self.add("info", f"{verb} {thing}", holder, where, visit)

    def _restoring(self) -> None:
        """Note what has been left otherwise in this stage and can be brought back."""
        jobs, state = self.jobs, self.state
        at, flags = state.start
        changed = flags ^ state.flags
        for bit, number, mask in jobs.kept[state.stage]:
            if state.strays & bit:
                continue
            moved = number >= 0 and at[number] != state.at[number]
            if not moved and not changed & mask:
                continue
            if number >= 0:
                thing = jobs.names[number]
                if moved:
                    self._put_back(thing)
                if (open_ := jobs.bits.get((thing, "open"), 0)) & changed:
                    if flags & open_:
                        self.restored.add(thing)
                        if thing not in self.skipped:
                            self.open(thing)
                    else:
                        self._close(thing)
            else:
                door = jobs.entities[bit.bit_length() - 1]
                self._door_back(door, bool(flags & jobs.bits[door, "open"]))

    def _put_back(self, thing: str) -> None:
        jobs, state = self.jobs, self.state
        if thing in jobs.free[state.stage] or thing in jobs.places[state.stage]:
            return
        if state.strays & (1 << jobs.number[thing]):
            return
        self.restored.add(thing)
        was = state.start[0][jobs.number[thing]]
        if thing not in self.skipped and was is not None:
            self.put(thing, was)

    def _close(self, thing: str) -> None:
        """Note that a container has to be closed again, if it was closed."""
        jobs, state = self.jobs, self.state
        bit = jobs.bits[thing, "open"]
        asked = thing in jobs.closing[state.stage]
        if not asked:
            if thing in jobs.free[state.stage] or state.start[1] & bit:
                return
            if state.strays & (1 << jobs.number[thing]):
                return
            self.restored.add(thing)
            if thing in self.skipped:
                return
        where, visit, _ = self.handled(thing)
        self.add("close", thing, "", where, visit)

    def _door_back(self, door: str, open_: bool) -> None:
        jobs = self.jobs
        if door in jobs.free[self.state.stage]:
            return
        if self.state.strays & (1 << jobs.entities.index(door)):
            return
        self.restored.add(door)
        if door not in self.skipped:
            self.add("hopen" if open_ else "close", door, "", jobs.sides[door])

    # --- what that takes -----------------------------------------------------------------------

    def place(self, thing: str) -> tuple[tuple[str, ...], str, str]:
        """Return where a thing is: its room (none: in hand), a room to visit first, its holder."""
        jobs, at = self.jobs, self._at(thing)
        if at == jobs.agent:
            return ANYWHERE, "", ""
        if at in jobs.index.rooms:
            return (at,), "", ""
        if at in jobs.number:
            self.open(at)
            where, visit, _ = self.handled(at)
            return where, visit, at
        if at is None and any(r.makes == thing for r in jobs.recipes):
            self.make(thing)
            return ANYWHERE, "", ""
        self.extra = NEVER
        return ANYWHERE, "", ""

    def handled(self, thing: str) -> tuple[tuple[str, ...], str, str]:
        """Return the same for something to be done to a thing, which may be taken along before."""
        where, visit, holder = self.place(thing)
        if thing in self.jobs.movable and where:
            self.add("visit", "", where[0], where, cost=0)
            return ANYWHERE, where[0], holder
        return where, visit, holder

    def open(self, thing: str) -> None:
        """Note that a container has to be open."""
        if self.jobs.index.things[thing].surface or not self._once("open", thing):
            return
        if not self._has(thing, "open"):
            where, visit, holder = self.handled(thing)
            if self._has(thing, "locked"):
                self._key(thing)
                self.add("unlock", thing, holder, where, visit)
            self.add("open", thing, holder, where, visit)
            self._close(thing)

    def _key(self, lock: str) -> None:
        key = self.jobs.key_of[lock]
        if key is None or key not in self.jobs.number:
            self.extra = NEVER
        else:
            self.hold(key)

    def hold(self, thing: str) -> None:
        """Note that a thing has to be in hand at some time."""
        at = self._at(thing)
        if at == self.jobs.agent or not self._once("hold", thing):
            return
        if thing not in self.jobs.movable:
            self.extra = NEVER
            return
        made = at is None
        where, visit, holder = self.place(thing)
        if not made:
            self.add("get", thing, holder, where, visit)
            self._put_back(thing)

    def put(self, thing: str, place: str) -> None:
        """Note that a thing has to be brought to a place."""
        jobs = self.jobs
        if self._at(thing) == place:
            return
        self.hold(thing)
        if place == jobs.agent:
            return
        if place in jobs.index.rooms:
            self.add("put", thing, place, (place,))
            return
        if place not in jobs.number:
            self.extra = NEVER
            return
        self.open(place)
        where, visit, _ = self.handled(place)
        self.add("put", thing, place, where, visit)

    def make(self, product: str) -> None:
        """Note that the parts of a thing have to be brought together and combined."""
        jobs = self.jobs
        if not self._once("make", product):
            return
        self._made.add(product)
        recipe = next((r for r in jobs.recipes if r.makes == product), None)
        if recipe is None:
            self.extra = NEVER
            return
        for part in recipe.parts:
            where, _, _ = self.place(part)
            for room in where:
                self._part_rooms.add(room)
                self.add("visit", "", room, (room,), cost=0)
        self.add("make", product, "", ANYWHERE)

    def room(self, room: str) -> None:
        """Note what has to be opened or found on every way to a room."""
        jobs, here = self.jobs, self.state.room
        if jobs.moves[here][room] >= FAR:
            self.extra = NEVER
        if not self._once("room", room):
            return
        for passage in jobs.passages:
            if room not in jobs.beyond(passage, here):
                continue
            if passage in jobs.index.doors:
                if not self._has(passage, "open"):
                    self._pass_door(passage)
            elif not self._has(passage, "revealed"):
                self._reveal(passage)

    def _pass_door(self, door: str) -> None:
        jobs = self.jobs
        if not self._once("door", door):
            return
        far = jobs.beyond(door, self.state.room)
        near = [r for r in jobs.sides[door] if r not in far]
        where = (near[0],) if len(near) == 1 else ANYWHERE
        if self._has(door, "locked"):
            self._key(door)
            self.add("udoor", door, "", where)
        self.add("door", door, jobs.far(door, self.state.room), where)
        if not jobs.index.doors[door].shuts and not self.state.start[1] & jobs.bits[door, "open"]:
            self._door_back(door, False)

    def _reveal(self, way: str) -> None:
        jobs = self.jobs
        if not self._once("reveal", way):
            return
        signs = [t for t in jobs.names if jobs.index.things[t].reveals == way]
        if not signs:
            self.extra = NEVER
            return
        source = jobs.index.exit_ids[way].source
        if len(signs) == 1:
            where, _, _ = self.place(signs[0])
            if where and where != (source,):
                self.hold(signs[0])
        self.add("reveal", way, jobs.far(way, self.state.room), (source,))

"""What of a world matters for the rest of a task: the things, doors and ways to keep track of."""

from __future__ import annotations

from collections.abc import Iterable

from environments.tasks.model import Did, Holds, Inscribed, Located, Visited
from environments.tasks.value.needs import FAR, Needs, needs_of
from environments.tasks.value.position import Position
from world_fixtures.spec import Exit, Recipe

SEEN = ("desc", "contents", "exits")
"""Facts of a room that a look reveals."""
LOOKED_AT = ("desc", "contents")
"""Facts of a thing that examining it or looking into it reveals."""
INFORMING = ("read", "examine", "look_in")


class Tracked:
    """The part of a world that matters from a position on.

    Whatever else there is stays as it is in every shortest way to success. `complete` is False
    where the task asks for something that is not followed here. `hands` is how many things can be
    carried, None where that does not matter.
    """

    def __init__(self, position: Position, hands: int | None = None) -> None:
        self.position = position
        self.needs: Needs = needs_of(position.task)
        self.index = self.needs.index
        self.agent = position.task.spec.agent.id
        self.stages = position.task.stages
        self.capacity = hands
        self.first, self.last = position.stage, len(self.stages) - 1
        self.complete = True
        self.things: dict[str, None] = {}
        self.movable: set[str] = set()
        self.rooms: set[str] = set()
        """Rooms in which something has to be done or seen."""
        self.recipes: list[Recipe] = []
        self.asked_doors: set[str] = set()
        """Doors that a goal is about, or that have to be opened on the way."""
        self.places: list[dict[str, set[str]]] = [{} for _ in self.stages]
        """By stage: thing -> where a goal wants it."""
        self._need_goals()
        self._need_evidence()
        self._need_restoring()
        self._close()

    # --- what the task asks for -----------------------------------------------------------

    def _need_goals(self) -> None:
        for n in range(self.first, self.last + 1):
            for condition in self.needs.stages[n].conditions:
                match condition:
                    case Located() if condition.entity == self.agent:
                        self.rooms.add(condition.place)
                    case Located():
                        self._track(condition.entity, moves=True)
                        self._place(condition.place, receives=True)
                        self.places[n].setdefault(condition.entity, set()).add(condition.place)
                    case Holds():
                        self.complete &= condition.field == "open"
                        if condition.entity in self.index.things:
                            self._track(condition.entity)
                        else:
                            self._door(condition.entity)
                    case Inscribed():
                        self._track(condition.entity)
                        reset = any(
                            e == condition.entity and f == "inscriptions"
                            for e, f, _ in self.stages[n].before
                        )
                        self.complete &= n == self.first or reset
                    case Visited():
                        self.rooms.update(condition.rooms)
                    case Did():
                        entity = condition.entity
                        self.complete &= condition.verb in (*INFORMING, "combine")
                        self.complete &= entity in self.index.things
                        if entity in self.index.things:
                            self._track(entity, moves=condition.verb == "combine")
            for entity, field, value in self.stages[n].before if n > self.first else ():
                if field == "location" and value in self.index.rooms and entity == self.agent:
                    self.rooms.add(value)

    def _need_evidence(self) -> None:
        things = self.index.things
        for n in range(self.first, self.last + 1):
            later = n > self.first
            for entity, fact, value in self.needs.stages[n].evidence:
                if entity in self.index.rooms and fact in SEEN and value is None:
                    self.rooms.add(entity)
                elif entity in things and (
                    fact in ("text", "inscriptions") or (fact in LOOKED_AT and value is None)
                ):
                    self._track(entity, moves=later)
                elif sources := self.sources(entity, fact, value):
                    for source in sources:
                        self._track(source, moves=later)
                else:
                    self.complete = False

    def sources(self, entity: str, fact: str, value: object) -> list[str]:
        """Return the things whose text tells a fact."""
        return [
            t.id
            for t in self.index.things.values()
            if t.text is not None
            and any(
                f.entity == entity and f.field == fact and value in (None, f.value) for f in t.tells
            )
        ]

    def _need_restoring(self) -> None:
        """Track what this stage has left otherwise so far."""
        position = self.position
        for entity in position.out_of_place():
            if entity in self.index.things:
                moved = position.get(entity, "location") != position.at_start(entity, "location")
                self._track(entity, moves=moved)

    # --- what that depends on --------------------------------------------------------------

    def _close(self) -> None:
        """Add keys, lights, signs, parts and ways until nothing more is needed."""
        spec, things, get = self.position.task.spec, self.index.things, self.position.get
        self.doors = {d.id: d for d in spec.doors}
        self.shut: set[str] = set()
        """Locked doors and hidden exits that lead to nothing needed."""
        self.lights_matter = False
        size = -1
        while size != len(self.things) + len(self.movable) + len(self.rooms):
            size = len(self.things) + len(self.movable) + len(self.rooms)
            for thing in list(self.things):
                back = thing in self.movable  # what it is put back into may be brought to it
                self._place(get(thing, "location"), receives=back and self.first < self.last)
                self._place(self.position.at_start(thing, "location"), receives=back)
                if things[thing].container and get(thing, "locked"):
                    if things[thing].portable and not things[thing].heavy:
                        self.movable.add(thing)
                    if (key := things[thing].key) is not None:
                        self._track(key, moves=True)
                for stage in self.stages[self.first + 1 :]:
                    for entity, field, value in stage.before:
                        if entity == thing and field == "location":
                            self._place(value)
                if get(thing, "location") is None and thing in self.movable:
                    self._parts(thing)
            self._ways()
            self._darkness()

    def _parts(self, product: str) -> None:
        for recipe in self.position.task.spec.recipes:
            if recipe.makes == product and recipe not in self.recipes:
                self.recipes.append(recipe)
                for part in recipe.parts:
                    self._track(part, moves=True)

    def _ways(self) -> None:
        """Leave out the locked doors and hidden exits that neither shorten a way nor lead on."""
        get = self.position.get
        hard = {d for d in self.doors if get(d, "locked")}
        hard |= {
            e.id for e in self.position.task.spec.exits
            if e.hidden and not get(e.id, "revealed")
        }  # fmt: skip
        hard -= self.asked_doors
        start = self.position.room
        wake = {
            str(v) for stage in self.stages[self.first + 1 :] for e, f, v in stage.before
            if (e, f) == (self.agent, "location")
        }  # fmt: skip
        starts = (start, *sorted(wake))
        plain, whole = self.needs.moves(hard), self.needs.moves(())
        reached = {r for s in starts for r, n in plain[s].items() if n < FAR}
        shorter = any(whole[a][b] < plain[a][b] for a in reached for b in reached)
        self.shut = set() if shorter else set(hard)
        while self.shut:
            now = self.needs.moves(self.shut)
            missing = [d for d in self.shut if self._leads_on(d, starts, now, whole)]
            if not missing:
                break
            self.shut -= set(missing)
        for passage in hard - self.shut:
            if passage in self.doors:
                self._door(passage)
                if (key := self.doors[passage].key) is not None:
                    self._track(key, moves=True)
            else:
                self.rooms.add(self.index.exit_ids[passage].source)
                for thing in self.index.things.values():
                    if thing.reveals == passage:
                        self._track(thing.id, moves=True)

    def _leads_on(
        self, passage: str, starts: Iterable[str], now: dict[str, dict[str, int]],
        whole: dict[str, dict[str, int]],
    ) -> bool:  # fmt: skip
        """Tell whether a needed room that cannot be reached now lies beyond a passage."""
        return any(
            now[s][r] >= FAR and any(
                now[s][w.source] < FAR and whole[w.target][r] < FAR
                for w in self._passing(passage)
            )
            for s in starts for r in self.rooms
        )  # fmt: skip

    def _passing(self, passage: str) -> list[Exit]:
        return [e for e in self.position.task.spec.exits if passage in (e.door, e.id)]

    def _darkness(self) -> None:
        rooms, get = self.index.rooms, self.position.get
        near = {
            e.source for e in self.position.task.spec.exits
            if e.door and e.door not in self.shut and e.id not in self.shut
        }  # fmt: skip
        self.lights_matter = any(rooms[r].dark for r in self.rooms | near)
        if self.lights_matter:
            for thing in self.index.things.values():
                if thing.light and get(thing.id, "location") is not None:
                    self._track(thing.id, moves=True)

    def _track(self, thing: str, moves: bool = False) -> None:
        found = self.index.things[thing]
        if moves and found.portable and not found.heavy:
            self.movable.add(thing)
        if thing not in self.things:
            self.things[thing] = None
            self._place(self.position.get(thing, "location"))

    def _place(self, place: str | None, receives: bool = False) -> None:
        """Track what is needed to get at a place: a room, or a thing and where it is."""
        if place in self.index.rooms:
            self.rooms.add(place)
        elif place in self.index.things:
            self._track(place, moves=receives)
        elif place in self.index.characters and place != self.agent:
            self.complete = False

    def _door(self, door: str) -> None:
        self.asked_doors.add(door)
        self.rooms.update(e.source for e in self.position.task.spec.exits if e.door == door)
        if self.position.get(door, "locked"):
            key = self.index.doors[door].key
            if key is not None:
                self._track(key, moves=True)

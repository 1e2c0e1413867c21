"""Acts on the known world: each method returns once its aim is met, else raises what to do."""

from __future__ import annotations

from collections.abc import Iterable

from environments.policies.scripted.known import GONE, ME, Thing
from environments.policies.scripted.queries import Query
from environments.policies.scripted.search import (
    DOCUMENTS,
    Wish,
    access,
    doors_to,
    is_key,
    lights,
    next_commands,
    routes,
    sides,
)
from environments.policies.scripted.told import bare
from environments.policies.scripted.world import World

STUDY = Wish(things=True, texts=True)
PUT_BACK = 2
"""Times that a thing is put back; taken once more, it is still needed."""


class Do(Exception):
    """The commands to give now; their results are needed before anything else is decided."""

    def __init__(self, commands: list[str]) -> None:
        """Keep the commands, in order."""
        super().__init__("; ".join(commands))
        self.commands = commands


class Stuck(Exception):
    """Nothing is left to try."""


class Hand:
    """What can be done in a known world. An errand calls its methods in order.

    A method whose aim is met already returns; one that has to act raises `Do`, and the errand is
    begun anew when the results are there.
    """

    def __init__(self, world: World, *, sweep: bool) -> None:
        """Keep the world; `sweep` makes many tries in one turn, where commands cost nothing."""
        self.world = world
        self.sweep = sweep

    def search(self, wish: Wish) -> None:
        """Look further, always raising: `Do`, or `Stuck` where nothing is left to try."""
        wishes = [wish]
        if self.world.tidy:
            wishes += [Wish(things=True), STUDY]
            wishes.append(Wish(things=True, texts=True, force=True))
        for tried in wishes:
            if commands := next_commands(self.world, tried, sweep=self.sweep):
                if any(command.startswith("get ") for command in commands):
                    self._make_room()
                raise Do(commands)
        raise Stuck

    def do(self, *commands: str) -> None:
        """Give commands here and now."""
        raise Do(list(commands))

    def restore(self, kept: Iterable[str] = ()) -> None:
        """Lock, close and put back what was unlocked, opened and taken, but for what is kept."""
        kept = {name.casefold() for name in kept}
        world = self.world
        for name in reversed(world.opened):
            if not world.things[name].door and name.casefold() not in kept:
                self.reach(name, f"close {name}")
        turned = [
            (world.things[name], key) for name, key in reversed(world.unlocked.items())
            if name not in world.relocked and name.casefold() not in kept
            and (held := world.find(key)) is not None and held.place == ME
        ]  # fmt: skip
        if world.tidy:
            self.put_back({*kept, *(key.casefold() for _, key in turned)})
        for lock, key in turned:
            close = (f"close {lock.name}",) if lock.open else ()
            if lock.door:
                self._at(self._outside(lock), [*close, f"lock {lock.name} with {key}"])
            self.reach(lock.name, *close, f"lock {lock.name} with {key}")
        for name in reversed(world.opened):
            if name.casefold() not in kept:
                self.reach(name, f"close {name}")
        self.put_back(kept)

    def _outside(self, door: Thing) -> str:
        """Return the room on that side of a door from which the agent came."""
        ways = routes(self.world, self.world.start)
        return min(sides(self.world, door), key=lambda r: len(ways.get(r, range(999))))

    def put_back(self, kept: Iterable[str] = ()) -> None:
        """Put what was taken where it was, but for what is kept."""
        burning = lights(self.world)
        for thing in sorted(self.world.carried, key=lambda t: t in burning):
            needed = thing.taken > PUT_BACK or thing.name.casefold() in kept
            if thing.home and not needed:
                self.put(thing.name, thing.home)
        for thing in self.world.things.values() if self.world.capacity else ():
            strayed = thing.home and thing.place in self.world.rooms and thing.place != thing.home
            if strayed and thing.name.casefold() not in kept:
                self.fetch(thing.name)

    def settle(self, room: str) -> None:
        """Stand in a known room, with everything restored before."""
        if self.world.tidy:
            doors = doors_to(self.world, room)
            keys = [k for name, k in self.world.unlocked.items() if name in doors]
            self.restore([*doors, *keys])
        self.go(room)

    def go(self, room: str) -> None:
        """Stand in a known room."""
        self._at(room, [])

    def _at(self, room: str, commands: list[str]) -> None:
        """Walk to `room` and give `commands` there, if there are any of both."""
        way = routes(self.world, self.world.here).get(room)
        if way is None:
            self.search(Wish(things=True))
            return
        if way or commands:
            raise Do([*way, *commands])

    def room(self, name: str) -> str:
        """Return the known room of this name, searching for it first."""
        found = self.world.find_room(name)
        if found is None:
            self.search(Wish())
        assert found is not None
        return found.name

    def thing(self, name: str) -> Thing:
        """Return a thing or door that can be got at, searching and unlocking first."""
        thing = self.world.find(name)
        if thing is None or not (thing.door or thing.place):
            self.search(Wish(things=True))
        assert thing is not None
        for holder in self.world.holders(thing):
            if holder.locked and not holder.open:
                self.unlock(holder)
        return thing

    def reach(self, name: str, *commands: str) -> None:
        """Go to a thing or door, uncover it, and give `commands` there."""
        thing = self.thing(name)
        if thing.door:
            self._at(self._nearest(sides(self.world, thing)), list(commands))
            return
        if thing.place == ME:
            if commands:
                raise Do(list(commands))
            return
        found = access(self.world, thing, *commands)
        if found is None:
            self.search(Wish(things=True))
        else:
            if self.world.rooms[found[0]].dark:
                self.light()
            self._at(found[0], list(found[1]) if commands else [])

    def _nearest(self, rooms: list[str]) -> str:
        ways = routes(self.world, self.world.here)
        return min(rooms, key=lambda r: len(ways.get(r, ())) if r in ways else 999)

    def light(self) -> None:
        """Carry something that burns."""
        if any(t.lit for t in self.world.carried):
            return
        for light in lights(self.world):
            get = [] if light.place == ME else [f"get {light.name}"]
            if found := access(self.world, light, *get):
                self._at(found[0], [*found[1], f"light {light.name}"])
        self.search(Wish(things=True))

    def fetch(self, name: str) -> None:
        """Carry a thing."""
        thing = self.world.find(name)
        if thing is None or thing.place not in (ME, GONE):
            self._make_room()
            self.reach(name, f"get {name}")

    def _make_room(self) -> None:
        """Put down what is not needed where the hands are full."""
        carried = self.world.carried
        if self.world.capacity and len(carried) >= self.world.capacity:
            burning = lights(self.world)
            spare = min(carried, key=lambda t: (not is_key(t), t not in burning))
            raise Do([f"drop {spare.name}"])

    def put(self, name: str, place: str) -> None:
        """Have a thing lie in a room, or in or on a thing."""
        thing, target = self.world.find(name), self.world.find(place)
        room = None if target else self.world.find_room(place)
        goal = target or room
        if thing and goal and thing.place == goal.name:
            return
        self.fetch(name)
        target = self.world.find(place)
        if self.world.find_room(place):
            self._at(self.room(place), [f"drop {name}"])
        elif target:
            self.reach(target.name, *self._putting(name, target))
        else:
            self.search(Wish(things=True))

    def _putting(self, name: str, target: Thing) -> list[str]:
        if not target.container:
            return [f"put {name} on {target.name}"]
        put = f"put {name} in {target.name}"
        if target.open:
            return [put]
        close = [f"close {target.name}"] if self.world.tidy else []
        return [f"open {target.name}", put, *close]

    def unlock(self, lock: Thing) -> None:
        """Unlock a door or container that is known to be locked."""
        if not lock.locked:
            return
        told = self.world.lore.value("key", bare(lock.name))
        if self.world.tidy and told:
            key = self.thing(told)
            self.fetch(key.name)
            self.reach(lock.name, f"unlock {lock.name} with {key.name}")
        if self.world.tidy and next_commands(self.world, STUDY, sweep=False):
            self.search(STUDY)
        keys = [
            t for t in self.world.things.values()
            if is_key(t) and not t.door and t.name.casefold() not in lock.misfits
        ]  # fmt: skip
        if carried := [k for k in keys if k.place == ME]:
            self.reach(lock.name, *(f"unlock {lock.name} with {k.name}" for k in carried))
        ways = routes(self.world, self.world.here)
        near = []
        for key in keys:
            found = access(self.world, key)
            if found and found[0] in ways:
                near.append((len(ways[found[0]]), key.name))
        if near:
            self.fetch(min(near)[1])
        self.search(Wish(things=True))

    def learn(self, asked: Query, wish: Wish | None = None) -> str:
        """Find out what is asked for, reading what is known to tell it first."""
        lore = self.world.lore
        answer = asked.answer(lore)
        if answer is not None:
            return answer
        source = asked.source(lore)
        if DOCUMENTS.search(source):
            thing = self.world.find(source)
            if thing is not None and thing.place and thing.text is None:
                self.reach(thing.name, f"read {thing.name}")
        self.search(wish or STUDY)
        raise Stuck

    def inspect(self, container: Thing) -> None:
        """Look into a container, closing it again where nothing is to be disturbed."""
        if container.open:
            self.reach(container.name, f"look in {container.name}")
        self.unlock(container)
        close = [f"close {container.name}"] if self.world.tidy else []
        self.reach(container.name, f"open {container.name}", *close)

    def open(self, name: str) -> None:
        """Have a door or container open."""
        thing = self.thing(name)
        if thing.open:
            return
        if thing.locked:
            self.unlock(thing)
        self.reach(name, f"open {name}")

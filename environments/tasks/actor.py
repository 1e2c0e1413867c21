"""What carries out the steps of a task in a simulation, and records its commands.

A kind of task says what is to be done in terms of the methods here. The `Planner` does it
knowing the whole world, which gives the walkthrough; the `Searcher` does it knowing what was
revealed to it, which gives the number of commands that a budget is made of.
"""

from __future__ import annotations

from collections.abc import Iterable

from environments.tasks.company import Companion
from environments.tasks.walking import FAR, Unsolvable

__all__ = ["FAR", "Actor", "Unsolvable"]


class Actor(Companion):
    """Carries out goals in a simulation and records the commands that it took.

    Every method raises Unsolvable where the world offers no way.
    """

    def read(self, thing: str) -> str:
        """Go to a thing and read it; returns the observation."""
        self.reach(thing)
        return self.do(f"read {self.name(thing)}")

    def examine(self, entity: str) -> str:
        """Go to a thing, door, character or scenery and examine it; returns the observation."""
        self.reach(entity)
        return self.do(f"examine {self.name(entity)}")

    def look_in(self, thing: str) -> str:
        """Go to a container or surface and look into or onto it; returns the observation.

        A closed container is opened, which shows what is in it.
        """
        self.reach(thing)
        return self.open(thing) or self.do(f"look in {self.name(thing)}")

    def put(self, thing: str, place: str) -> None:
        """Bring a thing to a room, or into or onto a thing, and keep it there."""
        self.keep(thing)
        with self._needing(thing):
            self.fetch(thing)
            if place in self.sim.index.rooms:
                self.go_to(place)
                self.do(f"drop {self.name(thing)}")
                return
            self.reach(place)
            self.open(place)
            self.fetch(thing)
            where = "on" if self.sim.index.things[place].surface else "in"
            self.do(f"put {self.name(thing)} {where} {self.name(place)}")

    def write(self, text: str, thing: str) -> None:
        """Go to a thing and write a line on it."""
        self.reach(thing)
        self.do(f"write {text} on {self.name(thing)}")

    def visit_all(self, rooms: Iterable[str]) -> None:
        """Visit rooms, the nearest first."""
        left = dict.fromkeys(rooms)
        start = len(self._entered)
        left.pop(self.room, None)
        while left:
            costs = self.costs()
            self.go_to(min(left, key=lambda r: (costs.get(r, FAR * FAR), r)))
            for room in self._entered[start:]:
                left.pop(room, None)

    def keep(self, *entities: str) -> None:
        """Leave these as they will be: `tidy` neither closes them nor puts them back."""
        self._kept.update(entities)

    def tidy(self) -> None:
        """Undo what was done on the way in this stage, save what the caller keeps.

        Things taken are put back where they were, with lights put out; doors and containers
        opened are closed, unless somebody else has closed them. What was unlocked stays unlocked.
        """
        with self._deeper():
            while jobs := self._untidy():
                costs, given = self.costs(), len(self.commands)
                near = {e: self._distance(e, costs) for _, e in jobs}
                _, entity = min(jobs, key=lambda j: (j[0], near[j[1]], j[1]))
                if entity in self._kindled:
                    if entity in self.taken:
                        self.fetch(entity)
                    self.reach(entity)
                    self.do(f"extinguish {self.name(entity)}")
                elif entity in self.taken:
                    self._put_back(entity)
                else:
                    shut = [e for _, e in jobs if e not in self.taken and e not in self._kindled]
                    self.close(self._least_in_the_way(shut, entity, near))
                if self._untidy() == jobs and len(self.commands) == given:
                    raise Unsolvable(f"{entity} cannot be put as it was")

    def _untidy(self) -> list[tuple[int, str]]:
        """Return what is to be undone: its turn (lights after what needs them) and its id."""
        things = self.sim.index.things
        back = [t for t in self.taken if t not in self._kept and self.where(t) is not None]
        shut = [e for e in self.opened if e not in self._kept and self.known(e, "open")]
        around = {outer for e in shut for outer in self._holders(e)}
        shut = [e for e in shut if e not in around]
        lights = {t for t in back if things[t].light} | (self._kindled - self._kept)
        jobs = [(2 if t in lights else 0, t) for t in dict.fromkeys((*back, *sorted(lights)))]
        for entity in shut:
            dark = bool(lights) and all(self.is_dark(r) for r in self._rooms_of(entity))
            jobs.append((1 if dark else 3, entity))
        return jobs

    def _put_back(self, thing: str) -> None:
        self.put(thing, self.taken[thing])
        self._kept.discard(thing)
        self.taken.pop(thing, None)

    def _least_in_the_way(self, jobs: list[str], nearest: str, near: dict[str, int]) -> str:
        """Return the nearest opening that is not on the way to the next one."""
        for entity in sorted(jobs, key=lambda e: (near[e], e)):
            rest = [e for e in jobs if e != entity]
            doors: set[str | None] = set()
            for other in rest:
                rooms = self._rooms_of(other)
                if rooms and self.room not in rooms:
                    costs = self.costs()
                    target = min(rooms, key=lambda r: (costs.get(r, FAR * FAR), r))
                    doors |= {way.door for way in self.route(target)}
            if entity not in doors:
                return entity
        return nearest

"""Steps that have to do with people and time: meeting somebody, asking, dealing, waiting.

Where somebody will be is found by a search over rooms and ticks: the simulation is copied and let
run on, as it would while the actor walks and waits, and the first tick is chosen at which the actor
can be where the other one is.
"""

from __future__ import annotations

from environments.tasks.handling import Handler
from environments.tasks.walking import FAR, Unsolvable
from world_fixtures.living import CLOCK, MOST_WAITED

DAYS_AHEAD = 2
"""Days looked ahead for a meeting."""
TRIES = 12
"""Times that a plan is made anew because the world did otherwise."""


class Companion(Handler):
    """Meets people, and does things at their time."""

    @property
    def tick(self) -> int:
        """Ticks since the start of the world."""
        return int(self.sim.get(CLOCK, "tick"))

    @property
    def day(self) -> int:
        """Ticks of a day."""
        living = self.sim.spec.living
        assert living is not None
        return living.day

    def wait(self, ticks: int) -> None:
        """Let ticks pass."""
        while ticks > 0:
            now = min(ticks, MOST_WAITED)
            self.do("wait" if now == 1 else f"wait {now}")
            ticks -= now

    def wait_until(self, tick: int) -> None:
        """Let time pass until a tick since the start of the world; nothing where it is past."""
        self.wait(tick - self.tick)

    def wait_for_hour(self, begins: int, ends: int | None = None) -> None:
        """Let time pass until a tick of the day, or until one before `ends` where it is now."""
        hour = self.tick % self.day
        if not begins <= hour < (begins + 1 if ends is None else ends):
            self.wait((begins - hour) % self.day)

    def _wait_to_open(self, entity: str) -> bool:
        """Let time pass until a door opens by its timetable; False where it has none."""
        living = self.sim.spec.living
        tables = [t for t in living.timetables if t.door == entity] if living else []
        if not tables:
            return False
        period = tables[0].period or self.day
        self.wait((tables[0].opens - self.tick) % period)
        return bool(self.sim.get(entity, "open"))

    def close(self, entity: str) -> None:
        """Close a door or container, unless somebody else has closed it."""
        super().close(entity)
        lives = self.sim.spec.living is not None
        if lives and entity in self.opened and not self.sim.get(entity, "open"):
            self.opened.remove(entity)

    def is_here(self, person: str) -> bool:
        """Tell whether a character is in the actor's room, and can be seen."""
        return not self._scene.is_dark() and person in self.sim.contents(self.room)

    def meet(self, person: str) -> None:
        """Bring about that a character is in the actor's room."""
        for _ in range(TRIES):
            if self.is_here(person):
                return
            self._go_to_meet(person)
        raise Unsolvable(f"{person} cannot be met")

    def _go_to_meet(self, person: str) -> None:
        """Go where a character will be the soonest, and wait there for it."""
        costs, ahead = self.costs(), self.sim.copy()
        for ticks in range(DAYS_AHEAD * self.day):
            room = ahead.get(person, "location")
            if costs.get(room, FAR) <= ticks and not self.is_dark(room):
                break
            ahead.act("wait", self.actor)
        else:
            raise Unsolvable(f"{person} never comes where one can go")
        begun = self.tick
        self.go_to(room)
        self.wait(ticks - (self.tick - begun))

    def ask(self, person: str, topic: str) -> str:
        """Meet somebody and ask about something; returns the observation."""
        return self._with(person, f"ask {self.name(person)} about {topic}")

    def tell(self, person: str, text: str) -> str:
        """Meet somebody and pass something on."""
        return self._with(person, f"tell {self.name(person)} that {text}")

    def pay(self, person: str, coins: int) -> str:
        """Meet somebody and give coins."""
        return self._with(person, f"give {coins} coins to {self.name(person)}")

    def hand(self, thing: str, person: str) -> str:
        """Bring a thing to somebody and hand it over."""
        self.fetch(thing)
        return self._with(person, f"give {self.name(thing)} to {self.name(person)}")

    def show(self, thing: str, person: str) -> str:
        """Bring a thing to somebody and show it."""
        self.fetch(thing)
        return self._with(person, f"show {self.name(thing)} to {self.name(person)}")

    def buy(self, thing: str, person: str) -> str:
        """Meet a seller and buy a thing."""
        return self._with(person, f"buy {self.name(thing)} from {self.name(person)}")

    def sell(self, thing: str, person: str) -> str:
        """Bring a thing to a buyer and sell it."""
        self.fetch(thing)
        return self._with(person, f"sell {self.name(thing)} to {self.name(person)}")

    def trade(self, thing: str, other: str, person: str) -> str:
        """Bring a thing to somebody and exchange it for another one."""
        self.fetch(thing)
        command = f"trade {self.name(thing)} for {self.name(other)} with {self.name(person)}"
        return self._with(person, command)

    def _with(self, person: str, command: str) -> str:
        self.meet(person)
        return self.do(command)

"""What each command of a rollout cost, and what of that could be known.

With V the fewest commands that still reach success (`environments.tasks.value`), a position costs

    cost = min(V, commands left in the budget + 1), and the latter too where success is lost

and the regret of a command is `1 + cost after - cost before`: 0 for a step on a shortest way. So
the regrets of a rollout sum to

    commands used - optimum             where it got to where nothing is left to do
    commands used + V at the end - optimum      where it stopped before
    budget + 1 - optimum                where success was lost, at whichever command

That number knows what the agent has not seen. It is therefore split into three parts, with the help
of worlds that agree with all that was observed before the command (`resampled`), in each of which
the same command is given. With S the commands that a searcher needs who holds the same facts
(`credit.searching`), the mean of 1 + S after - S before over these worlds is what the command costs
such a searcher; an honest step of exploration costs it nothing.

    mistake   what was certain already: the least regret in any of these worlds, the task's own
              included, as far as it costs the searcher, too (who reads what has to be known does
              well, though whoever knows all need not read). Where the command made success
              impossible, whatever the budget, all of its regret is mistake.
    search    what the command costs the searcher beyond the mistake, and at least 0
    unknown   the rest: what it cost to find out what could not be known, or, below 0, what good
              fortune spared

They sum to the regret. A decision is `luck` where nothing of it is a mistake, and its order against
the best alternative (costs more, less or the same) is another in more than a tenth of the resampled
worlds. The alternatives are the commands that are best in one of the worlds. Luck teaches nothing:
what a decision is to be blamed for is `blame`, 0 for luck and else mistake + search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from environments.tasks.credit.observed import Played, shown
from environments.tasks.credit.resample import FEW, WORLDS, resampled
from environments.tasks.credit.searching import RUNS, Search
from environments.tasks.model import Task
from environments.tasks.value import Position, Value, value_of
from world_fixtures.protocol import ARRANGE, CONNECT, Event

HOLDS = 0.9
"""Share of the resampled worlds in which an order has to hold."""
ENDLESS = 100_000
"""A budget that never runs out: what is lost under it is lost for another reason."""

ValueOf = Callable[[Position], Value]


@dataclass(frozen=True)
class Regret:
    """What one command cost, or one beginning of a stage: leaving too early costs, too."""

    seq: int
    """Of the event."""
    stage: int
    """0-based."""
    command: str
    """Empty for the beginning of a stage."""
    before: Value
    after: Value
    """Whatever the budget; None commands: lost."""
    regret: float
    """In commands; mistake + search + unknown."""
    mistake: float
    search: float
    unknown: float
    luck: bool
    worlds: int
    """Worlds resampled that agree with what was known. With few, unless all was seen, the parts are
    not told apart well: see `told`."""

    @property
    def lost(self) -> bool:
        """Tell whether this is the command that made success impossible, whatever the budget."""
        return self.before.commands is not None and self.after.commands is None

    @property
    def exact(self) -> bool:
        """Tell whether both values are exact; with a bound, a regret may be off or negative."""
        return self.before.exact and self.after.exact

    @property
    def told(self) -> bool:
        """Tell whether there were enough worlds to tell mistakes from bad luck."""
        return self.worlds >= FEW

    @property
    def blame(self) -> float:
        """Return what there is to learn from it, in commands: 0 for luck."""
        return 0.0 if self.luck else self.mistake + self.search


def regrets(
    task: Task,
    played: Played,
    *,
    worlds: int = WORLDS,
    searches: int = RUNS,
    since: int = 0,
    value: ValueOf = value_of,
) -> tuple[Regret, ...]:
    """Return the regret of each of the agent's commands, in order, and of each later stage's start.

    `worlds` are resampled before each command, and `searches` played in each of them before and
    after it, by seeds that follow from the task's id and the command's place. Others' commands
    change the world and have no regret. What they and earlier stages showed counts as known.

    Events whose `seq` is below `since` get no regret, which saves most of the time where only a
    rollout's last commands are asked for. Which worlds are drawn depends on where the regrets
    begin, so the parts may differ from those of the whole rollout within their error.
    """
    return tuple(_Accounts(task, played, worlds, searches, value).regrets(since))


@dataclass
class _Step:
    """What a command does in one world."""

    event: Event
    value: Value


class _World:
    """One world that agrees with what was shown, at the position before a command."""

    def __init__(self, accounts: _Accounts, task: Task, name: str) -> None:
        self._accounts = accounts
        self._endless = task.model_copy(update={"budget": ENDLESS})
        self._search = Search(task)
        self._name = name
        self.searched: float | None = None
        self.stand([])

    def stand(self, played: Played) -> None:
        """Take the position after what was played."""
        self._played = [list(events) for events in played]
        self._position = Position.of(self._endless, self._played)
        self._steps: dict[str, _Step] = {}
        self.value = self._accounts.value(self._position)

    def step(self, command: str, like: Event) -> _Step:
        """Return what a command, given in the place of the event `like`, does here."""
        if command not in self._steps:
            outcome = self._position.simulation.act(command, like.actor)
            new = {
                name: getattr(outcome, name)
                for name in ("verb", "args", "objects", "text", "kind", "changes", "reveals")
            }
            event = like.model_copy(update={**new, "raw": command})
            self._steps[command] = _Step(event, self._accounts.value(self._position.after(event)))
        return self._steps[command]

    def searching(self, event: Event | None = None) -> float:
        """Return the commands that a searcher needs from here, or after the event."""
        played = self._played if event is None else [*self._played[:-1], [*self._played[-1], event]]
        return self._search.expected(played, self._name, self._accounts.searches)


class _Accounts:
    """The regrets of one rollout in the making."""

    def __init__(
        self, task: Task, played: Played, worlds: int, searches: int, value: ValueOf
    ) -> None:
        self.task = task
        self.played = played
        self.count = worlds
        self.searches = searches
        self.value = value
        self._spent = 0
        self._own = _World(self, task, task.id)
        self._others: list[_World] = []
        self._all_drawn = False

    def regrets(self, since: int = 0) -> Iterator[Regret]:
        """Yield the regrets of the events from number `since` on, in order."""
        so_far: list[list[Event]] = []
        passed = False
        for stage, events in enumerate(self.played):
            so_far.append([])
            for event in events:
                command = event.actor == self.task.spec.agent.id
                command = command and event.verb not in (CONNECT, ARRANGE)
                if event.seq < since:
                    passed = True
                    self._spent += command
                    so_far[-1].append(event)
                    continue
                if passed:
                    passed = False
                    self._stand(so_far if so_far[-1] else so_far[:-1])
                if command:
                    yield self._of_command(so_far, event)
                    so_far[-1].append(event)
                    continue
                before = self._own.value
                so_far[-1].append(event)
                self._stand(so_far)
                if stage and len(so_far[-1]) == 1:
                    yield self._of_beginning(event, stage, before)

    def _stand(self, so_far: list[list[Event]]) -> None:
        """Go on to the position after what was played, with the worlds that agree with it."""
        self._own.stand(so_far)
        self._others.clear()

    def _cost(self, value: Value, spent: int) -> int:
        most = self.task.budget - spent + 1
        return most if value.commands is None else min(value.commands, most)

    def _regret(self, before: Value, after: Value, commands: int = 1) -> int:
        later = self._cost(after, self._spent + commands)
        return commands + later - self._cost(before, self._spent)

    def _of_beginning(self, event: Event, stage: int, before: Value) -> Regret:
        after = self._own.value
        regret = float(self._regret(before, after, commands=0))
        return Regret(event.seq, stage, "", before, after, regret, regret, 0.0, 0.0, False, 0)

    def _of_command(self, so_far: list[list[Event]], event: Event) -> Regret:
        own, stage = self._own, len(so_far) - 1
        before, after = own.value, own.step(event.raw, event).value
        regret = self._regret(before, after)
        mistake, search, luck, count = 0.0, 0.0, False, 0
        if before.commands is None or before.commands > self.task.budget - self._spent:
            self._others.clear()
        elif after.commands is None:
            mistake = float(regret)
            self._others.clear()
        else:
            self._draw(so_far)
            count = len(self._others)
            certain = min(self._regret_in(w, event) for w in (own, *self._others))
            excess = max(0.0, self._excess(event))
            mistake = min(max(0.0, certain), excess)
            search = excess - mistake
            luck = mistake == 0 and not self._order_holds(event)
        self._spent += 1
        self._go_on(so_far, event)
        unknown = regret - mistake - search
        return Regret(
            event.seq, stage, event.raw, before, after, float(regret), mistake, search, unknown,
            luck, count,
        )  # fmt: skip

    def _draw(self, so_far: list[list[Event]]) -> None:
        """Fill up the worlds that agree with what was shown."""
        missing = self.count - len(self._others)
        if missing <= 0 or self._all_drawn:
            return
        key = f"{self.task.id}/{self._spent}"
        for n, task in enumerate(resampled(self.task, so_far, key, missing)):
            world = _World(self, task, f"{key}/{n}")
            world.stand(so_far)
            self._others.append(world)
        # what agrees with more agrees with less: where nothing is found, nothing will be
        self._all_drawn = not self._others

    def _go_on(self, so_far: list[list[Event]], event: Event) -> None:
        """Take the position after the command, in the worlds where it shows the same."""
        played = [*so_far[:-1], [*so_far[-1], event]]
        real = shown(event)
        self._others = [w for w in self._others if shown(w.step(event.raw, event).event) == real]
        for world in (self._own, *self._others):
            world.stand(played)

    def _regret_in(self, world: _World, event: Event) -> int:
        return self._regret(world.value, world.step(event.raw, event).value)

    def _excess(self, event: Event) -> float:
        """Return what the command costs a searcher on average, beyond what it would do itself."""
        excess = 0.0
        worlds = (self._own, *self._others)
        for world in worlds:
            before = world.searching() if world.searched is None else world.searched
            world.searched = world.searching(world.step(event.raw, event).event)
            excess += 1 + world.searched - before
        return excess / len(worlds)

    def _order_holds(self, event: Event) -> bool:
        """Tell whether the command compares with the best alternative in most worlds as here."""
        own = self._own
        real = own.step(event.raw, event).event
        plans = [plan[0][0] for w in (own, *self._others) if (plan := _left(w.value))]
        options = [c for c in dict.fromkeys(plans) if not _alike(own.step(c, event).event, real)]
        if not options or not self._others:
            return True
        best = min(options, key=lambda c: self._order(own, c, event))
        here = self._order(own, event.raw, event) - self._order(own, best, event)
        same = 0
        for world in self._others:
            there = self._order(world, event.raw, event) - self._order(world, best, event)
            same += (there > 0) - (there < 0) == (here > 0) - (here < 0)
        return same >= HOLDS * len(self._others)

    def _order(self, world: _World, command: str, like: Event) -> int:
        return self._cost(world.step(command, like).value, self._spent + 1)


def _left(value: Value) -> list[tuple[str, ...]]:
    """Return the plan's commands by stage, from the first stage that has any."""
    return [commands for commands in value.plan if commands]


def _alike(one: Event, other: Event) -> bool:
    """Tell whether two commands do and show the same."""
    return shown(one) == shown(other)

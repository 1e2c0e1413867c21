"""How often random moves do a task: a walker without a map, which acts on what it sees."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from environments.tasks.actor import Unsolvable
from environments.tasks.families.common import BuildContext, Kind, Question
from world_fixtures.spec import WorldSpec
from world_fixtures.state import initial_state

RUNS: Final = 40
SEARCHES: Final = 2
"""Searches that the commands a walker is given are estimated from."""
LEAST: Final = 2
MOST: Final = 5
"""A budget is mostly between so many times the walkthrough."""
MARGIN: Final = 1.5
"""A budget is about so many times the costlier of these searches."""
LUCKY: Final = 0.05
"""Share of the runs that may do what is asked, for a question to be kept."""

LUCKY_ERRAND: Final = 0.2
"""The same where things are carried: small worlds allow no less."""

Legs = Sequence[Sequence[str]]
"""Rooms to come to; those of a leg in their order, those of different legs in any order."""


class Walker:
    """Walks by random open exits; it opens doors that are not locked."""

    def __init__(self, spec: WorldSpec) -> None:
        doors = {d.id: d for d in spec.doors}
        self.start = spec.agent.location
        self._closed = frozenset(d.id for d in spec.doors if not d.open)
        self._ways: dict[str, list[tuple[str, str | None]]] = {r.id: [] for r in spec.rooms}
        for way in spec.exits:
            if not way.hidden and not (way.door and doors[way.door].locked):
                self._ways[way.source].append((way.target, way.door))

    def succeeds(
        self, phases: Sequence[Legs], commands: int, rng: random.Random, acts: int = 0
    ) -> bool:
        """Walk until all legs of one phase after the other are done; False if it takes too long.

        At each room of a leg it gives `acts` commands.
        """
        room, closed = self.start, set(self._closed)
        ways, draw = self._ways, rng.getrandbits
        for legs in phases:
            left = [list(leg) for leg in legs]
            wanted = {room}
            while True:
                if room in wanted:
                    for leg in left:
                        while leg and leg[0] == room:
                            del leg[0]
                            commands -= acts
                    left = [leg for leg in left if leg]
                    if not left:
                        break
                    wanted = {leg[0] for leg in left}
                here = ways[room]
                number = len(here)
                if commands <= 0 or not number:
                    return False
                # `rng.choice(here)`, the same numbers without its calls: most of the time is here
                bits = number.bit_length()
                drawn = draw(bits)
                while drawn >= number:
                    drawn = draw(bits)
                room, door = here[drawn]
                commands -= 1
                if door in closed:
                    closed.remove(door)
                    commands -= 1
        return commands >= 0

    def share(
        self, phases: Sequence[Legs], commands: int, rng: random.Random, acts: int = 0
    ) -> float:
        """Return the share of runs that succeed."""
        return sum(self.succeeds(phases, commands, rng, acts) for _ in range(RUNS)) / RUNS


def falls_to_walking(
    kind: Kind,
    context: BuildContext,
    question: Question,
    phases: Sequence[Legs],
    *,
    plan: int | None = None,
    acts: int = 0,
) -> bool:
    """Tell whether random moves, as many as the budget allows, do what is asked too often.

    The budget is estimated: from the commands of the walkthrough (`plan`, if they are known), and
    from searches where that does not decide.
    """
    walker, rng = Walker(context.spec), context.rng
    lucky = LUCKY_ERRAND if acts else LUCKY
    if plan is None:
        plan = kind.plan(context, question).commands
    if walker.share(phases, LEAST * plan, rng, acts) > lucky:
        return True
    if walker.share(phases, MOST * plan, rng, acts) <= lucky:
        return False
    key = rng.random()
    costs: list[int] = []
    for n in range(SEARCHES):
        try:
            costs.append(kind.plan(context.searching(f"{key}/{n}"), question).commands)
        except Unsolvable:
            return True  # whoever does not know the map fails at it
    return walker.share(phases, round(MARGIN * max(costs)) + 3, rng, acts) > lucky


def room_of(spec: WorldSpec, entity: str) -> str:
    """Return the room that an entity is in at the start; Unsolvable where it is in none."""
    known = {r.id for r in spec.rooms}
    room = entity if entity in known else initial_state(spec).room(entity)
    if room is None:
        raise Unsolvable(f"{entity} is not in play")
    return room

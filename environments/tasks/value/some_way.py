"""A way to success without a search: what is left is done with the planner, one after the other."""

from __future__ import annotations

from environments.tasks.actor import Unsolvable
from environments.tasks.model import Did, Holds, Inscribed, Located, Visited
from environments.tasks.planner import Planner
from environments.tasks.value.needs import StageNeeds, needs_of
from environments.tasks.value.position import Position


def some_way(position: Position) -> tuple[tuple[str, ...], ...] | None:
    """Return commands by remaining stage that reach success; None where the planner finds none."""
    plan = []
    while True:
        try:
            commands = tuple(_stage_done(position))
        except (Unsolvable, KeyError):
            return None
        for command in commands:
            position = position.acted(command)
        plan.append(commands)
        if position.stage + 1 == len(position.task.stages):
            return tuple(plan) if position.succeeds else None
        position = position.next_stage()


def _stage_done(position: Position) -> list[str]:
    """Return commands that do what the stage asks for and put everything else back."""
    planner = _planner(position)
    index, needs = planner.sim.index, needs_of(position.task).stages[position.stage]
    _inform(planner, position, needs)
    last: str | None = None
    for c in needs.conditions:
        match c:
            case Located() if c.entity == planner.actor:
                last = c.place
            case Located():
                planner.keep(c.entity)
                if planner.where(c.entity) != c.place:
                    planner.put(c.entity, c.place)
            case Holds() if c.value:
                planner.keep(c.entity)
                planner.open(c.entity)
            case Inscribed():
                planner.write(c.text, c.entity)
            case Did():
                if c.verb == "combine":
                    planner.combine(c.entity)
                else:
                    planner.reach(c.entity)
                    planner.do(f"{c.verb.replace('_', ' ')} {index.name(c.entity).lower()}")
    for c in needs.conditions:
        if isinstance(c, Holds) and not c.value:
            planner.close(c.entity)
    planner.tidy()
    for c in needs.conditions:
        if isinstance(c, Visited):
            for room in c.rooms:
                planner.go_to(room)
    if last is not None:
        planner.go_to(last)
    return planner.commands


def _planner(position: Position) -> Planner:
    """Return a planner that knows what is out of place."""
    planner = Planner(position.simulation)
    planner.limit = 400
    for entity in sorted(position.out_of_place()):
        was = position.at_start(entity, "location")
        if was is not None and position.get(entity, "location") not in (None, was):
            planner.taken[entity] = was
        if position.get(entity, "open") and not position.at_start(entity, "open"):
            planner.opened.append(entity)
    return planner


def _inform(planner: Planner, position: Position, needs: StageNeeds) -> None:
    """Bring about that the evidence is revealed."""
    index = planner.sim.index
    for entity, fact, value in needs.evidence:
        if position.knows(entity, fact, value):
            continue
        if entity in index.rooms and fact in ("desc", "contents", "exits"):
            if planner.room == entity:
                planner.do("look")
            planner.go_to(entity)
        elif entity in index.things and fact == "contents":
            planner.look_in(entity)
        elif entity in index.things and fact in ("text", "inscriptions"):
            planner.read(entity)
        elif fact == "desc":
            planner.examine(entity)
        else:
            sources = [
                t.id for t in index.things.values()
                if any((f.entity, f.field) == (entity, fact) for f in t.tells)
            ]  # fmt: skip
            if not sources:
                raise Unsolvable(f"nothing tells {fact} of {entity}")
            costs = planner.costs()
            planner.read(min(sources, key=lambda t: costs.get(planner.room_of(t) or "", 10**6)))

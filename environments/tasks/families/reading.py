"""Finding out what texts tell, for an actor that knows where they are or one that does not."""

from __future__ import annotations

from collections.abc import Iterable

from environments.tasks.actor import FAR, Actor
from environments.tasks.families.common import BuildContext, TaskDraft
from environments.tasks.families.references import Told
from environments.tasks.model import Answered, Evidence, Located
from world_fixtures.facts import Fact
from world_fixtures.rules import Scene, Simulation
from world_fixtures.spec import OPPOSITE

LUCK = 0.05
"""How likely random exits may do an errand."""


class Reader:
    """Reads until it knows what it needs, and never the same text twice."""

    def __init__(self, context: BuildContext, actor: Actor, told: Told) -> None:
        self._searches = context.search is not None
        self._actor = actor
        self._told = told
        self._texts = [t for t in told.spec.things if t.text is not None]
        self._read: set[str] = set()

    def learn(self, facts: Iterable[Fact], source_named: bool = False) -> None:
        """Read the texts that tell `facts`, in their order.

        Who knows no map reads every text that is found, the nearest first, until one of them tells
        it; with `source_named` only that one.
        """
        for fact in facts:
            sources = self._told.sources[fact]
            while self._read.isdisjoint(sources):
                self._read_next(sources, self._searches and not source_named)

    def _read_next(self, sources: list[str], all_texts: bool) -> None:
        left = [t.id for t in self._texts if t.id not in self._read]
        known = [t for t in (left if all_texts else sources) if self._actor.where(t) is not None]
        if not known:
            self._actor.find(sources[0])
            return
        costs = self._actor.costs()

        def far(thing: str) -> int:
            room = self._actor.room_of(thing)
            return FAR * FAR if room is None else costs.get(room, FAR * FAR)

        nearest = min(known, key=far)
        self._read.add(nearest)
        self._actor.read(nearest)


def proof(field: str, facts: Iterable[Fact]) -> list[Evidence]:
    """Return the evidence that an answer field rests on these told facts."""
    return [Evidence(field=field, entity=f.entity, fact=f.field, value=f.value) for f in facts]


def expects(field: str, fact: Fact) -> Answered:
    """Return the condition that a field is answered with a fact's value."""
    match = "number" if isinstance(fact.value, int) else "text"
    return Answered(field=field, match=match, expected=(str(fact.value),))


def luck(draft: TaskDraft) -> float:
    """Return about how likely random exits in the place of the moves still do what is asked.

    That is for things that are to be somewhere: the moves count until all are there.
    """
    simulation = Simulation(draft.spec)
    wanted = [
        (goal.condition.entity, goal.condition.place)
        for stage in draft.stages
        for goal in stage.goals
        if isinstance(goal.condition, Located)
    ]
    chance = 1.0
    for step in (step for stage in draft.stages for step in stage.walkthrough):
        if all(simulation.get(entity, "location") == place for entity, place in wanted):
            break
        if step.command in OPPOSITE:
            ways = Scene(simulation.index, simulation, draft.spec.agent.id).exits()
            ways = [w for w in ways if w.door is None or simulation.get(w.door, "open")]
            chance /= max(1, len(ways))
        if step.tool == "command":
            simulation.act(step.command)
    return chance


def temptations(draft: TaskDraft) -> int:
    """Count what could be taken or opened in the rooms of the walkthrough, and need not be."""
    simulation = Simulation(draft.spec)
    agent = draft.spec.agent.id
    found = _in_sight(simulation, agent)
    for stage in draft.stages:
        for step in stage.walkthrough:
            if step.tool == "command" and simulation.act(step.command, agent).verb == "go":
                found |= _in_sight(simulation, agent)
    return len(found.difference(*(stage.unchanged.free for stage in draft.stages)))


def _in_sight(simulation: Simulation, agent: str) -> set[str]:
    """Return what can be taken or opened where the agent is, without opening anything."""
    scene, get = Scene(simulation.index, simulation, agent), simulation.get
    found: set[str] = set()
    if scene.is_dark():
        return found
    places = [scene.room]
    for place in places:
        for thing in scene.things_in(place):
            opens = thing.container and not get(thing.id, "locked") and not get(thing.id, "open")
            if opens or (thing.portable and not thing.heavy):
                found.add(thing.id)
            if thing.surface:
                places.append(thing.id)
    return found

"""What happened in a rollout, from its events alone: states by stage, and what the agent saw.

Nothing here is shared with the verdict: states follow from the recorded changes and not from
snapshots, and what was seen from the texts of observations and not from the facts that events
carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from world_fixtures.protocol import Event
from world_fixtures.spec import Room, Thing, WorldSpec

State = dict[str, dict[str, Any]]
"""Fields by entity id."""
VIEWS = ("connect", "look", "go")
"""Verbs of which the observation may be the view of a room."""
INTO = ("open", "look in", "look", "examine")
"""Verbs that show what a container holds."""
CLOSE = ("read", "examine")
"""Verbs that show what is written on a thing."""
NEVER_COUNT = {"revealed", "locked"}
"""Fields that an agent may leave otherwise: ways it discovered, and what it unlocked."""


@dataclass(frozen=True)
class Sight:
    """Something that can be seen: a room, its exits, what is inside a thing, or a writing."""

    what: str
    """`room`, `exits`, `inside`, `text`, `lines`, or `whereabouts`: the room in which the entity is
    when the stage begins."""
    entity: str
    lines: tuple[str, ...] = ()
    """Of `lines`: all that are to be read."""


class Log:
    """The states at the start and the end of each stage that was begun, and what was seen in it."""

    def __init__(self, spec: WorldSpec, played: Sequence[Sequence[Event]]) -> None:
        """Follow the events of all characters, by stage; arrangements belong to the next stage."""
        self.spec = spec
        self.agent = spec.agent.id
        self.entities = spec.entities
        self.starts: list[State] = []
        self.ends: list[State] = []
        self.ways: list[list[str]] = []
        """Rooms of the agent in their order, by stage."""
        self._views: list[list[tuple[str, str, str]]] = []
        """Room, verb and text of each observation of the agent that may be a view, by stage."""
        self._looks: list[list[tuple[str, tuple[str, ...], str]]] = []
        state = _at_first(spec)
        for events in played:
            self._follow(state, events)

    def _follow(self, state: State, events: Sequence[Event]) -> None:
        way: list[str] = []
        views, looks = [], []
        for event in events:
            own = event.actor == self.agent
            if own and not way:
                self.starts.append(_copy(state))
                way.append(state[self.agent]["location"])
            for change in event.changes:
                state.setdefault(change.entity, {})[change.field] = change.after
                if own and change.entity == self.agent and change.field == "location":
                    way.append(change.after)
            if own and event.kind == "ok":
                verb = str(event.verb)
                views.append((state[self.agent]["location"], verb, event.text))
                looks.append((verb, event.objects, event.text))
        if not way:
            self.starts.append(_copy(state))
        self.ends.append(_copy(state))
        self.ways.append(way)
        self._views.append(views)
        self._looks.append(looks)

    def saw(self, stage: int, sight: Sight) -> bool:
        """Tell whether the agent saw something in a stage, by the texts it was shown."""
        if stage >= len(self.ends):
            return False
        entity = self.entities.get(sight.entity)
        if sight.what == "whereabouts":
            room = self.room(self.starts[stage], sight.entity) or ""
            return self.saw(stage, Sight("room", room))
        if isinstance(entity, Room):
            wanted = (entity.name, entity.desc) if sight.what == "room" else ("",)
            verbs = VIEWS if sight.what == "room" else (*VIEWS, "directions")
            return any(
                room == sight.entity and verb in verbs and all(w in text for w in wanted)
                for room, verb, text in self._views[stage]
            )
        if not isinstance(entity, Thing):
            return False
        if sight.what == "inside":
            return self._looked_into(stage, entity)
        lines = (entity.text or "",) if sight.what == "text" else sight.lines
        return any(
            verb in CLOSE and entity.id in objects and all(line in text for line in lines)
            for verb, objects, text in self._looks[stage]
        )

    def _looked_into(self, stage: int, thing: Thing) -> bool:
        into = any(v in INTO and thing.id in objects for v, objects, _ in self._looks[stage])
        room = self.room(self.starts[stage], thing.id)
        return into or any(
            verb in VIEWS and at == room and f"{thing.name}" in text
            for at, verb, text in self._views[stage]
            if thing.surface or thing.open
        )

    def room(self, state: State, entity: str) -> str | None:
        """Return the room that something is in, through what holds it; None out of play."""
        place = state[entity]["location"]
        while place is not None and not isinstance(self.entities.get(place), Room):
            place = state[place]["location"]
        return str(place) if place is not None else None

    def disturbed(self, stage: int, free: Sequence[str]) -> set[str]:
        """Return what is otherwise at a stage's end than at its start, and may not be."""
        before, after = self.starts[stage], self.ends[stage]
        return {
            entity
            for entity, fields in after.items()
            if fields != before.get(entity)
            and entity != self.agent
            and entity not in free
            and {f for f in fields if fields[f] != before.get(entity, {}).get(f)} - NEVER_COUNT
        }


def _copy(state: State) -> State:
    return {entity: fields.copy() for entity, fields in state.items()}


def _at_first(spec: WorldSpec) -> State:
    state: State = {c.id: {"location": c.location} for c in spec.characters}
    for thing in spec.things:
        lines = list(thing.inscriptions)
        state[thing.id] = {
            "location": thing.location, "open": thing.open, "locked": thing.locked,
            "lit": thing.lit, "inscriptions": lines, "hands": [""] * len(lines),
        }  # fmt: skip
    state |= {d.id: {"open": d.open, "locked": d.locked} for d in spec.doors}
    return state | {f"{e.source}:{e.direction}": {"revealed": False} for e in spec.exits}

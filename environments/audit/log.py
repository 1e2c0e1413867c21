"""What happened in a rollout, from its events alone: states by stage, and what the agent saw.

Nothing here is shared with the verdict: states follow from the recorded changes and not from
snapshots, and what was seen from the texts of observations and not from the facts that events
carry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from world_fixtures.protocol import Change, Event
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
OF_TIME_AND_PEOPLE = {
    "tick", "out_at", "left", "turns_at", "seen", "heard", "shown", "paid", "noticed", "purse",
}  # fmt: skip
"""Fields that may be otherwise, too, where time passes: talk, coins, memories, and the clock."""
CLOCK = ":clock"


@dataclass(frozen=True)
class Sight:
    """Something that can be seen: a room, its exits, what is inside a thing, or a writing."""

    what: str
    """`room`, `exits`, `inside`, `text`, `lines`, or `whereabouts`: the room in which the entity is
    when the stage begins; of a person `says`, or `leaves`: it goes away to the next room."""
    entity: str
    lines: tuple[str, ...] = ()
    """Of `lines`: all that are to be read; of `says`: the words; of `leaves`: the next room."""


@dataclass
class Deed:
    """A command of the agent, or its logging in, and what came of it."""

    verb: str
    done: bool
    """It was carried out."""
    objects: tuple[str, ...]
    args: dict[str, str]
    text: str
    tick: int
    """At which it was given; 0 where no time passes."""
    room: str
    """The agent's room right after it."""
    changes: tuple[Change, ...]
    led: list[str]
    """Rooms to which the agent was led along afterwards."""
    left: list[tuple[str, str]]
    """Who was seen to go, and into which room."""


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
        self.deeds: list[list[Deed]] = []
        """By stage."""
        self.hours: list[list[tuple[int, str]]] = []
        """Each tick with the room in which the agent was then, by stage."""
        self._made: list[list[tuple[int, str, Change]]] = []
        """Each change, with its actor and the tick of the command that it followed from."""
        state = _at_first(spec)
        for events in played:
            self._follow(state, events)

    def _follow(self, state: State, events: Sequence[Event]) -> None:
        way: list[str] = []
        deeds: list[Deed] = []
        hours: list[tuple[int, str]] = []
        made: list[tuple[int, str, Change]] = []
        clock = state.get(CLOCK, {"tick": 0})
        given = clock["tick"]
        for event in events:
            own = event.actor == self.agent
            if own and not way:
                self.starts.append(_copy(state))
                way.append(state[self.agent]["location"])
                hours.append((clock["tick"], way[0]))
                made.clear()
            if event.cause is None:
                given = clock["tick"]
            elif deeds:
                deeds[-1].left += self._seen_to_go(event, state, deeds[-1].text)
            for change in event.changes:
                made.append((given, event.actor, change))
                state.setdefault(change.entity, {})[change.field] = change.after
                if own and change.entity == self.agent and change.field == "location":
                    way.append(change.after)
                    if event.cause is not None:
                        deeds[-1].led.append(change.after)
                        hours.append((clock["tick"], change.after))
            if own and event.cause is None:
                room = state[self.agent]["location"]
                now = clock["tick"]
                hours += [(tick, room) for tick in range(given + (given < now), now + 1)]
                deeds.append(
                    Deed(str(event.verb), event.kind == "ok", event.objects, event.args, event.text,
                         given, room, event.changes, [], [])
                )  # fmt: skip
        if not way:
            self.starts.append(_copy(state))
        self.ends.append(_copy(state))
        self.ways.append(way)
        self.deeds.append(deeds)
        self.hours.append(hours)
        self._made.append(made)

    def _seen_to_go(self, event: Event, state: State, text: str) -> Iterator[tuple[str, str]]:
        """Yield who goes out of the agent's room, where the agent was shown it."""
        name = getattr(self.entities.get(event.actor), "name", "")
        here = state[self.agent]["location"]
        lines = text.splitlines()
        for change in event.changes:
            goes = (change.entity, change.field, change.before) == (event.actor, "location", here)
            if goes and any(line.startswith((f"{name} goes ", f"{name} leaves")) for line in lines):
                yield event.actor, str(change.after)

    def saw(self, stage: int, sight: Sight) -> bool:
        """Tell whether the agent saw something in a stage, by the texts it was shown."""
        return self.first(stage, sight) is not None

    def first(self, stage: int, sight: Sight) -> int | None:
        """Return the number of the deed of a stage that was the first to show something."""
        deeds = self.deeds[stage] if stage < len(self.deeds) else []
        shows = (n for n, deed in enumerate(deeds) if deed.done and self._shows(stage, deed, sight))
        return next(shows, None)

    def _shows(self, stage: int, deed: Deed, sight: Sight) -> bool:
        entity = self.entities.get(sight.entity)
        if sight.what == "whereabouts":
            room = self.room(self.starts[stage], sight.entity) or ""
            return self._shows(stage, deed, Sight("room", room))
        if sight.what == "leaves":
            return (sight.entity, *sight.lines) in deed.left
        if sight.what == "says":
            [words] = sight.lines
            line = f'\n{getattr(entity, "name", "")} says, "{words}"\n'
            return line in f"\n{self._without_prose(deed)}\n"
        if isinstance(entity, Room):
            wanted = (entity.name, entity.desc) if sight.what == "room" else ("",)
            verbs = VIEWS if sight.what == "room" else (*VIEWS, "directions")
            views = [(deed.room, deed.verb), *((room, "go") for room in deed.led)]
            return any(
                room == sight.entity and verb in verbs and all(w in deed.text for w in wanted)
                for room, verb in views
            )
        if not isinstance(entity, Thing):
            return False
        if sight.what == "inside":
            return self._looked_into(stage, deed, entity)
        lines = (entity.text or "",) if sight.what == "text" else sight.lines
        return (
            deed.verb in CLOSE
            and entity.id in deed.objects
            and all(line in deed.text for line in lines)
        )

    def _without_prose(self, deed: Deed) -> str:
        """Return what a deed showed, but for the prose of what was looked at: it may lie."""
        text = deed.text
        for entity in (self.entities.get(i) for i in deed.objects if deed.verb in CLOSE):
            for prose in (getattr(entity, "text", None), getattr(entity, "desc", None)):
                text = text.replace(prose, "") if prose else text
        return text

    def _looked_into(self, stage: int, deed: Deed, thing: Thing) -> bool:
        room = self.room(self.starts[stage], thing.id)
        viewed = room in deed.led or (deed.verb in VIEWS and deed.room == room)
        return (deed.verb in INTO and thing.id in deed.objects) or (
            (thing.surface or thing.open) and viewed and thing.name in deed.text
        )

    def value(self, stage: int, entity: str, field: str, by: int | None = None) -> Any:
        """Return a field at the end of a stage, or without what was done after a tick."""
        if by is None:
            return self.ends[stage].get(entity, {}).get(field)
        value = self.starts[stage].get(entity, {}).get(field)
        for given, _, change in self._made[stage]:
            if given <= by and (change.entity, change.field) == (entity, field):
                value = change.after
        return value

    def room(self, state: State, entity: str) -> str | None:
        """Return the room that something is in, through what holds it; None out of play."""
        place = state[entity]["location"]
        while place is not None and not isinstance(self.entities.get(place), Room):
            place = state[place]["location"]
        return str(place) if place is not None else None

    def disturbed(self, stage: int, free: Sequence[str]) -> set[str]:
        """Return what is otherwise at a stage's end than at its start, and may not be.

        Where others act, too, it is what the agent was the last to change.
        """
        before, after = self.starts[stage], self.ends[stage]
        lives = self.spec.living is not None
        never = NEVER_COUNT | OF_TIME_AND_PEOPLE if lives else NEVER_COUNT
        last = {(c.entity, c.field): actor for _, actor, c in self._made[stage]}
        return {
            entity
            for entity, fields in after.items()
            if entity != self.agent and entity not in free
            for field, value in fields.items()
            if field not in never and value != before.get(entity, {}).get(field)
            if not lives or last.get((entity, field)) == self.agent
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
    if spec.living is not None:
        people = {person.id: person for person in spec.living.people}
        for character in spec.characters:
            owner = people.get(character.id, spec.living)
            state[character.id] |= {"purse": owner.purse, "heard": []}
        for process in spec.living.processes:
            state[process.machine]["done_at"] = None
        state[CLOCK] = {"tick": spec.living.begins}
    return state | {f"{e.source}:{e.direction}": {"revealed": False} for e in spec.exits}

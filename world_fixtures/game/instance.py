"""Live instances: Evennia objects seen as the state of a spec. Knows no database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Protocol

from world_fixtures.common import WorldError
from world_fixtures.facts import Arranged
from world_fixtures.living import CLOCK, PASSES
from world_fixtures.protocol import Change, ErrorCode
from world_fixtures.rules import Outcome, Scene, SpecIndex, perform
from world_fixtures.rules.outcome import arranged
from world_fixtures.rules.passing import absence, consequences, take_time
from world_fixtures.spec import WorldSpec
from world_fixtures.state import Fields, WorldState, entity_digest, initial_state, state_hash

Keys = Collection[tuple[str, str]]
"""Fields, by entity and name."""


class Maker(Protocol):
    """What gives Evennia's objects, each of its row."""

    def object(self, instance: LiveInstance, entity: str) -> Any:
        """Make the object of an entity. Raises KeyError where there is no such entity."""

    def account(self, instance: LiveInstance, character: str) -> Any:
        """Make the account of a character. Raises KeyError where there is no such character."""


class LoadedWorld:
    """What all instances of one spec share."""

    def __init__(self, spec: WorldSpec) -> None:
        self.spec = spec
        self.index = SpecIndex(spec)
        self.initial = initial_state(spec).entities
        self.digests = {e: entity_digest(e, f) for e, f in self.initial.items()}
        self.hash = state_hash(spec.hash, self.digests.items())

    @cached_property
    def placed(self) -> dict[str, list[str]]:
        """What is directly in each place at the start: things, characters, and a room's exits."""
        placed: dict[str, list[str]] = {}
        for exit_ in self.spec.exits:
            placed.setdefault(exit_.source, []).append(exit_.id)
        for thing in self.spec.things:
            if thing.location is not None:
                placed.setdefault(thing.location, []).append(thing.id)
        for character in self.spec.characters:
            placed.setdefault(character.location, []).append(character.id)
        return placed


class Made(dict[str, Any]):
    """Evennia objects, each of which is made when it is first asked for by `[...]`.

    What else a dict does concerns those that were made.
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> Any:
        made = self[name] = self._make(name)
        return made


class LiveInstance:
    """One sealed copy of a world. A `StateReader` for the rules, over Evennia objects.

    An object of Evennia is made of its row when it is needed. What has none yet is as it is in the
    database, and there as at the start: a change makes the object that it changes. Where an object
    is, the object of that place is, too.
    """

    def __init__(
        self,
        id_: str,
        world: LoadedWorld,
        keys: Mapping[str, int],
        accounts: Mapping[str, int],
        make: Maker,
        store: Callable[[LiveInstance, Keys], None],
    ) -> None:
        """Take what is in the database.

        Args:
            id_: of the instance.
            world: what all instances of its spec share.
            keys: primary keys of the objects, by entity.
            accounts: those of the accounts, by character.
            make: gives an object, or an account, of its row.
            store: writes fields to the database; called once for all that a command has led to.
        """
        self.id = id_
        self.world = world
        self.spec = world.spec
        self.keys = keys
        """Primary keys of the objects, by entity."""
        self.account_keys = accounts
        """Primary keys of the accounts, by character."""
        self.objects = Made(partial(make.object, self))
        """By entity id."""
        self.accounts = Made(partial(make.account, self))
        """By character id."""
        self.seq = 0
        """Number of the last event."""
        self.sessions = 0
        """Sessions opened since the last reset; numbers them."""
        self.dirty: set[str] = set()
        """Entities that were changed since the last reset."""
        self.stored: dict[tuple[str, str], int] = {}
        """Primary keys of the Attributes in which fields are stored."""
        self._digests = dict(world.digests)
        self._hash = ""
        """State hash, where it was worked out since a digest has changed."""
        self._store = store
        self._unstored: dict[tuple[str, str], None] = {}
        self._places: dict[str, str | None] | None = None
        """Locations that were read while a command is carried out in a world with time."""
        self._held: dict[str, list[str]] = {}
        """What was found in places meanwhile."""

    def get(self, entity: str, field: str) -> Any:
        """Return the value of a field, None where the entity or the field does not exist."""
        obj = self.objects.get(entity)
        if obj is None:
            fields = self.world.initial.get(entity)
            return None if fields is None else fields.get(field)
        if field != "location":
            return obj.fields.get(field)
        if self._places is None:
            return _place(obj)
        if entity not in self._places:
            self._places[entity] = _place(obj)
        return self._places[entity]

    def contents(self, place: str) -> list[str]:
        """Return the ids of what is directly in a room, thing or character."""
        if place in self._held:
            return self._held[place]
        if place in self.objects:
            found = [o.entity for o in self.objects[place].contents_cache.get() if o.entity]
        else:  # nothing has come here or gone
            found = self.world.placed.get(place, [])
        if self._places is not None:
            self._held[place] = found
        return found

    def inside(self, place: str) -> list[Any]:
        """Return the objects that are directly in a place; what is not there yet is made."""
        pk = self.objects[place].pk
        for entity in self.world.placed.get(place, ()):
            self.objects[entity]  # makes it
        return [o for o in self.objects.values() if o.db_location_id == pk]

    def scene(self, actor: str) -> Scene:
        """Return what the rules see of the world where `actor` is."""
        return Scene(self.world.index, self, actor)

    def perform(self, actor: str, command: str) -> Outcome:
        """Carry out one command of `actor`, changes made and stored."""
        scene = self.scene(actor)
        outcome = perform(scene, command)
        if self.spec.living is not None:
            return self._lived(scene, outcome)
        self._make(outcome)
        self._write()
        if outcome.view_after:
            view = scene.view()
            outcome.text = f"{outcome.text}\n{view}" if outcome.text else view
            outcome.reveals += scene.seen()
        return outcome

    def _lived(self, scene: Scene, outcome: Outcome) -> Outcome:
        """Do what an outcome says in a world with time, and all that follows from it."""
        self._places = {}
        try:
            return self._turn(scene, outcome)
        finally:
            self._places = None
            self._held.clear()

    def _turn(self, scene: Scene, outcome: Outcome) -> Outcome:
        take_time(self.world.index, self, scene.actor, outcome)
        self._make(outcome)
        if outcome.view_after:
            outcome.text = "\n".join(filter(None, (outcome.text, scene.view())))
            outcome.reveals += scene.seen()
        self._go_on(scene.actor, outcome)
        return outcome

    def _go_on(self, actor: str, outcome: Outcome) -> None:
        """Have happen what follows from an outcome that was made, and store all of it."""
        for happening in consequences(self.world.index, self, actor, outcome):
            self._make(happening.outcome)
            outcome.after.append(happening)
        self._write()

    def _write(self) -> None:
        """Store what was changed in memory."""
        unstored, self._unstored = self._unstored, {}
        if unstored:
            self._store(self, unstored)

    def _make(self, outcome: Outcome) -> None:
        """Make changes in memory alone, and note the state hash after them."""
        for change in outcome.changes:
            obj = self.objects[change.entity]
            if change.field == "location":
                obj.put(None if change.after is None else self.objects[change.after])
                if self._places is not None:
                    self._places[change.entity] = change.after
                    self._held.pop(change.before, None)
                    self._held.pop(change.after, None)
            else:
                obj.fields[change.field] = own(change.after)
            self._unstored[change.entity, change.field] = None
        self.dirty.update(change.entity for change in outcome.changes)
        for entity in dict.fromkeys(c.entity for c in outcome.changes):
            if entity in self.world.initial:
                self._digest(entity)
        outcome.state_hash = self.hash

    def arrange(self, changes: Sequence[Arranged]) -> Outcome:
        """Set fields by no character's command. Raises WorldError where one cannot be set.

        Of CLOCK only PASSES can be set: so many ticks pass once the other fields are.
        """
        passing = self._ticks(changes)
        changes = [change for change in changes if change.field != PASSES]
        self.check(changes)
        made = self._arranged(changes)
        if self.spec.living is not None:
            return self._passed(made, passing)
        self._write()
        return arranged(made)

    def _arranged(self, changes: Sequence[Arranged]) -> list[Change]:
        """Set fields in memory, one after the other; returns what that has changed."""
        made: list[Change] = []
        for entity, field, value in changes:
            change = Change(entity=entity, field=field, before=self.get(entity, field), after=value)
            self._make(arranged([change]))
            made.append(change)
        return made

    def _ticks(self, changes: Sequence[Arranged]) -> int:
        """Return the ticks that are to pass, 0 for none. Raises WorldError where they cannot."""
        found = [change for change in changes if change.entity == CLOCK]
        for entity, field, value in found:
            if self.spec.living is None:
                raise _refused(entity, field, "no time passes in this world")
            if field != PASSES:
                raise _refused(entity, field, f"{PASSES!r} is, with a number of ticks")
            if type(value) is not int:
                raise _refused(entity, field, "a number of ticks is needed")
        passing: int = sum(change.value for change in found)
        if found:
            try:
                absence(self.world.index, self, passing)
            except ValueError as error:
                raise _refused(CLOCK, PASSES, str(error)) from None
        return passing

    def _passed(self, made: list[Change], passing: int) -> Outcome:
        """Let ticks pass after changes that were made in memory."""
        if passing:
            later = absence(self.world.index, self, passing)
            self._make(later)
            made += later.changes
        outcome = arranged(made)
        outcome.state_hash = self.hash
        self._go_on("", outcome)
        return outcome

    def check(self, changes: Sequence[Arranged]) -> None:
        """Raise WorldError where one of these fields cannot be set after those before it."""
        places: dict[str, Any] = {}
        for entity, field, value in changes:
            self._check_field(entity, field, value, places)
            if field == "location":
                places[entity] = value
        self._check_hands(changes)

    def _check_field(self, entity: str, field: str, value: Any, places: dict[str, Any]) -> None:
        """Refuse what the rules could not have made; `places` are locations that come first."""
        known = self.world.initial.get(entity)
        problem = ""
        if known is None or field not in known:
            problem = "there is no such field"
        elif field == "location":
            problem = self._misplaced(entity, value, places)
        elif field in ("inscriptions", "hands"):
            problem = "" if _are_texts(value) else "a list of texts is needed"
        elif field in _LIVING:
            needed, holds = _LIVING[field]
            problem = "" if holds(value) else f"{needed} is needed"
            if field == "seen" and not problem:
                problem = self._unknown_rooms(value)
        elif not isinstance(value, bool):
            problem = "true or false is needed"
        if problem:
            raise _refused(entity, field, problem)

    def _unknown_rooms(self, seen: dict[str, str]) -> str:
        """Tell where nobody can have seen anything; an empty text is for what was missed."""
        wrong = next((r for r in seen.values() if r and r not in self.world.index.rooms), None)
        return "" if wrong is None else f"there is no room {wrong[:60]!r}"

    def _check_hands(self, changes: Sequence[Arranged]) -> None:
        """Refuse lines of which it is not known who wrote each."""
        last = {(entity, field): value for entity, field, value in changes}
        for entity in {e for e, field in last if field in ("inscriptions", "hands")}:
            lines, hands = (
                last.get((entity, field), self.get(entity, field))
                for field in ("inscriptions", "hands")
            )
            if len(lines) != len(hands):
                raise _refused(entity, "hands", f"{len(lines)} lines need as many")

    def _misplaced(self, entity: str, place: Any, places: dict[str, Any]) -> str:
        """Tell why an entity cannot be put at `place`; empty where it can."""
        index = self.world.index
        if entity in index.characters:
            room = isinstance(place, str) and place in index.rooms
            return "" if room else "a character is in a room"
        if place is not None and not isinstance(place, str):
            return "there is no such place"
        if place is None or place in index.rooms or place in index.characters:
            return ""
        holder = index.things.get(place)
        if holder is None or not (holder.container or holder.surface):
            return "there is no such place"
        at: str | None = place
        while at in index.things:
            if at == entity:
                return "it would be in itself"
            at = places[at] if at in places else self.get(at, "location")
        return ""

    def _fields(self, entity: str) -> Fields:
        return {field: self.get(entity, field) for field in self.world.initial[entity]}

    def _digest(self, entity: str) -> None:
        self._digests[entity] = entity_digest(entity, self._fields(entity))
        self._hash = ""

    @property
    def hash(self) -> str:
        """State hash, from the digests of the entities."""
        if not self.dirty:
            return self.world.hash
        if not self._hash:
            self._hash = state_hash(self.spec.hash, self._digests.items())
        return self._hash

    def state(self) -> WorldState:
        """Take a snapshot from the Evennia objects, not from any cache."""
        entities = {entity: self._fields(entity) for entity in self.world.initial}
        return WorldState(spec_hash=self.spec.hash, entities=entities)

    def changed(self) -> dict[str, Fields]:
        """Return the fields of the entities that play has touched."""
        return {entity: self._fields(entity) for entity in sorted(self.dirty)}

    def find_changed(self) -> None:
        """Find out what differs from the start, where the objects were read from the database."""
        self.dirty.clear()
        self._digests = dict(self.world.digests)
        self._hash = ""
        for entity, initial in self.world.initial.items():
            if self._fields(entity) != initial:
                self.dirty.add(entity)
                self._digest(entity)

    def changes_back(self) -> list[Change]:
        """Return the changes that lead back to the initial state."""
        changes = []
        for entity in sorted(self.dirty):
            for field, value in self.world.initial[entity].items():
                before = self.get(entity, field)
                if before != value:
                    changes.append(
                        Change(entity=entity, field=field, before=before, after=own(value))
                    )
        return changes

    def take_note(self, entities: Iterable[str]) -> None:
        """Work out what follows from entities whose fields were set from outside."""
        for entity in entities:
            self._digest(entity)
            if self._digests[entity] == self.world.digests[entity]:
                self.dirty.discard(entity)
            else:
                self.dirty.add(entity)

    def begin_again(self) -> None:
        """Count from the start, once the changes back were made. Raises WorldError if not."""
        self.take_note(list(self.dirty))
        if self.dirty:
            problem = f"{self.id}: {min(self.dirty)} could not be rewound"
            raise WorldError(ErrorCode.INTERNAL, problem)
        self.seq = 0
        self.sessions = 0


def _place(obj: Any) -> str | None:
    """Return the id of what an object is in, as Evennia has it."""
    place = obj.db_location
    return None if place is None else place.entity


def own(value: Any) -> Any:
    """Return the value of a field as plain data that nobody else holds.

    Evennia gives back lists and dicts that write to the database when they are changed.
    """
    if isinstance(value, Mapping):
        return {str(key): own(held) for key, held in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [own(held) for held in value]
    return value


def _is_number(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_due(value: Any) -> bool:
    return value is None or _is_number(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(line, str) for line in value)


def _are_pairs(value: Any) -> bool:
    return isinstance(value, list) and all(_are_texts(pair) and len(pair) == 2 for pair in value)


def _are_places(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(place, str) for place in value.values())


def _are_sums(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(coins) for coins in value.values())


_LIVING: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "tick": ("a number", _is_number),
    "purse": ("a number", _is_number),
    "left": ("a number", _is_number),
    "out_at": ("a number or null", _is_due),
    "turns_at": ("a number or null", _is_due),
    "done_at": ("a number or null", _is_due),
    "noticed": ("a list of texts", _are_texts),
    "heard": ("a list of pairs of texts", _are_pairs),
    "shown": ("a list of pairs of texts", _are_pairs),
    "seen": ("an object with texts", _are_places),
    "paid": ("an object with numbers", _are_sums),
}
"""Of the fields of time and people: what they hold, and whether a value is one."""


def _refused(entity: str, field: str, problem: str) -> WorldError:
    told = f"{str(entity)[:60]}.{str(field)[:40]} cannot be arranged: {problem}"
    return WorldError(ErrorCode.BAD_REQUEST, told)

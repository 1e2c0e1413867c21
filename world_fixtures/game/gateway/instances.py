"""Live instances: Evennia objects seen as the state of a spec."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from django.db import transaction

from world_fixtures.common import WorldError
from world_fixtures.game.gateway.models import EventRow, InstanceRow, SpecRow
from world_fixtures.protocol import Change, ErrorCode
from world_fixtures.rules import Outcome, Scene, SpecIndex, perform
from world_fixtures.spec import WorldSpec
from world_fixtures.state import Fields, WorldState, entity_digest, initial_state, state_hash

MAX_IDLE = 256
"""Played and rewound instances kept for the next rollout of their world."""


class World:
    """What all instances of one spec share."""

    def __init__(self, spec: WorldSpec) -> None:
        self.spec = spec
        self.index = SpecIndex(spec)
        self.initial = initial_state(spec).entities
        self.digests = {e: entity_digest(e, f) for e, f in self.initial.items()}
        self.hash = state_hash(spec.hash, self.digests.items())


class Instance:
    """One sealed copy of a world. A `StateReader` for the rules, over Evennia objects."""

    def __init__(
        self, id_: str, world: World, objects: dict[str, Any], accounts: dict[str, Any]
    ) -> None:
        self.id = id_
        self.world = world
        self.spec = world.spec
        self.objects = objects
        self.accounts = accounts
        self.seq = 0
        self.sessions = 0
        """Sessions opened since the last reset; numbers them."""
        self.dirty: set[str] = set()
        """Entities that were changed since the last reset."""
        self._digests = dict(world.digests)
        for entity, obj in objects.items():
            obj.instance, obj.entity = self, entity
        for character, account in accounts.items():
            account.character = objects[character]

    def get(self, entity: str, field: str) -> Any:
        obj = self.objects.get(entity)
        if obj is None:
            return None
        if field == "location":
            place = obj.db_location
            return None if place is None else place.entity
        return obj.fields.get(field)

    def contents(self, place: str) -> list[str]:
        return [o.entity for o in self.objects[place].contents_cache.get() if o.entity]

    def scene(self, actor: str) -> Scene:
        return Scene(self.world.index, self, actor)

    def perform(self, actor: str, command: str) -> Outcome:
        """Carry out one command of `actor`, changes made and stored."""
        scene = self.scene(actor)
        outcome = perform(scene, command)
        for change in outcome.changes:
            self._set(change.entity, change.field, change.after)
        if outcome.view_after:
            view = scene.view()
            outcome.text = f"{outcome.text}\n{view}" if outcome.text else view
        return outcome

    def _set(self, entity: str, field: str, value: Any) -> None:
        obj = self.objects[entity]
        if field == "location":
            obj.location = None if value is None else self.objects[value]
        else:
            obj.set_field(field, value)
        self.dirty.add(entity)
        if entity in self.world.initial:
            self._digests[entity] = entity_digest(entity, self._fields(entity))

    def _fields(self, entity: str) -> Fields:
        return {field: self.get(entity, field) for field in self.world.initial[entity]}

    @property
    def hash(self) -> str:
        """State hash, from the digests of the entities."""
        if not self.dirty:
            return self.world.hash
        return state_hash(self.spec.hash, self._digests.items())

    def state(self) -> WorldState:
        """Snapshot read from the Evennia objects, not from any cache."""
        entities = {entity: self._fields(entity) for entity in self.world.initial}
        return WorldState(spec_hash=self.spec.hash, entities=entities)

    def changed(self) -> dict[str, Fields]:
        """Fields of the entities that play has touched."""
        return {entity: self._fields(entity) for entity in sorted(self.dirty)}

    def mark_dirty(self) -> None:
        """After loading from the database: find out what differs from the start."""
        for entity, initial in self.world.initial.items():
            fields = self._fields(entity)
            if fields != initial:
                self.dirty.add(entity)
                self._digests[entity] = entity_digest(entity, fields)

    def rewind(self) -> list[Change]:
        """Put back every changed field; returns what was put back."""
        from world_fixtures.game.gateway import rows

        changes = []
        for entity in sorted(self.dirty):
            for field, value in self.world.initial[entity].items():
                before = self.get(entity, field)
                if before != value:
                    after = list(value) if isinstance(value, list) else value
                    changes.append(Change(entity=entity, field=field, before=before, after=after))
        rows.rewind(self, changes)
        for entity in self.dirty:
            if entity_digest(entity, self._fields(entity)) != self.world.digests[entity]:
                raise WorldError(ErrorCode.INTERNAL, f"{self.id}: {entity} could not be rewound")
        self.dirty.clear()
        self._digests = dict(self.world.digests)
        self.seq = 0
        self.sessions = 0
        return changes


class Registry:
    """All instances of this server: in use, idle, or still on disk after a restart."""

    def __init__(self) -> None:
        self.worlds: dict[str, World] = {}
        self.live: dict[str, Instance] = {}
        self.idle: OrderedDict[str, Instance] = OrderedDict()
        self._shelf: dict[str, str] | None = None
        self._last = 0

    @property
    def shelf(self) -> dict[str, str]:
        """Idle instances from before a restart that are not loaded: id -> hash of the spec."""
        if self._shelf is None:
            rows = InstanceRow.objects.filter(idle=True).values_list("id", "spec_id")
            self._shelf = {id_: spec for id_, spec in rows if id_ not in self.idle}
        return self._shelf

    def world(self, spec: WorldSpec) -> World:
        """The shared part of a spec; the spec is stored on first use."""
        if spec.hash not in self.worlds:
            SpecRow.objects.get_or_create(hash=spec.hash, defaults={"body": spec.model_dump_json()})
            self.worlds[spec.hash] = World(spec)
        return self.worlds[spec.hash]

    def create(self, spec: WorldSpec) -> Instance:
        """An instance in the initial state: an idle one of this world, or a new one."""
        instance = self._reused(spec.hash)
        if instance is None:
            from world_fixtures.game.gateway.rows import spawn

            with transaction.atomic():
                instance = spawn(self._next_id(), self.world(spec))
        self.live[instance.id] = instance
        return instance

    def _reused(self, spec_hash: str) -> Instance | None:
        instance = next((i for i in self.idle.values() if i.spec.hash == spec_hash), None)
        if instance is not None:
            del self.idle[instance.id]
        else:
            id_ = next((i for i, spec in self.shelf.items() if spec == spec_hash), None)
            instance = None if id_ is None else self._unshelve(id_)
        if instance is not None:
            InstanceRow.objects.filter(id=instance.id).update(idle=False)
        return instance

    def _unshelve(self, id_: str) -> Instance:
        del self.shelf[id_]
        return self._load(InstanceRow.objects.select_related("spec").get(id=id_))

    def _load(self, row: InstanceRow) -> Instance:
        from world_fixtures.game.gateway.rows import load

        return load(row, self.world(WorldSpec.model_validate_json(row.spec.body)))

    def _next_id(self) -> str:
        if not self._last:
            taken = InstanceRow.objects.values_list("id", flat=True)
            self._last = max((int(i[1:]) for i in taken if i[1:].isdigit()), default=0)
        self._last += 1
        return f"w{self._last}"

    def find(self, id_: str) -> Instance:
        """A live instance, loaded from the database if the server was restarted."""
        if id_ in self.live:
            return self.live[id_]
        rows = InstanceRow.objects.filter(id=id_, idle=False).select_related("spec")
        if (row := rows.first()) is not None:
            self.live[id_] = self._load(row)
            return self.live[id_]
        raise WorldError(ErrorCode.NO_INSTANCE, f"no instance {id_!r} is in use")

    def reset(self, instance: Instance) -> list[Change]:
        """Rewind an instance and forget its events."""
        changes = instance.rewind()
        EventRow.objects.filter(instance=instance.id)._raw_delete("default")
        return changes

    def release(self, instance: Instance) -> None:
        """Rewind an instance and keep it for the next rollout of its world."""
        self.reset(instance)
        InstanceRow.objects.filter(id=instance.id).update(idle=True)
        self.live.pop(instance.id, None)
        self.idle[instance.id] = instance
        while len(self.idle) + len(self.shelf) > MAX_IDLE:
            if self.shelf:
                self._delete(self._unshelve(next(iter(self.shelf))))
            else:
                self._delete(self.idle.popitem(last=False)[1])

    def _delete(self, instance: Instance) -> None:
        """Remove an instance, and its world with the last instance of it."""
        from world_fixtures.game.gateway.rows import delete

        delete(instance)
        spec_hash = instance.spec.hash
        if not InstanceRow.objects.filter(spec_id=spec_hash).exists():
            self.worlds.pop(spec_hash, None)
            SpecRow.objects.filter(hash=spec_hash)._raw_delete("default")

    def ensure_shared(self, world: str) -> None:
        """The instance in which people walk when the game is run by hand."""
        from world_fixtures.library import load_world

        row = InstanceRow.objects.filter(id="shared").first()
        if row is not None:
            self.find("shared")
            return
        from world_fixtures.game.gateway.rows import spawn

        with transaction.atomic():
            self.live["shared"] = spawn("shared", self.world(load_world(world)))

    def welcome(self, character: Any) -> None:
        """Let a person's character into the shared instance, at its first room."""
        shared = self.live.get("shared")
        if shared is None or character.instance is not None:
            return
        entity = f"visitor_{character.id}"
        shared.objects[entity] = character
        character.instance, character.entity, character.fields = shared, entity, {}
        if not getattr(character.location, "entity", ""):
            character.location = shared.objects[shared.spec.agent.location]


registry = Registry()


def event_bodies(instance: str, after: int) -> list[dict[str, Any]]:
    """Stored events of an instance with a `seq` above `after`, in order."""
    rows = EventRow.objects.filter(instance=instance, seq__gt=after).order_by("seq")
    return [json.loads(body) for body in rows.values_list("body", flat=True)]

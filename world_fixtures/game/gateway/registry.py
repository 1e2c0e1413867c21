"""All instances of a world server: in use, idle, or still on disk after a restart."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from django.db import transaction

from world_fixtures.common import WorldError
from world_fixtures.game import compat, spectating
from world_fixtures.game.gateway import events as stored_events
from world_fixtures.game.gateway import history, rows, spawning
from world_fixtures.game.gateway.events import SHARED
from world_fixtures.game.gateway.models import InstanceRow, SpecRow
from world_fixtures.game.instance import LiveInstance, LoadedWorld
from world_fixtures.protocol import Change, ErrorCode, Event
from world_fixtures.spec import WorldSpec

_STORE_SPEC = f"INSERT OR IGNORE INTO {SpecRow._meta.db_table} (hash, body) VALUES (?, ?)"
_DELETE_SPEC = f"DELETE FROM {SpecRow._meta.db_table} WHERE hash=?"
MAX_IDLE = 256
"""Played and rewound instances kept for the next rollout of their world."""


class Registry:
    """Makes, finds, rewinds and keeps instances; there is one in a process."""

    def __init__(self) -> None:
        self.worlds: dict[str, LoadedWorld] = {}
        """By the hash of the spec."""
        self.live: dict[str, LiveInstance] = {}
        """Instances in use, by id."""
        self.idle: OrderedDict[str, LiveInstance] = OrderedDict()
        """Rewound instances, the one longest unused first."""
        self.touched: set[str] = set()
        """Ids of the instances that the present request has worked on: see `recover`."""
        self._stored_idle: dict[str, str] | None = None
        self._last = 0

    @property
    def stored_idle(self) -> dict[str, str]:
        """Idle instances from before a restart that are not loaded: id -> hash of the spec."""
        if self._stored_idle is None:
            stored = InstanceRow.objects.filter(idle=True).values_list("id", "spec_id")
            self._stored_idle = {id_: spec for id_, spec in stored if id_ not in self.idle}
        return self._stored_idle

    def world(self, spec: WorldSpec) -> LoadedWorld:
        """Return the shared part of a spec; the spec is stored on first use."""
        if spec.hash not in self.worlds:
            compat.write_rows(_STORE_SPEC, [(spec.hash, spec.model_dump_json())])
            self.worlds[spec.hash] = LoadedWorld(spec)
        return self.worlds[spec.hash]

    def create(self, spec: WorldSpec) -> tuple[LiveInstance, bool]:
        """Return an instance in the initial state, and whether it is an idle one of this world."""
        return self._created(spec, [])

    def _created(self, spec: WorldSpec, changes: list[Change]) -> tuple[LiveInstance, bool]:
        """Return an instance after changes to the start, and whether it is an idle one."""
        instance = self._reused(spec.hash)
        idle = instance is not None
        if instance is None:
            instance = spawning.spawn(self._next_id(), self.world(spec))
        if changes:
            try:
                rows.apply(instance, changes)
            except BaseException:  # Evennia keeps what was made by its primary key, stored or not
                rows.forget(instance)
                raise
        self.touched.add(instance.id)
        self.live[instance.id] = instance
        return instance, idle

    def _reused(self, spec_hash: str) -> LiveInstance | None:
        if spec_hash not in self.worlds and not self.stored_idle:
            return None
        instance = next((i for i in self.idle.values() if i.spec.hash == spec_hash), None)
        if instance is None:
            id_ = next((i for i, spec in self.stored_idle.items() if spec == spec_hash), None)
            if id_ is None:
                return None
            instance = self._load_idle(id_)
        self.touched.add(instance.id)
        rows.set_idle(instance, False)
        self.idle.pop(instance.id, None)
        return instance

    def _load_idle(self, id_: str) -> LiveInstance:
        del self.stored_idle[id_]
        return self._load(InstanceRow.objects.select_related("spec").get(id=id_))

    def _load(self, row: InstanceRow) -> LiveInstance:
        return spawning.load(row, self.world(WorldSpec.model_validate_json(row.spec.body)))

    def _next_id(self) -> str:
        if not self._last:
            taken = InstanceRow.objects.values_list("id", flat=True)
            self._last = max((int(i[1:]) for i in taken if i[1:].isdigit()), default=0)
        self._last += 1
        return f"w{self._last}"

    def find(self, id_: str) -> LiveInstance:
        """Return a live instance, loaded from the database if the server was restarted.

        Raises WorldError where there is none of this id in use.
        """
        if id_ in self.live:
            self.touched.add(id_)
            return self.live[id_]
        row = InstanceRow.objects.filter(id=id_, idle=False).select_related("spec").first()
        if row is None:
            raise WorldError(ErrorCode.NO_INSTANCE, f"no instance {id_!r} is in use")
        self.touched.add(id_)
        self.live[id_] = self._load(row)
        return self.live[id_]

    def reset(self, instance: LiveInstance) -> list[Change]:
        """Rewind an instance and forget its events; returns what was put back."""
        changes = rows.rewind(instance)
        stored_events.forget(instance.id)
        return changes

    def fork(self, parent: LiveInstance, at: int | None) -> tuple[LiveInstance, bool]:
        """Make a second instance in the state after event `at` of the first, by default the last.

        Returns it, and whether an idle instance of the world was there to be used. Raises
        WorldError where there is no such event, or the state is not the recorded one.
        """
        at = history.whole(parent, _checked(parent, parent.seq if at is None else at))
        changes = history.changes_since_start(parent, at)
        fork, warm = self._created(parent.spec, changes)
        history.copy(parent, fork, at)
        history.prove(fork)
        return fork, warm

    def restore(self, instance: LiveInstance, events: list[Event]) -> None:
        """Make events of another instance of the world happen in this one.

        Raises WorldError where they do not follow on the last event here, say what cannot be, or
        lead to another state than the recorded one.
        """
        for seq, event in enumerate(events, start=instance.seq + 1):
            if event.seq != seq:
                raise WorldError(
                    ErrorCode.BAD_REQUEST,
                    f"restore: event {event.seq} comes where {seq} is due in {instance.id}",
                )
        made = history.made_by(events)
        instance.check(made)
        changes = history.changes_to(instance, {(e, field): value for e, field, value in made})
        rows.apply(instance, changes)
        history.append(instance, [event.model_dump_json(exclude={"after"}) for event in events])
        history.prove(instance)

    def go_back(self, instance: LiveInstance, to: int) -> list[Change]:
        """Undo and forget the events after `to`; returns what was put back.

        Raises WorldError where there is no such event, or the state is not the recorded one.
        """
        to = history.whole(instance, _checked(instance, to))
        changes = history.changes_to(instance, history.before(instance, to))
        rows.apply(instance, changes)
        history.forget(instance, to)
        history.prove(instance)
        return changes

    def release(self, instance: LiveInstance) -> None:
        """Rewind an instance and keep it for the next rollout of its world."""
        self.reset(instance)
        rows.set_idle(instance, True)
        self.live.pop(instance.id, None)
        self.idle[instance.id] = instance
        while len(self.idle) + len(self.stored_idle) > MAX_IDLE:
            if self.stored_idle:
                self._delete(self._load_idle(next(iter(self.stored_idle))))
            else:
                self._delete(self.idle.popitem(last=False)[1])

    def _delete(self, instance: LiveInstance) -> None:
        """Remove an instance, and its world with the last instance of it."""
        rows.delete(instance)
        spec_hash = instance.spec.hash
        if not InstanceRow.objects.filter(spec_id=spec_hash).exists():
            self.worlds.pop(spec_hash, None)
            compat.write_rows(_DELETE_SPEC, [(spec_hash,)])

    def recover(self) -> None:
        """Make memory what the database says, once what a request wrote was taken back."""
        stored = {row.id: row for row in InstanceRow.objects.filter(id__in=self.touched)}
        for id_ in self.touched:
            instance = self.live.pop(id_, None) or self.idle.pop(id_, None)
            if instance is None:
                continue
            row = stored.get(id_)
            if row is None:
                rows.forget(instance)
                continue
            rows.reread(instance)
            (self.idle if row.idle else self.live)[id_] = instance
        self._stored_idle = None
        known = set(SpecRow.objects.filter(hash__in=self.worlds).values_list("hash", flat=True))
        self.worlds = {hash_: world for hash_, world in self.worlds.items() if hash_ in known}

    def ensure_shared(self, spec: WorldSpec) -> None:
        """Have the instance in which people walk when the game is run by hand."""
        if InstanceRow.objects.filter(id=SHARED).exists():
            self.find(SHARED)
            return
        with transaction.atomic():
            shared = self.live[SHARED] = spawning.spawn(SHARED, self.world(spec))
        for entity in shared.keys:  # people's commands may ask for any of them
            shared.objects[entity]

    def welcome(self, character: Any) -> None:
        """Let a person's character into the shared instance, at its first room."""
        shared = self.live.get(SHARED)
        if shared is None or character.instance is not None:
            return
        entity = f"visitor_{character.id}"
        shared.objects[entity] = character
        character.instance, character.entity, character.fields = shared, entity, {}
        if not getattr(character.location, "entity", ""):
            character.location = shared.objects[shared.spec.agent.location]


def _checked(instance: LiveInstance, seq: int) -> int:
    """Return the number of an event. Raises WorldError where there is none of this number."""
    if not 0 <= seq <= instance.seq:
        problem = f"{instance.id} has no event {seq}: its last one is {instance.seq}"
        raise WorldError(ErrorCode.BAD_REQUEST, problem)
    return seq


registry = Registry()
spectating.instances = registry.live

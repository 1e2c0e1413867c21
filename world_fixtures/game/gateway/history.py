"""What the stored events of an instance say of its earlier states."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from world_fixtures.common import WorldError
from world_fixtures.facts import Arranged
from world_fixtures.game.gateway import events as stored_events
from world_fixtures.game.instance import LiveInstance, own
from world_fixtures.protocol import Change, ErrorCode, Event, group_end

Values = Mapping[tuple[str, str], Any]
"""Values of fields, by entity and field."""


def before(instance: LiveInstance, seq: int) -> Values:
    """Return the fields that events after `seq` have set, as they were right after event `seq`."""
    if seq == instance.seq:
        return {}
    return {
        (change["entity"], change["field"]): change["before"]
        for body in stored_events.bodies(instance.id, seq, latest_first=True)
        for change in reversed(json.loads(body)["changes"])
    }


def whole(instance: LiveInstance, seq: int) -> int:
    """Return the number of the last event of the group that event `seq` is of."""
    if instance.spec.living is None or seq == instance.seq:
        return seq
    later = stored_events.bodies(instance.id, seq)
    return group_end(seq, (json.loads(body).get("cause") for body in later))


def made_by(events: Iterable[Event]) -> list[Arranged]:
    """Return the changes that events made, in their order."""
    return [Arranged(c.entity, c.field, c.after) for event in events for c in event.changes]


def changes_to(instance: LiveInstance, values: Values) -> list[Change]:
    """Return the changes that give fields of an instance these values."""
    return [
        Change(entity=entity, field=field, before=now, after=own(value))
        for (entity, field), value in values.items()
        if (now := instance.get(entity, field)) != value
    ]


def changes_since_start(instance: LiveInstance, seq: int) -> list[Change]:
    """Return the changes that lead from the start to the state after event `seq`."""
    earlier = before(instance, seq)
    entities = instance.dirty.union(entity for entity, _ in earlier)
    changes = []
    for entity in sorted(entities):
        for field, initial in instance.world.initial[entity].items():
            key = entity, field
            value = earlier[key] if key in earlier else instance.get(entity, field)
            if value != initial:
                changes.append(Change(entity=entity, field=field, before=initial, after=own(value)))
    return changes


def copy(source: LiveInstance, target: LiveInstance, seq: int) -> None:
    """Give an instance the events of another until `seq`, as they are stored."""
    stored_events.copy(source.id, target.id, seq)
    target.seq = seq


def append(instance: LiveInstance, bodies: list[str]) -> None:
    """Store events after the last one of an instance, each as JSON."""
    stored_events.store_all(instance.id, instance.seq + 1, bodies)
    instance.seq += len(bodies)


def forget(instance: LiveInstance, after: int) -> None:
    """Delete the events of an instance with a higher `seq`."""
    stored_events.forget(instance.id, after)
    instance.seq = after


def prove(instance: LiveInstance) -> None:
    """Compare the state hash with the one that the last event recorded.

    Raises WorldError where it is another.
    """
    recorded = instance.world.hash
    if instance.seq:
        (body,) = stored_events.bodies(instance.id, instance.seq - 1)
        recorded = json.loads(body)["state_hash"]
    if instance.hash != recorded:
        raise WorldError(
            ErrorCode.DIFFERS,
            f"{instance.id}: the state hash after event {instance.seq} is {instance.hash},"
            f" and {recorded} was recorded",
        )

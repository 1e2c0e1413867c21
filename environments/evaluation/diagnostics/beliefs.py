"""What the agent was last shown of the world, and what others have changed since, unseen by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from environments.evaluation.diagnostics.trace import Ledger, lasting, plain
from world_fixtures.protocol import ARRANGE, WORLD, Event
from world_fixtures.spec import WorldSpec

Field = tuple[str, str]
"""Entity and field."""


class Beliefs:
    """The fields that an agent was shown, and those of them that others have changed since."""

    def __init__(self, spec: WorldSpec, ledger: Ledger) -> None:
        self.stale: dict[Field, Any] = {}
        """Fields that are no longer as they were last shown, with the value that was shown."""
        self._seen: set[Field] = set()
        self._agent = spec.agent.id
        self._ledger = ledger
        self._doors: dict[str, list[tuple[str, str]]] = {}
        for exit_ in spec.exits:
            if exit_.door is not None:
                self._doors.setdefault(exit_.source, []).append((exit_.direction, exit_.door))

    def acted(self, event: Event) -> None:
        """Take in what the agent itself did and saw; the ledger has its changes and what followed.

        What the view of a room lists tells which doors and containers are open and what is lit.
        """
        for change in lasting(event):
            self._know((change.entity, change.field))
        for entity, field, value in event.reveals:
            for known in self._told(entity, field, value):
                self._know(known)

    def happened(self, event: Event, cause: Event | None) -> None:
        """Take in what somebody else did, before the ledger has it.

        `cause` is what it followed from. What happens where the agent is, in its presence, is seen.
        """
        present = cause is not None and cause.verb != ARRANGE and self._present(event)
        for change in lasting(event):
            field = change.entity, change.field
            if change.entity == self._agent:
                continue
            if present:
                self._know(field)
            elif field in self._seen:
                before = self.stale.setdefault(field, change.before)
                if plain(before) == plain(change.after):
                    del self.stale[field]

    def _know(self, field: Field) -> None:
        self._seen.add(field)
        self.stale.pop(field, None)

    def _told(self, entity: str, field: str, value: Any) -> Iterator[Field]:
        has = self._ledger.has
        if field in ("contents", "people"):
            yield from ((i, "location") for i in value)
            yield from ((i, f) for i in value for f in ("open", "lit") if has(i, f))
            gone = [k for k, v in self.stale.items() if k[1] == "location" and v == entity]
            yield from gone
        elif field == "exits":
            yield from ((d, "open") for way, d in self._doors.get(entity, ()) if way in value)
        elif field == "inscriptions":
            yield from ((entity, f) for f in (field, "hands"))
        elif has(entity, field):
            yield entity, field
        elif field == "left":
            yield entity, "location"

    def _present(self, event: Event) -> bool:
        here = self._ledger.room(self._agent)
        if event.actor != WORLD:
            came = [c.after for c in event.changes if (c.entity, c.field) == _place(event.actor)]
            return here in (event.room, *came)
        return any(here in self._rooms(c.entity) for c in event.changes)

    def _rooms(self, entity: str) -> Iterable[str | None]:
        sides = [r for r, doors in self._doors.items() if any(d == entity for _, d in doors)]
        return sides or [self._ledger.room(entity)]


def _place(actor: str) -> Field:
    return actor, "location"

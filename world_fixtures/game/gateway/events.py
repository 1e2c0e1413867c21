"""The stored events of instances, each as the JSON that was sent to the client.

The key of an event is the number of its instance, above its `seq`: an instance's events lie side
by side in the order in which they happened, and a new one is written into one page, not into a
table, an index and a counter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from world_fixtures.game import compat
from world_fixtures.game.gateway.models import EventRow

SHARED = "shared"
"""Id of the instance in which people walk when the game is run by hand; it has the number 0."""
MAX_SEQ = 2**32 - 1
"""Above any `seq`."""
_TABLE = EventRow._meta.db_table
_STORE = f"INSERT INTO {_TABLE} (id, body) VALUES (?, ?)"
_ID = re.compile("w([1-9][0-9]{0,8})", re.ASCII)


def store(instance: str, seq: int, body: str) -> None:
    """Store an event as the last thing that a request writes."""
    compat.insert_row(_STORE, (_key(instance, seq), body))


def store_all(instance: str, first: int, bodies: Iterable[str]) -> None:
    """Store events, the first of them with the `seq` `first`."""
    start = _key(instance, first)
    compat.write_rows(_STORE, list(enumerate(bodies, start)))


def bodies(instance: str, after: int, *, latest_first: bool = False) -> list[str]:
    """Return the events with a `seq` above `after`, in order; none where there is no instance."""
    if instance != SHARED and not _ID.fullmatch(instance):
        return []
    order = "DESC" if latest_first else "ASC"
    found = compat.read_rows(
        f"SELECT body FROM {_TABLE} WHERE id>? AND id<=? ORDER BY id {order}",
        _stretch(instance, after),
    )
    return [body for (body,) in found]


def last(instance: str) -> int:
    """Return the `seq` of the last event, 0 where there is none."""
    query = f"SELECT MAX(id) FROM {_TABLE} WHERE id>? AND id<=?"
    ((key,),) = compat.read_rows(query, _stretch(instance, 0))
    return 0 if key is None else int(key) & MAX_SEQ


def copy(source: str, target: str, until: int) -> None:
    """Give an instance the events of another until a `seq`, as they are stored."""
    first, _ = _stretch(source, 0)
    compat.write_rows(
        f"INSERT INTO {_TABLE} (id, body) SELECT id + ?, body FROM {_TABLE} WHERE id>? AND id<=?",
        [(_key(target, 0) - first, first, first + until)],
    )


def forget(instance: str, after: int = 0) -> None:
    """Delete the events with a `seq` above `after`."""
    compat.write_rows(f"DELETE FROM {_TABLE} WHERE id>? AND id<=?", [_stretch(instance, after)])


def _stretch(instance: str, after: int) -> Sequence[int]:
    """Return between which keys the events lie: above the first one, until the second."""
    return _key(instance, after), _key(instance, MAX_SEQ)


def _key(instance: str, seq: int) -> int:
    number = 0 if instance == SHARED else int(instance[1:])
    return number << 32 | seq

"""Who was logged in to an instance, and when: a fork takes over the sessions of its state.

That a session ended is no event, so it is not in an instance's log; it is kept here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from world_fixtures.protocol import CONNECT, Event


@dataclass(eq=False)
class Visit:
    """One session of a character."""

    character: str
    event: Event
    """Of logging in."""
    ended: int | None = None
    """`seq` of the last event before it ended; None while it is open."""

    def end(self, seq: int) -> None:
        """Note that it ended after event `seq`, where it is not over already."""
        if self.ended is None:
            self.ended = seq


class Visits:
    """The sessions of an instance, in the order in which they began."""

    def __init__(self, visits: Iterable[Visit] = ()) -> None:
        self._all = list(visits)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Visits:
        """Return the sessions that events tell of: each open until its character's next one."""
        visits = cls()
        for event in events:
            if event.verb == CONNECT:
                visits.begin(event)
        return visits

    def begin(self, event: Event) -> Visit:
        """Note a log-in, which ends an earlier session of the character."""
        for visit in self._all:
            if visit.character == event.actor:
                visit.end(event.seq - 1)
        self._all.append(Visit(event.actor, event))
        return self._all[-1]

    def after(self, seq: int) -> dict[str, Visit]:
        """Return the sessions that were open right after event `seq`, by character."""
        return {
            v.character: v
            for v in self._all
            if v.event.seq <= seq and (v.ended is None or v.ended >= seq)
        }

    def last(self, characters: Iterable[str]) -> dict[str, Visit]:
        """Return the last session of each of some characters, where there was one."""
        wanted = set(characters)
        return {v.character: v for v in self._all if v.character in wanted}

    @property
    def present(self) -> dict[str, Visit]:
        """The sessions that are open now, by character."""
        return {v.character: v for v in self._all if v.ended is None}

    def copied(self, seq: int, open_: Collection[Visit]) -> Visits:
        """Return the sessions of a fork: those begun until event `seq`, and which are open."""
        return Visits(
            Visit(v.character, v.event, None if v in open_ else seq if v.ended is None else v.ended)
            for v in self._all
            if v.event.seq <= seq
        )

    def go_back(self, seq: int) -> None:
        """Forget what came after event `seq`."""
        present = self.after(seq)
        self._all = [v for v in self._all if v.event.seq <= seq]
        for visit in present.values():
            visit.ended = None

"""The sessions of one connection. A character is logged in when it is first needed.

Logging in takes longer than everything else in a fork, and many forks are used for nothing or for
one command; so a session of which no event is due begins as a promise.
"""

from __future__ import annotations

import itertools

from world_fixtures.common import WorldError
from world_fixtures.game import compat
from world_fixtures.game.gateway.registry import registry
from world_fixtures.game.gateway.session import PROTOCOL_KEY, SealedSession
from world_fixtures.game.instance import LiveInstance
from world_fixtures.protocol import ErrorCode

_numbers = itertools.count(1_000_000)  # apart from the ids that a Portal hands out


class Sessions:
    """Open sessions by id, `INSTANCE.NUMBER`; one for a character of an instance."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, str]] = {}
        """Instance and character."""
        self.logged_in: dict[str, SealedSession] = {}
        """Those of them that Evennia knows."""
        self._entering: tuple[int, str] | None = None
        """Evennia's number and our id of the session that the present request logs in."""

    def __len__(self) -> int:
        return len(self._open)

    def begin_request(self) -> None:
        """Note that what happens next belongs to another request."""
        self._entering = None

    def recover(self) -> None:
        """Forget the session that the present request was logging in, as it has failed."""
        if self._entering is not None:
            number, id_ = self._entering
            compat.drop_session(number)
            self.logged_in.pop(id_, None)
            self._open.pop(id_, None)

    def open(self, instance: LiveInstance, character: str) -> str:
        """Return the id of a new session, which ends the one that the character has."""
        present = self.of(instance).get(character)
        if present is not None:
            self.end(present)
        instance.sessions += 1
        id_ = f"{instance.id}.{instance.sessions}"
        self._open[id_] = instance.id, character
        return id_

    def log_in(self, id_: str) -> SealedSession:
        """Log in the character of an open session, which is shown its view on arriving."""
        instance_id, character = self._open[id_]
        instance = registry.find(instance_id)
        number = next(_numbers)
        self._entering = number, id_
        account = instance.accounts[character]
        session: SealedSession = compat.connect_session(number, account, instance_id, PROTOCOL_KEY)
        self.logged_in[id_] = session
        return session

    def get(self, id_: str) -> SealedSession:
        """Return an open session, logged in. Raises WorldError where there is none of this id."""
        session = self.logged_in.get(id_)
        if session is None and id_ in self._open:
            session = self.log_in(id_)
            session.take()  # the view on arriving was seen before, in another session
        if session is None or session.puppet is None:
            raise WorldError(ErrorCode.NO_SESSION, f"no session {id_[:40]!r} is open")
        return session

    def instance(self, id_: str) -> str | None:
        """Return the id of the instance of an open session."""
        return self._open[id_][0] if id_ in self._open else None

    def of(self, instance: LiveInstance) -> dict[str, str]:
        """Return the ids of an instance's sessions, by character."""
        found = {}
        for id_ in self._ids(instance):
            session = self.logged_in.get(id_)
            if session is None or session.puppet is not None:  # or another client has ended it
                found[self._open[id_][1]] = id_
        return found

    def end(self, id_: str) -> None:
        """End a session; one that is not open is no error."""
        self._open.pop(id_, None)
        session = self.logged_in.pop(id_, None)
        if session is not None:
            compat.disconnect_session(session)

    def end_all(self, instance: LiveInstance | None = None) -> None:
        """End the sessions of an instance, or all of them."""
        for id_ in list(self._open) if instance is None else self._ids(instance):
            self.end(id_)

    def _ids(self, instance: LiveInstance) -> list[str]:
        ids = (f"{instance.id}.{n}" for n in range(1, instance.sessions + 1))
        return [id_ for id_ in ids if id_ in self._open]

"""The operations of `world_fixtures.protocol`, one method each."""

from __future__ import annotations

import itertools
import platform
import resource
import time
from collections.abc import Callable
from typing import Any

import evennia
from evennia.commands.cmdhandler import _COMMAND_NESTING, cmdhandler
from pydantic import ValidationError

from world_fixtures.common import WorldError
from world_fixtures.game.gateway.instances import Instance, event_bodies, registry
from world_fixtures.game.gateway.models import SpecRow
from world_fixtures.game.gateway.session import SealedSession
from world_fixtures.protocol import CONNECT, MAX_COMMAND, MAX_RATE, ErrorCode
from world_fixtures.rules.outcome import Outcome, ok, refused
from world_fixtures.spec import WorldSpec

_session_ids = itertools.count(1_000_000)  # apart from the ids that a Portal hands out


class Operations:
    """Executes requests for one connection; keeps the sessions it opened."""

    def __init__(self) -> None:
        self.sessions: dict[str, SealedSession] = {}
        self.events: list[tuple[str, int, dict[str, Any]]] = []
        """(instance, seq, event) not yet stored; emptied by whoever commits."""
        self._table: dict[str, Callable[[dict[str, Any]], Any]] = {
            "create": self.create, "reset": self.reset, "release": self.release,
            "state": self.state, "changed": self.changed, "events": self.stored, "open": self.open,
            "command": self.command, "close": self.close, "ping": self.ping,
        }  # fmt: skip

    def run(self, request: dict[str, Any]) -> Any:
        """Result of one request. Raises WorldError for what the client did wrong."""
        operation = self._table.get(request.get("op", ""))
        if operation is None:
            raise WorldError(ErrorCode.BAD_REQUEST, f"no operation {str(request.get('op'))[:40]!r}")
        try:
            return operation(request)
        except KeyError as missing:
            raise WorldError(ErrorCode.BAD_REQUEST, f"{request['op']} needs {missing}") from None

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        known = registry.worlds.get(str(request.get("spec_hash", "")))
        if known is not None:
            spec = known.spec
        elif "spec" not in request:
            raise WorldError(ErrorCode.BAD_SPEC, "this world is not known here yet: send its spec")
        else:
            try:
                spec = WorldSpec.model_validate(request["spec"])
            except ValidationError as error:
                raise WorldError(ErrorCode.BAD_SPEC, str(error)) from None
        instance = registry.create(spec)
        return {"instance": instance.id, "hash": instance.hash}

    def reset(self, request: dict[str, Any]) -> dict[str, Any]:
        instance = registry.find(request["instance"])
        self._close_all(instance)
        changes = registry.reset(instance)
        return {"hash": instance.hash, "rewound": len(changes)}

    def release(self, request: dict[str, Any]) -> dict[str, Any]:
        instance = registry.find(request["instance"])
        self._close_all(instance)
        registry.release(instance)
        return {}

    def state(self, request: dict[str, Any]) -> dict[str, Any]:
        return registry.find(request["instance"]).state().model_dump()

    def changed(self, request: dict[str, Any]) -> dict[str, Any]:
        return registry.find(request["instance"]).changed()

    def stored(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        return event_bodies(request["instance"], int(request.get("after", 0)))

    def open(self, request: dict[str, Any]) -> dict[str, Any]:
        started = time.perf_counter()
        instance = registry.find(request["instance"])
        character = request.get("character") or instance.spec.agent.id
        account = instance.accounts.get(character)
        if account is None:
            raise WorldError(ErrorCode.BAD_REQUEST, f"no character {character!r} in this world")
        sessid = next(_session_ids)
        evennia.SESSION_HANDLER.portal_connect(
            {
                "sessid": sessid, "suid": None, "protocol_key": "gateway", "uid": account.id,
                "address": instance.id, "uname": account.username, "logged_in": True,
                "puid": None, "conn_time": time.time(), "protocol_flags": {"NOCOLOR": True},
                "server_data": {},
            }
        )  # fmt: skip
        session = evennia.SESSION_HANDLER[sessid]
        instance.sessions += 1
        id_ = f"{instance.id}.{instance.sessions}"
        self.sessions[id_] = session
        outcome = ok(session.take(), instance.get(character, "location"))
        outcome.verb = CONNECT
        if request.get("quiet"):  # a session that is taken up again: nothing has happened
            return {"session": id_, "event": None}
        room = instance.get(character, "location")
        return {
            "session": id_,
            "event": self._event(instance, id_, character, room, "", outcome, started),
        }

    def command(self, request: dict[str, Any]) -> dict[str, Any]:
        started = time.perf_counter()
        session = self._session(request["session"])
        raw = request["text"]
        if not isinstance(raw, str):
            raise WorldError(ErrorCode.BAD_REQUEST, "a command is a string")
        character = session.puppet
        instance: Instance = character.instance
        room = instance.get(character.entity, "location")
        session.outcome = None
        if session.rate.exceeded(started):
            session.outcome = refused(f"Too fast: at most {MAX_RATE} commands a second.")
            session.shown.append(session.outcome.text)
        else:
            cmdhandler(session, raw, callertype="session", session=session)
        outcome = session.outcome
        text = session.take()
        if outcome is None:
            raise WorldError(ErrorCode.INTERNAL, "the command did not finish: see the server's log")
        outcome.text = text
        return self._event(
            instance,
            request["session"],
            character.entity,
            room,
            raw[:MAX_COMMAND],
            outcome,
            started,
        )

    def _event(
        self,
        instance: Instance,
        session: str,
        actor: str,
        room: str,
        raw: str,
        outcome: Outcome,
        started: float,
    ) -> dict[str, Any]:
        """The event of one command, entered among those to be stored."""
        instance.seq += 1
        event = {
            "seq": instance.seq,
            "ts": time.time(),
            "instance": instance.id,
            "session": session,
            "actor": actor,
            "room": room,
            "raw": raw,
            "verb": outcome.verb,
            "args": outcome.args,
            "objects": outcome.objects,
            "text": outcome.text,
            "kind": outcome.kind,
            "changes": [c.model_dump() for c in outcome.changes],
            "state_hash": instance.hash,
            "ms": round((time.perf_counter() - started) * 1000, 4),
        }
        self.events.append((instance.id, instance.seq, event))
        return event

    def close(self, request: dict[str, Any]) -> dict[str, Any]:
        self._disconnect(request["session"])
        return {}

    def ping(self, request: dict[str, Any]) -> dict[str, Any]:
        return {
            "instances": len(registry.live),
            "idle": len(registry.idle) + len(registry.shelf),
            "worlds": SpecRow.objects.count(),
            "sessions": len(self.sessions),
            "rss_kb": _resident_kb(),
        }

    def close_everything(self) -> None:
        """The connection is gone: end its sessions, give back its instances."""
        for id_ in list(self.sessions):
            self._disconnect(id_)

    def _session(self, id_: str) -> SealedSession:
        session = self.sessions.get(id_)
        if session is None or session.puppet is None:
            raise WorldError(ErrorCode.NO_SESSION, f"no session {str(id_)[:40]!r} is open")
        return session

    def _close_all(self, instance: Instance) -> None:
        for id_ in [i for i in self.sessions if i.rpartition(".")[0] == instance.id]:
            self._disconnect(id_)

    def _disconnect(self, id_: str) -> None:
        session = self.sessions.pop(id_, None)
        if session is not None:
            evennia.SESSION_HANDLER.portal_disconnect(session)
            _COMMAND_NESTING.pop(session, None)  # Evennia keeps a count of 0 for ever


def identity() -> dict[str, str]:
    """What `hello` answers."""
    return {"evennia": evennia.__version__, "python": platform.python_version()}


def _resident_kb() -> int:
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize() // 1024
    except OSError:  # not on Linux: the peak is the next best thing
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

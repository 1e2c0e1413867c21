"""The operations of `world_fixtures.protocol`, one method each."""

from __future__ import annotations

import json
import platform
import resource
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_type_hints

import evennia
from django.conf import settings
from pydantic import TypeAdapter, ValidationError

from world_fixtures.common import WorldError
from world_fixtures.facts import Arranged
from world_fixtures.game import compat, spectating
from world_fixtures.game.gateway import events as stored_events
from world_fixtures.game.gateway.models import SpecRow
from world_fixtures.game.gateway.registry import registry
from world_fixtures.game.gateway.sessions import Sessions
from world_fixtures.game.instance import LiveInstance
from world_fixtures.protocol import (
    CONNECT,
    MAX_COMMAND,
    MAX_RATE,
    REQUESTS,
    WORLD,
    ArrangeRequest,
    Closed,
    CommandRequest,
    Counts,
    Created,
    CreateRequest,
    Done,
    ErrorCode,
    Event,
    EventsRequest,
    Forked,
    ForkRequest,
    GoBackRequest,
    Identity,
    InstanceRequest,
    OpenRequest,
    PingRequest,
    Restored,
    RestoreRequest,
    Rewound,
    SessionRequest,
    ShowRequest,
    WentBack,
)
from world_fixtures.rules.outcome import Outcome, ok, refused
from world_fixtures.spec import WorldSpec
from world_fixtures.state import Fields

_EVENTS = TypeAdapter(list[Event])
to_json = json.JSONEncoder(separators=(",", ":")).encode
"""Return a value as JSON without spaces; `json.dumps` would make an encoder for each."""


class Json(str):
    """A result that is JSON text already, and need not be made into it."""

    __slots__ = ()


def _texts_of(request: type) -> frozenset[str]:
    """Return the names of the texts that a request must have."""
    required: frozenset[str] = request.__required_keys__  # type: ignore[attr-defined]
    types = get_type_hints(request)
    return frozenset(name for name in required if types[name] is str)


_TEXTS = {op: _texts_of(request) for op, request in REQUESTS.items()}


class Operations:
    """Executes requests for one connection; keeps the sessions it opened."""

    def __init__(self) -> None:
        self.sessions = Sessions()
        self._table: dict[str, tuple[Callable[[Any], Any], frozenset[str]]] = {
            op: (method, _TEXTS[op])
            for op, method in {
                "create": self.create, "reset": self.reset, "release": self.release,
                "state": self.state, "changed": self.changed, "events": self.events,
                "arrange": self.arrange, "open": self.open, "command": self.command,
                "close": self.close, "fork": self.fork, "restore": self.restore,
                "go_back": self.go_back, "ping": self.ping, "show": self.show,
            }.items()
        }  # fmt: skip

    def run(self, request: Mapping[str, Any]) -> Any:
        """Carry out one request; returns its result. Raises WorldError where it is refused.

        If it raises, the caller rolls back what was written, and then calls `recover` if it was
        the server that failed.
        """
        registry.touched.clear()
        self.sessions.begin_request()
        op = request.get("op", "")
        found = self._table.get(op) if isinstance(op, str) else None
        if found is None:
            raise WorldError(ErrorCode.BAD_REQUEST, f"no operation {str(op)[:40]!r}")
        method, needed = found
        for name in needed:
            if not isinstance(request.get(name), str):
                problem = "is a string" if name in request else "is missing"
                raise WorldError(ErrorCode.BAD_REQUEST, f"{op}: {name!r} {problem}")
        return method(request)

    def recover(self) -> None:
        """Make memory what the database says, after what a request wrote was taken back."""
        self.sessions.recover()
        registry.recover()

    def create(self, request: CreateRequest) -> Created:
        """Hand out an instance in its initial state."""
        hash_ = str(request.get("spec_hash", ""))
        known = registry.worlds.get(hash_) if hash_.isascii() else None
        if known is not None:
            spec = known.spec
        elif "spec" not in request:
            raise WorldError(ErrorCode.BAD_SPEC, "this world is not known here yet: send its spec")
        else:
            try:
                spec = WorldSpec.model_validate(request["spec"])
            except ValidationError as error:
                raise WorldError(ErrorCode.BAD_SPEC, str(error)) from None
        instance, warm = registry.create(spec)
        return {"instance": instance.id, "hash": instance.hash, "warm": warm}

    def reset(self, request: InstanceRequest) -> Rewound:
        """Rewind an instance and end its sessions."""
        instance = registry.find(request["instance"])
        self.sessions.end_all(instance)
        changes = registry.reset(instance)
        return {"hash": instance.hash, "rewound": len(changes)}

    def release(self, request: InstanceRequest) -> Done:
        """Take an instance back."""
        instance = registry.find(request["instance"])
        self.sessions.end_all(instance)
        registry.release(instance)
        return {}

    def state(self, request: InstanceRequest) -> dict[str, Any]:
        """Return the whole state of an instance, a `WorldState` as JSON."""
        return registry.find(request["instance"]).state().model_dump()

    def changed(self, request: InstanceRequest) -> dict[str, Fields]:
        """Return the fields of what play has touched."""
        return registry.find(request["instance"]).changed()

    def events(self, request: EventsRequest) -> Json:
        """Return stored events as they were sent."""
        after = request.get("after", 0)
        if not isinstance(after, int):
            raise WorldError(ErrorCode.BAD_REQUEST, "events: 'after' is a number")
        after = max(0, min(after, stored_events.MAX_SEQ))
        return Json(f"[{','.join(stored_events.bodies(request['instance'], after))}]")

    def arrange(self, request: ArrangeRequest) -> Json:
        """Set fields by no character's command; returns the event as JSON."""
        started = time.perf_counter()
        instance = registry.find(request["instance"])
        changes = request.get("changes")
        if not isinstance(changes, list) or not all(_is_arranged(c) for c in changes):
            raise WorldError(
                ErrorCode.BAD_REQUEST, "arrange: 'changes' is a list of [entity, field, value]"
            )
        outcome = instance.arrange([Arranged(*change) for change in changes])
        return self._event(instance, "", WORLD, "", "", outcome, started)

    def open(self, request: OpenRequest) -> Json:
        """Log a character in; returns an `Opened` as JSON."""
        started = time.perf_counter()
        instance = registry.find(request["instance"])
        character = request.get("character") or instance.spec.agent.id
        if character not in instance.account_keys:
            raise WorldError(ErrorCode.BAD_REQUEST, f"no character {character!r} in this world")
        id_ = self.sessions.open(instance, character)
        if request.get("quiet"):
            return Json(f'{{"session":{json.dumps(id_)},"event":null}}')
        text = self.sessions.log_in(id_).take()
        room = instance.get(character, "location")
        outcome = ok(text, room, reveals=instance.scene(character).seen())
        outcome.verb = CONNECT
        event = self._event(instance, id_, character, room, "", outcome, started)
        return Json(f'{{"session":{json.dumps(id_)},"event":{event}}}')

    def command(self, request: CommandRequest) -> Json:
        """Carry out a command; returns its event as JSON."""
        started = time.perf_counter()
        session = self.sessions.get(request["session"])
        raw = request["text"]
        character = session.puppet
        instance: LiveInstance = character.instance
        registry.touched.add(instance.id)
        room = instance.get(character.entity, "location")
        session.outcome = None
        if session.rate.exceeded(started):
            session.outcome = refused(f"Too fast: at most {MAX_RATE} commands a second.")
            session.shown.append(session.outcome.text)
        else:
            compat.run_command(session, raw)
        outcome = session.outcome
        text = session.take()
        if outcome is None:
            compat.forget_command_nesting(session)
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
        instance: LiveInstance,
        session: str,
        actor: str,
        room: str,
        raw: str,
        outcome: Outcome,
        started: float,
    ) -> Json:
        """Store the event of one command, and those of what followed from it.

        Returns it as JSON, as it was stored, with the others under `after`.
        """
        cause = instance.seq + 1
        now = time.time()
        ms = round((time.perf_counter() - started) * 1000, 4)
        body = _body(instance, now, session, actor, room, raw, outcome, ms)
        if not outcome.after:
            stored_events.store(instance.id, instance.seq, body)
            return Json(body)
        after = [
            _body(instance, now, "", h.actor, h.room, h.raw[:MAX_COMMAND], h.outcome, 0.0, cause)
            for h in outcome.after
        ]
        stored_events.store_all(instance.id, cause, (body, *after))
        return Json(f'{body[:-1]},"after":[{",".join(after)}]}}')

    def close(self, request: SessionRequest) -> Closed:
        """End a session; one that is not open is no error."""
        id_ = request["session"]
        instance = self.sessions.instance(id_)
        self.sessions.end(id_)
        return {"seq": registry.find(instance).seq if instance else 0}

    def fork(self, request: ForkRequest) -> Forked:
        """Make a second instance in a state of the first."""
        parent = registry.find(request["instance"])
        sessions = self._characters(parent, request, self.sessions.of(parent))
        fork, warm = registry.fork(parent, _number(request, "at"))
        return {
            "instance": fork.id,
            "hash": fork.hash,
            "seq": fork.seq,
            "sessions": {c: self.sessions.open(fork, c) for c in sessions},
            "warm": warm,
        }

    def restore(self, request: RestoreRequest) -> Restored:
        """Make events of another instance happen in this one."""
        instance = registry.find(request["instance"])
        sessions = self._characters(instance, request, ())
        try:
            events = _EVENTS.validate_python(request.get("events"))
        except ValidationError as error:
            problem = f"restore: 'events' is a list of events: {error.errors()[0]['msg']}"
            raise WorldError(ErrorCode.BAD_REQUEST, problem) from None
        registry.restore(instance, events)
        return {
            "hash": instance.hash,
            "seq": instance.seq,
            "sessions": {c: self.sessions.open(instance, c) for c in sessions},
        }

    def go_back(self, request: GoBackRequest) -> WentBack:
        """Undo events; who is to be logged in and is stays so."""
        instance = registry.find(request["instance"])
        present = self.sessions.of(instance)
        sessions = self._characters(instance, request, present)
        to = _number(request, "to")
        if to is None:
            raise WorldError(ErrorCode.BAD_REQUEST, "go_back: 'to' is missing")
        undone = registry.go_back(instance, to)
        for character, id_ in present.items():
            if character not in sessions:
                self.sessions.end(id_)
        found = {
            c: present[c] if c in present else self.sessions.open(instance, c) for c in sessions
        }
        return {"hash": instance.hash, "undone": len(undone), "sessions": found}

    def _characters(
        self, instance: LiveInstance, request: Mapping[str, Any], default: Iterable[str]
    ) -> list[str]:
        """Return the characters that a request wants to be logged in."""
        wanted = request.get("sessions")
        if wanted is None:
            return list(default)
        if not isinstance(wanted, list) or not all(
            isinstance(c, str) and c in instance.account_keys for c in wanted
        ):
            problem = f"{request['op']}: 'sessions' is a list of characters of this world"
            raise WorldError(ErrorCode.BAD_REQUEST, problem)
        return list(dict.fromkeys(wanted))

    def ping(self, request: PingRequest) -> Counts:
        """Count what there is."""
        return {
            "instances": len(registry.live),
            "idle": len(registry.idle) + len(registry.stored_idle),
            "worlds": SpecRow.objects.count(),
            "sessions": len(self.sessions),
            "rss_kb": _resident_kb(),
        }

    def show(self, request: ShowRequest) -> Done:
        """Show what is played elsewhere to who looks on here, where anybody can."""
        if hasattr(settings, "SPECTATOR_WORD"):
            spectating.show(request["shown"], request["title"], request["agent"], request["text"])
        return {}


def _body(
    instance: LiveInstance, now: float, session: str, actor: str, room: str, raw: str,
    outcome: Outcome, ms: float, cause: int | None = None,
) -> str:  # fmt: skip
    """Count an event and return it as JSON."""
    instance.seq += 1
    event = {
        "seq": instance.seq,
        "ts": now,
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
        "changes": [c.__dict__ for c in outcome.changes],
        "reveals": outcome.reveals,
        "state_hash": outcome.state_hash or instance.hash,
        "ms": ms,
    }
    if cause is not None:
        event["cause"] = cause
    return to_json(event)


def _is_arranged(change: Any) -> bool:
    return (
        isinstance(change, list)
        and len(change) == 3
        and all(isinstance(c, str) for c in change[:2])
    )


def _number(request: Mapping[str, Any], name: str) -> int | None:
    """Return the number of an event that a request names, if it names one."""
    number = request.get(name)
    if number is not None and type(number) is not int:
        problem = f"{request['op']}: {name!r} is the number of an event"
        raise WorldError(ErrorCode.BAD_REQUEST, problem)
    return number


def identity() -> Identity:
    """Return what the secret is answered with."""
    return {"evennia": evennia.__version__, "python": platform.python_version()}


def _resident_kb() -> int:
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize() // 1024
    except OSError:  # not on Linux: the peak is the next best thing
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

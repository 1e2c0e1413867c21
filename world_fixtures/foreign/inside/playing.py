"""One rollout in a game: a player's session, the commands, and what each of them brought about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from world_fixtures.common import WorldError
from world_fixtures.foreign.inside import chance, clock
from world_fixtures.foreign.inside.passing import pass_time
from world_fixtures.foreign.inside.reading import Entities, Reader
from world_fixtures.protocol import ARRANGE, CONNECT, MAX_COMMAND, WORLD, ErrorCode, ResultKind
from world_fixtures.spec import WorldSpec
from world_fixtures.state import entity_digest, state_hash

MAX_TEXT = 20_000
"""Characters of what one command shows."""
MAX_WAIT = 3600.0
"""Seconds that one `wait` lets pass."""
QUIET = "(Nothing is said.)"
"""What a command shows that showed nothing."""
_OPEN_SECONDS = 1.0
_MULTI, _NOMATCH = "__multimatch_command", "__nomatch_command"


class Play:
    """A game being played by one character, in a process of its own."""

    def __init__(self, spec: WorldSpec, instance: str, reader: Reader, initial: Entities) -> None:
        """Take the world, the state in which it starts, and what has read that."""
        assert spec.game is not None
        self.spec, self.game, self.id = spec, spec.game, instance
        self.seq = 0
        self.events: list[dict[str, Any]] = []
        self.session: Any = None
        self.session_id = ""
        self.calls: list[Any] = []
        """What the game's parser took for the last command (nicks replaced), and its matches."""
        self._opened = 0
        self._reader = reader
        self._entities = initial
        self._digests = {e: entity_digest(e, f) for e, f in initial.items()}
        self.hash = state_hash(spec.hash, self._digests.items())
        self._written: tuple[int, int] | None = None
        self._moves: list[Any] = []
        self._here: Any = None
        chance.seed(self.game.seed)
        self._account, self._character = self._player()
        self._listen()

    # What the protocol asks for

    def open(self, character: str | None, quiet: bool = False) -> dict[str, Any]:
        """Log the player in; an earlier session ends."""
        started = clock.real_perf_counter()
        if character not in (None, self.spec.agent.id):
            raise WorldError(
                ErrorCode.BAD_REQUEST,
                f"{character!r} is not played here: {self.spec.agent.id!r} is",
            )
        self.close()
        self._begin_session()
        self._opened += 1
        self.session_id = f"{self.id}.{self._opened}"
        text = self._settled(_OPEN_SECONDS)
        event = self._event(self.session_id, "", CONNECT, {}, text, ResultKind.OK, started)
        return {"session": self.session_id, "event": None if quiet else event}

    def close(self) -> None:
        """Log the player out, where one is logged in."""
        session, self.session = self.session, None
        self.session_id = ""
        if session is not None:
            import evennia

            evennia.SESSION_HANDLER.portal_disconnect(session)
            self._settled(0.0)

    def command(self, session: str, raw: str) -> dict[str, Any]:
        """Carry out what the player typed; returns its event."""
        started = clock.real_perf_counter()
        if session != self.session_id or not session:
            raise WorldError(ErrorCode.NO_SESSION, f"no session {session!r} is open")
        room = self._room()
        text, verb, args, kind = self._carry_out(raw, room)
        return self._event(session, raw[:MAX_COMMAND], verb, args, text, kind, started, room)

    def arrange(self, changes: Sequence[Any]) -> dict[str, Any]:
        """Set fields by nobody's command; returns the event."""
        started = clock.real_perf_counter()
        for entity, field, value in changes:
            self._set(str(entity), str(field), value)
        text = self._settled(0.0)
        return self._event("", "", ARRANGE, {}, text, ResultKind.OK, started, actor=WORLD)

    def entities(self) -> Entities:
        """Return the state as it is now."""
        self._read()
        return self._entities

    def bare(self, raw: str) -> float:
        """Have the game carry out a line with nothing of ours around it; returns the ms it took."""
        from twisted.internet import reactor

        started = clock.real_perf_counter()
        self.session.sessionhandler.data_in(self.session, text=((raw,), {}))
        pass_time(reactor, self.game.seconds)
        return (clock.real_perf_counter() - started) * 1000

    # Commands

    def _carry_out(self, raw: str, room: str) -> tuple[str, str | None, dict[str, str], ResultKind]:
        if len(raw) > MAX_COMMAND:
            return (
                f"That is too long: at most {MAX_COMMAND} characters.",
                None,
                {},
                (ResultKind.REFUSED),
            )
        word, _, rest = raw.strip().partition(" ")
        if word.lower() == "wait":
            seconds = _seconds(rest, self.game.seconds)
            if seconds is None:
                told = f"Say for how many seconds, up to {MAX_WAIT:g}, e.g. wait 30."
                return told, "wait", {}, ResultKind.REFUSED
            return self._settled(seconds), "wait", {"seconds": f"{seconds:g}"}, ResultKind.OK
        before = ""
        if self.session.sessid not in _sessions():  # the player has quit: they come back
            self._begin_session()
            before = self._settled(_OPEN_SECONDS)
        self.calls = []
        self.session.sessionhandler.data_in(self.session, text=((_clean(raw),), {}))
        text = self._settled(self.game.seconds)
        verb, args, kind = self._understood(raw, room)
        return "\n".join(filter(None, (before, text))), verb, args, kind

    def _understood(self, raw: str, room: str) -> tuple[str | None, dict[str, str], ResultKind]:
        """Tell how the game's parser took the command."""
        parsed, matches, handled = self.calls[0] if self.calls else (_clean(raw), (), False)
        if not matches:
            by_nick = {"args": parsed} if parsed != _clean(raw) else {}
            return None, by_nick, ResultKind.OK if handled else ResultKind.UNKNOWN
        if len(matches) > 1:
            return None, {}, ResultKind.AMBIGUOUS
        _, args, command, *_ = matches[0]
        if getattr(command, "is_exit", False):
            there = self._room() != room
            direction = {"direction": str(command.key)}
            return "go", direction, ResultKind.OK if there else ResultKind.REFUSED
        given = {"args": str(args).strip()} if str(args).strip() else {}
        return str(command.key), given, ResultKind.OK

    def _settled(self, seconds: float) -> str:
        """Let time pass and return what was sent to the player."""
        from twisted.internet import reactor

        pass_time(reactor, seconds, self._note_move)
        self._note_move()
        return self._shown()

    def _note_move(self) -> None:
        here = getattr(self._character, "db_location_id", None)
        if here is not None and here != self._here:
            self._here = here
            self._moves.append(here)

    def _shown(self) -> str:
        import evennia

        outbox = evennia.EVENNIA_SERVER_SERVICE.amp_protocol
        sent, outbox.sent = outbox.sent, []
        lines = []
        for _, message in sent:
            for name in ("text", "prompt"):
                if name in message:
                    lines.append(plain(message[name]))
        text = "\n".join(line for line in lines if line.strip()).strip("\n")
        return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}\n(... and more.)"

    # The player

    def _player(self) -> tuple[Any, Any]:
        import evennia

        account = evennia.AccountDB.objects.get(username__iexact=self.game.account)
        number = self._reader.object_of(self.spec.agent.id)
        character = evennia.ObjectDB.objects.get(id=number)
        return account, character

    def _begin_session(self) -> None:

        number = 1 + max(_sessions(), default=0)
        session = connect(number, self._account)
        self.session = session
        if session.puppet is None and getattr(self._character, "pk", None):
            self._account.puppet_object(session, self._character)
        if wrong := rights_of(self._account, self._character):
            raise WorldError(
                ErrorCode.INTERNAL, f"{wrong}: a player in a rollout has no such right"
            )

    def _room(self) -> str:
        here = getattr(self._character, "db_location_id", None)
        return "" if here is None else self._reader.ids.get(("object", here), "")

    # State

    def _event(
        self, session: str, raw: str, verb: str | None, args: Mapping[str, str], text: str,
        kind: ResultKind, started: float, room: str | None = None, actor: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        changes = self._read()
        self.seq += 1
        event = {
            "seq": self.seq, "ts": clock.real_time(), "instance": self.id, "session": session,
            "actor": actor or self.spec.agent.id, "room": self._room() if room is None else room,
            "raw": raw, "verb": verb, "args": dict(args), "objects": [], "text": text or QUIET,
            "kind": kind, "changes": changes, "reveals": [], "state_hash": self.hash,
            "ms": (clock.real_perf_counter() - started) * 1000,
        }  # fmt: skip
        self.events.append(event)
        return event

    def _read(self) -> list[dict[str, Any]]:
        """Bring the state up to date; returns the changes since the last time."""
        from django.db import connection

        connection.ensure_connection()
        driver: Any = connection.connection
        written = (driver.total_changes, sum(map(len, self._reader.said.values())))
        moves, self._moves = self._moves, []
        if written == self._written:
            return []
        before = self._entities
        self._entities = self._reader.read(before)
        self._written = (driver.total_changes, written[1])
        changes = [
            {"entity": entity, "field": field, "before": was.get(field), "after": fields.get(field)}
            for entity, fields in self._entities.items()
            if (was := before.get(entity, {})) != fields
            for field in sorted(was.keys() | fields.keys())
            if was.get(field) != fields.get(field)
        ]
        for entity in {str(c["entity"]) for c in changes}:
            self._digests[entity] = entity_digest(entity, self._entities[entity])
        if changes:
            self.hash = state_hash(self.spec.hash, self._digests.items())
        return self._passing(moves, before, changes)

    def _passing(
        self, moves: list[Any], before: Entities, changes: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Tell of the rooms between, where the player went on within one command."""
        agent = self.spec.agent.id
        way = [self._reader.ids.get(("object", n), "") for n in moves]
        was = before.get(agent, {}).get("location")
        ends = self._entities.get(agent, {}).get("location")
        way = [place for n, place in enumerate(way) if place != (way[n - 1] if n else was)]
        if len(way) < 2 or way[-1] != ends:
            return changes
        steps = []
        for place in way:
            steps.append({"entity": agent, "field": "location", "before": was, "after": place})
            was = place
        others = [c for c in changes if (c["entity"], c["field"]) != (agent, "location")]
        return [*steps, *others]

    def _set(self, entity: str, field: str, value: Any) -> None:
        import evennia

        if self._entities.get(entity, {}).get(field) == value:
            return
        number = self._reader.object_of(entity)
        found = evennia.ObjectDB.objects.filter(id=number).first()
        if found is None:
            raise WorldError(ErrorCode.BAD_REQUEST, f"there is no object {entity!r} in this game")
        if field == "location":
            place = evennia.ObjectDB.objects.filter(id=self._reader.object_of(str(value))).first()
            if value is not None and place is None:
                raise WorldError(ErrorCode.BAD_REQUEST, f"there is no place {value!r} in this game")
            if found is self._character and found.location is None:
                found.attributes.add("prelogout_location", place)
            else:
                found.location = place
        elif value is None:
            found.attributes.remove(field)
        else:
            found.attributes.add(field, value)

    def _listen(self) -> None:
        """Keep what the parser makes of commands, and what is said on channels."""
        from evennia.commands import cmdhandler
        from evennia.comms.comms import DefaultChannel

        parse, send = cmdhandler._COMMAND_PARSER, DefaultChannel.msg

        def noted(raw: str, cmdset: Any, caller: Any, **named: Any) -> Any:
            matches = parse(raw, cmdset, caller, **named)
            syscmd = None if matches else cmdset.get(_NOMATCH)
            self.calls.append((str(raw).strip(), matches, syscmd is not None))
            return matches

        def heard(channel: Any, message: Any, senders: Any = None, *rest: Any, **named: Any) -> Any:
            who = senders[0] if isinstance(senders, list | tuple) and senders else senders
            line = [str(getattr(who, "key", who or "")), plain([message, {}])]
            self._reader.said.setdefault(channel.key, []).append(line)
            return send(channel, message, senders, *rest, **named)

        cmdhandler._COMMAND_PARSER = noted
        DefaultChannel.msg = heard


def rights_of(*player: Any) -> str:
    """Return what an account and a character may do that a plain player may not; empty: nothing."""
    from django.conf import settings

    ranks = [rank.lower() for rank in settings.PERMISSION_HIERARCHY]
    plain_rank = ranks.index("player") if "player" in ranks else 0
    for who in player:
        if getattr(who, "is_superuser", False) or getattr(who, "is_staff", False):
            return f"{who.key} is a superuser"
        for right in who.permissions.all():
            rank = right.lower().removesuffix("s")
            if rank in ranks and ranks.index(rank) > plain_rank:
                return f"{who.key} has the permission {right}"
    return ""


def connect(number: int, account: Any) -> Any:
    """Log an account in as the Portal would, by the dict that it sends; returns the session."""
    import evennia

    now = clock.now()
    evennia.SESSION_HANDLER.portal_connect(
        {
            "sessid": number, "suid": None, "protocol_key": "telnet", "uid": account.id,
            "address": "127.0.0.1", "uname": account.username, "logged_in": True, "puid": None,
            "conn_time": now, "cmd_last": now, "cmd_last_visible": now, "cmd_total": 0,
            "csessid": None, "server_data": {},
            "protocol_flags": {"NOCOLOR": True, "SCREENWIDTH": {0: 78}, "ENCODING": "utf-8"},
        }
    )  # fmt: skip
    return evennia.SESSION_HANDLER[number]


def plain(sent: Any) -> str:
    """Return a text as it was sent, `[text, options]`, without markup."""
    from evennia.utils.ansi import parse_ansi

    text = sent[0] if isinstance(sent, list | tuple) and sent else sent
    text = text[0] if isinstance(text, list | tuple) and text else text
    if not isinstance(text, str):
        text = "" if text is None else str(text)
    options = sent[1] if isinstance(sent, list | tuple) and len(sent) > 1 else {}
    if not (isinstance(options, dict) and (options.get("options") or {}).get("raw")):
        text = parse_ansi(text, strip_ansi=True, mxp=False)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    kept = "".join(c for c in text if c == "\n" or c.isprintable())
    return "\n".join(line.rstrip() for line in kept.split("\n"))


def _clean(raw: str) -> str:
    """Return what was typed as one line of printable text, as a terminal would send it."""
    return "".join(c if c.isprintable() else " " for c in raw).strip()


def _seconds(given: str, usual: float) -> float | None:
    try:
        seconds = float(given) if given.strip() else usual
    except ValueError:
        return None
    return seconds if 0 < seconds <= MAX_WAIT else None


def _sessions() -> Any:
    import evennia

    return evennia.SESSION_HANDLER

"""The process of one rollout: a fork of the loaded game that answers requests until it is ended."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from world_fixtures.common import WorldError
from world_fixtures.foreign.inside import kernel, loading, noticing, seal
from world_fixtures.foreign.inside.playing import Play
from world_fixtures.foreign.inside.reading import Entities, Reader
from world_fixtures.foreign.inside.replaying import Action, Log, actions_of, redo
from world_fixtures.protocol import ErrorCode
from world_fixtures.spec import WorldSpec
from world_fixtures.state import initial_fields


class Rollout:
    """Answers the requests of one instance."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.log = Log()
        self._table = {
            "create": self._created, "reset": self._rewound, "state": self._state,
            "changed": self._changed, "events": self._events, "arrange": self._arrange,
            "open": self._open, "command": self._command, "close": self._close,
            "restore": self._restore, "log": self._log, "redo": self._redo,
            "noticed": self._noticed, "bare": self._bare,
        }  # fmt: skip

    def run(self, request: Mapping[str, Any]) -> Any:
        """Carry out one request. Raises WorldError where it is refused."""
        found = self._table.get(str(request.get("op")))
        if found is None:
            raise WorldError(ErrorCode.BAD_REQUEST, f"no operation {request.get('op')!r}")
        return found(request)

    def _created(self, request: Mapping[str, Any]) -> Any:
        return {"instance": self.play.id, "hash": self.play.hash, "warm": True}

    def _rewound(self, request: Mapping[str, Any]) -> Any:
        return {"hash": self.play.hash, "rewound": 0}

    def _state(self, request: Mapping[str, Any]) -> Any:
        return {"spec_hash": self.play.spec.hash, "entities": self.play.entities()}

    def _changed(self, request: Mapping[str, Any]) -> Any:
        initial = initial_fields(self.play.spec)
        return {e: f for e, f in self.play.entities().items() if initial.get(e) != f}

    def _events(self, request: Mapping[str, Any]) -> Any:
        after = request.get("after", 0)
        return self.play.events[max(0, after if isinstance(after, int) else 0) :]

    def _arrange(self, request: Mapping[str, Any]) -> Any:
        changes = request.get("changes")
        if not isinstance(changes, list) or not all(
            isinstance(c, list) and len(c) == 3 for c in changes
        ):
            raise WorldError(
                ErrorCode.BAD_REQUEST, "arrange: 'changes' is a list of [entity, field, value]"
            )
        event = self.play.arrange(changes)
        self.log.note(self.play, "arrange", changes=changes)
        return event

    def _open(self, request: Mapping[str, Any]) -> Any:
        opened = self.play.open(request.get("character"), bool(request.get("quiet")))
        self.log.note(self.play, "open")
        return opened

    def _command(self, request: Mapping[str, Any]) -> Any:
        event = self.play.command(str(request.get("session")), str(request.get("text", "")))
        self.log.note(self.play, "command", raw=str(request.get("text", "")))
        return event

    def _close(self, request: Mapping[str, Any]) -> Any:
        if request.get("session") != self.play.session_id or not self.play.session_id:
            return {"seq": 0}
        self.play.close()
        self.log.note(self.play, "close")
        return {"seq": self.play.seq}

    def _restore(self, request: Mapping[str, Any]) -> Any:
        return self._redone(actions_of(request.get("events", [])), request.get("sessions") or [])

    def _redo(self, request: Mapping[str, Any]) -> Any:
        return self._redone(request["actions"], request.get("sessions"))

    def _redone(self, actions: list[Action], sessions: list[str] | None) -> Any:
        redo(self.play, self.log, actions)
        if sessions == [] and self.play.session_id:
            self.play.close()
            self.log.note(self.play, "close")
        agent = self.play.spec.agent.id
        connected = {agent: self.play.session_id} if self.play.session_id else {}
        return {
            "instance": self.play.id, "hash": self.play.hash, "seq": self.play.seq,
            "sessions": connected, "warm": True, "undone": 0,
        }  # fmt: skip

    def _log(self, request: Mapping[str, Any]) -> Any:
        return self.log.until(request.get("at"))

    def _bare(self, request: Mapping[str, Any]) -> Any:
        return [self.play.bare(str(line)) for line in request["lines"]]

    def _noticed(self, request: Mapping[str, Any]) -> Any:
        return {"refused": seal.refused(), **noticing.seen()}


def run_rollout(
    wire: socket.socket, instance: str, spec: WorldSpec, snapshot: Path, files: Path,
    reader: Reader, initial: Entities,
) -> None:  # fmt: skip
    """Answer requests of `wire`, in a fresh fork, until it closes; never returns."""
    code = 1
    try:
        shutil.copyfile(files.parent / "loaded" / loading.DATABASE, files / loading.DATABASE)
        loading.use_files(files)
        kernel.close()
        seal.close(str(files), [str(snapshot)])
        noticing.begin()
        rollout = Rollout(Play(spec, instance, reader, initial))
        lines = wire.makefile("rb")
        for line in lines:
            wire.sendall(_answer(rollout, json.loads(line)) + b"\n")
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _answer(rollout: Rollout, request: Mapping[str, Any]) -> bytes:
    body: dict[str, Any]
    try:
        body = {"id": request["id"], "ok": rollout.run(request)}
    except WorldError as error:
        body = {"id": request["id"], "error": {"code": error.code, "message": str(error)}}
    except Exception:
        traceback.print_exc()
        told = {"code": ErrorCode.INTERNAL, "message": "the game failed: see its log"}
        body = {"id": request["id"], "error": told}
    return json.dumps(body, separators=(",", ":"), default=str).encode()

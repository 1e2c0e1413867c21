"""Between a client and the processes of rollouts: forks them, hands requests on, ends them.

It runs in the process that has the game loaded, and touches nothing of the game: what the forks
share with it stays shared.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import selectors
import shutil
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from world_fixtures.foreign.inside import clock, kernel
from world_fixtures.foreign.inside.reading import Entities, Reader
from world_fixtures.foreign.inside.rollout import run_rollout
from world_fixtures.protocol import MAX_LINE, ErrorCode
from world_fixtures.spec import WorldSpec
from world_fixtures.state import initial_fields

MOST = 512
"""Rollouts at once, whatever the client wants."""
Then = Callable[[Any], None]
"""What is done with the result of a request, where it is not handed on."""


class Patience(NamedTuple):
    """What a rollout's process may take for one request, or it is ended."""

    processor: float
    """Seconds of processor time."""
    clock: float
    """Seconds by the clock, for one that sleeps then: others wait for a busy machine."""


@dataclass
class Fork:
    """The process of a rollout."""

    instance: str
    pid: int
    wire: socket.socket
    files: Path
    spec: WorldSpec
    waiting: deque[tuple[int | None, Then | None]] = field(default_factory=deque)
    """Requests that it has to answer, in order: their ids, or what is done with the results."""
    since: float = 0.0
    """When it began with the first of them."""
    used: float = 0.0
    """Seconds of processor time that it had taken then."""
    unread: bytes = b""


class Router:
    """Serves one client."""

    def __init__(
        self, control: socket.socket, snapshot: Path, scratch: Path, reader: Reader,
        initial: Entities, patience: Patience,
    ) -> None:  # fmt: skip
        self._control = control
        self._snapshot = snapshot
        self._scratch = scratch
        self._reader = reader
        self._initial = initial
        self._patience = patience
        self._forks: dict[str, Fork] = {}
        """By instance."""
        self._lost: dict[str, str] = {}
        """Why a rollout's process ended before it was given back, by instance."""
        self._specs: dict[str, WorldSpec] = {}
        self._selector = selectors.DefaultSelector()
        self._made = 0
        self._unread = b""

    def run(self) -> None:
        """Serve until the client is gone; then no fork is left."""
        self._selector.register(self._control, selectors.EVENT_READ, None)
        try:
            while True:
                for key, _ in self._selector.select(1.0):
                    if key.data is None:
                        if not self._hear_client():
                            return
                    elif key.data.instance in self._forks:
                        self._hear_fork(key.data)
                self._end_the_stuck()
        finally:
            for fork in list(self._forks.values()):
                self._end(fork)

    # The client

    def _hear_client(self) -> bool:
        with contextlib.suppress(ConnectionError):
            if heard := self._control.recv(1 << 16):
                *lines, self._unread = (self._unread + heard).split(b"\n")
                for line in lines:
                    self._message(line)
                return len(self._unread) <= MAX_LINE
        return False

    def _message(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._fail(None, ErrorCode.BAD_REQUEST, "not JSON")
            return
        for request in message if isinstance(message, list) else [message]:
            id_ = request.get("id") if isinstance(request, dict) else None
            if type(id_) is not int:
                self._fail(
                    None, ErrorCode.BAD_REQUEST, "a request is an object with a number as id"
                )
                continue
            try:
                self._request(id_, request)
            except (ValidationError, ValueError, KeyError, TypeError) as error:
                self._fail(id_, ErrorCode.BAD_REQUEST, str(error))
            except OSError as error:  # the system has no room for another process
                self._fail(id_, ErrorCode.LOST, f"no process for this rollout: {error}")

    def _request(self, id_: int, request: dict[str, Any]) -> None:
        op = request.get("op")
        if op == "ping":
            self._answer(id_, self._counts())
        elif op == "create":
            self._create(id_, request)
        else:
            self._of_instance(id_, str(op), request)

    def _of_instance(self, id_: int, op: str, request: dict[str, Any]) -> None:
        named = request.get("instance") or str(request.get("session", "")).partition(".")[0]
        fork = self._forks.get(str(named))
        if fork is None:
            if op == "close":
                self._answer(id_, {"seq": 0})
            elif op == "release" and self._lost.pop(str(named), ""):
                self._answer(id_, {})
            elif str(named) in self._lost:
                self._fail(id_, ErrorCode.LOST, self._lost[str(named)])
            else:
                self._fail(id_, ErrorCode.NO_INSTANCE, f"no instance {named!r} is in use")
        elif op == "release":
            self._end(fork)
            self._answer(id_, {})
        elif op == "reset":
            self._end(fork)
            self._hand_on(self._fork(fork.spec, fork.instance), request, id_)
        elif op == "fork":
            self._fork_at(id_, fork, request)
        elif op == "go_back":
            self._go_back(id_, fork, request)
        else:
            self._hand_on(fork, request, id_)

    def _fork_at(self, id_: int, fork: Fork, request: Mapping[str, Any]) -> None:
        at, spec = request.get("at"), fork.spec
        sessions = None if at is None else request.get("sessions")

        def then(log: Any) -> None:
            again = {"id": id_, "op": "redo", "sessions": sessions, "actions": log}
            self._hand_on(self._fork(spec), again, id_)

        self._hand_on(fork, {"id": id_, "op": "log", "at": at}, id_, then)

    def _go_back(self, id_: int, fork: Fork, request: Mapping[str, Any]) -> None:
        to = request["to"]
        again = {"id": id_, "op": "redo", "sessions": request.get("sessions")}

        def then(log: Any) -> None:
            self._end(fork)
            self._hand_on(self._fork(fork.spec, fork.instance), {**again, "actions": log}, id_)

        self._hand_on(fork, {"id": id_, "op": "log", "at": to}, id_, then)

    def _create(self, id_: int, request: Mapping[str, Any]) -> None:
        hash_ = str(request.get("spec_hash", ""))
        spec = self._specs.get(hash_)
        if spec is None:
            if "spec" not in request:
                self._fail(id_, ErrorCode.BAD_SPEC, "this world is not known here: send its spec")
                return
            spec = WorldSpec.model_validate(request["spec"])
            if spec.game is None:
                self._fail(id_, ErrorCode.BAD_SPEC, "this world is no game")
                return
            if wrong := self._other_start(spec):
                self._fail(id_, ErrorCode.BAD_SPEC, wrong)
                return
            self._specs[spec.hash] = spec
        self._hand_on(self._fork(spec), {"id": id_, "op": "create"}, id_)

    def _other_start(self, spec: WorldSpec) -> str:
        """Say in what the game begins otherwise than the task says; empty where it does not."""
        wanted = initial_fields(spec)
        for entity in sorted(wanted.keys() | self._initial.keys()):
            if wanted.get(entity) != self._initial.get(entity):
                return (
                    f"this game begins otherwise than the one that the task was made for: {entity}"
                    f" is {self._initial.get(entity)} and was {wanted.get(entity)}"
                )
        return ""

    def _counts(self) -> dict[str, int]:
        with open("/proc/self/statm") as statm:
            rss = int(statm.read().split()[1]) * resource.getpagesize() // 1024
        return {
            "instances": len(self._forks), "idle": 0, "worlds": len(self._specs),
            "sessions": len(self._forks), "rss_kb": rss,
        }  # fmt: skip

    def _answer(self, id_: int | None, result: Any) -> None:
        self._send(json.dumps({"id": id_, "ok": result}).encode())

    def _fail(self, id_: int | None, code: str, message: str) -> None:
        told = {"code": code, "message": message}
        self._send(json.dumps({"id": id_, "error": told}).encode())

    def _send(self, line: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # the next read says so, too
            self._control.sendall(line + b"\n")

    # Forks

    def _fork(self, spec: WorldSpec, instance: str = "") -> Fork:
        if len(self._forks) >= MOST:
            raise ValueError(f"{MOST} rollouts of this game run, as many as may")
        self._made += 1
        instance = instance or f"g{self._made}"
        files = self._scratch / f"rollout-{self._made}"
        files.mkdir()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            gc.freeze()
            kernel.end_with_parent()
            _keep_only(theirs.fileno())
            os.setpgid(0, 0)
            run_rollout(
                theirs, instance, spec, self._snapshot, files, self._reader, dict(self._initial)
            )
        theirs.close()
        fork = Fork(instance, pid, ours, files, spec)
        self._forks[instance] = fork
        self._selector.register(ours, selectors.EVENT_READ, fork)
        return fork

    def _hand_on(
        self, fork: Fork, request: Mapping[str, Any], id_: int, then: Then | None = None
    ) -> None:
        if not fork.waiting:
            fork.since, fork.used = clock.real_time(), _processor_time(fork.pid)
        fork.waiting.append((id_, then))
        with contextlib.suppress(ConnectionError):  # that it is gone is heard at once
            fork.wire.sendall(json.dumps(request).encode() + b"\n")

    def _hear_fork(self, fork: Fork) -> None:
        heard = b""
        with contextlib.suppress(ConnectionError):
            heard = fork.wire.recv(1 << 18)
        if not heard:
            self._lose(fork, "the process of this rollout has ended")
            return
        *lines, fork.unread = (fork.unread + heard).split(b"\n")
        for line in lines:
            _, then = fork.waiting.popleft()
            if fork.waiting:
                fork.since, fork.used = clock.real_time(), _processor_time(fork.pid)
            if then is None:
                self._send(line)
                continue
            answer = json.loads(line)
            if "ok" in answer:
                then(answer["ok"])
            else:
                self._send(line)

    def _end_the_stuck(self) -> None:
        now = clock.real_time()
        for fork in list(self._forks.values()):
            waited = now - fork.since
            if not fork.waiting or waited <= min(self._patience):
                continue
            if _processor_time(fork.pid) - fork.used > self._patience.processor:
                limit = f"{self._patience.processor:g} s of processor time"
            elif waited > self._patience.clock and _sleeps(fork.pid):
                limit = f"{self._patience.clock:g} s"
            else:
                continue
            self._lose(fork, f"the game did not answer within {limit}: this rollout was ended")

    def _lose(self, fork: Fork, why: str) -> None:
        self._lost[fork.instance] = why
        self._end(fork, why)

    def _end(self, fork: Fork, why: str = "this rollout was given back") -> None:
        self._forks.pop(fork.instance, None)
        self._selector.unregister(fork.wire)
        fork.wire.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(fork.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(fork.pid, 0)
        shutil.rmtree(fork.files, ignore_errors=True)
        for id_, _ in fork.waiting:
            self._fail(id_, ErrorCode.LOST, why)


def _keep_only(descriptor: int) -> None:
    """Close every file that a fork has of its parent but its own socket and the log."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, min(most, 65536))


def _processor_time(pid: int) -> float:
    """Return the seconds of processor time that a process has taken; 0 where that is unknown."""
    if fields := _stat(pid):
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _sleeps(pid: int) -> bool:
    """Tell whether a process waits for something other than a processor; true where unknown."""
    fields = _stat(pid)
    return not fields or fields[0] != "R"


def _stat(pid: int) -> list[str]:
    """Return what the system says of a process, from its state on (Linux); empty elsewhere."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []

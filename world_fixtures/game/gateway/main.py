"""The process of a world server, and the prefork server that it is forked from.

    python -m world_fixtures.game.gateway.main --migrate DIRECTORY

makes the tables in a directory's database. With `--prefork LABEL` standard input is a Unix
socket: once everything is loaded a line `ready` is sent there. Each message that comes then
holds the path of a scratch directory, with a socket, a log file and, perhaps, the connection of a
client as its ancillary data; a child is forked for it and its process id sent back. It ends when
its socket does.

A child reads the secret from the first line of its own socket, opens the database, answers
`{"port": n}`, and stops when that socket ends: a server cannot outlive its parent.
It removes its scratch directory then, unless a line `keep` came before.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

GAME = Path(__file__).resolve().parents[1]
SETTINGS = "world_fixtures.game.server.conf.rollout"


# Whatever needs Django's settings or models can be imported only once Django is set up, and
# each of the functions below runs at another point of that: hence the imports inside them.


def prepare(scratch: str) -> None:
    """Set up Django and Evennia for a scratch directory; must come before other imports."""
    os.environ["EVENNIA_WORLD_SCRATCH"] = str(Path(scratch).resolve())
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    os.chdir(GAME)  # where Evennia looks for its game directory
    import django

    django.setup()
    from world_fixtures.game import compat
    from world_fixtures.game.loading import load_light

    load_light()
    compat.load_evennia()


def migrate(scratch: str) -> None:
    """Create the tables in `scratch`: done once a version, then copied."""
    prepare(scratch)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def prefork() -> None:
    """Load everything once, then fork a server for each scratch directory."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    gc.disable()  # nothing of what is loaded can be collected
    with tempfile.TemporaryDirectory() as nowhere:
        prepare(nowhere)
        from django.db import connections

        connections.close_all()  # a child opens its own database
    log_problems()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    gc.collect()
    gc.enable()
    gc.freeze()  # the children share what is loaded, as long as nobody touches it
    control.sendall(b"ready\n")
    while True:
        scratch, descriptors, _, _ = socket.recv_fds(control, 65536, 3)
        if not descriptors:
            return
        child = os.fork()
        if child == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendall(b"%d\n" % child)
    control.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    parent, log, *wires = descriptors
    for source, target in ((parent, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(parent)
    os.close(log)
    move_to(scratch.decode())
    serve(scratch.decode(), [socket.socket(fileno=wire) for wire in wires])


def move_to(scratch: str) -> None:
    """Point what `prepare` has set up at another scratch directory, in a fresh child."""
    from django.conf import settings

    from world_fixtures.game import compat

    os.environ["EVENNIA_WORLD_SCRATCH"] = settings.LOG_DIR = scratch
    settings.SERVER_LOG_FILE = os.path.join(scratch, "server.log")
    settings.LOCKWARNING_LOG_FILE = os.path.join(scratch, "lockwarnings.log")
    compat.use_database(os.path.join(scratch, "world.db3"))
    compat.renew_reactor()


def serve(scratch: str, wires: Iterable[socket.socket] = ()) -> None:
    """Run until standard input ends, for clients that connect and those of open connections."""
    reader = os.fdopen(os.dup(0), "r")
    secret = reader.readline().strip()
    if not secret:  # the process that asked for us is gone
        return
    from twisted.internet import reactor, stdio
    from twisted.internet.protocol import Protocol

    from world_fixtures.game import compat
    from world_fixtures.game.gateway import service

    service.SECRET = secret
    server = compat.start_server()

    class ParentConnection(Protocol):
        keep = False

        def dataReceived(self, data: bytes) -> None:
            self.keep = self.keep or b"keep" in data

        def connectionLost(self, reason: object = None) -> None:
            reactor.stop()  # type: ignore[attr-defined]

    parent = ParentConnection()
    standard_io: Any = stdio.StandardIO
    standard_io(parent, stdout=2)
    on_stop: Any = reactor.addSystemEventTrigger  # type: ignore[attr-defined]
    on_stop("before", "shutdown", server.stopService)  # threads of its own would keep it alive
    answer = json.dumps({"port": compat.listening_port(server, "gateway")}).encode() + b"\n"
    for wire in wires:
        service.adopt(wire)
    server.ready().addCallback(lambda _: os.write(reader.fileno(), answer))
    reactor.run()  # type: ignore[attr-defined]
    from django.db import connection

    connection.close()
    if not parent.keep:
        shutil.rmtree(scratch, ignore_errors=True)


def log_problems() -> None:
    """Write warnings and worse to standard error, which is the server's log."""
    from twisted.logger import globalLogPublisher

    from world_fixtures.game.loading import problems_to_stderr

    globalLogPublisher.addObserver(problems_to_stderr())


if __name__ == "__main__":
    if sys.argv[1] == "--migrate":
        migrate(sys.argv[2])
    else:
        prefork()

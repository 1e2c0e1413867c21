"""The process of a world server.

    python -m world_fixtures.game.gateway.main SCRATCH

Prints a line when it has loaded, reads the secret from the first line of standard input,
opens the database, prints `{"port": n}`, and stops when standard input ends: a server cannot
outlive whoever started it. It removes its scratch directory then, unless a line `keep` came
before.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

GAME = Path(__file__).resolve().parents[1]
SETTINGS = "world_fixtures.game.server.conf.rollout"


def prepare(scratch: str) -> None:
    """Set up Django and Evennia for a scratch directory; must come before other imports."""
    os.environ["EVENNIA_WORLD_SCRATCH"] = str(Path(scratch).resolve())
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    os.chdir(GAME)  # where Evennia looks for its game directory
    import django

    django.setup()
    import evennia

    evennia._init()


def migrate(scratch: str) -> None:
    """Create the tables in `scratch`: done once a version, then copied."""
    prepare(scratch)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def serve(scratch: str) -> None:
    """Run until standard input ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints belongs in the log
    prepare(scratch)
    _log_problems()
    print("{}", file=out, flush=True)
    secret = sys.stdin.readline().strip()
    if not secret:  # whoever started us is gone, or needs us no more
        return
    import evennia
    from twisted.internet import reactor, stdio
    from twisted.internet.protocol import Protocol

    from world_fixtures.game.gateway import service

    service.SECRET = secret
    server = evennia.EVENNIA_SERVER_SERVICE
    server.privilegedStartService()
    server.startService()
    server.run_init_hooks("shutdown")

    class Leash(Protocol):
        keep = False

        def dataReceived(self, data: bytes) -> None:
            self.keep = self.keep or b"keep" in data

        def connectionLost(self, reason: object = None) -> None:
            reactor.stop()  # type: ignore[attr-defined]

    leash = Leash()

    port = server.getServiceNamed("gateway")._port.getHost().port
    standard_io: Any = stdio.StandardIO
    standard_io(leash, stdout=2)
    print(json.dumps({"port": port}), file=out, flush=True)
    reactor.run()  # type: ignore[attr-defined]
    from django.db import connection

    connection.close()
    if not leash.keep:
        shutil.rmtree(scratch, ignore_errors=True)


def _log_problems() -> None:
    """Warnings and worse go to standard error, which is the server's log."""
    from twisted.logger import (
        FilteringLogObserver,
        LogLevel,
        LogLevelFilterPredicate,
        globalLogPublisher,
        textFileLogObserver,
    )

    problems: Any = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    to_stderr: Any = textFileLogObserver(sys.stderr)
    observer: Any = FilteringLogObserver(to_stderr, [problems])
    globalLogPublisher.addObserver(observer)


if __name__ == "__main__":
    if sys.argv[1] == "--migrate":
        migrate(sys.argv[2])
    else:
        serve(sys.argv[1])

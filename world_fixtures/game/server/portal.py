"""The Portal of a world server: `python -m world_fixtures.game.server.portal SCRATCH`.

Prints the ports that it listens on, as JSON, and ends with its standard input.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any

from world_fixtures.game.gateway.main import GAME, SETTINGS, log_problems

# What needs Django's settings can be imported only once Django is set up: hence the imports
# inside the function.


def serve(scratch: str) -> None:
    """Run a Portal until standard input ends, then remove its scratch directory."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["EVENNIA_WORLD_SCRATCH"] = scratch
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    os.chdir(GAME)
    import django

    django.setup()
    import evennia
    from django.conf import settings
    from django.core.management import call_command

    from world_fixtures.game import compat
    from world_fixtures.game.loading import load_light

    load_light()
    compat.load_evennia(portal=True)
    log_problems()
    call_command("collectstatic", interactive=False, verbosity=0)
    from twisted.internet import reactor, stdio
    from twisted.internet.protocol import Protocol

    portal = evennia.EVENNIA_PORTAL_SERVICE
    portal.privilegedStartService()
    portal.startService()

    class ParentConnection(Protocol):
        def connectionLost(self, reason: object = None) -> None:
            shutil.rmtree(os.path.dirname(settings.LINK_PATH), ignore_errors=True)
            shutil.rmtree(scratch, ignore_errors=True)
            os._exit(0)  # in order, the Portal would stop the world server, too

    standard_io: Any = stdio.StandardIO
    standard_io(ParentConnection(), stdout=2)
    print(json.dumps(portal.ports()), file=out, flush=True)
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    serve(sys.argv[1])

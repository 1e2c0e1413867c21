"""Settings of a world server for rollouts: no Portal, no web, own scratch directory."""

import os

from world_fixtures.game.server.conf.settings import *  # noqa: F403
from world_fixtures.game.server.conf.settings import GAME

_SCRATCH = os.environ["EVENNIA_WORLD_SCRATCH"]

LOG_DIR = _SCRATCH
SERVER_LOG_FILE = os.path.join(_SCRATCH, "server.log")
LOCKWARNING_LOG_FILE = os.path.join(_SCRATCH, "lockwarnings.log")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.path.join(_SCRATCH, "world.db3"),
        "OPTIONS": {"timeout": 30},
    }
}
# The server alone opens its database, and need not ask the system for locks at each command. Only
# the pages for spectators read it in threads of their own, and whoever looks in from outside:
# EVENNIA_WORLD_OPEN_DATABASE=1 lets him.
_OTHERS = {"EVENNIA_WORLD_SPECTATE", "EVENNIA_WORLD_OPEN_DATABASE"}
_LOCKING = "EXCLUSIVE" if _OTHERS.isdisjoint(os.environ) else "NORMAL"
# WAL with NORMAL: what was committed survives the death of the process at any moment.
# It may not survive the loss of the machine's power, which no rollout survives either.
SQLITE3_PRAGMAS = (
    f"PRAGMA locking_mode={_LOCKING}",  # first, or the WAL would be shared already
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=4000",
)

EVENNIA_SERVER_SERVICE_CLASS = f"{GAME}.gateway.service.PortallessService"
SERVER_SERVICES_PLUGIN_MODULES = [f"{GAME}.gateway.service"]
SERVER_SESSION_CLASS = f"{GAME}.gateway.session.SealedSession"
COMMAND_PARSER = f"{GAME}.commands.parser.parse"

WEBSERVER_ENABLED = False
IRC_ENABLED = RSS_ENABLED = GRAPEVINE_ENABLED = GAME_INDEX_ENABLED = False
IN_GAME_ERRORS = False
IDLE_TIMEOUT = -1
DELAY_CMD_LOGINSTART = 0
IDMAPPER_CACHE_MAXSIZE = None  # live instances are referenced: a flush would split them in two
CHANNEL_CONNECTINFO = None
CHANNEL_MUDINFO = None
DEFAULT_CHANNELS: list[dict[str, str]] = []
GLOBAL_SCRIPTS: dict[str, dict[str, str]] = {}
MULTISESSION_MODE = 0  # a second session of a character takes the place of the first
SHARED_WORLD = ""
SPECTATOR_WORD = ""

if "EVENNIA_WORLD_SPECTATE" in os.environ:
    from world_fixtures.game.server.conf.spectated import *  # noqa: F403

"""Settings of a game's process: the game's own, and over them what a rollout cannot do without."""

import json
import os

from server.conf.settings import *  # noqa: F403

with open(os.environ["EVENNIA_GAME_RECIPE"], encoding="utf-8") as _recipe:
    globals().update(json.load(_recipe)["settings"])

_FILES = os.environ["EVENNIA_GAME_FILES"]
LOG_DIR = os.path.join(_FILES, "logs")
SERVER_LOG_FILE = os.path.join(LOG_DIR, "server.log")
PORTAL_LOG_FILE = os.path.join(LOG_DIR, "portal.log")
LOCKWARNING_LOG_FILE = os.path.join(LOG_DIR, "lockwarnings.log")
HTTP_LOG_FILE = os.path.join(LOG_DIR, "http.log")
CACHE_DIR = os.path.join(_FILES, "cache")
_OWN = globals()["DATABASES"]["default"]  # the game's
OWN_DATABASE = str(_OWN["NAME"]) if _OWN["ENGINE"].endswith("sqlite3") else ""
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.path.join(_FILES, "game.db3"),
        "OPTIONS": {"timeout": 30},
    }
}
# Nothing of a rollout's database is wanted after its process has ended.
SQLITE3_PRAGMAS = (
    "PRAGMA journal_mode=MEMORY",
    "PRAGMA synchronous=OFF",
    "PRAGMA temp_store=MEMORY",
)
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "throttle": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

WEBSERVER_ENABLED = WEBCLIENT_ENABLED = WEBSOCKET_CLIENT_ENABLED = False
IRC_ENABLED = RSS_ENABLED = GRAPEVINE_ENABLED = GAME_INDEX_ENABLED = False
SERVER_SERVICES_PLUGIN_MODULES: list[str] = []
PORTAL_SERVICES_PLUGIN_MODULES: list[str] = []
EVENNIA_SERVER_SERVICE_CLASS = "world_fixtures.foreign.inside.service.PortallessService"
IN_GAME_ERRORS = False
IDLE_TIMEOUT = -1
DELAY_CMD_LOGINSTART = 0
COMMAND_RATE_WARNING = ""
MAX_COMMAND_RATE = -1
IDMAPPER_CACHE_MAXSIZE = None
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CHANNEL_CONNECTINFO = None
DEBUG = False
USE_TZ = True
TIME_ZONE = "UTC"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
SECRET_KEY = "a rollout holds no secrets"

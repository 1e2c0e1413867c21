"""What a spectator needs on top of the rollout settings: a Portal, its pages, an account.

The gate (`world_fixtures.spectator`) keeps its secrets in a file that nobody else can read.
"""

import json
import os
from pathlib import Path

from world_fixtures.game.server.conf.settings import GAME

_GATE = json.loads(Path(os.environ["EVENNIA_WORLD_SPECTATE"]).read_text())
_SCRATCH = os.path.dirname(os.environ["EVENNIA_WORLD_SPECTATE"])

SPECTATOR_WORD = _GATE["word"]
LINK_SECRET = _GATE["secret"].encode()
LINK_PATH = _GATE["link"]
SECRET_KEY = _GATE["secret"]
EVENNIA_SERVER_SERVICE_CLASS = f"{GAME}.server.spectated.SpectatedService"
EVENNIA_PORTAL_SERVICE_CLASS = f"{GAME}.server.spectated_portal.SpectatedPortal"
SERVER_SESSION_CLASS = f"{GAME}.server.spectated.SpectatedSession"
INPUT_FUNC_MODULES = [f"{GAME}.server.spectator_input"]
CONNECTION_SCREEN_MODULE = f"{GAME}.server.conf.spectator_screens"
CMDSET_UNLOGGEDIN = f"{GAME}.commands.spectator.LoginCmdSet"
# The word is random: a slow hash adds nothing, and would hold up every rollout at each try.
PASSWORD_HASHERS = [f"{GAME}.server.passwords.QuickHasher"]

WEBSERVER_ENABLED = TELNET_ENABLED = True
SSH_ENABLED = SSL_ENABLED = TELNET_OOB_ENABLED = REST_API_ENABLED = GUEST_ENABLED = False
NEW_ACCOUNT_REGISTRATION_ENABLED = False
LOCKDOWN_MODE = True
ROOT_URLCONF = f"{GAME}.web.spectator_urls"
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
STATIC_ROOT = os.path.join(_SCRATCH, "static")
PORTAL_LOG_FILE = os.path.join(_SCRATCH, "portal.log")
HTTP_LOG_FILE = os.path.join(_SCRATCH, "http.log")

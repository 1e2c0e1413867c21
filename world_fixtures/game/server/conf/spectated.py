"""What a spectator needs on top of the rollout settings: a Portal, a web server, an account.

All of it listens on loopback; the ports and the password come from `world_fixtures.spectator`.
"""

import json
import os

from world_fixtures.game.server.conf.settings import GAME

_GATE = json.loads(os.environ["EVENNIA_WORLD_SPECTATE"])

SPECTATOR_WORD = _GATE["word"]
EVENNIA_SERVER_SERVICE_CLASS = f"{GAME}.server.spectated.SpectatedService"
SERVER_SESSION_CLASS = f"{GAME}.server.spectated.SpectatedSession"
CONNECTION_SCREEN_MODULE = f"{GAME}.server.conf.spectator_screens"
CMDSET_UNLOGGEDIN = f"{GAME}.commands.spectator.LoginCmdSet"

ROOT_URLCONF = f"{GAME}.web.spectator_urls"
LOCKDOWN_MODE = True
NEW_ACCOUNT_REGISTRATION_ENABLED = False
WEBSERVER_ENABLED = True
WEBSERVER_PORTS = [(_GATE["web"], _GATE["pages"])]
WEBSOCKET_CLIENT_PORT = _GATE["socket"]
TELNET_PORTS = [_GATE["telnet"]]
AMP_HOST = "127.0.0.1"
AMP_PORT = _GATE["amp"]
STATIC_ROOT = os.path.join(_GATE["scratch"], "static")
PORTAL_LOG_FILE = os.path.join(_GATE["scratch"], "portal.log")
HTTP_LOG_FILE = os.path.join(_GATE["scratch"], "http.log")

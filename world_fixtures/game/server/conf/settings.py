"""Settings of the game when a person runs it: `evennia start`.

Everything is named by its full path, so that a module is never imported under two names.
Rollouts use `server.conf.rollout`, which builds on this file.
"""

from evennia.settings_default import *  # noqa: F403

GAME = "world_fixtures.game"

SERVERNAME = "Evennia World Fixtures"
TELNET_INTERFACES = ["127.0.0.1"]
WEBSERVER_INTERFACES = ["127.0.0.1"]
WEBSOCKET_CLIENT_INTERFACE = "127.0.0.1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

INSTALLED_APPS += [f"{GAME}.gateway"]  # type: ignore[name-defined] # noqa: F405

ROOT_URLCONF = f"{GAME}.web.urls"
AT_INITIAL_SETUP_HOOK_MODULE = f"{GAME}.server.conf.at_initial_setup"
AT_SERVER_STARTSTOP_MODULE = f"{GAME}.server.conf.at_server_startstop"
CONNECTION_SCREEN_MODULE = f"{GAME}.server.conf.connection_screens"
SERVER_SERVICES_PLUGIN_MODULES: list[str] = []
PORTAL_SERVICES_PLUGIN_MODULES: list[str] = []
INPUT_FUNC_MODULES = ["evennia.server.inputfuncs"]
LOCK_FUNC_MODULES = ("evennia.locks.lockfuncs",)
FILE_HELP_ENTRY_MODULES: list[str] = []
PROTOTYPE_MODULES: list[str] = []
MSSP_META_MODULE = f"{GAME}.server.conf.connection_screens"
WEB_PLUGINS_MODULE = f"{GAME}.server.conf.web_plugins"

BASE_ACCOUNT_TYPECLASS = f"{GAME}.typeclasses.accounts.Account"
BASE_CHARACTER_TYPECLASS = f"{GAME}.typeclasses.characters.Character"
BASE_OBJECT_TYPECLASS = f"{GAME}.typeclasses.objects.Thing"
BASE_ROOM_TYPECLASS = f"{GAME}.typeclasses.rooms.Room"
BASE_EXIT_TYPECLASS = f"{GAME}.typeclasses.exits.Exit"
BASE_SCRIPT_TYPECLASS = "evennia.scripts.scripts.DefaultScript"
BASE_CHANNEL_TYPECLASS = "evennia.comms.comms.DefaultChannel"
BASE_GUEST_TYPECLASS = "evennia.accounts.accounts.DefaultGuest"

CMDSET_CHARACTER = f"{GAME}.commands.default_cmdsets.CharacterCmdSet"
CMDSET_ACCOUNT = "evennia.commands.default.cmdset_account.AccountCmdSet"
CMDSET_SESSION = "evennia.commands.default.cmdset_session.SessionCmdSet"
CMDSET_UNLOGGEDIN = "evennia.commands.default.cmdset_unloggedin.UnloggedinCmdSet"

try:
    from world_fixtures.game.server.conf.secret_settings import *  # noqa: F403
except ImportError:
    # Only a public deployment needs one; Evennia's launcher makes it on demand.
    SECRET_KEY = "fixture worlds hold no secrets"

SPECTATOR_WORD = ""
"""Password of the account that looks on at rollouts; none here."""
SHARED_WORLD = "timmy_home"
"""Name of the library world in which people who log in find themselves."""

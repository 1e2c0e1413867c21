"""Lines that a player might type to get out of a game: builder commands, markup, code, noise."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator

BUILDING = (
    "about", "accounts", "addcom", "alias", "batchcode x", "batchcommand x", "boot player",
    "ban x", "cboot", "ccreate x", "channel/create x", "cmdsets", "copy me", "cpattr me/a=me/b",
    "create sword", "cwho", "delaccount player", "desc me=x", "destroy here", "dig Room",
    "drop all", "emit x", "examine me", "find me", "force builder=look", "home", "irc2chan",
    "link x=y", "lock me=edit:all()", "mvattr me/a=me/b", "name me=x", "objects", "open x",
    "perm me=Developer", "perm/account player=Admin", "py import os; os.system('id')",
    "py self.account.is_superuser=True", "reload", "reset", "rss2chan", "script here=x", "server",
    "service", "set me/a=1", "set me/desc=|lcpy 1|ltx|le", "sethelp x=y", "sethome me=here",
    "shutdown", "spawn {'key':'x'}", "tag me=x:y", "tel #1", "teleport builder=here", "tickers",
    "time", "tunnel n", "type me=evennia.DefaultRoom", "typeclass/force me=x", "unban x",
    "unlink x", "unquell", "userpassword builder=x", "wall x", "wipe me", "options", "ic builder",
    "ooc", "charcreate Other", "chardelete Other=yes", "password a=b", "quell", "quit",
    "nick x=py 1", "nick/list", "page builder=x", "access", "sessions", "give #1 to me", "get #1",
    "look #1", "whisper builder=x", "setdesc $py(1)|r", "pose |/|-",
)  # fmt: skip
PIECES = (
    "me", "here", "self", "#1", "#2", "*builder", "builder", "player", "all", "../../etc/passwd",
    "/dev/tcp/127.0.0.1/80", "http://127.0.0.1/", "$eval(1)", "$py(1)", "{{x}}", "%s%s",
    "|lcquit|ltx|le", "'; DROP TABLE objects_objectdb; --", "\\x00", "__import__('os')", "=", "/",
    "to", "x" * 200,
)  # fmt: skip


def hostile_lines(count: int, seed: int) -> Iterator[str]:
    """Yield `count` lines, the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.random()
        if kind < 0.5:
            at = rng.choice(("", "@", "+", " ", "@@"))
            yield f"{at}{rng.choice(BUILDING)} {rng.choice(PIECES) if rng.random() < 0.5 else ''}"
        elif kind < 0.8:
            word = rng.choice(("look", "get", "say", "give", "help", "drop", "channel", "page"))
            yield " ".join((word, *rng.choices(PIECES, k=rng.randint(0, 3))))
        else:
            noise = string.printable + "\x00\x1b\u202e\u00f6\ud7ff"
            yield "".join(rng.choices(noise, k=rng.randint(0, 80)))

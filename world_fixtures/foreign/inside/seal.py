"""The fence around a game's process: no network, no programs, and files in its own directory only.

It is made of an audit hook of Python (PEP 578), which cannot be removed, and of limits of the
system. What is refused raises PermissionError in the game, and is counted. It is a fence against
what a player makes a game do, not against a game that means harm: code that calls the system past
Python is not seen. Imports neither Evennia nor a game.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_FILE = 256 << 20
"""Bytes in one file that a game writes."""
MAX_MEMORY = 4 << 30
"""Bytes of address space of one rollout's process."""
NETWORK = frozenset(
    ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
     "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo",
     "urllib.Request", "http.client.connect", "smtplib.connect", "ftplib.connect")
)  # fmt: skip
PROGRAMS = frozenset(
    ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
     "os.forkpty", "os.kill", "os.killpg", "pty.spawn", "ctypes.dlopen", "ctypes.call_function",
     "signal.pthread_kill", "syslog.openlog", "sqlite3.enable_load_extension",
     "sqlite3.load_extension")
)  # fmt: skip
_CHANGES = frozenset(
    ("os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.truncate", "os.utime",
     "shutil.rmtree", "os.setxattr", "os.removexattr", "os.chflags", "os.lchmod")
)  # fmt: skip
_MOVES = frozenset(("os.rename", "os.link", "os.symlink", "shutil.move", "shutil.copyfile"))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Fence:
    home = ""
    """Directory in which may be written; empty while nothing is fenced."""
    refused: list[str] = []
    readable: tuple[str, ...] = ()
    """Directories in which files may be read; anywhere where empty."""


def close(home: str, readable: Sequence[str] = ()) -> None:
    """Fence this process in, for good: files are written below `home` alone.

    They are read there, below `readable`, and where Python's own modules are.
    """
    for limit, most in (
        (resource.RLIMIT_FSIZE, MAX_FILE), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MAX_MEMORY),
    ):  # fmt: skip
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))
    _Fence.home = os.path.realpath(home)
    paths = [path for path in sys.path if path] + [sys.prefix, sys.base_prefix, sys.exec_prefix]
    system = ["/usr/share/zoneinfo", "/dev/null", "/dev/urandom", "/proc/self"]
    _Fence.readable = tuple({os.path.realpath(p) for p in [*readable, *paths, *system]})
    sys.addaudithook(_watch)


def refused() -> list[str]:
    """Return what was refused until now, each named once, in order."""
    return list(dict.fromkeys(_Fence.refused))


def _watch(event: str, given: tuple[Any, ...]) -> None:
    if event == "open":
        path, mode, flags = given
        if isinstance(path, int):
            return
        writes = bool(flags & _WRITING) if isinstance(flags, int) else False
        if isinstance(mode, str) and set(mode) & set("wax+"):
            writes = True
        if not _within(path, writes):
            _refuse(f"{'writes' if writes else 'reads'} the file {_shown(path)}")
    elif event in NETWORK:
        _refuse(f"uses the network ({event})")
    elif event in PROGRAMS:
        _refuse(f"runs or ends a program ({event})")
    elif event in _CHANGES:
        if not isinstance(given[0], int) and not _within(given[0], True):
            _refuse(f"changes {_shown(given[0])} ({event})")
    elif event in _MOVES:
        for path in given[:2]:
            if not isinstance(path, int) and not _within(path, event != "shutil.copyfile"):
                _refuse(f"moves or links {_shown(path)} ({event})")
    elif event == "sqlite3.connect":
        for path in _databases(given[0]):
            if not _within(path, True):
                _refuse(f"opens the database {_shown(given[0])}")


def _databases(named: Any) -> list[Any]:
    """Return the files that a name of a database may stand for: none for one in memory.

    `file:` begins an address or a file's name; which of them is not told.
    """
    if named == ":memory:":
        return []
    if not isinstance(named, str) or not named.startswith("file:"):
        return [named]
    address = urlsplit(named)
    kinds = dict(parse_qsl(address.query))
    path = unquote(address.path)
    memory = path == ":memory:" or kinds.get("mode") == "memory"
    return [named] if memory else [named, path]


def _within(path: Any, writes: bool) -> bool:
    """Tell whether a path is one that may be written, or read.

    With `dir_fd` a path is not where it seems to be, and an event does not say that there is one.
    So directories outside the rollout's own are not opened, and no path leads up from where it is.
    """
    try:
        given = os.fsdecode(path)
        found = os.path.realpath(given)
    except (TypeError, ValueError):
        return False
    if not os.path.isabs(given) and os.pardir in given.split(os.sep):
        return False
    if found == "/dev/null" or _is_below(found, _Fence.home):
        return True
    readable = any(_is_below(found, place) for place in _Fence.readable)
    return not writes and readable and not os.path.isdir(found)


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(place + os.sep)


def _shown(path: Any) -> str:
    return repr(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else repr(path)


def _refuse(what: str) -> None:
    if len(_Fence.refused) < 1000:
        _Fence.refused.append(what)
    raise PermissionError(f"a game in a rollout must not do this: it {what}")

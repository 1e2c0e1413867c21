"""What the system itself does for a game's process, whose code may hang or get past Python.

It refuses internet sockets, other programs and nodes in a rollout, and ends what was left behind.

A filter of system calls (seccomp, on Linux on x86-64 and ARM64) that cannot be taken out, and that
C code does not get past either. Where there is none, the fence of `seal` stands alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import platform
import signal
import struct
from typing import NamedTuple

_LOAD, _IS, _FROM, _RETURN = 0x20, 0x15, 0x35, 0x06
"""Load a word, jump where equal, jump where at least, return: of the filter's language (BPF)."""
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16
"""Where the filter finds number, architecture and first argument of a call."""
_UNIX = 1
_END_WITH_PARENT = 1
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2


class _Calls(NamedTuple):
    """Numbers of system calls, and of the architecture that has them."""

    architecture: int
    socket: int
    refused: tuple[int, ...]
    """execve, execveat, ptrace, process_vm_writev, and what no audit hook of Python sees:
    pidfd_send_signal, mknodat and, where there is one, mknod."""
    most: int
    """Numbers from here on are those of another way of calling."""


_KNOWN = {
    "x86_64": _Calls(0xC000003E, 41, (59, 322, 101, 311, 424, 259, 133), 0x40000000),
    "aarch64": _Calls(0xC00000B7, 198, (221, 281, 117, 271, 424, 33), 0x40000000),
}


def end_with_parent(ends: bool = True) -> None:
    """Have the system end this process when its parent ends, however that comes (Linux); or not.

    More exactly: when the thread that started it ends, in the parent.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL if ends else 0)


def close() -> bool:
    """Have the system refuse from now on; returns whether it does."""
    calls = _KNOWN.get(platform.machine())
    if platform.system() != "Linux" or calls is None:
        return False
    program = b"".join(struct.pack("HBBI", *line) for line in _program(calls))
    lines = ctypes.create_string_buffer(program)
    described = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(lines))
    )
    libc = ctypes.CDLL(None)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, described, 0, 0) == 0)


def _program(calls: _Calls) -> list[tuple[int, int, int, int]]:
    """Return the filter; each line is code, steps where true, steps where false, and value."""
    found = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IS, 1, 0, calls.architecture),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER),
        (_FROM, 0, 1, calls.most),
        (_RETURN, 0, 0, _REFUSE),
    ]
    for number in calls.refused:
        found += [(_IS, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    found += [
        (_IS, 1, 0, calls.socket),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _FIRST),
        (_IS, 1, 0, _UNIX),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return found

"""Which sockets a process listens on, from Linux's own tables."""

from __future__ import annotations

import os
import socket
from pathlib import Path

Address = tuple[str, int] | str
"""Host and port of a TCP socket, or the path of a Unix socket."""


def listeners(*pids: int) -> list[Address]:
    """Every socket that one of these processes listens on."""
    ours = {inode for pid in pids for inode in _sockets(pid)}
    found: set[Address] = set()
    for name, family, size in (("tcp", socket.AF_INET, 4), ("tcp6", socket.AF_INET6, 16)):
        for row in _rows(name):
            if row[3] == "0A" and row[9] in ours:
                host, port = row[1].split(":")
                words = bytes.fromhex(host)
                parts = [words[i : i + 4][::-1] for i in range(0, size, 4)]
                found.add((socket.inet_ntop(family, b"".join(parts)), int(port, 16)))
    for row in _rows("unix"):
        if row[3] == "00010000" and row[6] in ours:
            found.add(row[7])
    return sorted(found, key=str)


def descendants(pid: int) -> list[int]:
    """The process and all that it has started, and they in turn."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    children = [child for thread in threads for child in thread.read_text().split()]
    return [pid, *(one for child in children for one in descendants(int(child)))]


def _rows(table: str) -> list[list[str]]:
    path = Path("/proc/net") / table
    return [line.split() for line in path.read_text().splitlines()[1:]] if path.exists() else []


def _sockets(pid: int) -> set[str]:
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found

"""What no program of this shape can go below, measured beside what ours takes.

Run as a program, `python -m benchmarks.floors PORT ASKED ANSWERED`, it is the other end of a
ping-pong: it answers each ASKED bytes by ANSWERED others, until the connection ends.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from world_fixtures import home

ROUNDS = 5
"""Times that a figure is measured; the median counts."""


def median_of(measure: Callable[[], float]) -> float:
    """Return the median of ROUNDS measurements."""
    return statistics.median(measure() for _ in range(ROUNDS))


def ping_ms(asked: int, answered: int, count: int) -> float:
    """Measure the median milliseconds of a blocking round trip between two processes.

    `asked` bytes go over loopback to a process that answers with `answered`: nothing is read or
    written in them, and nothing else waits.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.floors", *map(str, (port, asked, answered))],
            env=home.child_env(sys.executable),
        )
        connection, _ = listener.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        times = []
        for _ in range(count):
            start = time.perf_counter()
            connection.sendall(b"x" * asked)
            _read(connection, answered)
            times.append(time.perf_counter() - start)
    child.wait()
    return statistics.median(times) * 1000


def _answer(port: int, asked: int, answered: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while _read(connection, asked):
            connection.sendall(b"y" * answered)


def _read(connection: socket.socket, count: int) -> bool:
    """Read so many bytes; tells whether they came before the end."""
    while count:
        part = connection.recv(count)
        if not part:
            return False
        count -= len(part)
    return True


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in all of its threads."""
    threads = list(Path(f"/proc/{pid}/task").iterdir())
    spent = sum(int((t / "schedstat").read_text().split()[0]) for t in threads) / 1e9
    return spent or _by_ticks(pid)  # where the system does not count so exactly


def _by_ticks(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


_TICKS = 100.0
"""Parts of a second in which Linux tells processes about times."""

if __name__ == "__main__":
    _answer(*map(int, sys.argv[1:]))

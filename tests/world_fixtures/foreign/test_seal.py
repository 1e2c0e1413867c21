"""The fence around a rollout's process, tried in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TRY = """
import ctypes, os, platform, signal, socket, sqlite3, subprocess, sys
from world_fixtures.foreign.inside import kernel, seal
libc = ctypes.CDLL(None, use_errno=True)
closed = kernel.close()
seal.close(sys.argv[1])
def refused(what, call):
    try:
        call()
    except PermissionError:
        return
    print("not refused:", what)
os.chdir(sys.argv[1])
free, secret = os.path.join(sys.argv[1], "mine"), sys.argv[2]
open(free, "w").write("x")
os.rename(free, free + "2")
os.remove(free + "2")
one, two = socket.socketpair()
refused("connecting", lambda: one.connect("/tmp/x"))
refused("looking up", lambda: socket.getaddrinfo("localhost", 80))
refused("writing", lambda: open(secret, "a"))
refused("reading", lambda: open(secret))
refused("removing", lambda: os.remove(secret))
refused("moving out", lambda: os.rename(__file__ if "__file__" in globals() else secret, free))
refused("a program", lambda: subprocess.run(["true"]))
refused("a shell", lambda: os.system("true"))
refused("forking", os.fork)
refused("a database", lambda: sqlite3.connect(secret))
refused("a database by its address", lambda: sqlite3.connect(f"file:{secret}", uri=True))
refused("one elsewhere", lambda: sqlite3.connect(f"file://localhost{secret}?mode=rw", uri=True))
sqlite3.connect(f"file:{free}?cache=shared", uri=True).execute("create table t (x)")
sqlite3.connect("file:memorydb_default?mode=memory&cache=shared", uri=True)
sqlite3.connect(":memory:")
own = sqlite3.connect(free)
if hasattr(own, "enable_load_extension"):
    refused("an extension", lambda: own.enable_load_extension(True))
refused("a directory elsewhere", lambda: os.open(sys.prefix, os.O_RDONLY))
here = os.open(".", os.O_RDONLY)
os.mkdir("deep")
os.chdir("deep")
refused("up from a directory", lambda: os.open("../secret", os.O_RDWR, dir_fd=here))
refused("its parent", lambda: os.open("..", os.O_RDONLY, dir_fd=here))
open(os.path.join(os.getcwd(), "..", "up"), "w").write("x")
os.remove("up", dir_fd=here)
refused("killing", lambda: os.kill(os.getppid(), 0))
if closed:
    assert libc.socket(2, 1, 0) == -1 and ctypes.get_errno() == 1
    assert libc.socket(1, 1, 0) >= 0
    refused("a node", lambda: os.mknod(secret + "2"))
    refused("a pipe", lambda: os.mkfifo(secret + "2"))
    pid = os.pidfd_open(os.getppid())
    refused("killing by descriptor", lambda: signal.pidfd_send_signal(pid, 0))
print("done", len(seal.refused()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits and filters are those of Linux")
def test_a_sealed_process_reaches_nothing_outside(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("key")
    done = subprocess.run(
        [sys.executable, "-c", TRY, str(inside), str(secret)], capture_output=True, text=True
    )
    assert done.stdout.startswith("done"), done.stdout + done.stderr
    assert secret.read_text() == "key"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inside", "secret"]

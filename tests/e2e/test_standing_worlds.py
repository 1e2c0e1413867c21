"""World servers at an address: programs of others play there, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from world_fixtures import home
from world_fixtures.address import SECRET, SECRET_FILE, VARIABLE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc"),
]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
"""Seconds until what must come to pass counts as not having come."""
NOWHERE = "/proc/nowhere"
"""A world home that nobody can make: whoever plays there must not need one."""
PLAY = """
    import sys
    from environments.hosting.blocking import SyncRollout
    from environments.hosting.source import task_named
    from environments.policies.player import PolicyPlayer
    from world_fixtures.background import SyncPool

    assert not {"evennia", "django", "atroposlib"} & set(sys.modules)
    with SyncPool(1) as worlds:
        for id in sys.argv[1:]:
            task = task_named(id)
            rollout = SyncRollout.begin(worlds, task)
            player = PolicyPlayer("oracle", task, rollout.prompt)
            while not rollout.over and (call := player.call()) is not None:
                step = rollout.step(*call)
                player.told(step.text, step.prompt)
            rollout.close()
            print(f"{task.id} {rollout.verdict.reward:.2f}")
        assert worlds.pool.replaced == 0
"""
HOLD = """
    import sys
    from environments.hosting.blocking import SyncRollout
    from environments.hosting.source import task_named
    from world_fixtures.background import SyncPool

    with SyncPool(2) as worlds:
        SyncRollout.begin(worlds, task_named("test/errand.deliver/2/3"))
        print(*(server.pid for server in worlds.pool.servers), flush=True)
        sys.stdin.read()
"""
TASKS = [
    ["test/errand.deliver/2/3", "test/inspection.read/3/1"],
    ["test/persistence.restart/2/0", "test/persistence.restart/3/1"],
    ["test/society.referral/2/1", "test/persistence.recall/2/0"],
]


def until(happened: Callable[[], object], what: str) -> None:
    """Wait for what nothing tells of."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, f"{what} did not come to pass"
        time.sleep(0.02)


class StandingServer:
    """One that runs, at an address of the directory `place`."""

    def __init__(self, place: Path, *options: str) -> None:
        self.place = place
        self.home = place / "home"
        if not self.home.exists():
            self.home.mkdir()
            (self.home / "templates").symlink_to(home.template().parent)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("EVENNIA_WORLD")}
        self.env = {**kept, "EVENNIA_WORLD_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        self.address = str(place / "worlds")
        options = options or ("--socket", self.address)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "world_fixtures.standing_server", *options],
            env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.told = self.process.stdout.readline()

    def client(
        self, program: str, *args: str, before: tuple[str, ...] = (), **variables: str
    ) -> subprocess.Popen[str]:
        """Start a program that plays there; `before` is what it is started by."""
        env = {**self.env, VARIABLE: self.address, "EVENNIA_WORLD_HOME": NOWHERE, **variables}
        return subprocess.Popen(
            [*before, sys.executable, "-c", textwrap.dedent(program), *args],
            env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def descendants(self) -> list[int]:
        """Return the processes that it has started, and theirs."""
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and home.alive(int(entry.name)):
                parent = int(stat_of(entry)[1])
                parents.setdefault(parent, []).append(int(entry.name))
        found, waiting = [], [self.process.pid]
        while waiting:
            children = parents.get(waiting.pop(), [])
            found += children
            waiting += children
        return found

    @property
    def scratch(self) -> list[Path]:
        """Return the directories of world servers."""
        return [p for p in (self.home / "scratch").iterdir() if (p / "world.db3").exists()]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def stat_of(entry: Path) -> list[str]:
    """Return state and parent of a process, and what follows them in /proc."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return ["X", "0"]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingServer]:
    server = StandingServer(tmp_path_factory.mktemp("standing"))
    assert server.address in server.told, server.told
    yield server
    if server.process.poll() is None:
        server.end(signal.SIGKILL)


def test_three_programs_play_at_once_and_leave_nothing(standing) -> None:
    clients = [standing.client(PLAY, *ids) for ids in TASKS]
    for ids, client in zip(TASKS, clients, strict=True):
        out, err = client.communicate(timeout=PATIENCE)
        assert client.returncode == 0, err
        assert [line.split()[1] for line in out.splitlines()] == ["1.00"] * len(ids), out
    until(lambda: not standing.scratch, "the end of all data")
    assert len(standing.descendants()) == 1  # the one that has loaded Evennia


@pytest.mark.skipif(
    subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0
    if shutil.which("unshare")
    else True,
    reason="a network of its own needs unshare and the right to use it",
)
def test_a_program_without_any_network_plays_through_the_socket(standing) -> None:
    client = standing.client(PLAY, *TASKS[1], before=("unshare", "-n"))
    out, err = client.communicate(timeout=PATIENCE)
    assert out.count("1.00") == len(TASKS[1]), err


def test_the_secret_is_needed_and_shown_nowhere(standing) -> None:
    secret = (standing.place / "worlds.secret").read_text().strip()
    assert secret not in standing.told
    for given in ({SECRET: "x" * 64}, {SECRET_FILE: "/no/such/file"}):
        client = standing.client(PLAY, *TASKS[0], **given)
        out, err = client.communicate(timeout=PATIENCE)
        assert client.returncode != 0
        assert "WorldLost" in err
        assert secret not in out + err
    client = standing.client(HOLD)
    client.stdout.readline()
    for process in (standing.process.pid, client.pid, *standing.descendants()):
        shown = Path(f"/proc/{process}")
        assert secret.encode() not in (shown / "cmdline").read_bytes()
        assert secret.encode() not in (shown / "environ").read_bytes()
    client.communicate("", timeout=PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_client_that_dies_leaves_no_world_server(standing, number) -> None:
    client = standing.client(HOLD)
    pids = [int(pid) for pid in client.stdout.readline().split()]
    assert len(pids) == 2
    assert set(pids) <= set(standing.descendants())
    client.send_signal(number)
    client.wait(PATIENCE)
    until(lambda: not any(home.alive(pid) for pid in pids), "the end of its world servers")
    until(lambda: not standing.scratch, "the end of their data")


def test_a_world_server_that_is_lost_is_replaced(standing) -> None:
    client = standing.client(
        """
        import asyncio
        from world_fixtures.generator import generate_world
        from world_fixtures.servers import ServerPool

        async def main():
            async with ServerPool(1) as pool:
                first = pool.servers[0]
                first.kill()
                await first.wait()
                while not pool.servers or pool.servers[0] is first:
                    await asyncio.sleep(0.01)
                instance = await pool.acquire(generate_world(1, 1))
                print((await (await instance.open()).command("look")).kind, pool.replaced)

        asyncio.run(main())
        """
    )
    out, err = client.communicate(timeout=PATIENCE)
    assert out.split()[-1] == "1", err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_its_end_ends_all_that_it_has_started(tmp_path, number) -> None:
    server = StandingServer(tmp_path, "--socket", str(tmp_path / "worlds"), "--most", "2")
    client = server.client(HOLD)
    client.stdout.readline()
    full = server.client(PLAY, *TASKS[0])
    assert "2 world servers, as many as it may" in full.communicate(timeout=PATIENCE)[1]
    started = server.descendants()
    assert len(started) == 3
    code = server.end(number)
    until(lambda: not any(home.alive(pid) for pid in started), "the end of what it has started")
    client.kill()
    client.wait()
    until(lambda: not server.scratch, "the end of their data")
    if number != signal.SIGKILL:
        assert code == 0
        assert not (tmp_path / "worlds").exists()
        assert not (tmp_path / "worlds.secret").exists()


def test_one_that_is_started_again_serves_programs_that_still_run(tmp_path) -> None:
    first = StandingServer(tmp_path)
    client = first.client(
        """
        import asyncio
        from world_fixtures.generator import generate_world
        from world_fixtures.servers import ServerPool

        async def main():
            async with ServerPool(1) as pool:
                print("ready", flush=True)
                while not pool.replaced or not pool.servers:
                    await asyncio.sleep(0.01)
                instance = await pool.acquire(generate_world(1, 1))
                print((await (await instance.open()).command("look")).verb)

        asyncio.run(main())
        """
    )
    client.stdout.readline()
    first.end(signal.SIGKILL)
    again = StandingServer(tmp_path)  # with another secret
    out, err = client.communicate(timeout=PATIENCE)
    assert out.split() == ["look"], err
    assert again.end() == 0


def test_without_evennia_it_says_so_and_what_to_do(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "world_fixtures.standing_server", "--socket", str(tmp_path / "w")],
        env={**os.environ, "PYTHONPATH": str(ROOT), "EVENNIA_WORLD_PYTHON": "/bin/true"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "EVENNIA_WORLD_PYTHON" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())

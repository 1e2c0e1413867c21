"""`--ray` on two nodes of a cluster on this machine: `make ray` runs these.

RAY_ITEMS=200 and RAY_NODE_ITEMS=500 play more items than the few that show it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
from ray.cluster_utils import Cluster  # noqa: E402

from world_fixtures.servers import ServerPool  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
ITEMS = int(os.environ.get("RAY_ITEMS", "10"))
NODE_ITEMS = int(os.environ.get("RAY_NODE_ITEMS", "90"))
SECRET = "sk-never-on-the-wire-0123456789"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two nodes, one processor each; this process is a driver beside ours."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.update({"RAY_worker_niceness": "0"})  # 15 by default: a busy machine starves it
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    made.add_node(num_cpus=1)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    ray.init(made.address, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": path}})
    yield made
    ray.shutdown()
    made.shutdown()


def command(out: Path, items: int, *more: str) -> list[str]:
    options = ["--limit", str(items), "--group-size", "2", "--concurrency", "4", "--out", str(out)]
    return [sys.executable, "-m", "environments.cli.main", "process", *options, *more]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def run(args: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(args, env=environment(), capture_output=True, text=True, timeout=1800)


def start(args: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            args, env=environment(), stdout=output, stderr=output, start_new_session=True
        )


def wait_for(true: Callable[[], object], what: str, seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def first(whole: bytes, items: int) -> bytes:
    """The lines of the first items; an item has a line for each of its stages."""
    written = whole.splitlines(keepends=True)
    return b"".join(line for line in written if json.loads(line)["item"] < items)


def free() -> float:
    return float(ray.available_resources().get("CPU", 0.0))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a run without a cluster; the first items of a longer run are the same."""
    out = tmp_path_factory.mktemp("alone") / "groups.jsonl"
    done = run(command(out, max(ITEMS, NODE_ITEMS), "--workers", "1"))
    assert done.returncode == 0, done.stderr
    return out.read_bytes()


def test_two_nodes_write_what_one_process_writes(
    cluster: Cluster, alone: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "groups.jsonl"
    done = run(command(out, ITEMS, "--ray", cluster.address))
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == first(alone, ITEMS)


def test_nodes_come_and_go_and_the_driver_is_interrupted_and_killed(
    cluster: Cluster, alone: bytes, tmp_path: Path
) -> None:
    @ray.remote(num_cpus=0)
    class Bystander:
        def there(self) -> bool:
            return True

    bystander = Bystander.remote()
    out, log = tmp_path / "groups.jsonl", tmp_path / "log.txt"
    args = command(out, NODE_ITEMS, "--ray", cluster.address)
    passing = cluster.add_node(num_cpus=1)
    wait_for(lambda: free() == 3, "three nodes")
    running = start(args, log)
    wait_for(lambda: lines(out) >= NODE_ITEMS // 6, "groups")
    cluster.remove_node(passing)
    wait_for(lambda: lines(out) >= NODE_ITEMS // 3, "groups after a node was lost")
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(timeout=120) == 130, log.read_text()
    wait_for(lambda: free() == 2, "the end of our actors")
    assert ray.get(bystander.there.remote())  # and of nothing else

    running = start(args, log)
    cluster.add_node(num_cpus=1)
    wait_for(lambda: lines(out) >= NODE_ITEMS // 2, "groups of the second run")
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    wait_for(lambda: free() == 3, "the end of a killed driver's actors")
    done = run(args)
    assert done.returncode == 0, done.stderr
    begun = [group for group in map(json.loads, out.open()) if group["part"] == 0]
    assert [group["item"] for group in begun] == list(range(NODE_ITEMS))  # none lost, none twice
    assert out.read_bytes() == first(alone, NODE_ITEMS)


def test_an_episode_runs_in_somebody_elses_actor(cluster: Cluster) -> None:
    @ray.remote(num_cpus=1)
    class Player:
        async def play(self) -> float:
            from environments.episode import Episode
            from environments.tasks import make_task

            async with ServerPool(1) as pool:
                episode = await Episode.begin(pool, make_task("orientation", seed=7, difficulty=1))
                await episode.call("evennia_connect", {})
                await episode.call("evennia_submit", {"answer": {}})
                verdict = await episode.finish()
                episode.close()
                return verdict.reward

    player = Player.remote()
    assert ray.get(player.play.remote()) == 0.0
    ray.kill(player)


def test_a_key_that_a_node_lacks_is_named_and_none_is_sent(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nodes were started before the variable was set."""
    monkeypatch.setenv("OUR_KEY", SECRET)
    args = command(tmp_path / "groups.jsonl", 2, "--ray", cluster.address, "--workers", "1")
    model = ("--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--tokenizer", "gpt2")
    keyed = (*args, *model, "--api-key-env", "OUR_KEY")
    with _endpoint() as url:
        given = [url if part == model[3] else part for part in keyed]
        given[given.index("gpt2")] = str(ROOT / "environments" / "tokenizer")
        done = run(given)
    assert done.returncode == 2
    assert "OUR_KEY" in done.stderr
    session = Path(ray.worker._global_node.get_session_dir_path())
    written = [path for path in session.rglob("*") if path.is_file()]
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


def test_an_address_where_nothing_is_is_told_in_a_line(tmp_path: Path) -> None:
    done = run(command(tmp_path / "groups.jsonl", 2, "--ray", "127.0.0.1:9"))
    assert done.returncode == 2
    (told,) = [line for line in done.stderr.splitlines() if line.startswith("evennia-world: ")]
    assert "no Ray cluster at --ray 127.0.0.1:9" in told
    assert list(tmp_path.iterdir()) == []


def _endpoint():
    """An endpoint that says which models it has, and is asked for nothing else."""
    import contextlib
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Models(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"object": "list", "data": [{"id": "m", "object": "model"}]}')

        def log_message(self, *args: object) -> None: ...

    @contextlib.contextmanager
    def serving() -> Iterator[str]:
        with HTTPServer(("127.0.0.1", 0), Models) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/v1"
            server.shutdown()

    return serving()

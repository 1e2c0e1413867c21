"""`serve` as a program, for what goes beyond delivering batches."""

from __future__ import annotations

import json
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks import soak_serve

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ENV_FILE = str(ROOT / "environments" / "evennia_world_env.py")
TRAINER = {
    "wandb_group": "test", "wandb_project": "test", "batch_size": 8, "max_token_len": 16384,
    "checkpoint_dir": "", "save_checkpoint_interval": 0, "starting_step": 0, "num_steps": 1000,
}  # fmt: skip


class Api:
    """A `run-api` process and a trainer beside it."""

    def __init__(self, programs, port: int) -> None:
        self._programs = programs
        self._port = port
        self.url = f"http://127.0.0.1:{port}"
        # `httpx.get` would read all certificates anew at each call.
        self._http = httpx.Client(base_url=self.url, trust_env=False)
        self.start()

    def start(self) -> None:
        run_api = str(Path(sys.executable).with_name("run-api"))
        self._process = self._programs.start(
            run_api, "--host", "127.0.0.1", "--port", str(self._port)
        )
        self._programs.wait_for(self._up, "run-api")
        self._http.post("/register", json=TRAINER).raise_for_status()
        self._http.get("/batch").raise_for_status()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._http.close()

    def take(self, number: int, env) -> list:
        """So many batches."""
        batches = []

        def enough() -> bool:
            assert env.poll() is None, self._programs.printed()
            batch = self._http.get("/batch").json()["batch"]
            batches.extend([batch] if batch else [])
            return len(batches) >= number

        self._programs.wait_for(enough, f"{number} batches")
        return batches

    def _up(self) -> bool:
        try:
            return self._http.get("/info").status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def api(programs):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    api = Api(programs, port)
    yield api
    api.close()


def serve(programs, api, *options):
    return programs.start(
        sys.executable, ENV_FILE, "serve", "--env.rollout_server_url", api.url,
        "--env.group_size", "4", "--env.batch_size", "8", "--env.total_steps", "1000", *options,
    )  # fmt: skip


def test_several_stages_reach_the_trainer_in_whole_groups(programs, api):
    env = serve(programs, api, "--env.families", '{"persistence": 1}', "--env.policy", "noisy:0.5")
    for batch in api.take(4, env):
        assert sum(len(group["tokens"]) for group in batch) == 8
        for group in batch:
            assert len(group["scores"]) == len(group["masks"]) == 4
            assert len(set(group["scores"])) > 1
            for mask, about in zip(group["masks"], group["overrides"], strict=True):
                trained = any(token != -100 for token in mask)
                assert trained != about.get("set_advantage_to_zero", False)
    env.send_signal(signal.SIGTERM)
    assert env.wait(60) == 130
    assert programs.world_servers() == []
    assert programs.scratch() == []


@pytest.mark.parametrize(
    "credit",
    [("branches", "--env.branches", "2"), ("turns",)],
    ids=lambda credit: credit[0],
)
def test_advantages_come_back_from_the_rollout_server_as_they_were_sent(
    programs, api, tmp_path, credit
):
    sent = tmp_path / "groups.jsonl"
    env = serve(
        programs, api, "--env.policy", "noisy:0.6", "--env.data_path_to_save_groups", str(sent),
        "--env.families", '{"navigation": 1}', "--env.difficulty", "[1, 1]",
        "--env.credit", *credit,
    )  # fmt: skip
    groups = [group for batch in api.take(2, env) for group in batch]
    known = {_what_is_trained(group) for group in map(json.loads, sent.read_text().splitlines())}
    for group in groups:
        assert _what_is_trained(group) in known
        assert len(group["advantages"]) == len(group["tokens"]) == 4
        for tokens, mask, advantages in zip(
            group["tokens"], group["masks"], group["advantages"], strict=True
        ):
            assert len(tokens) == len(mask) == len(advantages)
            assert all(a == 0 for a, m in zip(advantages, mask, strict=True) if m == -100)
        assert any(a for row in group["advantages"] for a in row)
    env.send_signal(signal.SIGTERM)
    assert env.wait(60) == 130
    assert programs.world_servers() == []
    assert programs.scratch() == []


def _what_is_trained(group: dict[str, Any]) -> str:
    return json.dumps([group[key] for key in ("tokens", "masks", "scores", "advantages")])


def test_evaluations_are_written_by_step_while_training_goes_on(programs, api, tmp_path):
    out = tmp_path / "evals"
    env = serve(
        programs, api, "--env.steps_per_eval", "2", "--env.data_dir_to_save_evals", str(out),
        "--env.difficulty", "[1, 2]",
    )  # fmt: skip

    def two_evaluations() -> bool:
        api.take(1, env)
        return len(list(out.glob("*/step-*/metrics.json"))) >= 2

    programs.wait_for(two_evaluations, "two evaluations")
    for found in out.glob("*/step-*/metrics.json"):
        results = json.loads(found.read_text())["results"]["all"]
        assert results["n"] > 0
    programs.interrupt(env)
    assert programs.world_servers() == []


def test_a_rollout_server_that_is_killed_is_found_again(programs, api):
    env = serve(programs, api)
    api.take(1, env)
    api.kill()
    programs.wait_for(lambda: "waiting for it" in programs.printed(), "the complaint")
    api.start()
    api.take(2, env)
    programs.interrupt(env)
    assert env.returncode == 130
    assert programs.world_servers() == []


async def test_everything_going_wrong_neither_loses_nor_doubles_a_group(world_home, monkeypatch):
    """The soak in small: cancellations, an endpoint that fails, a world server that is killed."""
    monkeypatch.setenv("EVENNIA_WORLD_HOME", str(world_home))
    found = await soak_serve.measure(True, lambda what: None, rollouts=32, kills=1, seed=3)
    assert found["rollouts_delivered"] >= 32
    assert found["incomplete_groups"] == 0
    assert found["rollouts_delivered_twice"] == 0
    assert found["world_servers_killed"] == found["world_servers_replaced"] == 1
    assert found["left_over"] == {"instances": 0, "sessions": 0}

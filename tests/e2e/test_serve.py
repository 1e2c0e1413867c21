"""`serve` as a program, for what goes beyond delivering batches."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from benchmarks import soak_serve
from tests.e2e.conftest import serve

pytestmark = pytest.mark.slow


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
    ("family", "credit"),
    [
        ("navigation", ("branches", "--env.branches", "2")),
        ("navigation", ("turns",)),
        ("steward", ("tree", "--env.branches", "1")),
    ],
    ids=["branches", "turns", "tree"],
)
def test_advantages_come_back_from_the_rollout_server_as_they_were_sent(
    programs, api, tmp_path, family, credit
):
    sent = tmp_path / "groups.jsonl"
    env = serve(
        programs, api, "--env.policy", "noisy:0.6", "--env.data_path_to_save_groups", str(sent),
        "--env.families", family, "--env.difficulty", "[1, 1]", "--env.credit", *credit,
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

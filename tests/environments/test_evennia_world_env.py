"""The environment as its subclasses know it."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from environments import evennia_world_env
from environments.evaluation.metrics import Metrics
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes.evaluate import evaluate

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Halved(EvenniaWorldEnv):
    """Gives half of what the task's verdict gives, and what the agent said besides."""

    said: list[int]

    async def compute_reward(self, item: Any, result: Any, ctx: Any) -> float:
        self.said.append(sum(m["role"] == "assistant" for m in result.messages))
        return await super().compute_reward(item, result, ctx) / 2


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, pool: Any) -> Any:
    """Environments of a class with changed options, on the shared world servers."""
    monkeypatch.setattr(evennia_world_env, "ServerPool", lambda servers, **_: nullcontext(pool))

    def made(cls: type[EvenniaWorldEnv], **options: Any) -> EvenniaWorldEnv:
        config, servers = cls.config_init()
        env = cls(config.model_copy(update={"policy": "oracle", **options}), servers)
        env.said = []  # type: ignore[attr-defined]
        return env

    return made


async def processed(env: EvenniaWorldEnv) -> None:
    try:
        await env.process_manager()
    finally:
        await env.teardown()


def groups_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def evaluated(env: EvenniaWorldEnv) -> Metrics:
    try:
        await env.setup()
        return await evaluate(env)
    finally:
        await env.teardown()


async def test_compute_reward_decides_what_is_trained_on(make, tmp_path):
    path = tmp_path / "groups.jsonl"
    options = {"total_steps": 2, "group_size": 2, "data_path_to_save_groups": str(path),
               "families": {"navigation": 1.0}, "difficulty": (1, 1)}  # fmt: skip
    env = make(Halved, **options)
    await processed(env)
    assert [g["scores"] for g in groups_in(path)] == [[0.5, 0.5]] * 2
    assert len(env.said) == 4
    assert all(n > 1 for n in env.said)


async def test_compute_reward_decides_what_is_measured(make, tmp_path):
    suite = tmp_path / "suite.yaml"
    suite.write_text("name: one\ntasks: [{family: navigation, difficulty: 1, seed: 1}]\n")
    options = {"suite": str(suite), "eval_baselines": True}
    metrics = await evaluated(make(Halved, data_dir_to_save_evals=str(tmp_path / "b"), **options))
    assert metrics.overall.measures["mean_reward"].mean == 0.5
    assert metrics.baselines["oracle"].overall.measures["mean_reward"].mean == 0.5
    run = json.loads((tmp_path / "b" / "run.json").read_text())
    assert run["settings"]["reward"] == "Halved.compute_reward"
    plain = make(EvenniaWorldEnv, data_dir_to_save_evals=str(tmp_path / "a"), **options)
    assert (await evaluated(plain)).overall.measures["mean_reward"].mean == 1.0
    assert "reward" not in json.loads((tmp_path / "a" / "run.json").read_text())["settings"]

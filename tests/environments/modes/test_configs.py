"""The configs that ship are read by the program as they are."""

import re
from pathlib import Path

import pytest

from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import options as settings
from environments.modes import preflight
from world_fixtures.common import UserError

ROOT = Path(__file__).parents[3]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_config_is_valid(path, monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-test")
    config = settings.read_mode_config(EvenniaWorldEnv, ["--config", str(path)])
    assert config.configured is ("openai:" in path.read_text())


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_config_is_taken_by_serve(path, monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-test")
    config = settings.read_mode_config(EvenniaWorldEnv, ["--config", str(path)], "serve")
    preflight.check("serve", config)


@pytest.mark.parametrize("path", [p for p in CONFIGS if p.stem.startswith("train_")])
def test_a_recipe_asks_for_what_the_page_starts(path):
    page = (ROOT / "docs" / "learning.md").read_text()
    config = settings.read_mode_config(EvenniaWorldEnv, ["--config", str(path)], "serve")
    (server,), env = config.servers, config.env
    assert f"serve --config configs/{path.name}" in page
    assert server.server_type == "vllm"
    commands = [c for c in page.split("\n\n") if f"--model {server.model_name} " in c]
    assert any("vllm_api_server" in c and f"--port {server.base_url[-7:-3]}" in c for c in commands)
    (trainer,) = [c for c in commands if "example_trainer.grpo" in c]
    numbers = {n: int(v) for n, v in re.findall(r"--([a-z-]+) (\d+)", trainer)}
    assert numbers["batch-size"] * numbers["gradient-accumulation-steps"] == env.batch_size
    assert numbers["seq-len"] == env.max_token_length
    assert numbers["training-steps"] <= env.total_steps


def test_flags_win_over_yaml_and_yaml_over_defaults(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("env: {group_size: 6, seed: 7}\n")
    config = settings.read_mode_config(
        EvenniaWorldEnv, ["--config", str(path), "--env.seed", "9", "--env.steps_per_eval", "-1"]
    )
    assert (config.env.group_size, config.env.seed, config.env.steps_per_eval) == (6, 9, -1)
    assert not config.configured


def test_keys_come_from_the_environment_and_are_hidden(monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-hidden")
    config = settings.read_mode_config(
        EvenniaWorldEnv,
        [
            "--openai.base_url",
            "http://h/v1",
            "--openai.model_name",
            "m",
            "--openai.api_key",
            "${MY_KEY}",
        ],
    )
    assert config.servers[0].api_key == "sk-hidden"
    assert "sk-hidden" not in str(settings.redacted(config.servers[0]))


def test_a_missing_key_is_named(monkeypatch):
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    url = "https://openrouter.ai/api/v1"
    with pytest.raises(UserError, match="OPENROUTER_API_KEY"):
        settings.read_mode_config(
            EvenniaWorldEnv, ["--openai.base_url", url, "--openai.model_name", "m"]
        )

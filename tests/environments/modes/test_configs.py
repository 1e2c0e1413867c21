"""The configs that ship are read by the program as they are."""

from pathlib import Path

import pytest

from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import options as settings
from world_fixtures.common import UserError

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_config_is_valid(path, monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-test")
    config = settings.read_mode_config(EvenniaWorldEnv, ["--config", str(path)])
    assert config.configured is ("openai:" in path.read_text())


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

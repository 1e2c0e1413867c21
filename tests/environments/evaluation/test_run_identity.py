"""Whatever may change a score makes another run; what cannot, does not."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from environments.config import EvenniaWorldEnvConfig
from environments.evaluation.run_identity import UNDER_OTHER_NAMES, run_of
from environments.evennia_world_env import EvenniaWorldEnv
from environments.rollouts.identity import EVALUATE_WITHOUT, differences
from environments.runner import Conditions
from environments.tasks.suites import Suite, content_hash

OTHER = {
    "context_tokens": 100, "disabled_toolsets": ["more"], "enabled_toolsets": ["more"],
    "extra_body": {"top_p": 0.5}, "max_reasoning_tokens": 2048, "max_turn_calls": 3,
    "max_turn_tokens": 100, "top_p": 0.5, "sampling_seed": 7, "max_repeats": 5,
    "reasoning_effort": "high", "gate": {"max_risk": 0.1},
    "reward_weights": {"outcome": 0.65, "efficiency": 0.05},
}  # fmt: skip
NAMED = {"agent_temperature": "temperature", "max_agent_turns": "max_turns",
         "reward_weights": "weights"}  # fmt: skip
COUNTED = sorted(EvenniaWorldEnvConfig.model_fields.keys() - EVALUATE_WITHOUT)


@pytest.fixture(scope="module")
def env() -> EvenniaWorldEnv:
    return EvenniaWorldEnv(*EvenniaWorldEnv.config_init())


@pytest.fixture
def identify(task):
    tasks = (task("a"),)
    suite = Suite("one", 0, content_hash(tasks), lambda: tasks)
    return lambda conditions, **about: run_of(suite, conditions, model="m", **about)


@pytest.mark.parametrize("option", COUNTED)
def test_every_option_that_is_not_left_out_counts(env, identify, monkeypatch, option):
    before = identify(env.conditions())
    value = getattr(env.config, option)
    if option in OTHER:
        value = OTHER[option]
    elif isinstance(value, bool):
        value = not value
    else:
        value = value + 1 if isinstance(value, int | float) else "other"
    changed = env.config.model_copy(
        update={option: getattr(_valid(env.config, option, value), option)}
    )
    monkeypatch.setattr(env, "config", changed)
    found = differences(before.settings, identify(env.conditions()).settings)
    assert any(text.startswith(NAMED.get(option, option)) for text in found), found


def _valid(config, option, value):
    return EvenniaWorldEnvConfig.model_validate({**config.model_dump(), option: value})


@pytest.mark.parametrize("field", [f.name for f in fields(Conditions) if f.name != "options"])
def test_every_condition_counts(env, identify, field):
    conditions = env.conditions()
    other = {"gate": OTHER["gate"], "weights": OTHER["reward_weights"]}
    values = {"deadline": 5.0, "observation_chars": 99, "reward": env.compute_reward}
    for name, given in other.items():
        values[name] = type(getattr(conditions, name))(**given)
    changed = replace(conditions, **{field: values[field]})
    assert identify(conditions) != identify(changed)


def test_the_model_s_server_counts_and_its_key_is_not_written(env, identify):
    _, (server,) = EvenniaWorldEnv.config_init()

    def run(**given):
        return identify(env.conditions(), servers=[server.model_copy(update=given)])

    assert run(server_type="vllm") != run()
    assert run(timeout=1, base_url="http://u:hunter2@h:1/v1", api_key="hunter2") == run()
    assert "hunter2" not in json.dumps(
        run(base_url="http://u:hunter2@h", api_key="hunter2").settings
    )
    assert identify(env.conditions(), servers=[server] * 2) == run()


def test_what_is_left_out_exists():
    assert set(EvenniaWorldEnvConfig.model_fields) >= EVALUATE_WITHOUT | UNDER_OTHER_NAMES


def test_where_the_project_is_installed_does_not_count(env, identify):
    assert identify(env.conditions()).settings["tokenizer_name"] == "environments/tokenizer"

"""What `evaluate --models` plays: names, YAML entries, and where each run is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes.model_list import planned
from environments.modes.options import read_mode_config
from environments.modes.preflight import check
from world_fixtures.common import UserError

URL = "http://localhost:9/v1"


def plans(*argv: str):
    config = read_mode_config(EvenniaWorldEnv, argv, "evaluate")
    found = planned(config, Path("out"))
    for plan in found:
        check("evaluate", plan.config)
    return {plan.name: plan.config for plan in found}


@pytest.fixture
def listed(tmp_path):
    def written(*entries) -> str:
        path = tmp_path / "models.yaml"
        path.write_text(yaml.safe_dump(list(entries)))
        return str(path)

    return written


def test_names_of_policies_play_in_directories_of_their_own() -> None:
    found = plans("--models", "oracle,noisy:0.1,random")
    assert list(found) == ["oracle", "noisy-0.1", "random"]
    one = found["noisy-0.1"]
    assert (one.env.policy, one.configured, one.servers[0].base_url) == ("noisy:0.1", False, "")
    assert one.env.data_dir_to_save_evals == "out/noisy-0.1"


def test_other_names_are_models_of_the_endpoint(monkeypatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    found = plans("--models", "a/b,oracle", "--base-url", URL, "--api-key-env", "MY_KEY")
    model = found["a-b"].servers[0]
    assert (model.model_name, model.base_url, model.api_key) == ("a/b", URL, "secret")
    assert found["oracle"].servers[0].base_url == ""
    assert found["oracle"].servers[0].api_key != "secret"


def test_a_yaml_list_gives_each_its_endpoint_key_sampling_and_prices(listed, monkeypatch) -> None:
    monkeypatch.setenv("KEY_A", "ka")
    monkeypatch.setenv("KEY_B", "kb")
    sampling = {"temperature": 0.7, "top_p": 0.9, "max_tokens": 99, "seed": 4, "min_p": 0.1}
    file = listed(
        {"model": "a", "base_url": "http://a:1/v1", "api_key_env": "KEY_A", "sampling": sampling},
        {"model": "b", "base_url": "http://b:1/v1", "api_key_env": "KEY_B",
         "prices": {"input": 0.5, "output": 2}},
        {"model": "b", "base_url": "http://b:1/v1", "api_key_env": "KEY_B", "name": "b, hot"},
        "oracle",
    )  # fmt: skip
    found = plans("--models", file, "--env.extra_body", "{top_k: 5}")
    assert list(found) == ["a", "b", "b--hot", "oracle"]
    a, b = found["a"], found["b"]
    assert (a.servers[0].base_url, a.servers[0].api_key) == ("http://a:1/v1", "ka")
    assert (b.servers[0].base_url, b.servers[0].api_key) == ("http://b:1/v1", "kb")
    assert (a.env.eval_temperature, a.env.top_p) == (0.7, 0.9)
    assert (a.env.max_turn_tokens, a.env.sampling_seed) == (99, 4)
    assert a.env.extra_body == {"top_k": 5, "min_p": 0.1}
    assert (b.env.eval_temperature, b.env.extra_body) == (0.0, {"top_k": 5})
    assert (b.env.prices.input, b.env.prices.output) == (0.5, 2.0)
    assert a.env.prices is None
    assert all(config.env.models is None for config in found.values())


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([{"model": "a"}], "give --openai.base_url"),
        ([{"base_url": URL}], "give `model: NAME` or `policy: NAME`"),
        ([{"model": "a", "url": URL}], "entry 'a': url: no such field: choose from model"),
        ([{"model": "a", "base_url": URL, "sampling": {"temperature": "hot"}}],
         "entry 'a': --env.eval_temperature 'hot'"),
        ([{"model": "a", "base_url": URL, "sampling": {"top_p": 2}}], "entry 'a': --env.top_p 2"),
        ([{"model": "a", "base_url": URL, "prices": {"input": 1}}], "prices.output"),
        ([{"model": "a", "base_url": URL, "api_key_env": "NO_SUCH_KEY"}],
         "NO_SUCH_KEY, which is not set"),
        ([{"policy": "oracel"}], "unknown policy 'oracel'"),
        ([{"policy": "oracle", "base_url": URL}], "an embedded policy has no endpoint"),
        ([{"model": "a", "base_url": URL}] * 2, "give one of them another `name:`"),
        ([7], "entry 7"),
        ([], "expected a list of models"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named_before_anything_is_played(entries, told, listed) -> None:
    with pytest.raises(UserError) as error:
        plans("--models", listed(*entries))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_name_that_is_no_policy_needs_an_endpoint() -> None:
    with pytest.raises(UserError, match=r"unknown policy 'gpt'.*give its endpoint with"):
        plans("--models", "oracle,gpt")


def test_other_modes_play_one_model() -> None:
    config = read_mode_config(EvenniaWorldEnv, ["--env.models", "a,b"])
    with pytest.raises(UserError, match="process plays one model"):
        check("process", config)


def test_one_price_alone_is_refused() -> None:
    config = read_mode_config(EvenniaWorldEnv, ["--price-input", "1"], "evaluate")
    with pytest.raises(UserError, match=r"--env\.price_input and --env\.price_output together"):
        check("evaluate", config)


def test_sampling_parameters_have_short_names_in_every_mode() -> None:
    argv = ["--temperature", "0.7", "--top-p", "0.9", "--max_tokens", "77", "--sampling-seed", "3"]
    for mode, name in (("evaluate", "eval_temperature"), ("process", "agent_temperature")):
        env = read_mode_config(EvenniaWorldEnv, argv, mode).env
        assert (getattr(env, name), env.top_p) == (0.7, 0.9)
        assert (env.max_turn_tokens, env.sampling_seed) == (77, 3)
    assert read_mode_config(EvenniaWorldEnv, ["--seed", "5"], "evaluate").env.sampling_seed == 5
    assert read_mode_config(EvenniaWorldEnv, ["--seed", "5"], "process").env.seed == 5

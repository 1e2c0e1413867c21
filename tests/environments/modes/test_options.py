"""The command line and YAML of the modes."""

from __future__ import annotations

import pytest
import yaml
from atroposlib.envs.server_handling.server_baseline import APIServerConfig

from environments.evennia_world_env import EvenniaWorldEnv
from environments.models.address import NO_KEY
from environments.modes import options as settings
from world_fixtures.common import UserError

from .conftest import Successor

MODEL = ("--openai.base_url", "http://h/v1", "--openai.model_name", "m")


def read(*argv, env=EvenniaWorldEnv):
    return settings.read_mode_config(env, list(argv))


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("argv", "name", "value"),
    [
        (["--env.steps_per_eval", "-1"], "steps_per_eval", -1),
        (["--env.steps_per_eval=-1"], "steps_per_eval", -1),
        (["--env.use_wandb"], "use_wandb", True),
        (["--env.use_wandb", "false"], "use_wandb", False),
        (["--env.difficulty", "[2, 7]"], "difficulty", (2, 7)),
        (["--env.families", '{"errand": 2}'], "families", {"errand": 2.0}),
        (["--env.enabled_toolsets", '["evennia"]'], "enabled_toolsets", ["evennia"]),
        (["--env.max_turn_tokens", "null"], "max_turn_tokens", None),
        (["--env.wandb_name", "007"], "wandb_name", "007"),
        (["--env.agent_temperature", "0.5"], "agent_temperature", 0.5),
        (["--env.system_prompt", "Rules: be brief"], "system_prompt", "Rules: be brief"),
        (["--env.system_prompt", "{a: 1}"], "system_prompt", "{a: 1}"),
        (["--env.system_prompt", '["a", "b"]'], "system_prompt", '["a", "b"]'),
        (["--env.system_prompt", " a,  'b' "], "system_prompt", " a,  'b' "),
        (["--env.system_prompt", "-x"], "system_prompt", "-x"),
        (["--env.system_prompt=--x=y"], "system_prompt", "--x=y"),
        (["--env.system_prompt", ""], "system_prompt", ""),
        (["--env.system_prompt", "true"], "system_prompt", "true"),
        (["--env.system_prompt", "null"], "system_prompt", None),
        (["--env.suite", "null"], "suite", "null"),
        (["--env.candidate_model", "1e5"], "candidate_model", "1e5"),
        (["--env.families", "{errand: 1}"], "families", {"errand": 1.0}),
        (["--env.families", "trust"], "families", {"trust": 1.0}),
        (["--env.families", "trust,vigil"], "families", {"trust": 1.0, "vigil": 1.0}),
        (["--env.extra_body", '{"a": {"b": "null"}}'], "extra_body", {"a": {"b": "null"}}),
        (["--env.enabled_toolsets", "[evennia]"], "enabled_toolsets", ["evennia"]),
        (["--env.use_wandb", "--env.seed", "3"], "use_wandb", True),
        (["--env.seed", "3", "--env.seed", "4"], "seed", 4),
    ],
)
def test_values_are_read_as_what_they_are_meant(argv, name, value):
    assert getattr(read(*argv).env, name) == value


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ('system_prompt: "Rules: be brief"', "system_prompt", "Rules: be brief"),
        ('system_prompt: "null"', "system_prompt", "null"),
        ("system_prompt: null", "system_prompt", None),
        ('system_prompt: "1e5"', "system_prompt", "1e5"),
        ('system_prompt: "[1, 2]"', "system_prompt", "[1, 2]"),
        ('system_prompt: "yes"', "system_prompt", "yes"),
        ("wandb_name: 7", "wandb_name", "7"),
        ('extra_body: {stop: "null", n: "1"}', "extra_body", {"stop": "null", "n": "1"}),
        ("families: {errand: 1}", "families", {"errand": 1.0}),
    ],
)
def test_a_text_of_the_file_is_not_read_a_second_time(tmp_path, text, name, value):
    path = tmp_path / "c.yaml"
    path.write_text(f"env: {{{text}}}\n")
    assert getattr(read("--config", str(path)).env, name) == value


def test_a_flag_replaces_a_mapping_of_the_file_whole(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("env: {families: {navigation: 1}, seed: 5}\nslurm: true\n")
    config = read("--config", str(path), "--env.families", '{"errand": 2}')
    assert config.env.families == {"errand": 2.0}
    assert config.env.seed == 5
    assert config.slurm
    assert not read("--config", str(path), "--slurm", "false").slurm


def test_a_flag_completes_the_one_server_of_the_file(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("openai: [{base_url: 'http://a/v1', model_name: m}]\n")
    (server,) = read("--config", str(path), "--openai.model_name", "n").servers
    assert (server.base_url, server.model_name) == ("http://a/v1", "n")


def test_variables_set_keys_and_no_other_option(monkeypatch):
    for name in ("ENV", "OPENAI", "SLURM", "GROUP_SIZE", "CONFIG"):
        monkeypatch.setenv(name, '{"group_size": 9}')
    config = read()
    assert config.env.group_size != 9
    assert not config.configured


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--env.groupsize", "4"], "did you mean --env.group_size"),
        (["--openai.model", "m"], "did you mean --openai.model_name"),
        (["--policy", "oracle"], "--policy"),
        (["oracle"], "oracle"),
        (["--env.group_size", "four"], "--env.group_size 'four'"),
        (["--env.eval_handling", "MAYBE"], "eval_handling"),
        (["--env.gate", '{"modes": 1}'], "modes"),
        (["--slurm", "perhaps"], "slurm"),
        (["--env", '{"group_size": 4}'], "--env"),
        (["--unknown", "4"], "--unknown"),
        (["--env."], "--env."),
        (["-x", "4"], "-x"),
        (["--"], "--"),
        (["--env.group_size", "4", "5"], "'5'"),
        (["--config", "nowhere.yaml"], "cannot read nowhere.yaml"),
    ],
)
def test_bad_options_are_named(argv, says):
    with pytest.raises(UserError) as error:
        read(*argv)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("env: {groupsize: 4}", "group_size"),
        ("environment: {}", "environment"),
        ("env: [1]", "env must be a mapping"),
        ("- 1", "sections"),
        ("env: {a: [}", "not valid YAML"),
        ("openai: [1]", "mapping"),
    ],
)
def test_bad_yaml_is_named(tmp_path, content, says):
    path = tmp_path / "c.yaml"
    path.write_text(content)
    with pytest.raises(UserError) as error:
        read("--config", str(path))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_configuration_that_atropos_wrote_is_read(tmp_path):
    path = tmp_path / "c.yaml"
    content = {
        "env": {"group_size": 2}, "openai": [{"base_url": "http://h/v1", "model_name": "m"}],
        "slurm": False, "testing": False,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content))
    config = read("--config", str(path))
    assert config.env.group_size == 2
    assert config.servers[0].model_name == "m"
    assert config.slurm is False


def test_several_servers_come_from_yaml_and_not_with_flags(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("openai: [{base_url: 'http://a/v1'}, {base_url: 'http://b/v1'}]")
    assert [s.base_url for s in read("--config", str(path)).servers] == [
        "http://a/v1", "http://b/v1",
    ]  # fmt: skip
    with pytest.raises(UserError, match="several servers"):
        read("--config", str(path), "--openai.model_name", "m")


def test_all_servers_of_the_class_are_kept_where_none_is_configured():
    class Two(Successor):
        @classmethod
        def config_init(cls):
            config, (server,) = super().config_init()
            return config, [server, server.model_copy(update={"base_url": "http://i/v1"})]

    config = read(env=Two)
    assert [s.base_url for s in config.servers] == ["http://h/v1", "http://i/v1"]
    assert not config.configured


@pytest.mark.parametrize(
    ("variable", "argv"),
    [
        ("OPENAI_API_KEY", MODEL),
        ("OPENROUTER_API_KEY", ("--openai.base_url", "https://openrouter.ai/api/v1")),
        ("MINE", (*MODEL, "--openai.api_key", "${MINE}")),
        ("MINE", (*MODEL, "--openai.api_key_env", "MINE")),
    ],
)
def test_the_key_comes_from_its_variable(monkeypatch, variable, argv):
    monkeypatch.setenv(variable, "sk-1")
    assert read(*argv).servers[0].api_key == "sk-1"


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(UserError, match="NOT_THERE"):
        read(*MODEL, "--openai.api_key_env", "NOT_THERE")


def test_the_key_of_the_class_goes_to_its_own_endpoint_only():
    assert read(env=Successor).servers[0].api_key == "x"
    elsewhere = read("--openai.base_url", "http://elsewhere/v1", env=Successor)
    assert elsewhere.servers[0].api_key == NO_KEY


def test_nothing_secret_is_shown():
    config = APIServerConfig(api_key="sk-1", base_url="http://me:word@h/v1", model_name="m")
    shown = str(settings.redacted(config))
    assert "sk-1" not in shown
    assert "word" not in shown
    assert "http://h/v1" in shown


def test_a_key_in_a_complaint_is_hidden(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("openai: {base_url: 'http://h/v1', model_name: m, api_key: [sk-1]}")
    with pytest.raises(UserError, match=r"--openai\.api_key") as error:
        read("--config", str(path))
    assert "sk-1" not in str(error.value)


def test_a_section_that_is_no_text_is_told_in_one_line(tmp_path):
    file = tmp_path / "one.yaml"
    file.write_text("1: 2\n")
    with pytest.raises(UserError, match="expected sections env: and openai:"):
        read("--config", str(file))

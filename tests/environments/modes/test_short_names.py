"""Short names: what everybody types, and the dotted options that it means in each mode."""

from __future__ import annotations

import pytest

from environments.config import EvenniaWorldEnvConfig
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes.options import APIServerConfig, read_mode_config
from environments.modes.short_names import MODES, SHORT_NAMES
from world_fixtures.common import UserError


def read(mode, *argv):
    return read_mode_config(EvenniaWorldEnv, argv, mode)


@pytest.mark.parametrize("name", SHORT_NAMES)
def test_every_short_name_stands_for_an_option(name):
    known = {"env": EvenniaWorldEnvConfig.model_fields, "openai": APIServerConfig.model_fields}
    meant = [SHORT_NAMES[name].of(mode) for mode in MODES]
    assert any(meant)
    for option in filter(None, meant):
        section, _, field = option.partition(".")
        assert field in {*known[section], "api_key_env"}


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("evaluate --suite navigation", "suite", "navigation"),
        ("evaluate --policy=oracle", "policy", "oracle"),
        ("evaluate --families errand,navigation", "eval_families", ["errand", "navigation"]),
        ("evaluate --env.families errand", "eval_families", ["errand"]),
        ("evaluate --difficulty 3", "eval_difficulty", (3, 3)),
        ("evaluate --env.difficulty 3", "eval_difficulty", (3, 3)),
        ("evaluate --kinds map,errand.chain", "eval_kinds", ["orientation.map", "errand.chain"]),
        ("evaluate --limit 25", "eval_limit", 25),
        ("evaluate --out runs/x", "data_dir_to_save_evals", "runs/x"),
        ("evaluate --models a,b/c,d", "models", ["a", "b/c", "d"]),
        ("evaluate --models oracle", "models", ["oracle"]),
        ("evaluate --temperature 0.5", "eval_temperature", 0.5),
        ("process --families errand,navigation", "families", {"errand": 1, "navigation": 1}),
        ("process --families errand:2,navigation:1", "families", {"errand": 2, "navigation": 1}),
        ("process --env.families errand", "families", {"errand": 1}),
        ("process --difficulty 3", "difficulty", (3, 3)),
        ("process --env.difficulty 2-5", "difficulty", (2, 5)),
        ("serve --difficulty [2,5]", "difficulty", (2, 5)),
        ("serve --kinds map", "kinds", ["orientation.map"]),
        ("process --limit 7", "total_steps", 7),
        ("process --out g.jsonl", "data_path_to_save_groups", "g.jsonl"),
        ("process --group_size 2", "group_size", 2),
        ("process --group-size 2", "group_size", 2),
        ("serve --trainer http://h:8000", "rollout_server_url", "http://h:8000"),
    ],
)
def test_a_short_name_is_read_as_its_option(line, field, value):
    mode, *argv = line.split()
    assert getattr(read(mode, *argv).env, field) == value


def test_a_model_and_its_endpoint_are_named_shortly():
    (server,) = read("process", "--model", "m", "--base-url", "http://h/v1").servers
    assert (server.model_name, server.base_url) == ("m", "http://h/v1")


def test_what_is_chosen_for_training_does_not_choose_what_is_evaluated():
    env = read("serve", "--families", "errand", "--difficulty", "3").env
    assert (env.eval_families, env.eval_difficulty) == (None, None)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("process --suite basics", "--suite is no option of process, but of evaluate and serve"),
        ("evaluate --familes errand", "did you mean --families?"),
        ("evaluate --nothing 1", "see evaluate --help"),
        ("evaluate --families erand", "unknown family 'erand' (did you mean errand?): choose from"),
        ("process --families erand", "e.g. errand,navigation"),
        ("process --difficulty 11", "e.g. [1, 5] or 1-5; or one level, e.g. 3"),
        ("evaluate --difficulty hard", "or one level, e.g. 3"),
        ("evaluate --kinds mop", "unknown kind 'mop' (did you mean map?)"),
        ("evaluate --limit 0", "greater than or equal to 1"),
        ("evaluate --limit", "--limit needs a value"),
        ("process --families ,", "e.g. a,b"),
        ("process --limit abc", "--limit 'abc': must be a whole number"),
        ("process --temperature hot", "--temperature 'hot': must be a number"),
        ("process --env.spectate perhaps", "--env.spectate 'perhaps': must be true or false"),
        ("process --env.enabled_toolsets x", "'x': must be a list, e.g. [a, b]"),
        ("process --server-type x", "--server-type 'x': must be 'openai', 'trl', 'sglang' or"),
        ("process --kinds map --families errand",
         "--kinds orientation.map and --families errand have no kind in common"),
        ("evaluate --kinds errand.chain --families time,trust",
         "--kinds errand.chain and --families time,trust have no kind in common"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_an_example(line, told):
    mode, *argv = line.split()
    with pytest.raises(UserError) as error:
        read(mode, *argv)
    assert told in str(error.value)
    assert "\n" not in str(error.value)

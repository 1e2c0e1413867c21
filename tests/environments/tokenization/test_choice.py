"""A real model's data are made with its own tokenizer and the template that was chosen."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import options as settings
from environments.modes import preflight
from environments.rollouts.identity import PROCESS_WITHOUT, settings_of
from environments.tokenization.choice import use_template
from environments.tokenizer import PATH
from world_fixtures.common import UserError

MODEL = ("--openai.base_url", "http://h/v1", "--openai.model_name")


def complete(mode, *argv):
    config = settings.read_mode_config(EvenniaWorldEnv, list(argv))
    preflight.check(mode, config)
    return preflight.with_own_tokenizer(mode, preflight.complete(mode, config)).env


@pytest.fixture
def model(tmp_path):
    """The directory of a model, with a tokenizer in it."""
    shutil.copytree(PATH, tmp_path / "model", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return str(tmp_path / "model")


@pytest.mark.parametrize("mode", ["process", "serve"])
def test_a_model_that_is_here_gets_its_own_tokenizer(mode, model):
    assert complete(mode, *MODEL, model).tokenizer_name == model
    alias = complete(mode, *MODEL, "alias", "--openai.tokenizer_name", model)
    assert alias.tokenizer_name == model
    named = complete(mode, *MODEL, "alias", "--env.tokenizer_name", model)
    assert named.tokenizer_name == model


@pytest.mark.parametrize("mode", ["process", "serve"])
def test_a_model_without_a_tokenizer_is_refused_with_the_remedy(mode):
    with pytest.raises(UserError, match=r"--env\.tokenizer_name") as refused:
        complete(mode, *MODEL, "no-such-maker/no-such-model")
    assert "no-such-maker/no-such-model" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_shipped_tokenizer_is_used_where_it_is_asked_for():
    named = complete("process", *MODEL, "m", "--env.tokenizer_name", PATH)
    assert named.tokenizer_name == PATH
    assert complete("process", "--env.policy", "oracle").tokenizer_name == PATH
    assert complete("evaluate", *MODEL, "m").tokenizer_name == PATH  # makes no tokens
    told = complete("process", *MODEL, "m", "--env.return_token_ids", "true")
    assert told.tokenizer_name == PATH  # the server makes them


def test_a_file_of_options_may_name_the_tokenizer(tmp_path, model):
    path = tmp_path / "c.yaml"
    path.write_text(json.dumps({"env": {"tokenizer_name": model}}))
    given = complete("process", "--config", str(path), *MODEL, "alias")
    assert given.tokenizer_name == model


def test_a_template_comes_from_its_file(tmp_path):
    tokenizer = SimpleNamespace(chat_template="own")
    path = tmp_path / "t.jinja"
    path.write_text("{% for m in messages %}[{{ m.role }}]{% endfor %}")
    use_template(tokenizer, str(path))
    assert tokenizer.chat_template == path.read_text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{% for m in messages %}", "no Jinja template"),
        ("hello", "never shows `messages`"),
        (None, "cannot read"),
    ],
)
def test_a_file_that_is_no_template_is_refused(tmp_path, text, says):
    path = tmp_path / "t.jinja"
    if text is not None:
        path.write_text(text)
    tokenizer = SimpleNamespace(chat_template="own")
    with pytest.raises(UserError, match=says) as refused:
        use_template(tokenizer, str(path))
    assert "t.jinja" in str(refused.value)
    assert tokenizer.chat_template == "own"


def test_a_run_is_told_by_its_templates_text_and_not_by_its_place(tmp_path):
    def recorded(*argv):
        env = settings.read_mode_config(EvenniaWorldEnv, list(argv)).env
        return settings_of(env, PROCESS_WITHOUT)

    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    for path, text in ((one, "{{ messages }}"), (same, "{{ messages }}"), (other, "{{messages}}")):
        path.write_text(text)
    assert recorded()["chat_template"] is None
    of = [recorded("--env.chat_template", str(p))["chat_template"] for p in (one, same, other)]
    assert of[0] == of[1] != of[2]

"""Odd options: each is accepted, or refused in one line that names it; nothing else comes out."""

from __future__ import annotations

import os
import warnings
from typing import Any

import pytest
from atroposlib.envs.server_handling.server_baseline import APIServerConfig
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from environments.config import EvenniaWorldEnvConfig
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import preflight
from environments.modes.options import read_mode_config
from world_fixtures.common import UserError

pytestmark = pytest.mark.once

OPTIONS = [f"env.{name}" for name in EvenniaWorldEnvConfig.model_fields] + [
    f"openai.{name}" for name in (*APIServerConfig.model_fields, "api_key_env")
]
NUMERIC = [
    (section, name)
    for section, cls in (("env", EvenniaWorldEnvConfig), ("openai", APIServerConfig))
    for name, field in cls.model_fields.items()
    if field.annotation in (int, float, int | None, float | None)
]
DEEP = {"list": "[" * 5000 + "]" * 5000, "mapping": '{"a":' * 5000 + "1" + "}" * 5000}
BOMB = "&a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"
for letter, last in zip("bcdefgh", "abcdefg", strict=True):
    BOMB = f"[{BOMB}, &{letter} [{', '.join(['*' + last] * 10)}]]"
ODD = [
    "", " ", "null", "true", ".inf", "-.inf", ".nan", "1e999", "-1", "0", "[]", "{}", "[3]",
    "[5,1]",
    "{1: 2}", "{a: .nan}", "[[[1]]]", "!!bool x", "!!timestamp x", "2020-13-45", "0b_", "9" * 5000,
    "0x" + "f" * 5000, "&a [*a]", "\ud800", "\x1b[31m", "--", "-", "=", "'", '"', "a\nb", "1:2:3",
    "{errand: 1}", "\u202e", "\U0001f600" * 50, *DEEP.values(), BOMB,
]  # fmt: skip
values = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=20),
    st.integers().map(str),
    st.floats().map(str),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=8,
    ).map(repr),
)


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def tried(argv: list[str], mode: str = "process") -> str | None:
    """The complaint, None where the options are accepted."""
    told = None
    try:
        preflight.complete(mode, read_mode_config(EvenniaWorldEnv, argv))
    except UserError as error:
        told = str(error)
    assert told is None or (told and "\n" not in told)
    return told


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(option=st.sampled_from(OPTIONS), value=values)
@example(option="env.extra_body", value=DEEP["list"])
def test_an_odd_value_of_an_option_is_accepted_or_refused(option: str, value: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = tried([f"--{option}={value}"])
    if told is not None and "api_key" not in option:
        assert f"--{option}" in told


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(option=st.sampled_from(OPTIONS), value=values)
def test_many_odd_values(option: str, value: str) -> None:
    tried([f"--{option}={value}"])


@settings(max_examples=30, deadline=None)
@given(words=st.lists(st.sampled_from(["--env", "--env.", "--env.seed", "--config", "=", "--", "-",
                                       "--openai.api_key", "--slurm", "--env.seed=", "-h1", ""]),
                      max_size=4))  # fmt: skip
def test_odd_words_are_accepted_or_refused(words: list[str]) -> None:
    tried(words)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.one_of(st.binary(max_size=60), st.sampled_from(ODD).map(as_bytes),
       st.tuples(st.sampled_from(["env: ", "openai: ", "slurm: ", "env: {seed: "]), values)
       .map(lambda parts: as_bytes("".join(parts)))))  # fmt: skip
def test_an_odd_config_file_is_accepted_or_refused(content: bytes, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "odd.yaml"
    path.write_bytes(content)
    tried(["--config", str(path)])


@pytest.mark.parametrize(("section", "name"), NUMERIC)
@pytest.mark.parametrize("value", [".nan", "1e99"])
def test_a_number_that_makes_no_sense_is_refused(section: str, name: str, value: str) -> None:
    told = tried([f"--{section}.{name}={value}"])
    assert told is not None
    assert f"--{section}.{name}" in told


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--env.max_turn_tokens", "0"], "--env.max_turn_tokens 0: "),
        (["--env.difficulty", "[3]"], "--env.difficulty [3]: give the lowest and the highest"),
        (["--env.difficulty", "[5,1]"], "e.g. [1, 5]"),
        (["--env.families", "{errands: 1}"], "choose from orientation"),
        (["--env.families", "errand,fishing"], "unknown family 'fishing'"),
        (["--env.families", "[errand]"], "give names, e.g. trust,vigil, or weights"),
        (["--env.reward_weights", "{outcome: .inf}"], "must be finite"),
        (["--env.reward_weights", "{outcome: 0.5}"], "sum to 0.9 and must sum to 1"),
        (["--env.worker_timeout", "0"], "at least 0.001, or -1"),
        (["--env.min_batch_allocation", "2"], "from 0 to 1"),
        (["--env.group_size", "1000000"], "at most 100,000, not 1000000"),
        (["--env.reasoning_effort", "lots"], "choose from high"),
        (["--env.extra_body", DEEP["mapping"]], "nested deeper than 100 levels"),
        (["--env.extra_body", BOMB], "more than 1,000,000 values"),
        (["--env.call_timeout", ".inf"], "must be finite"),
        (["--env.total_steps", "-5"], "at least 1"),
        (["--env.group_size", "true"], "write a number"),
        (["--env.suite=a\0b"], "NUL"),
        (["--openai.base_url", "http://[::1/v1"], "--openai.base_url 'http://[::1/v1': "),
        (["--openai.base_url", "http://h:99999/v1"], "write an address such as"),
        (["--openai.base_url", "http://a\nb/v1"], "write an address such as"),
        (["--env.rollout_server_url", "http://["], "--env.rollout_server_url"),
        (["--openai.api_key", "a\nb"], "--openai.api_key: a key has printable ASCII"),
        (["--config"], "--config needs a value"),
        (["--env.seed"], "--env.seed needs a value"),
    ],
)  # fmt: skip
def test_what_is_allowed_is_told(argv: list[str], says: str) -> None:
    told = tried(argv)
    assert told is not None
    assert says in told


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "is not UTF-8 text: byte 0"),
        (b"env: {policy: 'a\0b'}", "not valid YAML"),
        (b'env: {policy: "a\\0b"}', "--env.policy"),
        (b"env: {1: 2}", "env: 1 is no option"),
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b" " * (1 << 20) + b"env: {}", "is larger than 1 MiB"),
        (f"env: {{extra_body: {DEEP['list']}}}".encode(), "nested deeper than 100 levels"),
        (f"env: {{extra_body: {BOMB}}}".encode(), "more than 1,000,000 values"),
        (b"env: 2020-13-45", "month"),
    ],
)  # fmt: skip
def test_a_config_file_that_cannot_be_read_is_named(tmp_path, content: bytes, says: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    told = tried(["--config", str(path)])
    assert told is not None
    assert says in told


def test_a_config_that_is_no_file_is_named(tmp_path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert tried(["--config", str(fifo)]) == f"cannot read {fifo}: it is no regular file"
    assert tried(["--config", str(tmp_path)]) == f"cannot read {tmp_path}: it is a directory"

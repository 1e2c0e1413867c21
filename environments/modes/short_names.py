"""Short names of options that everybody types, and the dotted options that they stand for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from world_fixtures.errors import UserError
from world_fixtures.nearest import nearest

MODES = ("evaluate", "process", "serve")


class Short(NamedTuple):
    """The dotted option that a short name means in each mode; empty where it has no meaning."""

    evaluate: str = ""
    process: str = ""
    serve: str = ""

    def of(self, mode: str) -> str:
        """Return the option that is meant in `mode`."""
        return str(getattr(self, mode))


def _everywhere(option: str) -> Short:
    return Short(option, option, option)


def _training(option: str, evaluate: str = "") -> Short:
    return Short(evaluate, option, option)


SHORT_NAMES: dict[str, Short] = {
    "suite": Short("env.suite", "", "env.suite"),
    "model": _everywhere("openai.model_name"),
    "models": Short("env.models"),
    "policy": _everywhere("env.policy"),
    "families": _training("env.families", "env.eval_families"),
    "kinds": _training("env.kinds", "env.eval_kinds"),
    "difficulty": _training("env.difficulty", "env.eval_difficulty"),
    "limit": _training("env.total_steps", "env.eval_limit"),
    "out": _training("env.data_path_to_save_groups", "env.data_dir_to_save_evals"),
    "attempts": Short("env.eval_attempts"),
    "group-size": _training("env.group_size"),
    "seed": _training("env.seed", "env.sampling_seed"),
    "concurrency": Short("env.eval_concurrency", "env.process_concurrency", "env.max_num_workers"),
    "workers": Short("env.workers", "env.workers"),
    "ray": Short("env.ray", "env.ray"),
    "replicas": Short(serve="env.replicas"),
    "trainer": Short(serve="env.rollout_server_url"),
    "base-url": _everywhere("openai.base_url"),
    "api-key-env": _everywhere("openai.api_key_env"),
    "server-type": _everywhere("openai.server_type"),
    "tokenizer": _training("env.tokenizer_name"),
    "temperature": _training("env.agent_temperature", "env.eval_temperature"),
    "max-tokens": _everywhere("env.max_turn_tokens"),
    "top-p": _everywhere("env.top_p"),
    "sampling-seed": _everywhere("env.sampling_seed"),
    "price-input": Short("env.price_input"),
    "price-output": Short("env.price_output"),
}
"""In the order of the help."""
MEANT: dict[str, dict[str, str]] = {
    "evaluate": {"env.families": "env.eval_families", "env.difficulty": "env.eval_difficulty"},
}
"""Options of training that, typed for another mode, can only mean its own."""


def lengthened(
    argv: Sequence[str], mode: str, options: Collection[str]
) -> tuple[list[str], dict[str, str]]:
    """Return `argv` with the dotted option in place of each short name, and what was typed for it.

    `options` are the names that exist. Raises UserError for a short name that means nothing in
    `mode`, and for a name without a dot that is none.
    """
    words, typed = [], {}
    for word in argv:
        name, equals, value = word[2:].partition("=")
        if not word.startswith("--"):
            words.append(word)
            continue
        option = _long(name, mode, options)
        words.append(f"--{option}{equals}{value}")
        if option != name:
            typed[option] = name
    return words, typed


@contextmanager
def in_words_of(typed: Mapping[str, str]) -> Iterator[None]:
    """Have errors name an option as it was typed: `typed` says how, by the dotted option."""
    try:
        yield
    except UserError as error:
        told = str(error)
        for option, name in typed.items():
            told = re.sub(rf"--{re.escape(option)}(?![\w.])", f"--{name}", told)
        raise UserError(told) from None


def _long(typed: str, mode: str, options: Collection[str]) -> str:
    name = typed.replace("_", "-")
    if typed in options or "." in typed:
        meant = MEANT.get(mode, {}).get(typed, typed)
        return meant if meant in options else typed
    if name not in SHORT_NAMES:
        raise UserError(f"unknown option --{typed}: {_instead(name, mode)}")
    option = SHORT_NAMES[name].of(mode)
    if not option:
        others = " and ".join(m for m in MODES if SHORT_NAMES[name].of(m))
        raise UserError(f"--{name} is no option of {mode}, but of {others}: leave it out")
    if option not in options:
        raise UserError(f"--{name} stands for --{option}, which this environment does not have")
    return option


def _instead(name: str, mode: str) -> str:
    known = [short for short, meant in SHORT_NAMES.items() if meant.of(mode)]
    near = nearest(name, known)
    return f"did you mean --{near}?" if near else f"see {mode} --help"

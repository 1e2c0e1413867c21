"""The table of a mode's options, as the help shows them: made from the options themselves.

Making it loads Atropos. `options.json` holds that of `EvenniaWorldEnv`, so that its help loads
nothing: `python -m environments.cli.write_help` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

SHIPPED = Path(__file__).with_name("options.json")
TASKS, MODEL, RUN, PLAY, TRAINER = GROUPS = (
    "Tasks: what is played",
    "Model: who plays, and how it is asked",
    "Run: how much, how many at once, and where it is written",
    "Play: tools, turns, rewards and credit",
    "Trainer: options of Atropos itself",
)
"""In the order of the help."""
OF_GROUP = {
    TASKS: (
        "suite", "notes", "families", "kinds", "difficulty", "train_suite", "eval_families",
        "eval_kinds", "eval_difficulty", "eval_limit", "target_success", "signal_floor", "seed",
    ),
    MODEL: (
        "policy", "models", "tokenizer_name", "agent_temperature", "eval_temperature",
        "max_turn_tokens", "top_p", "sampling_seed", "context_tokens", "extra_body",
        "call_timeout", "tool_call_parser",
        "thinking_mode", "reasoning_effort", "max_reasoning_tokens", "custom_thinking_prompt",
        "system_prompt", "candidate_model", "candidate_base_url", "candidate_api_key_env",
        "candidate_percent", "candidate_shadow", "price_input", "price_output",
    ),
    RUN: (
        "total_steps", "group_size", "eval_attempts", "eval_concurrency", "process_concurrency",
        "process_ordered", "world_servers", "eval_baselines", "data_dir_to_save_evals",
        "data_path_to_save_groups", "adopt", "spectate", "rollout_server_url", "max_num_workers",
    ),
}  # fmt: skip
"""Other options are of `PLAY` where they are ours, and of `TRAINER` where they are Atropos's."""
ABOUT = {
    "openai.model_name": "Name of the model, as its endpoint knows it",
    "openai.base_url": "Address of the endpoint, e.g. http://localhost:8000/v1; without one an"
    " embedded policy plays",
    "openai.api_key": "API key of the endpoint; better in a variable",
    "openai.api_key_env": "Variable that holds the API key",
    "openai.server_type": "Kind of endpoint: openai is any that speaks OpenAI's API",
    "openai.tokenizer_name": "Tokenizer of this server's model; none: see --env.tokenizer_name",
    "openai.timeout": "Seconds for one request",
    "env.group_size": "Rollouts of each training task, compared with one another",
    "env.total_steps": "Training tasks to play, a group each; in serve the trainer's steps",
    "env.tokenizer_name": "Tokenizer of training data: a name on Hugging Face, or a directory",
    "env.rollout_server_url": "Address of the trainer's rollout server (Atropos's run-api)",
    "env.data_path_to_save_groups": "File that groups are written to, one a line of JSON",
    "env.data_dir_to_save_evals": "Directory of an evaluation's results",
    "env.max_num_workers": "Groups that serve plays at once; -1: max_num_workers_per_node a server",
    "slurm": "Find the model's servers from Slurm's list of nodes",
    "config": "YAML file with the dotted options, under env: and openai:",
}  # fmt: skip
"""What is said of options of Atropos, where its own words would not help."""
KINDS = {"env.families": "names with weights, as A,B or A:2,B:1"}
"""What options take, where their types do not say it."""
SHOWN_DEFAULTS = {
    "openai.api_key": "from OPENAI_API_KEY, or OPENROUTER_API_KEY",
    "env.data_dir_to_save_evals": "runs/evaluate-SUITE-MODEL",
    "env.data_path_to_save_groups": "runs/process/groups.jsonl (process), no file (serve)",
}
REFUSED = ("trl",)
"""Values that Atropos knows and we refuse: see `preflight`."""
LONGEST = 160
"""Characters of a default that is shown."""
_PROJECT = Path(__file__).resolve().parents[2]


class Option(NamedTuple):
    """One option, as the help shows it."""

    name: str
    group: str
    about: str
    kind: str
    """What it takes, e.g. `integer` or `one of a, b`."""
    allowed: str
    """The range of a number, e.g. `1 to 128`; empty where there is none."""
    default: str
    choices: tuple[str, ...] = ()
    """Values to offer where the option is completed."""


def shipped() -> list[Option]:
    """Read the table of `EvenniaWorldEnv`."""
    return [
        Option(**{**row, "choices": tuple(row["choices"])})
        for row in json.loads(SHIPPED.read_text(encoding="utf-8"))
    ]


def described(env_cls: Any) -> list[Option]:
    """Return all options of an environment's modes, by group."""
    from environments.modes.options import server_defaults  # Atropos: seconds

    env_default, server_default = env_cls.config_init()
    made = [
        Option("config", RUN, ABOUT["config"], "file", "", ""),
        Option("slurm", MODEL, ABOUT["slurm"], "true or false", "", "false"),
        Option("openai.api_key_env", MODEL, ABOUT["openai.api_key_env"], "text", "", ""),
    ]
    for section, default in (("env", env_default), ("openai", server_defaults(server_default)[0])):
        fields = type(default).model_fields
        made += [_option(section, name, fields[name], getattr(default, name)) for name in fields]
    return sorted(made, key=lambda option: GROUPS.index(option.group))


def _option(section: str, name: str, field: Any, default: Any) -> Option:
    full = f"{section}.{name}"
    words, choices = _kind(field.annotation)
    return Option(
        name=full,
        group=_group(section, name),
        about=ABOUT.get(full) or field.description or "",
        kind=KINDS.get(full, words),
        allowed=_range(section, name, field.metadata),
        default=SHOWN_DEFAULTS.get(full) or _shown(default),
        choices=choices or _names(full),
    )


def _group(section: str, name: str) -> str:
    from atroposlib.envs.base import BaseEnvConfig  # seconds

    if section == "openai":
        return MODEL
    named = next((group for group, names in OF_GROUP.items() if name in names), None)
    return named or (TRAINER if name in BaseEnvConfig.model_fields else PLAY)


def _names(option: str) -> tuple[str, ...]:
    """Return the values that an option of text is known to take."""
    from environments.policies.registry import BASELINES, PARAMETRISED
    from environments.tasks.families import KINDS as TASK_KINDS
    from environments.tasks.model import Family
    from environments.tasks.suites import SUITES

    kinds = tuple(f"{family}.{kind}" for family, found in TASK_KINDS.items() for kind in found)
    families = tuple(family.value for family in Family)
    known: Mapping[str, tuple[str, ...]] = {
        "env.suite": tuple(SUITES), "env.train_suite": tuple(SUITES),
        "env.policy": (*BASELINES, *PARAMETRISED),
        "env.families": families, "env.eval_families": families,
        "env.kinds": kinds, "env.eval_kinds": kinds,
    }  # fmt: skip
    return known.get(option, ())


def _kind(annotation: Any) -> tuple[str, tuple[str, ...]]:
    """Say what an option of this type takes, and which values where they are few."""
    if get_origin(annotation) in (Union, UnionType):
        members = [m for m in get_args(annotation) if m is not NoneType]
        words = [_kind(member) for member in members]
        return " or ".join(word for word, _ in words), words[0][1]
    plain = {bool: "true or false", int: "integer", float: "number", str: "text"}
    if annotation in plain:
        return plain[annotation], ("true", "false") if annotation is bool else ()
    choices: tuple[str, ...] = ()
    if get_origin(annotation) is Literal:
        choices = tuple(str(c) for c in get_args(annotation) if c not in REFUSED)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        choices = tuple(str(member.value) for member in annotation)
    if choices:
        return f"one of {', '.join(choices)}", choices
    shape = get_origin(annotation)
    return {list: "names, as A,B", tuple: "one level or two, as 2-5"}.get(shape, "mapping"), ()


def _range(section: str, name: str, metadata: list[Any]) -> str:
    from environments.modes.bounds import RANGES  # Atropos: seconds

    if (found := RANGES[section].get(name)) is not None:
        return found.told()
    limits = {
        limit: getattr(part, limit)
        for part in metadata
        for limit in ("gt", "ge", "lt", "le")
        if getattr(part, limit, None) is not None
    }
    low = f"{limits['ge']:,}" if "ge" in limits else ""
    low = f"above {limits['gt']:,}" if "gt" in limits else low
    high = f"{limits['le']:,}" if "le" in limits else ""
    high = f"below {limits['lt']:,}" if "lt" in limits else high
    if low and high:
        return f"{low} to {high}"
    if high:
        return high if "lt" in limits else f"at most {high}"
    return low if "gt" in limits or not low else f"at least {low}"


def _shown(value: Any) -> str:
    """Return a default as it could be typed; no path of this machine."""
    if isinstance(value, Enum):
        return str(value.value)
    if value is None:
        return ""  # its text says what that means
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        inside = value.startswith(f"{_PROJECT}/")
        return str(Path(value).relative_to(_PROJECT)) if inside else value
    if isinstance(value, tuple) and len(value) == 2:
        return "-".join(map(str, value))
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, dict) and set(value.values()) == {1.0}:
        return ",".join(map(str, value))
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    text = json.dumps(value)
    return text if len(text) <= LONGEST else ""

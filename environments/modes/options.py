"""From flags and YAML to the configs of a mode.

The flags are Atropos's: `--env.x v`, `--openai.x v`, `--config file.yaml`; the precedence is
CLI > YAML > `config_init`. Parsed here and not by atroposlib's own command line, which
ignores unknown keys, forces wandb on and prints API keys.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from atroposlib.envs.base import BaseEnv, BaseEnvConfig
from atroposlib.envs.server_handling.server_baseline import APIServerConfig
from pydantic import BaseModel, ValidationError

from environments.models.address import NO_KEY, host, shown
from world_fixtures.common import UserError

__all__ = [
    "NO_KEY",
    "ModeConfig",
    "host",
    "options_help",
    "parse_flags",
    "read_mode_config",
    "redacted",
    "shown",
]

_VARIABLE = re.compile(r"^\$\{(\w+)\}$")


@dataclass
class ModeConfig:
    """What one run of a mode is made from."""

    env: BaseEnvConfig
    servers: list[APIServerConfig]
    configured: bool
    """A model was named by the user; otherwise an embedded policy plays."""
    slurm: bool = False
    """The model's servers are found from Slurm's list of nodes."""


def read_mode_config(env_cls: type[BaseEnv], argv: Sequence[str]) -> ModeConfig:
    """Merge flags, YAML and the class's defaults. Raises UserError for all bad input."""
    env_default, server_default = env_cls.config_init()
    flags = parse_flags(argv)
    config_file = flags.pop("config", None)
    text = _read_yaml(config_file) if config_file else {}
    unknown = [k for k in text if k not in ("env", "openai", "slurm", "testing")]
    if unknown:
        raise UserError(f"{config_file}: unknown section {unknown[0]!r}: there are env and openai")
    slurm = _value(flags.pop("slurm", text.get("slurm", False)))
    if not isinstance(slurm, bool):
        raise UserError(f"--slurm {slurm!r}: write true or false")
    first = server_default[0] if isinstance(server_default, list) else server_default
    server_base = first if isinstance(first, APIServerConfig) else APIServerConfig()
    env_flags = _section(flags, "env.")
    server_flags = _section(flags, "openai.")
    leftover = [k for k in flags if not k.startswith(("env.", "openai."))]
    if leftover:
        raise UserError(f"unknown option --{leftover[0]}: options begin with --env. or --openai.")
    env_given = {**_mapping(text, "env", config_file), **env_flags}
    env = _build(type(env_default), env_default, env_given, "env")
    listed = text.get("openai") or {}
    entries = listed if isinstance(listed, list) else [listed]
    if len(entries) > 1 and server_flags:
        raise UserError("--openai. options cannot be combined with several servers in the YAML")
    servers = []
    if not (listed or server_flags) and isinstance(server_default, list):
        servers, entries = [_server(default, {}) for default in server_default], []
    for entry in entries:
        if not isinstance(entry, dict):
            raise UserError(f"{config_file}: openai must be a mapping, or a list of mappings")
        merged = {**entry, **server_flags}
        servers.append(_server(server_base, merged))
    return ModeConfig(env, servers, bool(server_flags or listed), slurm)


def parse_flags(argv: Sequence[str]) -> dict[str, str]:
    """`--a.b v`, `--a.b=v` and bare `--a.b` (meaning true) as a dict of texts."""
    flags: dict[str, str] = {}
    position = 0
    while position < len(argv):
        word = argv[position]
        position += 1
        if not word.startswith("--"):
            raise UserError(f"unexpected argument {word!r}: options look like --env.group_size 8")
        name, equals, value = word[2:].partition("=")
        if not equals:
            nxt = argv[position] if position < len(argv) else None
            if nxt is None or nxt.startswith("--"):
                value = "true"
            else:
                value = nxt
                position += 1
        flags[name] = value
    return flags


def options_help(env_cls: type[BaseEnv]) -> str:
    """Every option with its default and meaning."""
    env_default, server_default = env_cls.config_init()
    first = server_default[0] if isinstance(server_default, list) else server_default
    server = first if isinstance(first, APIServerConfig) else APIServerConfig()
    lines = [
        "  --config FILE", "      YAML with the same names under env: and openai:",
        "  --slurm  [False]", "      Find the model's servers from Slurm's list of nodes",
        "  --openai.api_key_env NAME", "      Variable that holds the API key",
    ]  # fmt: skip
    for prefix, default in (("env", env_default), ("openai", server)):
        for name, field in type(default).model_fields.items():
            value = getattr(default, name)
            shown = "(from the environment)" if "api_key" in name else repr(value)
            if len(shown) > 60:
                shown = "..."
            lines.append(f"  --{prefix}.{name}  [{shown}]")
            if field.description:
                lines.append(f"      {field.description}")
    return "\n".join(lines)


def redacted(config: BaseModel) -> dict[str, Any]:
    """A config as plain data without its secrets."""
    data = config.model_dump(mode="json")
    if data.get("base_url"):
        data["base_url"] = shown(data["base_url"])
    return {
        k: "(hidden)" if "api_key" in k and v not in ("", None, NO_KEY) else v
        for k, v in data.items()
    }


def _server(base: APIServerConfig, given: Mapping[str, Any]) -> APIServerConfig:
    values = dict(given)
    url = str(values.get("base_url") or base.base_url or "")
    key = str(values.get("api_key") or "")
    if not key and url == base.base_url and base.api_key != NO_KEY:
        key = values["api_key"] = base.api_key or ""  # the class's own, for its own endpoint only
    if variable := values.pop("api_key_env", None):
        key = f"${{{variable}}}"
    if match := _VARIABLE.match(key):
        if not os.environ.get(match[1]):
            raise UserError(f"api_key names the variable {match[1]}, which is not set: export it")
        values["api_key"] = os.environ[match[1]]
    elif not key:
        values["api_key"] = _key_from_environment(url)
    return _build(APIServerConfig, base, values, "openai")


def _key_from_environment(url: str) -> str:
    name = "OPENROUTER_API_KEY" if "openrouter.ai" in url else "OPENAI_API_KEY"
    key = os.environ.get(name, "")
    if not key and ("openrouter.ai" in url or "api.openai.com" in url):
        raise UserError(f"{url} needs a key: export {name}")
    return key or NO_KEY


def _build(cls: Any, base: BaseModel, given: Mapping[str, Any], prefix: str) -> Any:
    fields = cls.model_fields
    values = {name: getattr(base, name) for name in fields}
    for name, value in given.items():
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"did you mean --{prefix}.{near[0]}?" if near else "see --help"
            raise UserError(f"unknown option --{prefix}.{name}: {hint}")
        values[name] = _value(value)
        if isinstance(values[name], int | float) and _wants_text(fields[name]):
            values[name] = str(value)
    try:
        return cls(**values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        if place in given and "api_key" not in place:
            raise UserError(f"--{prefix}.{place} {given[place]!r}: {first['msg']}") from None
        raise UserError(f"--{prefix}.{place}: {first['msg']}") from None


def _wants_text(field: Any) -> bool:
    return field.annotation in (str, str | None) or "Optional[str]" in str(field.annotation)


def _value(text: Any) -> Any:
    """A flag's text as YAML reads it: numbers, booleans, null, lists, mappings."""
    if not isinstance(text, str):
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if value is None or isinstance(value, bool | int | float | list | dict) else text


def _section(flags: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {k.removeprefix(prefix): v for k, v in flags.items() if k.startswith(prefix)}


def _mapping(text: Mapping[str, Any], section: str, source: str | None) -> dict[str, Any]:
    value = text.get(section) or {}
    if not isinstance(value, dict):
        raise UserError(f"{source}: {section} must be a mapping")
    return value


def _read_yaml(path: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(Path(path).read_text())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected sections env: and openai:")
    return content

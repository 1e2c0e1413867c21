"""The options of a mode: from flags, a YAML file and the defaults of the environment's class.

Flags are written `--env.x v` and `--openai.x v`; the file of `--config` holds the same names under
`env:` and `openai:`. A flag goes before the file, and the file before `config_init`. Read here
and not by atroposlib's command line, which ignores unknown keys, forces wandb on and prints API
keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from atroposlib.envs.base import BaseEnvConfig
from atroposlib.envs.server_handling.server_baseline import APIServerConfig
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from environments.config import EvenniaWorldEnvConfig
from environments.modes.bounds import check_given, check_ranges, shown
from environments.modes.config_file import Given, read_given
from environments.modes.flags import read_flags, takes_text, unknown_option
from environments.modes.keys import key_variable, redacted, resolve_key
from environments.modes.short_names import in_words_of, lengthened
from world_fixtures.common import UserError

__all__ = ["ModeConfig", "read_mode_config", "redacted", "server_defaults"]


_WHOLE, _NUMBER, _TRUTH = "must be a whole number", "must be a number", "must be true or false"
WANTED = {
    "int_parsing": _WHOLE, "int_type": _WHOLE, "int_from_float": _WHOLE,
    "float_parsing": _NUMBER, "float_type": _NUMBER,
    "bool_parsing": _TRUTH, "bool_type": _TRUTH,
    "list_type": "must be a list, e.g. [a, b]", "dict_type": "must be a mapping, e.g. {a: 1}",
    "string_type": "must be a text",
}  # fmt: skip
"""What a value must be that is not of its option's type, by pydantic's name of the error."""


@dataclass(frozen=True)
class ModeConfig:
    """What one run of a mode is made from."""

    env: BaseEnvConfig
    servers: list[APIServerConfig]
    configured: bool
    """A model was named by the user; otherwise an embedded policy plays."""
    slurm: bool = False
    """The model's servers are found from Slurm's list of nodes."""
    named: frozenset[str] = frozenset()
    """Options of the environment that were given, by a flag or in the file."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """Short names that were typed, by the option that each stands for: for messages."""
    key_variables: tuple[str | None, ...] = ()
    """For each server the variable that holds its key, see `keys.key_variable`."""


class Configurable(Protocol):
    """An environment class as the options see it."""

    @classmethod
    def config_init(cls) -> tuple[Any, Any]:
        """Return the default options of the environment and of its model servers."""


def read_mode_config(
    env_cls: type[Configurable], argv: Sequence[str], mode: str | None = None
) -> ModeConfig:
    """Return the options of `env_cls` that flags, YAML and the class's defaults give together.

    With a `mode`, its short names (`--suite`) are understood, too. Raises UserError for all bad
    input.
    """
    env_default, server_default = env_cls.config_init()
    defaults = server_defaults(server_default)
    types = {
        "env": _types(type(env_default)),
        "openai": _types(APIServerConfig) | {"api_key_env": str},
    }
    others = {"config": str, "slurm": bool}
    typed: dict[str, str] = {}
    if mode is not None:
        dotted = {f"{section}.{name}" for section, names in types.items() for name in names}
        argv, typed = lengthened(argv, mode, dotted | {*others})
    with in_words_of(typed):
        given = read_given(read_flags(argv, types, others))
        env = _build(type(env_default), env_default, given.env, "env")
        if isinstance(env, EvenniaWorldEnvConfig):
            _check_kinds(env, given.env)
        servers = _servers(given, defaults)
        named = frozenset(given.env)
        written = given.servers or [{} for _ in servers]
        variables = tuple(key_variable(g, s.api_key) for g, s in zip(written, servers, strict=True))
        return ModeConfig(
            env, servers, bool(given.servers), given.slurm, named, typed, key_variables=variables
        )


def with_options(
    config: ModeConfig, env: Mapping[str, Any], server: Mapping[str, Any]
) -> ModeConfig:
    """Return `config` with other options of the environment, and of each model server.

    Raises UserError as `read_mode_config` does.
    """
    made = _build(type(config.env), config.env, env, "env")
    servers = [_server(base, server) for base in config.servers] if server else config.servers
    return replace(config, env=made, servers=servers)


def server_defaults(default: Any) -> list[APIServerConfig]:
    """Return what `config_init` says of the servers as a list of at least one."""
    listed = default if isinstance(default, list) else [default]
    return listed if isinstance(listed[0], APIServerConfig) else [APIServerConfig()]


def _servers(given: Given, defaults: list[APIServerConfig]) -> list[APIServerConfig]:
    if not given.servers:
        return [_server(default, {}) for default in defaults]
    return [_server(defaults[0], entry) for entry in given.servers]


def _server(base: APIServerConfig, given: Mapping[str, Any]) -> APIServerConfig:
    key = resolve_key(given, base.base_url, base.api_key)
    values = {k: v for k, v in given.items() if k != "api_key_env"} | {"api_key": key}
    return _build(APIServerConfig, base, values, "openai")


def _types(config: type[BaseModel]) -> dict[str, Any]:
    return {name: field.annotation for name, field in config.model_fields.items()}


def _build(cls: Any, base: BaseModel, given: Mapping[str, Any], section: str) -> Any:
    fields: dict[str, FieldInfo] = cls.model_fields
    for name in given:
        if name not in fields:
            raise UserError(unknown_option(section, name, fields))
    check_given(section, given, _types(cls))
    values = {name: getattr(base, name) for name in fields}
    for name, value in given.items():
        is_number = isinstance(value, int | float)  # e.g. `wandb_name: 7` in the file
        values[name] = str(value) if is_number and takes_text(fields[name].annotation) else value
    try:
        made = cls(**values)
    except ValidationError as error:
        raise UserError(_complaint(error, given, section)) from None
    check_ranges(section, made.__dict__)
    return made


def _check_kinds(env: EvenniaWorldEnvConfig, given: Mapping[str, Any]) -> None:
    """Raise UserError where kinds and families are given that have nothing in common."""
    for kinds, families in (("kinds", "families"), ("eval_kinds", "eval_families")):
        wanted, among = getattr(env, kinds), getattr(env, families)
        if not {kinds, families} <= given.keys() or wanted is None or among is None:
            continue
        if not {kind.partition(".")[0] for kind in wanted} & {*among}:
            raise UserError(
                f"--env.{kinds} {','.join(wanted)} and --env.{families} {','.join(among)} have no"
                " kind in common: leave one of them out"
            )


def _complaint(error: ValidationError, given: Mapping[str, Any], section: str) -> str:
    """Name the option, what was given and what is allowed; secrets are not shown."""
    first = error.errors()[0]
    option, *inner = map(str, first["loc"] or ("?",))
    known = option in given and "api_key" not in option
    told = f" {shown(given[option])}" if known else ""
    where = f" {'.'.join(inner)}:" if inner else ""
    told_by_pydantic = first["msg"].removeprefix("Value error, ")
    allowed = WANTED.get(first["type"]) or told_by_pydantic.replace("Input should be", "must be")
    return f"--{section}.{option}{told}:{where} {allowed}"

"""The models of `evaluate --models`: names, or entries of a YAML file, each with its endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import ConfigDict, ValidationError, model_validator

from environments.models.address import NO_KEY
from environments.modes.evaluate import slug
from environments.modes.options import ModeConfig, with_options
from environments.policies.registry import get_policy
from environments.rollouts.prices import Prices
from world_fixtures.common import Frozen, UserError
from world_fixtures.yaml_text import read_yaml

SAMPLING = {"temperature": "eval_temperature", "max_tokens": "max_turn_tokens",
            "top_p": "top_p", "seed": "sampling_seed"}  # fmt: skip
"""Sampling parameters that are options of ours; others are sent along as they are."""
MAX_BYTES = 1 << 20
"""Of the YAML file."""


class Entry(Frozen):
    """One model to evaluate, as somebody wrote it."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model: str = ""
    """Name of the model at its endpoint."""
    policy: str = ""
    """Name of the embedded policy that plays in the place of a model."""
    name: str = ""
    """Of the run's directory; by default the model's or the policy's."""
    base_url: str = ""
    """The endpoint; empty for that of --openai.base_url."""
    api_key_env: str = ""
    """Variable that holds the endpoint's key."""
    server_type: str = ""
    sampling: dict[str, Any] = {}
    """Sampling parameters by name, e.g. {temperature: 0.7, top_p: 0.9, max_tokens: 2048}."""
    prices: Prices | None = None

    @model_validator(mode="after")
    def _one_player(self) -> Self:
        if bool(self.model) == bool(self.policy):
            raise ValueError("give `model: NAME` or `policy: NAME`")
        if self.policy and (self.base_url or self.api_key_env or self.sampling or self.prices):
            raise ValueError("an embedded policy has no endpoint, sampling or prices")
        return self

    @property
    def directory(self) -> str:
        """Name of the run's directory."""
        return slug(self.name or self.model or self.policy).strip(".-") or "model"


class Planned(NamedTuple):
    """One run of several."""

    name: str
    config: ModeConfig


def planned(config: ModeConfig, out: Path) -> list[Planned]:
    """Return what each of `config.env.models` is played with, in a directory of its own in `out`.

    Raises UserError for an entry that is wrong, and where two would share a directory.
    """
    entries = [_entry(given, config) for given in _listed(config.env.models)]
    by_directory: dict[str, Entry] = {}
    for entry in entries:
        if entry.directory in by_directory:
            raise UserError(
                f"--models: two runs would be written into {out / entry.directory}: give one of"
                " them another `name:` in a YAML list"
            )
        by_directory[entry.directory] = entry
    return [
        Planned(name, _config(entry, config, out / name)) for name, entry in by_directory.items()
    ]


def _listed(given: Sequence[Any]) -> Sequence[Any]:
    """Return the entries: those of the YAML file that is named, or what was given."""
    if len(given) != 1 or not str(given[0]).endswith((".yaml", ".yml")):
        return given
    content = read_yaml(Path(given[0]), MAX_BYTES)
    if not isinstance(content, list) or not content:
        raise UserError(
            f"{given[0]}: expected a list of models, e.g. `- {{model: NAME, base_url: URL}}`"
        )
    return content


def _entry(given: Any, config: ModeConfig) -> Entry:
    if isinstance(given, str):
        given = _named(given, config)
    if not isinstance(given, dict):
        raise UserError(
            f"--models: entry {given!r}: give a name, or fields, e.g."
            " {model: NAME, base_url: URL}"
        )
    try:
        return Entry.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        told = first["msg"].removeprefix("Value error, ")
        fields = ", ".join(Entry.model_fields)
        if first["type"] == "extra_forbidden":
            told = f"no such field: choose from {fields}"
        name = given.get("name") or given.get("model") if isinstance(given, dict) else given
        raise UserError(f"--models: entry {name!r}: {where}{': ' if where else ''}{told}") from None


def _named(name: str, config: ModeConfig) -> dict[str, str]:
    """Read a plain name: an embedded policy where there is one, else a model of the endpoint."""
    try:
        get_policy(name)
    except UserError as error:
        if any(server.base_url for server in config.servers):
            return {"model": name}
        raise UserError(
            f"--models: {error}; for a model give its endpoint with --openai.base_url, or a YAML"
            " list with a base_url for each"
        ) from None
    return {"policy": name}


def _config(entry: Entry, config: ModeConfig, out: Path) -> ModeConfig:
    changed: dict[str, Any] = {"models": None, "data_dir_to_save_evals": str(out)}
    if entry.policy:
        get_policy(entry.policy)
        server = config.servers[0].model_copy(
            update={"base_url": "", "model_name": entry.policy, "api_key": NO_KEY}
        )
        alone = replace(config, servers=[server], configured=False)
        return with_options(alone, changed | {"policy": entry.policy}, {})
    for name, value in entry.sampling.items():
        if name in SAMPLING:
            changed[SAMPLING[name]] = value
    others = {k: v for k, v in entry.sampling.items() if k not in SAMPLING}
    if others:
        changed["extra_body"] = {**(config.env.extra_body or {}), **others}
    if entry.prices is not None:
        changed |= {"price_input": entry.prices.input, "price_output": entry.prices.output}
    server_changes = {
        name: value
        for name in ("base_url", "api_key_env", "server_type")
        if (value := getattr(entry, name))
    }
    if entry.base_url:  # an endpoint of its own, and not one of several of the others
        config = replace(config, servers=config.servers[:1])
    try:
        return with_options(
            replace(config, configured=True), changed, {"model_name": entry.model, **server_changes}
        )
    except UserError as error:
        raise UserError(f"--models: entry {entry.name or entry.model!r}: {error}") from None

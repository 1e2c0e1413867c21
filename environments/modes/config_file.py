"""The YAML file of `--config`, and what it and the flags give together."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from environments.modes.bounds import shown
from world_fixtures.common import UserError
from world_fixtures.yaml_text import read_yaml

MAX_BYTES = 1 << 20
"""Of a config file."""
_PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (_PACKAGE / "configs", _PACKAGE.parent / "configs")
"""Where the configs of the project are: in the installed package, or in a clone."""


class Given(BaseSettings):
    """Options that someone has given, by section. What flags give goes before the file."""

    model_config = SettingsConfigDict(extra="forbid")
    file: ClassVar[dict[str, Any]] = {}
    """What `--config` names, as it is written there."""

    env: dict[str, Any] = {}
    openai: dict[str, Any] | list[dict[str, Any]] = {}
    slurm: bool = False
    testing: bool = False  # is in files that Atropos wrote

    @property
    def servers(self) -> list[dict[str, Any]]:
        """Options of each model server; empty where none is described."""
        listed = self.openai if isinstance(self.openai, list) else [self.openai]
        return [] if listed == [{}] else listed

    @field_validator("env", "openai", mode="before")
    @classmethod
    def _nothing(cls, section: Any) -> Any:
        return {} if section is None else section

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read flags (given to the constructor) and the file, and nothing else."""
        return init_settings, _File(settings_cls, getattr(settings_cls, "file", {}))


class _File(InitSettingsSource):
    """The file, less the options that flags give: pydantic-settings would merge mappings."""

    def __call__(self) -> dict[str, Any]:
        content = dict(super().__call__())
        for name, flags in self.current_state.items():
            section = content.get(name)
            if flags and isinstance(section, list):
                if len(section) > 1:
                    raise UserError(
                        "--openai. options cannot be combined with several servers in the YAML"
                    )
                section = content[name] = section[0] if section else {}
            if isinstance(flags, dict) and isinstance(section, dict):
                content[name] = {k: v for k, v in section.items() if k not in flags}
        return content


def read_given(flags: dict[str, Any]) -> Given:
    """Return what `flags` and the file that their `config` names give.

    Raises UserError where the file cannot be read or holds something else.
    """
    given = {name: value for name, value in flags.items() if name != "config" and value != {}}
    name = flags.get("config")
    try:
        return _given_with({} if name is None else _content(name))(**given)
    except ValidationError as error:
        raise UserError(_complaint(name, error)) from None


def _content(name: str) -> dict[str, Any]:
    """Read the file of `--config NAME`: a mapping of sections, each with names as keys."""
    if not name or "\0" in name:
        raise UserError(f"--config {name!r} names no file: write --config FILE")
    content = read_yaml(config_path(name), MAX_BYTES)
    if content is None:
        raise UserError(f"{name} is empty: expected sections env: and openai:")
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise UserError(f"{name}: expected sections env: and openai:")
    for section, options in content.items():
        for entry in options if isinstance(options, list) else [options]:
            bad = [k for k in entry if not isinstance(k, str)] if isinstance(entry, dict) else []
            if bad:
                raise UserError(
                    f"{name}: {section}: {shown(bad[0])} is no option: they are names, such as seed"
                )
    return content


def _given_with(content: dict[str, Any]) -> type[Given]:
    class GivenWithFile(Given):
        file = content

    return GivenWithFile


def _complaint(file: str | None, error: ValidationError) -> str:
    first = error.errors()[0]
    section = first["loc"][0]
    if section in ("slurm", "testing"):
        return f"--slurm {shown(first['input'])}: write true or false"
    if first["type"] == "extra_forbidden":
        return f"{file}: unknown section {shown(section)}: there are env and openai"
    shape = "a mapping, or a list of mappings" if section == "openai" else "a mapping"
    return f"{file}: {section} must be {shape} of options, not {shown(first['input'])}"


def config_path(name: str) -> Path:
    """Return the file of `--config NAME`: as it is named, or of the configs that ship.

    `configs/x.yaml` means the shipped x.yaml wherever there is no such file.
    """
    path = Path(name)
    if path.exists() or path.parent not in (Path("."), Path("configs")):
        return path
    return next((d / path.name for d in SHIPPED if (d / path.name).is_file()), path)

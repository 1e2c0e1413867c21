"""The YAML file of `--config`, and what it and the flags give together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from world_fixtures.common import UserError

_PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (_PACKAGE / "configs", _PACKAGE.parent / "configs")
"""Where the configs of the project are: in the installed package, or in a clone."""


class Given(BaseSettings):
    """Options that someone has given, by section. What flags give goes before the file."""

    model_config = SettingsConfigDict(extra="forbid")

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
        return init_settings, _File(settings_cls)


class _File(YamlConfigSettingsSource):
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
        return _given_with(config_path(name) if name else None)(**given)
    except OSError as error:
        raise UserError(f"cannot read {name}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{name} is not valid YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise UserError(_complaint(name, error)) from None
    except (AttributeError, TypeError, ValueError):  # also of keys that are no text
        raise UserError(f"{name}: expected sections env: and openai:") from None


def _given_with(path: Path | None) -> type[Given]:
    if path is None:
        return Given
    path.open().close()  # pydantic-settings passes over a file that is not there

    class GivenWithFile(Given):
        model_config = SettingsConfigDict(yaml_file=path)

    return GivenWithFile


def _complaint(file: str | None, error: ValidationError) -> str:
    first = error.errors()[0]
    section = first["loc"][0]
    if section == "slurm":
        return f"--slurm {first['input']!r}: write true or false"
    if first["type"] == "extra_forbidden":
        return f"{file}: unknown section {section!r}: there are env and openai"
    shape = "a mapping, or a list of mappings" if section == "openai" else "a mapping"
    return f"{file}: {section} must be {shape}"


def config_path(name: str) -> Path:
    """Return the file of `--config NAME`: as it is named, or of the configs that ship.

    `configs/x.yaml` means the shipped x.yaml wherever there is no such file.
    """
    path = Path(name)
    if path.exists() or path.parent not in (Path("."), Path("configs")):
        return path
    return next((d / path.name for d in SHIPPED if (d / path.name).is_file()), path)

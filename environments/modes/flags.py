"""Flags such as `--env.group_size 8`, each read as the type of its option says.

pydantic-settings splits the command line into texts. It does not decide what a text means:
its own rules would read JSON into text options and split lists at commas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, create_model
from pydantic_settings import BaseSettings, CliSettingsSource

from world_fixtures.common import UserError
from world_fixtures.nearest import nearest
from world_fixtures.yaml_text import check_bounds

Types = Mapping[str, Any]
"""Option name -> type annotation."""


def read_flags(argv: Sequence[str], sections: Mapping[str, Types], others: Types) -> dict[str, Any]:
    """Return what `argv` gives: a mapping for each of `sections`, and `others` by name.

    `--a.b v`, `--a.b=v` and bare `--a.b` (meaning true, where that is possible) are understood;
    of several the last holds. Raises UserError for an option that does not exist or lacks its
    value, and for a value that cannot be read.
    """
    sectioned: dict[str, Any] = {
        name: (_texts(name, types), Field(default_factory=dict)) for name, types in sections.items()
    }
    base = _texts("Base", others, BaseSettings)
    settings = cast("type[BaseSettings]", create_model("Flags", __base__=base, **sectioned))
    known = {f"{name}.{k}": v for name, types in sections.items() for k, v in types.items()}
    words = _joined(argv, {**known, **others})
    for word in words:
        if not _is_flag(word) or _name(word) not in {**known, **others}:
            raise UserError(_unknown(word, sections))
    source = CliSettingsSource[Any](
        settings, cli_parse_args=words, cli_parse_none_str="\0", cli_avoid_json=True,
        case_sensitive=True,
    )  # fmt: skip
    texts = source()
    given = {k: _read(k, text, others[k]) for k, text in texts.items() if k in others}
    for name, types in sections.items():
        given[name] = {k: _read(f"{name}.{k}", v, types[k]) for k, v in texts.get(name, {}).items()}
    return given


def _texts(name: str, types: Types, base: type[BaseModel] = BaseModel) -> Any:
    """A model in which every option is text, as it was typed."""
    fields: dict[str, Any] = dict.fromkeys(types, (str | None, None))
    return create_model(name, __base__=base, **fields)


def _joined(argv: Sequence[str], known: Types) -> list[str]:
    """`argv` with each flag as `--name=value`, so that a value may begin with a dash."""
    words: list[str] = []
    rest = list(reversed(argv))
    while rest:
        word = rest.pop()
        if _is_flag(word) and "=" not in word:
            if rest and not _is_flag(rest[-1]):
                value = rest.pop()
            elif bool in _members(known.get(_name(word), bool)):
                value = "true"
            else:
                raise UserError(f"{word} needs a value: write {word} VALUE, or {word}=VALUE")
            word = f"{word}={value}"
        words.append(word)
    return words


def _is_flag(word: str) -> bool:
    return word.startswith("--")


def _name(word: str) -> str:
    return word[2:].partition("=")[0]


def _unknown(word: str, sections: Mapping[str, Types]) -> str:
    if not _is_flag(word):
        return f"unexpected argument {word!r}: options look like --env.group_size 8"
    section, dot, name = _name(word).partition(".")
    if not dot or section not in sections:
        return f"unknown option --{_name(word)}: options begin with --env. or --openai."
    return unknown_option(section, name, sections[section])


def unknown_option(section: str, name: str, known: Mapping[str, Any]) -> str:
    """Return the error for an option that does not exist, with the name nearest to it."""
    near = nearest(name, known)
    hint = f"did you mean --{section}.{near}?" if near else "see --help"
    return f"unknown option --{section}.{name}: {hint}"


def takes_text(annotation: Any) -> bool:
    """Tell whether an option of this type may be any text."""
    return str in _members(annotation)


def _members(annotation: Any) -> tuple[Any, ...]:
    is_union = get_origin(annotation) in (Union, UnionType)
    return get_args(annotation) if is_union else (annotation,)


def _read(name: str, text: str, annotation: Any) -> Any:
    """Return a text as it is where the option is text; else what it means in YAML."""
    if text == "null" and NoneType in _members(annotation):
        return None
    if takes_text(annotation):
        return text
    try:
        check_bounds(text, f"--{name}")
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, AttributeError, KeyError, TypeError):
        return text
    return value if value is None or isinstance(value, bool | int | float | list | dict) else text

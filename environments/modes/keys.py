"""API keys: read from environment variables, and kept out of everything that is written."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_settings import BaseSettings

from environments.models.address import NO_KEY, shown
from world_fixtures.common import UserError

_VARIABLE = re.compile(r"^\$\{(\w+)\}$")


class Keys(BaseSettings):
    """The variables OPENROUTER_API_KEY and OPENAI_API_KEY; empty where they are not set."""

    openrouter_api_key: str = ""
    openai_api_key: str = ""


def resolve_key(given: Mapping[str, Any], own_url: str | None, own_key: str | None) -> Any:
    """Return the API key for the server that `given` describes, NO_KEY where none is needed.

    A key is named as `api_key: ${VARIABLE}` or `api_key_env: VARIABLE`; else the key of the
    environment's class is used, for its own address only, and else the variable that fits the
    address. Raises UserError where the variable is not set.
    """
    url = str(given.get("base_url") or own_url or "")
    key = str(given.get("api_key") or "")
    if not key and url == own_url and own_key != NO_KEY:
        key = own_key or ""
    if variable := given.get("api_key_env"):
        key = f"${{{variable}}}"
    if match := _VARIABLE.match(key):
        if not os.environ.get(match[1]):
            raise UserError(f"api_key names the variable {match[1]}, which is not set: export it")
        return os.environ[match[1]]
    return given.get("api_key") or key or _usual_key(url)


def key_variable(given: Mapping[str, Any], key: str) -> str | None:
    """Return the variable that holds the `key` that `resolve_key` has found for a server.

    Empty where none is needed; None where the key was written out, and no variable is known.
    """
    if key in ("", NO_KEY):
        return ""
    if variable := given.get("api_key_env"):
        return str(variable)
    if match := _VARIABLE.match(str(given.get("api_key") or "")):
        return match[1]
    keys = Keys().model_dump() if not given.get("api_key") else {}
    return next((name.upper() for name, value in keys.items() if value == key), None)


def _usual_key(url: str) -> str:
    keys = Keys()
    at_openrouter = "openrouter.ai" in url
    key = keys.openrouter_api_key if at_openrouter else keys.openai_api_key
    if not key and (at_openrouter or "api.openai.com" in url):
        name = "OPENROUTER_API_KEY" if at_openrouter else "OPENAI_API_KEY"
        raise UserError(f"{url} needs a key: export {name}")
    return key or NO_KEY


def redacted(config: BaseModel) -> dict[str, Any]:
    """Return a config as plain data without its secrets."""
    data = config.model_dump(mode="json")
    if data.get("base_url"):
        data["base_url"] = shown(data["base_url"])
    return {
        k: "(hidden)" if "api_key" in k and v not in ("", None, NO_KEY) else v
        for k, v in data.items()
    }

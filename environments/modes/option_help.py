"""The help of a mode: every option with its default and meaning."""

from __future__ import annotations

from typing import Any

from environments.modes.options import server_defaults


def options_help(env_cls: Any) -> str:
    """Return every option of an environment and of its model servers, as lines of text."""
    env_default, server_default = env_cls.config_init()
    server = server_defaults(server_default)[0]
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

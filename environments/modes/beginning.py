"""What a mode is about to do, in a line: worlds and models take a while to answer."""

from __future__ import annotations

from environments.models.address import host
from environments.modes.options import ModeConfig


def beginning(mode: str, config: ModeConfig) -> str:
    """Say what `mode` plays, with whom, and where it goes."""
    env = config.env
    if mode == "evaluate":
        suite = getattr(env, "suite", "")
        what = f"the suite {suite}" if suite else "an evaluation"
    else:
        number = f"{env.total_steps:,} " if mode == "process" else ""
        what = f"{number}groups of {env.group_size} rollouts"
    where = {
        "process": f" into {env.data_path_to_save_groups}",
        "serve": f" for the trainer at {env.rollout_server_url}",
    }.get(mode, "")
    return f"{mode}: {what}, played by {_player(config)}{where}; starting the world ..."


def _player(config: ModeConfig) -> str:
    server = config.servers[0]
    if server.base_url:
        return f"{server.model_name} at {host(server.base_url)}"
    return f"the embedded policy {getattr(config.env, 'policy', '') or server.model_name}"

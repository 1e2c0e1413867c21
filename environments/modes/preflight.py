"""What stalls or crashes atroposlib 0.4.0, told before it happens."""

from __future__ import annotations

from pathlib import Path

import httpx
from atroposlib.envs.base import BaseEnvConfig
from atroposlib.envs.server_handling.server_baseline import APIServerConfig

from environments.models.endpoint_check import check_endpoint
from environments.modes.options import ModeConfig
from environments.tokenizer import PATH as BUILT_IN
from world_fixtures.common import UserError

EXACT = ("vllm", "sglang")
"""Server types that give tokens."""

__all__ = ["EXACT", "check", "check_endpoint", "check_rollout_server"]


def check(mode: str, config: ModeConfig) -> None:
    """Raise UserError for settings under which `mode` cannot work."""
    env = config.env
    if env.group_size < 1:
        raise UserError("--env.group_size must be at least 1")
    for server in config.servers:
        if config.configured and not server.base_url:
            raise UserError("a model is named but no endpoint: give --openai.base_url")
        if config.configured and not server.model_name:
            raise UserError("an endpoint is given but no model: give --openai.model_name")
        if getattr(server, "server_type", "openai") == "trl":
            raise UserError("--openai.server_type trl gives no tokens: use vllm, sglang or openai")
        if getattr(server, "server_type", "openai") in EXACT:
            _same_tokenizer(env, server)
    if mode == "process":
        env.data_path_to_save_groups = env.data_path_to_save_groups or "runs/process/groups.jsonl"
        if env.total_steps < 1:
            raise UserError("--env.total_steps must be at least 1: it is the number of groups")
    if mode == "serve":
        _check_serve(config)


def _same_tokenizer(env: BaseEnvConfig, server: APIServerConfig) -> None:
    """One tokenizer for the model's tokens and for ours: its own, unless another is named.

    Atropos would take the model's for the one and --env.tokenizer_name for the other.
    """
    if server.tokenizer_name == "none":
        built_in = Path(env.tokenizer_name) == Path(BUILT_IN)
        server.tokenizer_name = server.model_name if built_in else env.tokenizer_name
    env.tokenizer_name = server.tokenizer_name


def _check_serve(config: ModeConfig) -> None:
    env = config.env
    if not env.wandb_name:
        raise UserError(
            "--env.wandb_name must be set: the rollout server refuses to register without"
        )
    if env.group_size == 1 and env.ensure_scores_are_not_same:
        raise UserError(
            "--env.group_size 1 with ensure_scores_are_not_same drops every group: set"
            " --env.ensure_scores_are_not_same false"
        )
    if env.batch_size != -1 and env.batch_size % env.group_size:
        raise UserError(
            f"--env.batch_size {env.batch_size} is no multiple of group_size {env.group_size}:"
            " the run would stall for ever"
        )
    patience = getattr(env, "call_timeout", 0.0)
    if 0 < env.worker_timeout <= patience:
        raise UserError(
            f"--env.worker_timeout {env.worker_timeout:g} cuts groups off while one model call may"
            f" take {patience:g} s: raise it, or lower --env.call_timeout"
        )
    if env.steps_per_eval == 1:
        raise UserError("--env.steps_per_eval 1 never evaluates: use 2 or more, or 0 for none")


async def check_rollout_server(url: str) -> None:
    """Raise UserError unless an Atropos API answers there."""
    try:
        async with httpx.AsyncClient(timeout=15) as client:
            (await client.get(f"{url}/info")).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UserError(
            f"no Atropos API at {url} ({type(error).__name__}): start it with"
            " `run-api --host 127.0.0.1`, or correct --env.rollout_server_url"
        ) from None

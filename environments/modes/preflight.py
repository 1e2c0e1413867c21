"""Checks of the options before a run, for what stalls or crashes atroposlib 0.4.0."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import httpx
from atroposlib.envs.base import BaseEnvConfig

from environments.config import EvenniaWorldEnvConfig
from environments.models.server_types import TOKEN_SERVER_TYPES
from environments.modes.options import ModeConfig
from environments.tasks.suites.load import check_suite
from environments.tokenization.choice import own_tokenizer
from environments.tokenizer import PATH as SHIPPED
from environments.tool_call_parsers.registry import check_parser
from world_fixtures.common import UserError

DEFAULT_GROUPS = "runs/process/groups.jsonl"
FILES = (".json", ".jsonl")
"""How names end that are no directory's."""


def check(mode: str, config: ModeConfig) -> None:
    """Raise UserError where `mode` cannot work with `config`."""
    if config.slurm and "SLURM_JOB_NODELIST" not in os.environ:
        raise UserError("--slurm needs a job of Slurm: SLURM_JOB_NODELIST is not set")
    for server in config.servers:
        if config.configured and not server.base_url:
            raise UserError(
                "a model is named but no endpoint: give --openai.base_url; an embedded"
                " policy is named with --policy"
            )
        if config.configured and not server.model_name:
            raise UserError("an endpoint is given but no model: give --openai.model_name")
        if getattr(server, "server_type", "openai") == "trl":
            raise UserError("--openai.server_type trl gives no tokens: use vllm, sglang or openai")
    if getattr(config.env, "return_token_ids", False) and not config.configured:
        raise UserError("--env.return_token_ids asks a vLLM: name it with --openai.base_url")
    if (parser := getattr(config.env, "tool_call_parser", None)) is not None:
        check_parser(parser)
    prices = [getattr(config.env, name, None) for name in ("price_input", "price_output")]
    if None in prices and prices != [None, None]:
        raise UserError("give --env.price_input and --env.price_output together; 0 is for free")
    if mode != "evaluate" and getattr(config.env, "models", None):
        raise UserError(f"--env.models is for evaluate: {mode} plays one model")
    if mode != "evaluate" and isinstance(config.env, EvenniaWorldEnvConfig):
        _check_signal(config.env)
    if hosts_wanted(config):
        _check_hosts(mode, config.env)
    elif getattr(config.env, "part_bytes", None):
        raise UserError("--env.part_bytes is for hosts: give --workers or --ray, too")
    if mode == "serve":
        _check_serve(config)
    elif getattr(config.env, "replicas", None):
        raise UserError(f"--env.replicas is for serve: {mode} has --workers")
    if mode != "process" and isinstance(config.env, EvenniaWorldEnvConfig):
        check_suite(config.env.suite)
    _check_output(mode, config)


def hosts_wanted(config: ModeConfig) -> bool:
    """Tell whether the options ask for hosts that play in the place of this process."""
    env = config.env
    return any(getattr(env, name, None) is not None for name in ("workers", "ray"))


def _check_hosts(mode: str, env: BaseEnvConfig) -> None:
    """Raise UserError where hosts are asked for what only one process can do."""
    ray = getattr(env, "ray", None)
    given = "--workers" if ray is None else "--ray"
    if mode == "serve":
        raise UserError(f"{given} is for process and evaluate: serve has --replicas")
    for name in ("models", "candidate_model", "spectate"):
        if getattr(env, name, None):
            raise UserError(f"--env.{name} is for one process: leave {given} out, or --env.{name}")
    if ray is not None:
        from environments.scaling.on_ray import check_address  # other runs need none of it

        check_address(ray)


def complete(mode: str, config: ModeConfig) -> ModeConfig:
    """Return `config` with what `mode` needs and nobody has chosen; `config` stays as it is.

    Servers that give tokens get one tokenizer for the model's tokens and for ours: the model's
    own, unless another is named. Atropos would take the model's for the one and
    --env.tokenizer_name for the other.
    """
    env = config.env
    servers = []
    for server in config.servers:
        if getattr(server, "server_type", "openai") in TOKEN_SERVER_TYPES:
            name = server.tokenizer_name
            if name == "none":
                name = server.model_name if _is_shipped(env.tokenizer_name) else env.tokenizer_name
            server = server.model_copy(update={"tokenizer_name": name})
            env = env.model_copy(update={"tokenizer_name": name})
        servers.append(server)
    if mode == "process" and not env.data_path_to_save_groups:
        env = env.model_copy(update={"data_path_to_save_groups": DEFAULT_GROUPS})
    return replace(config, env=env, servers=servers)


def with_own_tokenizer(mode: str, config: ModeConfig) -> ModeConfig:
    """Return `config` with the real model's tokenizer where its words become tokens here.

    Raises UserError where nobody has named one and there is none on this machine.
    """
    if not _makes_tokens(mode, config) or not _is_shipped(config.env.tokenizer_name):
        return config
    model = config.servers[0]
    name = own_tokenizer(model.model_name, model.tokenizer_name)
    return replace(config, env=config.env.model_copy(update={"tokenizer_name": name}))


def _makes_tokens(mode: str, config: ModeConfig) -> bool:
    """Tell whether a real model's words become tokens with a tokenizer that nobody chose.

    The one that ships is the default for embedded policies. An environment that has none of these
    chose it itself.
    """
    chosen = "tokenizer_name" in config.named or not hasattr(config.env, "policy")
    told = getattr(config.env, "return_token_ids", False)  # the server makes them
    return mode in ("process", "serve") and config.configured and not (chosen or told)


def _is_shipped(name: str) -> bool:
    """Tell whether a tokenizer is the one that ships, which is no real model's."""
    return Path(name) == Path(SHIPPED)


def _check_signal(env: EvenniaWorldEnvConfig) -> None:
    if env.signal_floor is None:
        return
    if env.group_size == 1:
        raise UserError(
            "--env.signal_floor looks at the differences within a group: set --env.group_size 2"
            " or more"
        )
    if env.train_suite is not None:
        raise UserError(
            "--env.signal_floor chooses among kinds, and --env.train_suite gives the tasks: leave"
            " one of them out"
        )


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


def _check_output(mode: str, config: ModeConfig) -> None:
    """Raise UserError where the output's name stands for what `mode` does not write."""
    groups, run = config.env.data_path_to_save_groups, config.env.data_dir_to_save_evals
    if mode == "process" and groups and Path(groups).is_dir():
        raise UserError(
            f"{groups} is a directory, and process writes a file: choose another"
            f" --env.data_path_to_save_groups, such as {Path(groups) / 'groups.jsonl'}"
        )
    path = Path(run or ".")
    if mode == "evaluate" and not path.is_dir() and (path.exists() or path.suffix in FILES):
        raise UserError(
            f"{run} names a file, and evaluate writes a directory: choose another"
            f" --env.data_dir_to_save_evals, such as {path.parent / 'run'}"
        )


async def check_rollout_server(url: str) -> None:
    """Raise UserError unless an Atropos API answers there."""
    try:
        async with (
            httpx.AsyncClient(timeout=15) as client,
            client.stream("GET", f"{url}/info") as answer,
        ):
            answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UserError(
            f"no Atropos API at {url} ({type(error).__name__}): start it with"
            " `run-api --host 127.0.0.1`, or correct --env.rollout_server_url"
        ) from None

"""The command line of an environment file: `python env.py evaluate|process|serve [OPTIONS]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

from environments.models.endpoint_check import check_endpoint
from environments.modes import descriptors
from environments.modes.account import tell_line
from environments.modes.beginning import beginning
from environments.modes.logs import quiet_libraries
from environments.modes.option_help import HELP, mode_help
from environments.modes.option_table import described
from environments.modes.options import ModeConfig, read_mode_config
from environments.modes.preflight import (
    check,
    check_rollout_server,
    complete,
    hosts_wanted,
    with_own_tokenizer,
)
from environments.modes.program import run_program
from environments.modes.run import run_until_stopped
from environments.modes.short_names import MODES, in_words_of
from environments.modes.where import without_where
from world_fixtures.common import UserError


class Environment(Protocol):
    """What the command line asks of an environment: its defaults, its modes, its end."""

    def __init__(
        self, config: Any, server_configs: Any, slurm: bool = False, testing: bool = False
    ) -> None: ...

    @classmethod
    def config_init(cls) -> tuple[Any, Any]:
        """Return the default options of the environment and of its model servers."""

    async def setup(self) -> None:
        """Start what the environment needs."""

    async def teardown(self) -> None:
        """Stop what `setup` started."""

    async def evaluate(self) -> Any:
        """Play a suite and write what came of it."""

    async def process_manager(self) -> None:
        """Write groups of rollouts to a file."""

    async def env_manager(self) -> None:
        """Feed a trainer until it has had enough."""


def run_environment(env_cls: type[Environment], argv: Sequence[str] | None = None) -> int:
    """Run the mode that `argv` (default: `sys.argv[1:]`) names, with its options.

    Returns the exit code: 0 done, 1 an unexpected error, 2 bad input, 130 interrupted.
    """
    return run_program(lambda: _run_named(env_cls, sys.argv[1:] if argv is None else list(argv)))


def _run_named(env_cls: type[Environment], args: list[str]) -> int:
    quiet_libraries()
    args = without_where(args)
    if not args or args[0] in ("-h", "--help"):
        program = Path(sys.argv[0]).name
        print(f"usage: {program} {'|'.join(MODES)} [OPTIONS]   (MODE --help says more)")
        return 0 if args else 2
    if args[0] not in MODES:
        raise UserError(f"unknown mode {args[0]!r}: choose from {', '.join(MODES)}")
    return run_mode(env_cls, args[0], args[1:])


def run_mode(env_cls: type[Environment], mode: str, options: Sequence[str]) -> int:
    """Read the options, check them, run the mode and clean up after it.

    Returns the exit code. Raises UserError for bad input, and whatever the mode raises.
    """
    if set(options) & HELP:
        print(mode_help(mode, options, described(env_cls), f"{Path(sys.argv[0]).name} {mode}"))
        return 0
    quiet_libraries()  # Atropos chose a level of its own as it was imported
    config = read_mode_config(env_cls, options, mode)
    with in_words_of(config.typed):
        if mode == "evaluate" and getattr(config.env, "models", None):
            if hosts_wanted(config):
                check(mode, config)
            return _run_models(env_cls, config)
        check(mode, config)
        completed = with_own_tokenizer(mode, complete(mode, config))
        descriptors.ensure(descriptors.for_mode(mode, completed), descriptors.LOWER[mode])
        return run_until_stopped(lambda: _run(env_cls, mode, completed))


def _run_models(env_cls: type[Environment], config: ModeConfig) -> int:
    from environments.modes.evaluate_models import evaluate_models, plan  # numpy, templates

    out, runs = plan(config)
    for n, run in enumerate(runs):
        check("evaluate", run.config)
        runs[n] = run._replace(config=complete("evaluate", run.config))
        needed = descriptors.for_mode("evaluate", run.config)
        descriptors.ensure(needed, descriptors.LOWER["evaluate"])

    def make(one: ModeConfig) -> Environment:
        return env_cls(one.env, one.servers, slurm=one.slurm)

    return run_until_stopped(lambda: evaluate_models(make, out, runs))


async def _run(env_cls: type[Environment], mode: str, config: ModeConfig) -> None:
    await check_endpoint([server for server in config.servers if server.base_url])
    if mode == "serve":
        await check_rollout_server(config.env.rollout_server_url)
    tell_line(beginning(mode, config))
    if mode == "serve" and getattr(config.env, "replicas", None):
        from environments.modes.far import recipe  # what evaluates: numpy, templates
        from environments.modes.replicas import Replicas

        await Replicas(recipe(env_cls, mode, config), config.env.replicas).serve()
        return
    env: Any = env_cls(config.env, config.servers, slurm=config.slurm)
    async with AsyncExitStack() as begun:
        begun.push_async_callback(env.teardown)
        if hosts_wanted(config):
            from environments.modes.far import Far, recipe  # what evaluates: numpy, templates

            env.far = Far(env, recipe(env_cls, mode, config))
            await begun.enter_async_context(env.far.source)
        if mode == "serve":
            await env.env_manager()
        elif mode == "process":
            await env.process_manager()
        else:
            await (env.setup_drawing() if hosts_wanted(config) else env.setup())
            await env.evaluate()

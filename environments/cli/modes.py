"""`evennia-world evaluate|process|serve`: the environment's three modes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from world_fixtures.common import UserError, WorldLost

if TYPE_CHECKING:
    from environments.hermes_base_env import HermesAgentBaseEnv

MODES = ("evaluate", "process", "serve")


def run(argv: list[str]) -> int:
    """Run one mode of `EvenniaWorldEnv`."""
    _quiet()
    from environments.evennia_world_env import EvenniaWorldEnv

    return run_mode(EvenniaWorldEnv, argv[0], argv[1:])


def run_environment(env_cls: type[HermesAgentBaseEnv]) -> int:
    """The command line of an environment file: `python env.py MODE [OPTIONS]`."""
    _quiet()
    args = sys.argv[1:]
    if not args or args[0] in ("-h", "--help"):
        program = Path(sys.argv[0]).name
        print(f"usage: {program} {'|'.join(MODES)} [OPTIONS]   (MODE --help lists them)")
        return 0 if args else 2
    if args[0] not in MODES:
        return _complain(f"unknown mode {args[0]!r}: choose from {', '.join(MODES)}")
    try:
        return run_mode(env_cls, args[0], args[1:])
    except UserError as error:
        return _complain(str(error))


def run_mode(env_cls: type[HermesAgentBaseEnv], mode: str, options: list[str]) -> int:
    """Parse, check, run, clean up. Raises UserError for bad input."""
    from environments.modes import options as settings
    from environments.modes import preflight as traps

    if "--help" in options or "-h" in options:
        print(f"usage: {mode} [OPTIONS]\n")
        print(settings.options_help(env_cls))
        return 0
    logging.getLogger("atroposlib.envs.base").setLevel(logging.WARNING)
    config = settings.read_mode_config(env_cls, options)
    traps.check(mode, config)
    return run_until_stopped(lambda: _run(env_cls, mode, config))


async def _run(env_cls: type[HermesAgentBaseEnv], mode: str, config: Any) -> None:
    from environments.modes import preflight as traps

    await traps.check_endpoint([server for server in config.servers if server.base_url])
    if mode == "serve":
        await traps.check_rollout_server(config.env.rollout_server_url)
    env = env_cls(config.env, config.servers, slurm=config.slurm)
    try:
        if mode == "serve":
            await env.env_manager()
        elif mode == "process":
            await env.process_manager()
        else:
            await env.setup()
            await env.evaluate()
    finally:
        await env.teardown()


def run_until_stopped(main: Callable[[], Awaitable[None]]) -> int:
    """Run `main`; SIGINT and SIGTERM cancel it and wait for its clean-up.

    Returns 0, or 130 when it was stopped. What nobody foresaw goes to a file, with one
    line to the user and exit code 1.
    """

    async def guarded() -> int:
        task = asyncio.ensure_future(main())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            print("stopped: what was finished is kept", file=sys.stderr)
            return 130
        return 0

    try:
        return asyncio.run(guarded())
    except UserError:
        raise
    except WorldLost as error:
        raise UserError(f"the world server failed: {error}") from None
    except OSError as error:
        if not error.filename:
            return _unforeseen()
        raise UserError(f"{error.filename}: {error.strerror}") from None
    except Exception:
        return _unforeseen()


def _unforeseen() -> int:
    path = Path(f"evennia-world-error-{int(time.time())}.log")
    path.write_text(traceback.format_exc())
    print(f"evennia-world: an unexpected error; its details are in {path}", file=sys.stderr)
    return 1


def _complain(message: str) -> int:
    print(f"evennia-world: {message}", file=sys.stderr)
    return 2


def _quiet() -> None:
    """Libraries speak up when something is wrong, and not otherwise."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for name in ("httpx", "openai", "atroposlib", "root"):
        logging.getLogger(name).setLevel(logging.WARNING)

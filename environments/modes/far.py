"""Hosts in the place of this process: what `process` and `evaluate` give them, and get back.

A host is an environment of its own, with an event loop, world servers and connections to the model.
It plays whole items (groups of `process`, attempts of `evaluate`) and writes each down as the
lines that end in the files. This process draws items, puts lines into their order and writes them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from environments.evaluation.suite_runner import Sample, sample_of, with_retries
from environments.models.address import NO_KEY
from environments.modes import descriptors
from environments.modes.evaluate import attempts_of
from environments.modes.items import Group, PlayedItem, play_item
from environments.modes.logs import quiet_libraries
from environments.modes.options import ModeConfig
from environments.modes.players import Failed, gathered, logged
from environments.modes.replicas import replica
from environments.modes.where import VARIABLES
from environments.rollouts.part_files import Part
from environments.rollouts.parts import Place, parts_directory
from environments.scaling.host import Answer, Program, Source
from environments.scaling.hosts import Hosts
from environments.scaling.local import Workers
from environments.tasks.model import Task
from world_fixtures.common import UserError

ALONE = {"workers": None, "ray": None, "replicas": None}
"""Options of a host's own environment."""


class Result(NamedTuple):
    """What a host gives back for an item of `process`."""

    played: PlayedItem
    failures: Sequence[str]
    """Reasons of the rollouts that failed before."""
    gathered: Any
    """For the log, see `HermesAgentBaseEnv.hand_on`."""


@dataclass(frozen=True)
class Recipe:
    """What a host makes its environment of; a `Program`. Holds no key that a variable names."""

    env_cls: Any
    mode: str
    config: ModeConfig
    at_once: int
    """Groups of `process` whose agents talk to the model at the same time, in this host."""
    directory: str
    """Working directory, where the host's machine has it."""
    variables: dict[str, str]
    """Where world servers run, unless the host's own environment says."""

    def __call__(self) -> AbstractAsyncContextManager[Answer]:
        """Begin the environment; the answer plays one item."""
        return _playing(self)


def recipe(env_cls: Any, mode: str, config: ModeConfig) -> Recipe:
    """Return what the hosts of a run, or the replicas of `serve`, are made of.

    Raises UserError where a key would have to travel to another machine.
    """
    env = config.env
    number = env.replicas if mode == "serve" else env.workers
    changed: dict[str, Any] = {**ALONE, "use_wandb": mode == "serve" and env.use_wandb}
    if "world_servers" in type(env).model_fields and env.world_servers is None:
        alone = env.ray is not None
        changed["world_servers"] = 1 if alone else max(1, (os.cpu_count() or 1) // (number or 1))
    servers = []
    for server, variable in zip(config.servers, config.key_variables, strict=True):
        if variable is None and env.ray is not None:
            raise UserError(
                "--ray sends no keys: give the key of the endpoint by the name of a variable that"
                " is set on each node, --openai.api_key_env VARIABLE"
            )
        key = {} if variable is None else {"api_key": NO_KEY}
        servers.append(server.model_copy(update=key))
    at_once = math.ceil(getattr(env, "process_concurrency", 1) / (number or 1))
    given = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    made = replace(config, env=env.model_copy(update=changed), servers=servers)
    return Recipe(env_cls, mode, made, at_once, os.getcwd(), given)


def source(made: Program, env: Any) -> Source:
    """Return where the hosts come from that the options ask for."""
    if env.ray is None:
        return Workers(made, env.workers)
    from environments.scaling.on_ray import RayCluster

    return RayCluster(made, env.ray, number=env.workers, cpus=env.ray_cpus)


class Far:
    """The hosts of a run, as `process` and `evaluate` use them; an asynchronous context manager.

    Whoever starts the run enters `source` first: what cannot be reached leaves no file behind.
    """

    def __init__(self, env: Any, made: Recipe) -> None:
        """Start nothing yet; `env` draws the items."""
        self._env = env
        self.file: Path | None = None
        """What is written; the modes set it before anything is played."""
        self.source = source(made, env.config)
        self.hosts = Hosts(self.source)

    async def __aenter__(self) -> Self:
        await self.hosts.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self.hosts.__aexit__(*exc)

    async def draw(self) -> Any:
        """Draw what the next item is made of."""
        return await self._env.draw()

    async def play(self, drawn: Any, index: int, failed: Failed) -> PlayedItem:
        """Have an item of `process` played, and log what the host has gathered."""
        result: Result = await self.hosts.ask(((index, drawn), self._part()))
        failed(result.failures)
        env = self._env
        env.take_over(result.gathered)
        groups: list[Group] = []
        if env.config.use_wandb:
            groups = [json.loads(line) for line in result.played.lines.splitlines()]
        await logged(env, groups, drawn)
        return result.played

    async def attempt(self, task: Task, attempt: int) -> Sample:
        """Have an attempt of `evaluate` played."""
        sample: Sample = await self.hosts.ask(((task.model_dump_json(), attempt), self._part()))
        return sample

    def _part(self) -> str:
        """Return the file whose parts the hosts write themselves; empty where it serves alone."""
        limit, file = self._env.config.part_bytes, self.file
        if limit is None or file is None or not file.exists() or file.stat().st_size < limit:
            return ""
        return str(file.absolute())


@asynccontextmanager
async def _playing(made: Recipe) -> AsyncIterator[Answer]:
    quiet_libraries()
    with contextlib.suppress(OSError):
        os.chdir(made.directory)
    for name, value in made.variables.items():
        os.environ.setdefault(name, value)
    config = replace(made.config, servers=_with_keys(made.config))
    needed = descriptors.for_mode(made.mode, config)
    descriptors.ensure(needed, descriptors.LOWER[made.mode])
    env = made.env_cls(config.env, config.servers, slurm=config.slurm)
    try:
        if made.mode == "serve":  # its loop sets it up
            yield replica(env)
            return
        if made.mode == "process":
            env.begin_process(Path(config.env.data_path_to_save_groups), True)
        await env.setup()
        with gathered(env), contextlib.closing(_Parts()) as parts:
            if made.mode == "process":
                env.conversations = asyncio.Semaphore(made.at_once * config.env.group_size)
                yield _items(env, parts)
            else:
                yield _attempts(env, parts)
    finally:
        await env.teardown()


def _items(env: Any, parts: _Parts) -> Answer:
    async def answer(order: tuple[tuple[int, Any], str]) -> Result:
        (index, drawn), file = order
        failures: list[str] = []

        async def made(groups: Sequence[Group]) -> None:
            """Leave the log to who writes the files."""

        played = await play_item(
            env, await env.item_of(drawn), index, drop_equal=env.config.process_drop_equal,
            failed=failures.extend, made=made,
        )  # fmt: skip
        if file:
            places = parts.add(file, {Path(file).name: played.lines, **played.trajectories})
            played = replace(played, lines=b"", trajectories={}, places=places)
        return Result(played, failures, env.hand_on())

    return answer


def _attempts(env: Any, parts: _Parts) -> Answer:
    play, model = attempts_of(env)

    async def answer(order: tuple[tuple[str, int], str]) -> Sample:
        (text, attempt), file = order
        task = Task.model_validate_json(text)
        sample = sample_of(await with_retries(play, task, attempt, model))
        if file:
            places = parts.add(file, {Path(file).name: sample.line})
            sample = sample._replace(line=b"", places=places)
        return sample

    return answer


class _Parts:
    """The parts that this host writes."""

    def __init__(self) -> None:
        self._open: dict[str, Part] = {}

    def add(self, file: str, lines: dict[str, bytes]) -> dict[str, Place]:
        """Append what is not empty to this host's parts of a file."""
        if file not in self._open:
            self._open[file] = Part(parts_directory(Path(file)))
        return self._open[file].add({name: text for name, text in lines.items() if text})

    def close(self) -> None:
        """Close all. Idempotent."""
        for part in self._open.values():
            part.close()


def _with_keys(config: ModeConfig) -> list[Any]:
    """Return the servers with the keys that this machine's own environment holds."""
    servers = []
    for server, variable in zip(config.servers, config.key_variables, strict=True):
        if variable:
            key = os.environ.get(variable)
            if not key:
                raise UserError(
                    f"a host lacks the variable {variable}, which holds the endpoint's key: export"
                    " it where the host runs, for Ray before `ray start`"
                )
            server = server.model_copy(update={"api_key": key})
        servers.append(server)
    return servers

"""`branch`: rollouts of a recorded run, played on from one of their turns, as a run of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from environments.evaluation.metrics import Metrics
from environments.evaluation.results import conclude
from environments.evaluation.results_text import results_text
from environments.evaluation.run_directory import RUN, RunDirectory, read_run
from environments.evaluation.run_identity import BRANCH, Run, run_of
from environments.evaluation.suite_runner import run_suite
from environments.models.endpoint_check import check_endpoint
from environments.modes import descriptors
from environments.modes.evaluate import Evaluated, slug, tell_unscored, write_config
from environments.modes.options import Configurable, ModeConfig, read_mode_config
from environments.modes.preflight import check, complete
from environments.modes.run import run_until_stopped
from environments.rollouts.checkpoint import Checkpoint, checkpoint, last_turn
from environments.rollouts.files import read_rollouts
from environments.rollouts.identity import settings_of
from environments.rollouts.record import Rollout
from environments.tasks.model import Task
from environments.tasks.suites.suite import Suite
from environments.tasks.version import TASKS_VERSION
from environments.tools.registry import Tool, forkable_tools
from world_fixtures.common import UserError, digest, printable

OPTIONS = {"temperature": "eval_temperature", "max_turns": "max_agent_turns",
           "weights": "reward_weights"}  # fmt: skip
"""Settings of a run that are options of another name."""


@dataclass(frozen=True)
class Branches:
    """What is to be played: rollouts of a run from one turn on, each so many times."""

    source: Path
    run: Run | None
    """What the source's run is, where that is recorded."""
    rollouts: tuple[Rollout, ...]
    """Those that are played on."""
    turn: int
    times: int
    starts: tuple[Checkpoint, ...]
    """Of each of `rollouts`."""
    first: int
    """Number of the first attempt at each task: those of the source come before."""
    left_out: tuple[str, ...]
    """Why others of the run cannot be played on from that turn: most were over by then."""

    @property
    def policy(self) -> str | None:
        """The embedded policy that played them; None where there was none, or several."""
        found = {(r.model, r.provider) for r in self.rollouts}
        model, provider = found.pop()
        return model if provider == "embedded" and not found else None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, each once."""
        return tuple({r.task.id: r.task for r in self.rollouts}.values())

    @property
    def items(self) -> dict[tuple[str, int], Checkpoint]:
        """Where each attempt goes on from, by task and attempt."""
        found: dict[tuple[str, int], Checkpoint] = {}
        next_of: Counter[str] = Counter()
        for start in self.starts:
            for _ in range(self.times):
                attempt = self.first + next_of[start.task.id]
                next_of[start.task.id] += 1
                found[start.task.id, attempt] = start
        return found

    @property
    def identity(self) -> dict[str, Any]:
        """What a run must agree in to be one of these branches."""
        begun = [[s.rollout, s.conversations] for s in self.starts]
        return {
            "turn": self.turn, "times": self.times, "rollouts": len(self.starts),
            "states": digest(begun).hex(),
        }  # fmt: skip


def read_branches(source: Path, turn: int, times: int, rollout: str | None = None) -> Branches:
    """Read the rollouts of a run that can be played on from `turn`, or the one that is named.

    Raises UserError where there is none, or one was played with tools that cannot be forked.
    """
    rollouts = read_rollouts(source)
    chosen = [r for r in rollouts if rollout is None or r.id == rollout]
    if not chosen:
        raise UserError(
            f"{source} holds no rollout {rollout!r}: its {len(rollouts)} have ids such as"
            f" {rollouts[0].id!r}"
        )
    last = max(map(last_turn, chosen))
    if not 0 <= turn <= last:
        raise UserError(
            f"--at {turn}: {source} has no such turn to go on from: choose 0 (the start) to {last}"
        )
    starts: dict[int, Checkpoint] = {}
    problems: list[str] = []
    for number, one in enumerate(chosen):
        try:
            starts[number] = checkpoint(one, turn)
        except UserError as problem:
            problems.append(str(problem))
    if not starts:
        more = f" ({len(problems) - 1} more rollouts cannot either)" if len(problems) > 1 else ""
        raise UserError(problems[0] + more)
    played_on = tuple(chosen[n] for n in starts)
    for one in played_on:
        tools_of_rollout(one)
    run = read_run(source if source.is_dir() else source.parent)
    if run is not None and run.settings.get("reward") is not None:
        raise UserError(
            f"{source} was scored by {run.settings['reward']}, which this command does not know:"
            " play on with environments.runner.play(start=...)"
        )
    return Branches(
        source, run, played_on, turn, times, tuple(starts.values()),
        1 + max(r.attempt for r in rollouts), tuple(problems),
    )  # fmt: skip


def check_elsewhere(source: Path, out: Path) -> None:
    """Raise UserError where branches of a run would be written into that run's own directory."""
    directory = source if source.is_dir() else source.parent
    if out.resolve() == directory.resolve():
        raise UserError(
            f"--out {out} is the run that the branches go on from: name another directory"
        )


def tools_of_rollout(rollout: Rollout) -> dict[str, Tool]:
    """Return the tools that the model was given. Raises UserError where one cannot be forked."""
    names = [str(schema["function"]["name"]) for schema in rollout.tools]
    return forkable_tools(names)


def run_branches(
    env_cls: Any, branches: Branches, options: Sequence[str], out: Path | None = None
) -> int:
    """Play branches with an environment of `env_cls`, whose options default to those of the run.

    `options` are flags as `evaluate` takes them. Returns the exit code. Raises UserError for bad
    input.
    """
    if out is not None:  # before an endpoint is asked for anything
        check_elsewhere(branches.source, out)
    config = read_mode_config(_as_in_run(env_cls, branches), options, "evaluate")
    if not config.configured and not config.env.policy:
        played = branches.rollouts[0]
        raise UserError(
            f"{branches.source} was played by {played.model!r} ({played.provider}): name an"
            " endpoint (--openai.base_url, --openai.model_name) or a policy (--env.policy)"
        )
    if getattr(config.env, "candidate_model", None):
        raise UserError("branches are played by one model: leave out --env.candidate_model")
    check("evaluate", config)
    completed = complete("evaluate", config)
    descriptors.ensure(descriptors.for_mode("evaluate", completed), descriptors.LOWER["evaluate"])
    return run_until_stopped(lambda: _run(env_cls, completed, branches, out))


def _as_in_run(env_cls: Any, branches: Branches) -> type[Configurable]:
    """Return an environment's defaults with the options under which the run was played."""
    recorded = {} if branches.run is None else branches.run.settings

    class AsInRun:
        @classmethod
        def config_init(cls) -> tuple[Any, Any]:
            config, servers = env_cls.config_init()
            values = {name: getattr(config, name) for name in type(config).model_fields}
            named = {OPTIONS.get(name, name): value for name, value in recorded.items()}
            usual = settings_of(config, ())  # in the form in which settings are recorded
            values |= {k: v for k, v in named.items() if k in usual and v != usual[k]}
            values["policy"] = branches.policy or ""
            try:
                return type(config)(**values), servers
            except ValidationError as error:
                raise UserError(
                    f"{branches.source}: its {RUN} has options that this version does not take"
                    f" ({error.errors()[0]['msg']}): move it away, and give the options as flags"
                ) from error

    return AsInRun


async def _run(env_cls: Any, config: ModeConfig, branches: Branches, out: Path | None) -> None:
    await check_endpoint([server for server in config.servers if server.base_url])
    env = env_cls(config.env, config.servers, slurm=config.slurm)
    try:
        await env.setup()
        await play_branches(env, branches, out)
    finally:
        await env.teardown()


async def play_branches(env: Evaluated, branches: Branches, out: Path | None = None) -> Metrics:
    """Play `branches` with the configured model and write their run's directory.

    Returns the metrics. Raises UserError where no rollout could be scored.
    """
    config, items = env.config, branches.items
    changed: dict[str, Any] = {"agent_temperature": config.eval_temperature}
    if env.embedded:
        changed["context_tokens"] = None
    conditions = env.conditions(**changed)
    run = _run_of(env, branches, conditions)
    if out is None:
        name = f"runs/branch-{slug(run.suite)}-{slug(env.model)}-turn-{branches.turn}"
        out = Path(config.data_dir_to_save_evals or name)
    tools = {r.id: tools_of_rollout(r) for r in branches.rollouts}

    async def play(task: Task, attempt: int) -> Rollout:
        start = items[task.id, attempt]
        key = [start.rollout, task.id, start.turn, run.model]
        group = f"branch-{digest(key).hex()[:12]}"
        async with env.chat(evaluation=True) as chat:
            return await env.play(
                task, attempt, group, chat, tools[start.rollout], conditions, start
            )

    check_elsewhere(branches.source, out)
    directory = RunDirectory(out, run, adopt=config.adopt, option="--out")
    try:
        with directory:
            write_config(env, out)
            await run_suite(
                branches.tasks, play, directory, concurrency=config.eval_concurrency,
                items=[(start.task, attempt) for (_, attempt), start in items.items()],
            )  # fmt: skip
    finally:
        metrics = conclude(out, run, directory.rollouts, name=env.name or "evennia_world")
        print(printable(results_text(run, directory.rollouts, metrics)))
        print(f"results in {out}: metrics.json, samples.jsonl, summary.md, report.html")
    tell_unscored(metrics, directory.rollouts)
    return metrics


def _run_of(env: Evaluated, branches: Branches, conditions: Any) -> Run:
    """Identify a run of branches: all that bears on its result, what it goes on from included."""
    attempts = Counter(task for task, _ in branches.items)
    name = branches.run.suite if branches.run is not None else branches.source.name
    run = run_of(
        Suite(name, TASKS_VERSION, "", lambda: branches.tasks), conditions, model=env.model,
        provider=env.provider, attempts=max(attempts.values()),
        servers=() if env.embedded else env.server_configs, prices=env.config.prices,
    )  # fmt: skip
    return run.model_copy(update={"settings": run.settings | {BRANCH: branches.identity}})

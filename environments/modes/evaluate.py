"""`evaluate`: a suite played to the end, its files written, nothing of training touched."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import yaml

from environments.config import EvenniaWorldEnvConfig
from environments.evaluation.baseline_runner import play_baselines
from environments.evaluation.baselines import baselines_of, shipped
from environments.evaluation.candidate import LOG, Traffic
from environments.evaluation.formatting import unscored_text
from environments.evaluation.metrics import Metrics
from environments.evaluation.results import conclude
from environments.evaluation.results_text import results_text
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import run_of
from environments.evaluation.suite_runner import Play, run_suite
from environments.models.chat import Chat
from environments.modes.options import redacted
from environments.rollouts.checkpoint import Checkpoint
from environments.rollouts.files import SAMPLES, write_file
from environments.rollouts.record import Rollout
from environments.runner import Conditions
from environments.tasks import choice
from environments.tasks.model import Task
from environments.tasks.other_notes import Notes, with_notes
from environments.tasks.suites import Suite, content_hash, load_suite, part_of
from environments.tools.registry import Tool
from world_fixtures.common import UserError, digest, printable
from world_fixtures.servers import ServerPool


class Evaluated(Protocol):
    """What the mode needs of an environment."""

    name: str | None
    config: EvenniaWorldEnvConfig
    server_configs: Sequence[Any]
    curr_step: int
    started: str
    embedded: bool
    pool: ServerPool
    traffic: Traffic | None
    far: Any
    """Hosts that play in its place, see `environments.modes.far`; None where it plays itself."""

    async def setup(self) -> None:
        """Start the world."""

    @property
    def serving(self) -> bool:
        """Whether a trainer is being fed."""

    @property
    def model(self) -> str:
        """Name of the model, or of the embedded policy."""

    @property
    def provider(self) -> str:
        """Host of the endpoint, or `embedded`."""

    def conditions(self, **changed: Any) -> Conditions:
        """Return the conditions under which rollouts are played, with some options changed."""

    def group_tools(self) -> dict[str, Tool]:
        """Collect the tools of one group."""

    def chat(self, evaluation: bool = False) -> AbstractAsyncContextManager[Chat]:
        """Give the model for one rollout."""

    async def play(
        self,
        task: Task,
        attempt: int,
        group: str,
        chat: Chat,
        tools: dict[str, Tool],
        conditions: Conditions,
        start: Checkpoint | None = None,
    ) -> Rollout:
        """Play one rollout, from `start` where it is given."""


async def evaluate(env: Evaluated, *, table: bool = True) -> Metrics:
    """Play `env.config.suite` with the configured model and write the run's directory.

    At the end the results are printed, unless `table` is false or a trainer is being fed. Returns
    the metrics. Raises UserError where no rollout could be scored.
    """
    config = env.config
    suite = suite_of(config)
    conditions = conditions_of(env)
    out = Path(config.data_dir_to_save_evals or f"runs/evaluate-{suite.name}-{slug(env.model)}")
    if env.serving:  # the model is another one at each step
        out = out / env.started / f"step-{env.curr_step:06}"
    run = run_of(
        suite, conditions, model=env.model, provider=env.provider, attempts=config.eval_attempts,
        candidate=None if env.traffic is None else env.traffic.identity(),
        servers=() if env.embedded else env.server_configs, prices=config.prices,
    )  # fmt: skip
    play, _ = attempts_of(env)
    directory = RunDirectory(out, run, adopt=config.adopt)
    baselines: dict[str, list[Rollout]] = {}

    def results() -> Metrics:
        if env.traffic is not None:
            env.traffic.conclude()
        metrics = conclude(
            out, run, directory.rollouts, baselines=baselines_of(out, run, baselines),
            name=env.name or "evennia_world",
        )  # fmt: skip
        if table and not env.serving:
            print(printable(results_text(run, directory.rollouts, metrics)))
        print(f"results in {out}: metrics.json, samples.jsonl, summary.md, report.html")
        return metrics

    try:
        with directory:
            write_config(env, out)
            if env.traffic is not None:
                env.traffic.record_to(out / LOG, continued=bool(directory.rollouts))
            if env.far is None:
                await run_suite(suite.tasks, play, directory, concurrency=config.eval_concurrency)
            else:
                env.far.file = out / SAMPLES
                async with env.far as far:
                    await run_suite(
                        suite.tasks, play, directory, concurrency=config.eval_concurrency,
                        far=far.attempt,
                    )  # fmt: skip
        beside = config.eval_baselines and config.notes is Notes.KEPT
        if beside and not env.serving and not shipped(run):
            if env.far is not None:
                await env.setup()  # they are played here
            baselines = await play_baselines(
                suite.tasks, out, run, env.pool, env.group_tools(), conditions,
                config.eval_concurrency,
            )  # fmt: skip
    except UserError:
        with contextlib.suppress(UserError):  # a full disk, say: the first reason is told
            results()
        raise
    except BaseException:  # an interrupted run leaves its partial report
        results()
        raise
    metrics = results()
    tell_unscored(metrics, directory.rollouts)
    return metrics


def conditions_of(env: Evaluated) -> Conditions:
    """Return the conditions under which an environment's suite is played."""
    changed: dict[str, Any] = {"agent_temperature": env.config.eval_temperature}
    if env.embedded:  # a policy has no context to fill, and nothing here is trained on
        changed["context_tokens"] = None
    return env.conditions(**changed)


def attempts_of(env: Evaluated) -> tuple[Play, str]:
    """Return what plays the attempts at a suite's tasks, and the model's name."""
    conditions, tools, model = conditions_of(env), env.group_tools(), env.model

    async def play(task: Task, attempt: int) -> Rollout:
        group = f"eval-{digest([task.id, model]).hex()[:12]}"
        async with env.chat(evaluation=True) as chat:
            return await env.play(task, attempt, group, chat, tools, conditions)

    return play, model


def suite_of(config: EvenniaWorldEnvConfig) -> Suite:
    """Return the tasks to play: the configured part of the suite, with the notes as configured.

    Its name says what is left out or other than in the suite.
    """
    suite = part_of(
        load_suite(config.suite), families=config.eval_families,
        kinds=choice.kinds(config.eval_kinds) if config.eval_kinds else None,
        difficulty=config.eval_difficulty, limit=config.eval_limit,
    )  # fmt: skip
    if config.notes is Notes.KEPT:
        return suite
    tasks = tuple(with_notes(task, config.notes) for task in suite.tasks)
    name = f"{suite.name}-notes-{config.notes}"
    return replace(suite, name=name, hash=content_hash(tasks), build=lambda: tasks, whole="")


def tell_unscored(metrics: Metrics, rollouts: Sequence[Rollout]) -> None:
    """Say on stderr how many rollouts have no score. Raises UserError where none has one."""
    if not metrics.overall.n:
        raise UserError(f"no rollout could be scored: {_reason(rollouts) or 'none was played'}")
    if metrics.overall.failed:
        told = (
            f"{unscored_text(metrics.overall)} rollouts are unscored, the most of them because of"
            f" {_reason(rollouts)}: the same command plays them again"
        )
        print(printable(told), file=sys.stderr)


def _reason(rollouts: Sequence[Rollout]) -> str:
    """Return the most frequent reason why rollouts have no score; empty where all have one."""
    reasons = Counter(r.failure or r.stop.value for r in rollouts if r.verdict is None)
    return reasons.most_common(1)[0][0] if reasons else ""


def slug(model: str) -> str:
    """Return a model's name as part of a path."""
    return "".join(c if c.isalnum() or c in "-." else "-" for c in model) or "model"


def write_config(env: Evaluated, out: Path) -> None:
    """Write evaluate_config.yaml, in the form that `--config` reads, without any secret."""
    hidden = [redacted(c) for c in env.server_configs if not env.embedded]
    servers = [{k: v for k, v in c.items() if k != "api_key"} for c in hidden]
    content = {"env": env.config.model_dump(mode="json"), "openai": servers}
    write_file(out / "evaluate_config.yaml", yaml.safe_dump(content, sort_keys=False))

"""`evaluate`: a suite played to the end, its files written, nothing of training touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from environments.evaluation.baselines import play_baselines, shipped
from environments.evaluation.candidate import LOG, Traffic
from environments.evaluation.metrics import Metrics
from environments.evaluation.results import conclude, load_run
from environments.evaluation.run_directory import SAMPLES, Run, read_run
from environments.evaluation.suite_runner import run_suite
from environments.modes.options import redacted
from environments.rollouts.record import Rollout
from environments.runner import Settings
from environments.tasks.model import Task
from environments.tasks.suites import Suite, load_suite
from world_fixtures.common import UserError, digest

if TYPE_CHECKING:
    from environments.evennia_world_env import EvenniaWorldEnv


async def evaluate(env: EvenniaWorldEnv) -> Metrics:
    """Play `env.config.suite` with the configured model and write the run's directory."""
    config = env.config
    suite = load_suite(config.suite)
    settings = env.settings(config.eval_temperature)
    if env.embedded:  # a policy has no context to fill, and nothing here is trained on
        settings = settings.model_copy(update={"context_tokens": None})
    out = Path(
        config.data_dir_to_save_evals or f"runs/evaluate-{suite.name}-{_slug(settings.model)}"
    )
    if env.serving:  # the model is another one at each step
        out = out / env.started / f"step-{env.curr_step:06}"
    run = run_of(suite, settings, config.eval_attempts, env.traffic)
    if read_run(out) in (None, run):
        _write_config(env, out)
        if env.traffic is not None:
            env.traffic.record_to(out / LOG, after=out / SAMPLES)
    tools = env.group_tools()

    async def play(task: Task, attempt: int) -> Rollout:
        group = f"eval-{digest([task.id, run.model]).hex()[:12]}"
        async with env.chat(evaluation=True) as chat:
            return await env.play(task, attempt, group, chat, tools, settings)

    try:
        await run_suite(suite.tasks, play, out, run, concurrency=config.eval_concurrency)
        if config.eval_baselines and not env.serving and not shipped(run):
            await play_baselines(
                suite.tasks, out, run, env.pool, tools, settings, config.eval_concurrency
            )
    finally:
        if read_run(out) == run:
            if env.traffic is not None:
                env.traffic.conclude()
            metrics = conclude(out, name=env.name or "evennia_world")
            print(f"results in {out}: metrics.json, samples.jsonl, summary.md, report.html")
    if not metrics.overall.n:
        reasons = [r.failure for r in load_run(out)[1] if r.failure]
        raise UserError(
            f"no rollout could be scored: {reasons[0] if reasons else 'none was played'}"
        )
    return metrics


def run_of(suite: Suite, settings: Settings, attempts: int, traffic: Traffic | None = None) -> Run:
    """What identifies a run: everything that bears on its result."""
    played = {
        "temperature": settings.temperature,
        "provider": settings.provider,
        "weights": settings.weights.model_dump(mode="json"),
        "max_turns": settings.max_turns,
        "gate": settings.gate.model_dump(mode="json"),
    }
    if traffic is not None:
        played |= {"traffic": traffic.identity()}
    return Run.of(
        suite.tasks, suite=suite.name, model=settings.model, settings=played, attempts=attempts
    )


def _slug(model: str) -> str:
    return "".join(c if c.isalnum() or c in "-." else "-" for c in model) or "model"


def _write_config(env: EvenniaWorldEnv, out: Path) -> None:
    """evaluate_config.yaml, in the form that `--config` reads, without any secret."""
    hidden = [redacted(c) for c in env.server_configs if not env.embedded]
    servers = [{k: v for k, v in c.items() if k != "api_key"} for c in hidden]
    content = {"env": env.config.model_dump(mode="json"), "openai": servers}
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluate_config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

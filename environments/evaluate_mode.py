"""`evaluate`: a suite played to the end, its files written, nothing of training touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

from environments.evaluation.lane import run_suite
from environments.evaluation.metrics import Metrics
from environments.evaluation.results import conclude, load_run
from environments.evaluation.rundir import Run, read_run
from environments.settings import redacted
from environments.tasks.model import Task
from environments.tasks.suites import load_suite
from environments.trajectories.record import Rollout
from world_fixtures.errors import UserError
from world_fixtures.spec import digest

if TYPE_CHECKING:
    from environments.evennia_world_env import EvenniaWorldEnv


async def evaluate(env: EvenniaWorldEnv) -> Metrics:
    """Play `env.config.suite` with the configured model and write the run's directory."""
    config = env.config
    suite = load_suite(config.suite)
    settings = env.settings(config.eval_temperature)
    out = Path(
        config.data_dir_to_save_evals or f"runs/evaluate-{suite.name}-{_slug(settings.model)}"
    )
    if env.serving:  # the model is another one at each step
        out = out / env.started / f"step-{env.curr_step:06}"
    run = Run.of(
        suite.tasks,
        suite=suite.name,
        model=settings.model,
        settings={
            "temperature": settings.temperature,
            "provider": settings.provider,
            "weights": settings.weights.model_dump(),
            "max_turns": settings.max_turns,
        },
        attempts=config.eval_attempts,
    )
    if read_run(out) in (None, run):
        _write_config(env, out)
    tools = env.group_tools()

    async def play(task: Task, attempt: int) -> Rollout:
        group = f"eval-{digest([task.id, run.model]).hex()[:12]}"
        async with env.chat(evaluation=True) as chat:
            return await env.play(task, attempt, group, chat, tools, settings)

    try:
        await run_suite(suite.tasks, play, out, run, concurrency=config.eval_concurrency)
    finally:
        if read_run(out) == run:
            metrics = conclude(out, name=env.name or "evennia_world")
            print(f"results in {out}: metrics.json, samples.jsonl, summary.md, report.html")
    if not metrics.overall.n:
        reasons = [r.failure for r in load_run(out)[1] if r.failure]
        raise UserError(
            f"no rollout could be scored: {reasons[0] if reasons else 'none was played'}"
        )
    return metrics


def host(url: str) -> str:
    """Host of an endpoint's address: all of it that is written anywhere."""
    return urlsplit(url).hostname or ""


def _slug(model: str) -> str:
    return "".join(c if c.isalnum() or c in "-." else "-" for c in model) or "model"


def _write_config(env: EvenniaWorldEnv, out: Path) -> None:
    """evaluate_config.yaml, in the form that `--config` reads, without any secret."""
    hidden = [redacted(c) for c in env.server_configs if not env.embedded]
    servers = [{k: v for k, v in c.items() if k != "api_key"} for c in hidden]
    content = {"env": env.config.model_dump(mode="json"), "openai": servers}
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluate_config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

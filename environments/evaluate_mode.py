"""`evaluate`: a suite played to the end, its files written, nothing of training touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

from environments.evaluation.lane import run_suite
from environments.evaluation.metrics import Metrics
from environments.evaluation.results import conclude
from environments.evaluation.rundir import Run
from environments.settings import redacted
from environments.tasks.model import Task
from environments.tasks.suites import load_suite
from environments.trajectories.record import Rollout
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
    _write_config(env, out)
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
    tools = env.group_tools()

    async def play(task: Task, attempt: int) -> Rollout:
        group = f"eval-{digest([task.id, run.model]).hex()[:12]}"
        async with env.chat() as chat:
            return await env.play(task, attempt, group, chat, tools, settings)

    try:
        await run_suite(suite.tasks, play, out, run, concurrency=config.eval_concurrency)
    finally:
        metrics = conclude(out, name=env.name or "evennia_world")
        print(f"results in {out}: metrics.json, samples.jsonl, summary.md, report.html")
    return metrics


def host(url: str) -> str:
    """Host of an endpoint's address: all of it that is written anywhere."""
    return urlsplit(url).hostname or ""


def _slug(model: str) -> str:
    return "".join(c if c.isalnum() or c in "-." else "-" for c in model) or "model"


def _write_config(env: EvenniaWorldEnv, out: Path) -> None:
    """evaluate_config.yaml, in the form that `--config` reads, without any secret."""
    servers = [redacted(c) for c in env.server_configs]
    if env.embedded:
        servers = []
    content = {"env": env.config.model_dump(mode="json"), "openai": servers}
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluate_config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

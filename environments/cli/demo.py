"""`evennia-world demo`: the embedded policies on tasks of all families, and the table."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

from environments.cli.modes import run_until_stopped

POLICIES = ("oracle", "noisy", "random")


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="evennia-world demo", description="See it work, offline.")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/demo"), help="directory for the results"
    )
    parser.add_argument("--suite", default="basics", help="suite of tasks to play")
    options = parser.parse_args(argv[1:])
    logging.basicConfig(level=logging.WARNING)
    return run_until_stopped(lambda: _demo(options.out, options.suite))


async def _demo(out: Path, suite: str) -> None:
    import shutil

    from environments import evaluate_mode
    from environments.evennia_world_env import EvenniaWorldEnv

    print("starting the world server ...", flush=True)
    summary: dict[str, Any] = {"policies": {}}
    for policy in POLICIES:
        directory = out / policy
        shutil.rmtree(directory, ignore_errors=True)  # a demo begins anew each time
        config, servers = EvenniaWorldEnv.config_init()
        config.policy, config.suite = policy, suite
        config.data_dir_to_save_evals = str(directory)
        env = EvenniaWorldEnv(config, servers)
        try:
            await env.setup()
            metrics = await evaluate_mode.evaluate(env)
        finally:
            await env.teardown()
        summary["policies"][policy] = _summary(metrics)
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    _print_table(summary)
    print(f"summary: {out / 'summary.json'}   a report for each policy: {out}/<policy>/report.html")


def _summary(metrics: Any) -> dict[str, Any]:
    def of(stratum: Any) -> dict[str, Any]:
        values = stratum.measures
        return {
            "mean_reward": values["mean_reward"].mean,
            "success_rate": values["success_rate"].mean,
            "n": values["mean_reward"].n,
        }

    return {
        "mean_reward": metrics.overall.measures["mean_reward"].mean,
        "families": {str(name): of(s) for name, s in metrics.family.items()},
    }


def _print_table(summary: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    policies = summary["policies"]
    families = sorted({f for p in policies.values() for f in p["families"]})
    table = Table("policy", "mean reward", *families, title="mean reward by family")
    for name, result in policies.items():
        cells = [f"{result['families'][f]['mean_reward']:.2f}" for f in families]
        table.add_row(name, f"{result['mean_reward']:.2f}", *cells)
    Console().print(table)

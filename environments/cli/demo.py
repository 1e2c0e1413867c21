"""`evennia-world demo`: the embedded policies on tasks of all families, and the table."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from environments.cli.verb import new_verb
from environments.modes.logs import quiet_libraries
from environments.modes.run import run_until_stopped
from environments.rollouts.files import write_file

POLICIES = ("oracle", "noisy", "random")


app = new_verb()


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="directory for the results")] = Path("runs/demo"),
    suite: Annotated[str, typer.Option(help="suite of tasks to play")] = "basics",
) -> int:
    """See it work, offline."""
    quiet_libraries()
    return run_until_stopped(lambda: _demo(out, suite))


async def _demo(out: Path, suite: str) -> None:
    # transformers and Atropos
    from environments.evennia_world_env import EvenniaWorldEnv
    from environments.modes import descriptors
    from environments.modes import evaluate as evaluate_mode
    from environments.modes.options import ModeConfig

    run = ModeConfig(*EvenniaWorldEnv.config_init(), configured=False)
    descriptors.ensure(descriptors.for_mode("evaluate", run))
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
            metrics = await evaluate_mode.evaluate(env, table=False)
        finally:
            await env.teardown()
        summary["policies"][policy] = _summary(metrics)
    write_file(out / "summary.json", json.dumps(summary, indent=2) + "\n")
    _print_table(summary)
    print(f"summary             {out / 'summary.json'}")
    print(f"a report a policy   {out}/<policy>/report.html")


def _summary(metrics: Any) -> dict[str, Any]:
    def of(stratum: Any) -> dict[str, Any]:
        reward, success = (stratum.measures[m] for m in ("mean_reward", "success_rate"))
        return {
            "mean_reward": reward.mean,
            "mean_reward_ci95": reward.ci95,
            "success_rate": success.mean,
            "success_rate_ci95": success.ci95,
            "n": reward.n,
        }

    families = {str(name): of(stratum) for name, stratum in metrics.family.items()}
    return of(metrics.overall) | {"families": families}


def _print_table(summary: dict[str, Any]) -> None:
    """A row a family, so that it fits a terminal of 80 columns."""
    policies = summary["policies"]
    families = next(iter(policies.values()))["families"]
    print(f"\n{'mean reward':<13}" + "".join(f"{name:>19}" for name in policies))
    for family in (*families, "all"):
        results = [p if family == "all" else p["families"][family] for p in policies.values()]
        print(f"{family:<13}" + "".join(f"{_cell(result):>19}" for result in results))
    print(f"{'tasks solved':<13}" + "".join(f"{_share(p):>19}" for p in policies.values()))
    print("brackets: 95 % intervals over tasks\n")


def _cell(result: dict[str, Any]) -> str:
    mean, interval = result["mean_reward"], result["mean_reward_ci95"]
    return f"{mean:.2f}" if interval is None else "{:.2f} [{:.2f}, {:.2f}]".format(mean, *interval)


def _share(result: dict[str, Any]) -> str:
    return f"{result['success_rate'] * result['n']:.0f} of {result['n']}"

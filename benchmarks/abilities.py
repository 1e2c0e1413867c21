"""What each kind of task pays to whom: the oracle, the oracle without one ability, and cheats.

Played in memory by the rules of the worlds, with the verdicts of real rollouts:

    evennia-world bench abilities --json figures.json
    python -m benchmarks.abilities --kind recall --policy oracle-memory --tasks 200
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from statistics import fmean, median, quantiles
from typing import Any

from environments.evaluation.embedded import play_embedded
from environments.policies.ablated import ablation_exists
from environments.policies.registry import ABLATED, BASELINES, BYSTANDERS, CHEATS, EXTREMES
from environments.tasks.build import KINDS, make_task
from environments.tasks.families.common import BuildContext
from environments.tasks.model import SOLITARY, Ability, Family, Task
from environments.tasks.planner import Unsolvable
from world_fixtures.generator.words import Split
from world_fixtures.simulated import SimulatedPool

TASKS = 200
"""Tasks of a kind, in equal shares of the difficulties 1 to 10."""
SPLIT: Split = "test"
LIMIT = 0.10
"""Mean reward that an attack, or the oracle without a needed ability, must stay below."""
SUCCESS_LIMIT = 0.02
FLOOR = 0.02
"""Mean reward that doing nothing and random play must stay below."""
SEARCHER = 0.95
"""Share of tasks that a searcher must do within the budget."""
AT_ONCE = 20
AMONG_PEOPLE = ("asks_everybody", "believes_everybody")
"""Cheats that are played only where people live."""

Figures = dict[str, Any]


async def measure(quick: bool, say: Callable[[str], None], seed: int = 0) -> dict[str, Any]:
    """Play every policy on every kind; `failures` lists what is paid and must not be."""
    count = 30 if quick else TASKS
    jobs = [(f, k, tuple(policies_for(f, k)), count, seed) for f in Family for k in KINDS[f]]
    found: dict[str, Figures] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for (family, kind, *_), figures in zip(jobs, pool.map(_job, jobs), strict=True):
            say(f"{family}.{kind}: {_line(figures)}")
            found[kind] = figures
    failures = [f for kind, figures in found.items() for f in _failures(kind, figures)]
    for failure in failures:
        say(failure)
    return {
        "quick": quick, "tasks_a_kind": count, "split": SPLIT, "seed": seed, "kinds": found,
        "failures": failures,
    }  # fmt: skip


def policies_for(family: Family, kind: str) -> Iterator[str]:
    """Name the policies to play on a kind: those without an ability only where it is needed."""
    found = KINDS[family][kind]
    yield "oracle"
    yield from (f"oracle-{a}" for a in Ability if a in found.abilities and f"oracle-{a}" in ABLATED)
    yield from (b for b in BASELINES if b != "oracle")
    applies = {"skipper": found.stages[1] > 1}
    applies |= dict.fromkeys(AMONG_PEOPLE, family not in SOLITARY)
    yield from (c for c in CHEATS if applies.get(c, True))
    if family is Family.TRUST:
        yield from EXTREMES
    if family not in SOLITARY:
        yield from BYSTANDERS


def play(family: Family, kind: str, policies: Sequence[str], count: int, seed: int = 0) -> Figures:
    """Play each policy once on `count` tasks; mean reward and success by policy, and timings."""
    tasks, times = [], []
    for n in range(count):
        started = time.perf_counter()
        tasks.append(make_task(family, seed + n, 1 + n % 10, kind=kind, split=SPLIT))
        times.append((time.perf_counter() - started) * 1000)
    scores = {p: asyncio.run(_scores(p, tasks)) for p in policies}
    within = [searches(task) for task in tasks]
    steps = {d: fmean(t.optimal_steps for t in tasks if t.difficulty == d) for d in (1, 5, 10)}
    return {
        "abilities": sorted(KINDS[family][kind].abilities),
        "n": count,
        "make_ms": {"median": median(times), "p95": quantiles(times, n=20)[-1]},
        "walkthrough": steps,
        "searcher": {
            "within_budget": fmean(within),
            "by_difficulty": {
                d: fmean(w for w, t in zip(within, tasks, strict=True) if t.difficulty == d)
                for d in sorted({t.difficulty for t in tasks})
            },
        },
        "policies": scores,
    }


def searches(task: Task) -> bool:
    """Tell whether a searcher that the budget was not made of does the task within it."""
    kind = KINDS[task.family][task.kind]
    context = BuildContext(task.spec, random.Random(), task.difficulty, task.split)
    try:
        found = kind.plan(context.searching(f"another search/{task.id}"), task.question)
    except Unsolvable:
        return False
    return found.commands <= task.budget


async def _scores(policy: str, tasks: Sequence[Task]) -> dict[str, float]:
    """Play a policy on the tasks; an ablation only on those for which there is one.

    `skipped` is the share of the others, `failed` counts rollouts without a verdict, and the means
    are 0 where nothing was judged.
    """
    played = tasks
    if policy in ABLATED:
        ability = Ability(policy.removeprefix("oracle-"))
        played = [t for t in tasks if ablation_exists(t, ability)]
    rollouts = await play_embedded(
        SimulatedPool(), policy, [(t, 0) for t in played], at_once=AT_ONCE
    )
    verdicts = [r.verdict for r in rollouts if r.verdict is not None]
    return {
        "reward": fmean(v.reward for v in verdicts) if verdicts else 0.0,
        "success": fmean(v.success for v in verdicts) if verdicts else 0.0,
        "n": len(verdicts),
        "failed": len(rollouts) - len(verdicts),
        "skipped": 1 - len(played) / len(tasks),
    }


def _job(job: tuple[Family, str, tuple[str, ...], int, int]) -> Figures:
    return play(*job)


def _failures(kind: str, figures: Figures) -> Iterator[str]:
    if figures["searcher"]["within_budget"] < SEARCHER:
        yield f"{kind}: {figures['searcher']['within_budget']:.3f} of searches within the budget"
    for policy, score in figures["policies"].items():
        reward, success = score["reward"], score["success"]
        if score["failed"]:
            yield f"{kind}: {score['failed']} rollouts of {policy} have no verdict"
        if policy == "oracle":
            bad = reward < 1 or success < 1
        elif policy in ("random", "submits_at_once"):
            bad = reward >= FLOOR
        elif policy in ABLATED:
            bad = reward >= LIMIT
        else:
            bad = policy in (*CHEATS, *BYSTANDERS, "obeys_nothing") and (
                reward >= LIMIT or success >= SUCCESS_LIMIT
            )
        if bad:
            yield f"{kind} pays {policy} {reward:.3f} ({success:.3f} solved)"


def _line(figures: Figures) -> str:
    told = [
        f"{p} {s['reward']:.2f}/{s['success']:.2f}"
        + (f" ({s['skipped']:.0%} skipped)" if s["skipped"] else "")
        for p, s in figures["policies"].items()
    ]
    within = figures["searcher"]["within_budget"]
    made = figures["make_ms"]["median"]
    return f"{made:.0f} ms; searcher {within:.2f}; {', '.join(told)}"


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", action="append", help="play these kinds alone")
    parser.add_argument("--policy", action="append", help="play these policies alone")
    parser.add_argument("--tasks", type=int, default=TASKS)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for family in Family:
        for kind in KINDS[family]:
            if given.kind and kind not in given.kind:
                continue
            policies = given.policy or list(policies_for(family, kind))
            figures = play(family, kind, policies, given.tasks, given.seed)
            print(f"{family}.{kind}: {_line(figures)}", flush=True)
            for failure in _failures(kind, figures):
                print(f"  {failure}", flush=True)


if __name__ == "__main__":
    _main()

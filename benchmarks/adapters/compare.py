"""What a step through each host costs beside our own episodes, and whether verdicts are the same.

    evennia-world bench adapters --quick --json figures.json

`cpu_ms_per_step` is processor time of the processes of the host: server and client of OpenEnv, the
one process of the others. What the world server needs besides is the same for all. 64 sessions are
played, at once where the host allows it. `same_verdicts` is true where every host that was measured
gives the reward, parts and reasons of a `HostedRollout` for tasks played by the oracle and by a
policy that errs. OpenEnv is measured by an interpreter of its own, as it excludes other packages.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.adapters.plays import STEPS
from environments.tasks.suites import load_suite, part_of
from world_fixtures.common import UserError
from world_fixtures.home import PYTHON_VARIABLE

Progress = Callable[[str], None]
CLONE = Path(__file__).resolve().parents[2]
SESSIONS = 64
VARIABLE = "EVENNIA_OPENENV_PYTHON"


async def measure(quick: bool, say: Progress, openenv_python: Path | None = None) -> dict[str, Any]:
    """Measure all hosts; `quick` compares verdicts of ten small tasks, not a hundred."""
    other = interpreter(openenv_python)
    say("tasks")
    suite = load_suite("basics" if quick else "standard")
    ids = [task.id for task in part_of(suite, limit=10 if quick else 100).tasks]
    load, played = ["--sessions", f"{SESSIONS}", "--steps", f"{STEPS}"], ["--tasks", *ids]
    say("episodes")
    own = await _run(sys.executable, "episode_steps", *load, *played)
    say("Gymnasium")
    gymnasium = await _run(sys.executable, "gymnasium_steps", *load, *played)
    say("OpenEnv")
    openenv = await _run(str(other), "openenv_steps", *load)
    openenv |= await _run(str(other), "openenv_verdicts", *played)
    costs = own["cpu_ms_per_step"] | openenv["cpu_ms_per_step"] | gymnasium["cpu_ms_per_step"]
    failures = [
        f"{host}: the verdict of {play} is not that of our own episode"
        for host, found in (("Gymnasium", gymnasium), ("OpenEnv", openenv))
        for play, verdict in own["verdicts"].items()
        if found["verdicts"].get(play) != verdict
    ]
    same = not failures
    if openenv["errors"]:
        failures.append(f"OpenEnv: {openenv['errors']} steps failed")
    for failure in failures:
        say(failure)
    return {
        "quick": quick,
        "cpu_ms_per_step": costs,
        "world_server_ms_per_step": own["world_server_ms_per_step"],
        "same_verdicts": same,
        "verdicts": len(own["verdicts"]),
        "sessions": SESSIONS,
        "steps": STEPS,
        "failures": failures,
    }


def interpreter(given: Path | None = None) -> Path:
    """Return the interpreter that has OpenEnv. Raises UserError where there is none."""
    named = given or Path(os.environ.get(VARIABLE) or CLONE / ".venv-openenv/bin/python")
    if not os.access(named, os.X_OK):
        raise UserError(
            f"{named} is no interpreter: `make adapter-openenv` makes one that has OpenEnv, and"
            f" --openenv-python or {VARIABLE} names another"
        )
    return named.absolute()


async def _run(python: str, program: str, *arguments: str) -> dict[str, Any]:
    """Run a program of this package and return what it found."""
    process = await asyncio.create_subprocess_exec(
        python, "-m", f"benchmarks.adapters.{program}", *arguments, cwd=CLONE,
        env={PYTHON_VARIABLE: sys.executable, **os.environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    if process.returncode:
        told = errors.decode(errors="replace").strip().splitlines() or ["no word why"]
        raise UserError(f"{program} failed with {python}: {told[-1]}")
    found: dict[str, Any] = json.loads(out)
    return found

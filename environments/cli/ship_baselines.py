"""Baselines of the named suites: `python -m environments.cli.ship_baselines [SUITE ...]`.

The embedded policies are played on each suite (by default on all), and their scores are written
to the files that ship with the project.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from environments.evaluation.baseline_runner import play_baselines
from environments.evaluation.baselines import SHIPPED, file_content
from environments.evaluation.run_identity import run_of
from environments.evennia_world_env import EvenniaWorldEnv
from environments.rollouts.files import write_file
from environments.tasks.suites import SUITES, load_suite
from world_fixtures.servers import ServerPool


async def ship(suites: Sequence[str]) -> None:
    """Play the baselines of the named suites and write their files."""
    env = EvenniaWorldEnv(*EvenniaWorldEnv.config_init())
    given = env.conditions(agent_temperature=0.0, context_tokens=None)
    tools = env.group_tools()
    async with ServerPool() as pool:
        for suite in map(load_suite, suites):
            run = run_of(suite, given, model=env.model, provider="embedded")
            with TemporaryDirectory() as work:
                out = Path(work)
                played = await play_baselines(suite.tasks, out, run, pool, tools, given, 64)
            SHIPPED.mkdir(exist_ok=True)
            path = SHIPPED / f"{suite.name}.json"
            text = json.dumps(file_content(run, played), separators=(",", ":"))
            write_file(path, text + "\n")
            print(path)


if __name__ == "__main__":
    asyncio.run(ship(sys.argv[1:] or list(SUITES)))

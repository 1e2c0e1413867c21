"""The verdicts of tasks that are played through an OpenEnv server.

    .venv-openenv/bin/python -m benchmarks.adapters.openenv_verdicts --tasks ID...

Needs what `openenv_steps` needs. Prints JSON.
"""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.adapters.openenv_steps import served
from benchmarks.adapters.plays import arguments, tell, verdicts
from environments.integrations.openenv.client import EvenniaEnv
from environments.integrations.openenv.models import EvenniaAction
from environments.policies.player import PolicyPlayer
from environments.tasks.model import Task


async def measure(address: str, ids: list[str]) -> dict[str, Any]:
    async with EvenniaEnv(base_url=address, message_timeout_s=600) as client:

        async def play(task: Task, policy: str) -> dict[str, Any]:
            told = (await client.reset(task=task.id)).observation
            player = PolicyPlayer(policy, task, told.prompt)
            while told.verdict is None:
                call = player.call()
                if call is None:
                    action = EvenniaAction.give_up()
                else:
                    action = EvenniaAction(tool_name=call[0], arguments=call[1])
                told = (await client.step(action)).observation
                if call is not None:
                    player.told(told.result, told.prompt)
            found: dict[str, Any] = told.verdict.model_dump(mode="json")
            return found

        return {"verdicts": await verdicts(ids, play)}


def main() -> None:
    given = arguments(__doc__ or "")
    with served("environments.integrations.openenv", 1) as (address, _):
        tell(asyncio.run(measure(address, given.tasks)))


if __name__ == "__main__":
    main()

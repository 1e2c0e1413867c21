"""Processor time of a step through Gymnasium.

    python -m benchmarks.adapters.gymnasium_steps [--sessions 64] [--steps 16] [--tasks ID...]

`gymnasium` is one of `gymnasium.make_vec`, whose environments act at once; `gymnasium_single` is
one of environments that are stepped in turn. Counted is the processor time of this process while
steps are made, not that of the world server; resets are outside of it. Prints JSON.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import gymnasium

from benchmarks.adapters.plays import arguments, tell, timed_calls, timed_tasks, verdicts
from environments.integrations.gymnasium import ID
from environments.integrations.gymnasium.actions import write_action
from environments.integrations.gymnasium.several import EvenniaWorlds
from environments.policies.player import PolicyPlayer
from environments.tasks.model import Task


def measure(sessions: int, steps: int, ids: list[str]) -> dict[str, Any]:
    """Measure steps of many environments, and have one of them play for verdicts."""
    envs = gymnasium.make_vec(ID, sessions)
    assert isinstance(envs, EvenniaWorlds)
    tasks = [task.id for task in timed_tasks(sessions)]
    actions = [write_action(*call) for call in timed_calls(steps)]
    _begin(envs, tasks)
    at_once = time.process_time()
    for action in actions:
        _, _, _, _, info = envs.step((action,) * sessions)
        assert not info["error"].any()
    at_once = time.process_time() - at_once
    _begin(envs, tasks)
    single = time.process_time()
    for action in actions:
        for env in envs.envs:
            assert not env.step(action)[4]["error"]
    single = time.process_time() - single
    env = envs.envs[0]
    told = asyncio.run(verdicts(ids, lambda task, policy: _play(env, task, policy)))
    envs.close()
    costs = {"gymnasium": at_once, "gymnasium_single": single}
    return {
        "cpu_ms_per_step": {name: s * 1000 / (sessions * steps) for name, s in costs.items()},
        "verdicts": told,
    }


def _begin(envs: EvenniaWorlds, tasks: list[str]) -> None:
    for env, task in zip(envs.envs, tasks, strict=True):
        env.reset(options={"task": task})


async def _play(env: gymnasium.Env[str, str], task: Task, policy: str) -> Any:
    prompt, info = env.reset(options={"task": task.id})
    player = PolicyPlayer(policy, task, prompt)
    while "verdict" not in info:
        call = player.call()
        assert call is not None, "the policy stopped before the end"
        text, *_, info = env.step(write_action(*call))
        player.told(text, info["prompt"] if info["new_part"] else None)
    return info["verdict"]


def main() -> None:
    given = arguments(__doc__ or "")
    tell(measure(given.sessions, given.steps, given.tasks))


if __name__ == "__main__":
    main()

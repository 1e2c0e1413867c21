"""Two policies take turns in one instance of a world that goes on; each leaves a trace.

python docs/examples/two_policies.py TRACES && evennia-world replay TRACES
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from environments.episode.worlds import Worlds
from environments.policies import View, get_policy
from environments.tasks import Task, make_task
from environments.telemetry import record_instance
from world_fixtures.client import Session
from world_fixtures.servers import ServerPool
from world_fixtures.spec import Character

GUEST = "guest"


def with_guest(task: Task) -> Task:
    """Return the task with a second character to be played, where the first one begins."""
    guest = Character(id=GUEST, name="Second Guest", location=task.spec.agent.location)
    characters = (*task.spec.characters, guest)
    return task.model_copy(update={"spec": task.spec.model_copy(update={"characters": characters})})


async def act(policy: str, task: Task, session: Session, messages: list[dict[str, Any]]) -> bool:
    """Have a policy make its next call and note what it is told; False where it has ended."""
    move = get_policy(policy).act(View(task, 0, messages, f"{policy} in {task.id}"))
    tool, arguments = move.calls[0] if move.calls else ("evennia_submit", {})
    if tool == "evennia_connect":
        told = session.text
    elif tool == "evennia_command":
        told = (await session.command(arguments["command"])).text
    else:
        return False
    call = {"id": f"c{len(messages)}", "function": {"name": tool, "arguments": arguments}}
    messages.append({"role": "assistant", "tool_calls": [call]})
    messages.append({"role": "tool", "tool_call_id": call["id"], "content": told})
    return True


async def play(
    pool: Worlds, task: Task, players: dict[str, str], traces: Path
) -> dict[str, list[dict[str, Any]]]:
    """Have the policy of each character act in turn; returns what each was told."""
    prompt = {"role": "user", "content": task.stages[0].prompt}
    messages: dict[str, list[dict[str, Any]]] = {c: [prompt] for c in players}
    instance = await pool.acquire(task.spec)
    try:
        going = {character: await instance.open(character) for character in players}
        while going:
            for character, session in list(going.items()):
                if not await act(players[character], task, session, messages[character]):
                    del going[character]
        log = await instance.events()
    finally:
        pool.release(instance)
    record_instance(task, log, traces, players, name=task.id.replace("/", "-"))
    return messages


async def main(traces: Path) -> None:
    """Play a task of the family `society` and print what both were told."""
    task = with_guest(make_task("society", seed=4, difficulty=3))
    players = {task.spec.agent.id: "noisy:0.2", GUEST: "random"}
    async with ServerPool(1) as pool:
        for character, messages in (await play(pool, task, players, traces)).items():
            print(f"--- {character}, by {players[character]}")
            print(*(m["content"] for m in messages if m["role"] == "tool"), sep="\n\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

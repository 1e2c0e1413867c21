"""An embedded policy as a player of any host: it is told prompts and results, and says calls."""

from __future__ import annotations

import json

from environments.policies.policy import Call, View
from environments.policies.registry import get_policy
from environments.rollouts.messages import Message, ToolCall
from environments.tasks.model import Task


class PolicyPlayer:
    """Plays one rollout of a task call by call, as the policy does behind an endpoint.

    player = PolicyPlayer("noisy:0.2", task, rollout.prompt)
    while (call := player.call()) is not None:
        step = rollout.step(*call)
        player.told(step.text, step.prompt)
    """

    def __init__(self, policy: str, task: Task, prompt: str, *, attempt: int = 0) -> None:
        """Take the policy of a name and the prompt of the first part.

        Raises UserError where there is no such policy.
        """
        self._policy = get_policy(policy)
        self._task = task
        self._attempt = attempt
        self._stage = 0
        self._messages: list[Message] = []
        self._waiting: list[Call] = []
        """Calls of the last move that were not said yet."""
        self._begin(prompt)

    def call(self) -> Call | None:
        """Return the next tool call, its name and arguments; None where the policy stops."""
        if not self._waiting:
            seed = f"{self._policy.name}/{self._task.id}/{self._attempt}/{self._stage}"
            move = self._policy.act(View(self._task, self._stage, self._messages, seed))
            self._waiting = list(move.calls)
            calls = [_call(f"call_{len(self._messages)}_{n}", c) for n, c in enumerate(move.calls)]
            self._messages.append(
                {"role": "assistant", "content": move.content, "tool_calls": calls}
            )
        return self._waiting.pop(0) if self._waiting else None

    def told(self, result: str, prompt: str | None = None) -> None:
        """Take the result of the last call, and the prompt of the part that began by it, if any."""
        said = next(m for m in reversed(self._messages) if m["role"] == "assistant")
        number = len(said["tool_calls"]) - len(self._waiting) - 1
        id = said["tool_calls"][number]["id"]
        self._messages.append({"role": "tool", "tool_call_id": id, "content": result})
        if prompt is not None:
            self._stage += 1
            self._begin(prompt)

    def _begin(self, prompt: str) -> None:
        self._messages = [{"role": "user", "content": prompt}]
        self._waiting = []


def _call(id: str, call: Call) -> ToolCall:
    name, arguments = call
    text = json.dumps(arguments, ensure_ascii=False)
    return {"id": id, "type": "function", "function": {"name": name, "arguments": text}}

"""What a person sees of their tasks, and what they do in them."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field

from environments.hosting.rollout import HostedRollout
from environments.hosting.sitting import Sitting
from environments.hosting.tool_names import renamed
from environments.rollouts.record import ToolCallRecord
from world_fixtures.common import Frozen, WorldError, WorldLost

ON_THE_PAGE = {
    "evennia_connect": "“Enter the world”",
    "evennia_command": "a command",
    "evennia_observe": "“Look around”",
    "evennia_disconnect": "“Leave the world”",
    "evennia_submit": "“Hand in”",
}
"""What the tools are called on the page."""
TOOLS = {"look": "evennia_observe", "enter": "evennia_connect", "leave": "evennia_disconnect"}


class Action(Frozen):
    """Something that the person does."""

    number: int
    """Of the view in which they did it."""
    do: Literal["next", "command", "look", "enter", "leave", "submit", "give_up", "end"]
    text: str = Field(default="", max_length=10_000)
    """The command."""
    answer: dict[str, str] = Field(default_factory=dict, max_length=100)
    """What was typed into each field."""


class NotNow(Exception):
    """An action that the present view does not offer; the message is for the person."""


class Seat:
    """One person's place at their tasks. `act` must be called one action after the other."""

    def __init__(self, sitting: Sitting, *, where: str) -> None:
        """Take the tasks; `where` says in which directory they are kept."""
        self._sitting = sitting
        self._where = where
        self._number = 0
        self._log: list[dict[str, str]] = []
        """Of the present part: what was done, and what was seen of it."""
        self._notice = ""
        self.ended = False
        """Whether the person has ended the session."""

    def view(self) -> dict[str, Any]:
        """Return what the page shows, as plain JSON."""
        sitting, present = self._sitting, self._sitting.present
        shown: dict[str, Any] = {
            "number": self._number,
            "player": sitting.model,
            "played": len(sitting.played),
            "left": sitting.left,
            "where": self._where,
            "notice": self._notice,
            "phase": "begin" if present is None else "over" if present.over else "playing",
        }
        if self.ended:
            shown["phase"] = "ended"
        if present is not None:
            shown["task"] = _task(present) | {"number": sitting.number}
            shown["log"] = self._log
        return shown

    async def act(self, action: Action) -> None:
        """Do what the person asks for.

        Raises NotNow where it cannot be done now, UserError where a finished task cannot be
        written, WorldLost where no world server is to be had.
        """
        if action.number != self._number or self.ended:
            raise NotNow("this page was not up to date; now it is")
        present = self._sitting.present
        playing = present is not None and not present.over
        if action.do != "end" and (action.do == "next") == playing:
            raise NotNow("that cannot be done now")
        self._number += 1
        self._notice = ""
        if action.do == "end":
            self.ended = True
        elif action.do == "next":
            if not self._sitting.left:
                raise NotNow("no task is left")
            await self._arrive(await self._sitting.next_task())
        else:
            assert present is not None
            try:
                await self._play(present, action)
            except (WorldLost, WorldError) as error:
                self._notice = f"The world failed, and this task is not scored: {error}"

    async def _play(self, present: HostedRollout, action: Action) -> None:
        part = present.part
        if action.do == "give_up":
            await self._sitting.give_up()
        elif action.do == "command":
            record = await self._sitting.call("evennia_command", {"command": action.text})
            self._show(action.text, record)
        elif action.do == "submit":
            answer = {k: read_typed(v) for k, v in action.answer.items() if v.strip()}
            record = await self._sitting.call("evennia_submit", {"answer": answer})
            self._show("Hand in", record)
        else:
            record = await self._sitting.call(TOOLS[action.do], {})
            self._show({"look": "look", "enter": "", "leave": ""}[action.do], record)
        if present.part != part:
            self._notice = f"Part {part} is over. This is part {present.part}."
            await self._arrive(present)

    async def _arrive(self, present: HostedRollout) -> None:
        """Begin a part, in the world: nothing else can be done first."""
        self._log = []
        self._show("", await self._sitting.call("evennia_connect", {}))

    def _show(self, done: str, record: ToolCallRecord) -> None:
        told = record.result
        if record.error is not None:
            told = renamed(record.error.partition(": ")[2] or record.error, ON_THE_PAGE)
        elif record.name == "evennia_submit":  # what the world says is shown as it is
            told = renamed(told, ON_THE_PAGE)
        self._log.append(
            {"done": done, "told": told, "how": "seen" if record.error is None else "refused"}
        )


def read_typed(text: str) -> Any:
    """Return what was typed into a field: a JSON list or object as that, anything else as text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
    return found if isinstance(found, list | dict) else text.strip()


def _task(present: HostedRollout) -> dict[str, Any]:
    """Return what is shown of a task: no more than agents are told before it is over."""
    task, verdict = present.task, present.verdict
    last = present.episode.last_stage
    shown: dict[str, Any] = {
        "id": task.id if present.over else "",  # it names the kind
        "part": present.part,
        "prompt": renamed(present.prompt, ON_THE_PAGE),
        "commands": present.episode.commands,
        "budget": task.budget,
        "connected": present.connected,
        "last_part": last,
        "fields": list(dict.fromkeys(task.answer_fields)) if last else [],
        "failure": present.failure,
    }
    if verdict is not None:
        shown["verdict"] = verdict.model_dump(
            mode="json", include={"reward", "success", "parts", "reasons"}
        )
    return shown

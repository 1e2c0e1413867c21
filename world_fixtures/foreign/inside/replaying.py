"""A rollout's log: what was done to it, to be done again in another process of the same game."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from world_fixtures.common import WorldError
from world_fixtures.foreign.inside.playing import Play
from world_fixtures.protocol import ARRANGE, CONNECT, WORLD, ErrorCode

Action = dict[str, Any]
"""`do` (open, close, command or arrange), what it needs, and `seq` and `hash` after it."""


class Log:
    """What was done to a rollout, in order."""

    def __init__(self) -> None:
        self.actions: list[Action] = []

    def note(self, play: Play, do: str, **given: Any) -> None:
        """Note something that was done."""
        self.actions.append({"do": do, **given, "seq": play.seq, "hash": play.hash})

    def until(self, seq: int | None) -> list[Action]:
        """Return what was done until event `seq`, which may be left out."""
        return [a for a in self.actions if seq is None or a["seq"] <= seq]


def redo(play: Play, log: Log, actions: Iterable[Action]) -> None:
    """Do it all again. Raises WorldError where another state comes of it."""
    for action in actions:
        do = action["do"]
        if do == "open":
            play.open(None)
            log.note(play, "open")
        elif do == "close":
            play.close()
            log.note(play, "close")
        elif do == "arrange":
            play.arrange(action["changes"])
            log.note(play, "arrange", changes=action["changes"])
        else:
            play.command(play.session_id, action["raw"])
            log.note(play, "command", raw=action["raw"])
        if action["hash"] and action["hash"] != play.hash:
            raise WorldError(
                ErrorCode.DIFFERS,
                f"the state after event {play.seq} of this game is another than it was",
            )


def actions_of(events: Iterable[Mapping[str, Any]]) -> list[Action]:
    """Return what must be done for events of another rollout to happen."""
    found: list[Action] = []
    connected = False
    for event in events:
        done: Action = {"seq": event["seq"], "hash": event["state_hash"]}
        if event["verb"] == CONNECT:
            found.append({"do": "open", **done})
            connected = True
        elif (event["actor"], event["verb"]) == (WORLD, ARRANGE):
            if connected:  # nothing is arranged while a stage is being played
                found.append({"do": "close", "seq": event["seq"] - 1, "hash": ""})
                connected = False
            changes = [[c["entity"], c["field"], c["after"]] for c in event["changes"]]
            found.append({"do": "arrange", "changes": changes, **done})
        else:
            found.append({"do": "command", "raw": event["raw"], **done})
    return found

"""What each diagnostic is: its name, definition and source."""

from __future__ import annotations

from typing import NamedTuple

OWN = "defined here"


class Definition(NamedTuple):
    """How a diagnostic is shown and explained."""

    title: str
    meaning: str
    source: str = OWN
    counts: bool = False
    """It counts commands or ticks: its interval has no upper end."""


COMMANDS = {"0-9": (0, 9), "10-29": (10, 29), "30-99": (30, 99), "100+": (100, 10**9)}
"""Ages in commands."""
STAGES = {"1": (1, 1), "2": (2, 2), "3+": (3, 10**9)}
"""Ages in conversations."""
OVERWRITES = {"0": (0, 0), "1": (1, 1), "2+": (2, 10**9)}

_RECALL = (
    "facts that an answer needs, that were shown in an earlier conversation and not again in the"
    " last one: share of them whose answer is right"
)
_EXPOSED = "overwritten world states: WorldLines (arXiv 2606.18847); by exposure: defined here"

DEFINITIONS: dict[str, Definition] = {
    "exposed_recall": Definition("exposed recall", _RECALL, _EXPOSED),
    **{
        f"exposed_recall/{of}_{name}": Definition(
            f"exposed recall, {name} {of}",
            f"the same of facts shown last {name} {of} before the end",
            _EXPOSED,
        )
        for of, bins in (("commands", COMMANDS), ("conversations", STAGES))
        for name in bins
    },
    **{
        f"exposed_recall/overwrites_{name}": Definition(
            f"exposed recall, {name} overwrites",
            f"the same of facts whose source was changed {name} times since they were shown",
            _EXPOSED,
        )
        for name in OVERWRITES
    },
    "stale_beliefs": Definition(
        "stale-belief rate",
        "share of the commands that were not carried out, and would have been in the world as the"
        " agent was last shown it, before others changed it",
    ),
    "stale_recovery": Definition(
        "commands until recovery",
        "commands from the first one that failed on a stale belief until the agent was shown how"
        " things are, changed them itself, or the end",
        counts=True,
    ),
    "redundant_searches": Definition(
        "redundant-search rate",
        "of the commands that show facts and change nothing, the share that re-read a source which"
        " the same conversation had shown and nothing has changed since",
    ),
    "reread_after_wipe": Definition(
        "re-reads after a wipe",
        "of the same commands, the share that re-read an unchanged source which only an earlier"
        " conversation had shown",
    ),
    "memory_value_wiped": Definition(
        "memory value, against wiped notes",
        "success rate with the agent's notes kept, less that with them wiped before each"
        " conversation; paired by task, over tasks of several conversations",
    ),
    "memory_value_swapped": Definition(
        "memory value, against another seed's notes",
        "success rate with the agent's notes kept, less that with notes from a task of the same"
        " kind and another seed in their place; paired by task",
    ),
    "loop_rate": Definition(
        "loop rate",
        "share of the commands that were given before in the same conversation and an equal state,"
        " change nothing and show no fact that is new in the conversation",
    ),
    "coverage": Definition(
        "coverage against the shortest tour",
        "area under the curve of rooms seen, over the commands of the budget, as a share of the"
        " area of the shortest walk through all rooms",
    ),
    "meaningful_horizon": Definition(
        "meaningful horizon",
        "number of the last command from which on the rollout gains more progress than `random`"
        " does from there to its end",
        "the term: AgentOdyssey (arXiv 2606.24893); this measure of it: defined here",
        counts=True,
    ),
    "earliness": Definition(
        "earliness at deadlines",
        "ticks by which the agent acted before a goal's time, was back before a machine"
        " it had started was done, or came before a door opened",
        counts=True,
    ),
    "lateness": Definition(
        "lateness at deadlines",
        "ticks by which the agent acted after a goal's time, was back after a machine it"
        " had started was done, or came after a door was shut",
        counts=True,
    ),
}

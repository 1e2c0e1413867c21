"""Carrying out a parsed command: one entry point, one table of verbs."""

from __future__ import annotations

from collections.abc import Callable

from world_fixtures.rules import handling, perception
from world_fixtures.rules.grammar import Parsed, parse
from world_fixtures.rules.outcome import Outcome, unknown
from world_fixtures.rules.scene import Scene

Action = Callable[[Scene, Parsed], Outcome]

ACTIONS: dict[str, Action] = {
    "look": perception.look,
    "examine": perception.examine,
    "look_in": perception.look_in,
    "directions": perception.directions,
    "read": perception.read,
    "inventory": perception.inventory,
    "help": perception.help_,
    "say": perception.say,
    "go": handling.go,
    "get": handling.get,
    "drop": handling.drop,
    "put": handling.put,
    "open": handling.open_,
    "close": handling.close,
    "unlock": handling.unlock,
    "lock": handling.lock,
    "light": handling.light,
    "extinguish": handling.extinguish,
    "combine": handling.combine,
    "write": handling.write,
}


def perform(scene: Scene, command: str | Parsed) -> Outcome:
    """Return the outcome of `command` in `scene`; changes nothing by itself."""
    parsed = parse(command) if isinstance(command, str) else command
    if parsed.verb is None:
        return unknown(parsed.error)
    outcome = ACTIONS[parsed.verb](scene, parsed)
    outcome.verb = parsed.verb
    outcome.args = parsed.args
    return outcome

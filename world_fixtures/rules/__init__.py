"""The rules of every world, as pure functions over a spec and a state.

The Evennia instance and the in-memory `Simulation` both act by these rules, so a
planner can try in microseconds what the world server will do for real.
"""

from world_fixtures.rules.act import perform
from world_fixtures.rules.grammar import VERBS, Parsed
from world_fixtures.rules.idioms import UNCHANGING
from world_fixtures.rules.outcome import Outcome
from world_fixtures.rules.reading import parse
from world_fixtures.rules.scene import Scene, SpecIndex, StateReader
from world_fixtures.rules.simulation import Simulation

__all__ = [
    "UNCHANGING",
    "VERBS",
    "Outcome",
    "Parsed",
    "Scene",
    "Simulation",
    "SpecIndex",
    "StateReader",
    "parse",
    "perform",
]

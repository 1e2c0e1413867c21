"""What must not be done because a text or a person demands it: done by a searcher for reward."""

from __future__ import annotations

import random

from environments.audit.company import bring, go_to
from environments.audit.line import Line
from environments.audit.moves import held_names, travel_to
from environments.tasks.model import Attack, Holds, Inscribed, Located, Told


def obey(line: Line, rng: random.Random) -> None:
    """Do something that is demanded and must not be done, and undo it or not."""
    attacks = _demanded(line)
    if attacks:
        _bring_about(line, rng.choice(attacks), rng)


def obey_all(line: Line, rng: random.Random) -> None:
    """Do all that is demanded and must not be done."""
    for attack in _demanded(line):
        _bring_about(line, attack, rng)


def _demanded(line: Line) -> list[Attack]:
    return [a for a in line.subject.attacks if a.stage == line.stage]


def _bring_about(line: Line, attack: Attack, rng: random.Random) -> None:
    name, get = line.simulation.index.name, line.simulation.get
    travel_to(line, line.simulation.state.room(attack.entity) or line.room)
    if rng.random() < 0.7:
        about = "" if attack.value is None else f" about {attack.value}"
        line.do(f"{'ask' if about else 'read'} {name(attack.entity)}{about}")
    undone = rng.random() < 0.4
    match attack.condition:
        case Located(entity=thing, place=place):
            was = get(thing, "location")
            bring(line, thing, place)
            if undone and was is not None:
                bring(line, thing, was)
        case Holds(entity=entity):
            travel_to(line, line.simulation.state.room(entity) or line.room)
            for key in held_names(line):
                if get(entity, "locked"):
                    line.do(f"unlock {name(entity)} with {key}")
                    if undone:
                        line.do(f"lock {name(entity)} with {key}")
        case Inscribed(entity=entity, text=text):
            travel_to(line, line.simulation.state.room(entity) or line.room)
            line.do(f"write {text} on {name(entity)}")
        case Told(person=person, text=text):
            go_to(line, person)
            line.do(f"{rng.choice(('tell', 'whisper to'))} {name(person)}: {text}")

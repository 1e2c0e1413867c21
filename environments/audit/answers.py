"""Answers of one who does not know, and of one who was told: what a line is ended with. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from environments.audit.line import Line


def answers(line: Line, rng: random.Random) -> list[dict[str, Any]]:
    """Return the answers that are handed in at the end of a line.

    The right one comes first, as somebody may have let it out; then one in which a field is
    guessed, or one that is a guess altogether; then, where the agent itself has moved what is asked
    for, one that says where it has been.
    """
    subject = line.subject
    found = [dict(subject.told)]
    if subject.fields:
        field = rng.choice(subject.fields)
        if rng.random() < 0.7:
            found.append({**subject.told, field: _guess(line, subject.told.get(field), rng)})
        else:
            found.append(dict.fromkeys(subject.fields, _guess(line, None, rng)))
    moved = _as_it_was(line) if line.lives else found[0]
    return [*found, moved] if moved != found[0] else found


def _as_it_was(line: Line) -> dict[str, Any]:
    """Return the right answer, but for rooms `from` and `to` which things were moved: as it is."""
    told = dict(line.subject.told)
    things = {t.name: t.id for t in line.subject.spec.things}
    named = {f: things[v] for f, v in told.items() if isinstance(v, str) and v in things}
    begun = line.begun[-1]
    if begun is not None and line.states:
        for field, thing in named.items():
            for end, state in (("from", line.states[0]), ("to", begun)):
                room = state.room(thing)
                if f"{field}_{end}" in told and room is not None:
                    told[f"{field}_{end}"] = line.simulation.index.name(room)
    return told


def _guess(line: Line, right: Any, rng: random.Random) -> Any:
    """Draw a value: names, a number, the prompt, nothing, or a part of the right one."""
    spec = line.subject.spec
    rooms, things = [r.name for r in spec.rooms], [t.name for t in spec.things]
    here = [t.name for t in spec.things if line.simulation.get(t.id, "location") == line.room]
    name_here = next(r.name for r in spec.rooms if r.id == line.room)
    options: list[Any] = [
        rng.choice(rooms), rng.choice(things or rooms), rng.sample(rooms, min(3, len(rooms))),
        rooms, things, here, name_here, rng.choice(_years(line) or ["1800"]), rng.randint(0, 9), "",
        " ".join(line.subject.prompts[-1].split()), [name_here, *here], "north",
        ["north", "south"], [],
    ]  # fmt: skip
    if line.lives:
        numbers = _numbers(line)
        options += [c.name for c in spec.characters]
        options += [rng.choice(numbers), " ".join(numbers), numbers] if numbers else []
    if isinstance(right, list) and len(right) > 1:
        options += [right[:-1], right[1:], [*right, rng.choice(right)], right[::-1]]
    if isinstance(right, int):
        options += [right - 1, right + 1]
    return rng.choice(options)


def _numbers(line: Line) -> list[str]:
    """Return all numbers of several digits that the agent was shown, the first of each first."""
    own = [e.text for part in line.parts for e in part if e.actor == line.agent]
    return list(dict.fromkeys(n for text in own for n in re.findall(r"[0-9]{2,}", text)))


def _years(line: Line) -> Sequence[str]:
    """Return the numbers in what was last observed."""
    last = next(e for e in reversed(line.parts[-1]) if e.actor == line.agent and e.cause is None)
    words = last.text.replace(".", " ").replace(",", " ").split()
    return [word for word in words if word.isdigit()]

"""Facts in a file of their own, beside the world whose texts tell them. Pure.

    # my_house.facts.yaml, beside my_house.yaml
    ledger:
      - [ledger, begun, 1731]

They are added to what the text of that thing `tells` in the world's own file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from world_fixtures.document import Document, Place, Told
from world_fixtures.nearest import did_you_mean

SUFFIX = ".facts.yaml"


@dataclass(frozen=True)
class Joined:
    """A world's data with the facts of its second file, and where each of them is from."""

    data: Any
    origins: dict[Place, Place]
    """Place of a fact in the joined data -> its place in the second file."""
    wrong: list[Told]


def join_facts(world: Any, facts: Document) -> Joined:
    """Return `world` (plain data, left as it is) with the facts that `facts` has for its things."""
    if not isinstance(facts.data, dict):
        told = "facts are a mapping from the id of a thing to the list of what its text tells"
        return Joined(world, {}, [facts.told((), told)])
    things = world.get("things") if isinstance(world, dict) else None
    if not isinstance(things, list):
        things = []
    found = ((n, t.get("id")) for n, t in enumerate(things) if isinstance(t, dict))
    ids = {known: n for n, known in found if isinstance(known, str)}
    made = list(things)
    origins: dict[Place, Place] = {}
    wrong: list[Told] = []
    for thing, told in facts.data.items():
        if thing not in ids:
            message = f"there is no thing {thing!r} to tell facts{did_you_mean(thing, ids)}"
            wrong.append(facts.told((str(thing),), message))
        elif not isinstance(told, list):
            message = f"{thing}: is no list of [entity, field, value]"
            wrong.append(facts.told((str(thing),), message))
        else:
            n = ids[thing]
            own = things[n].get("tells")
            own = own if isinstance(own, list) else []
            made[n] = {**things[n], "tells": [*own, *told]}
            for k in range(len(told)):
                origins["things", n, "tells", len(own) + k] = (thing, k)
    return Joined({**world, "things": made}, origins, wrong)

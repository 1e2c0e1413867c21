"""Things that the kinds add to a world: their names by split, and their ids."""

from __future__ import annotations

from environments.tasks.families.common import BuildContext
from world_fixtures.generator.words import share
from world_fixtures.spec import Thing

OWN = "q_"
"""Begins the ids of what is added to the world."""


def new_words(context: BuildContext, words: str) -> list[str]:
    """Return the words of the split that name nothing in the world."""
    taken = {word for t in context.spec.things for word in t.name.split()}
    return [word for word in share(words, context.split) if word not in taken]


def id_of(name: str) -> str:
    """Return the id of an added thing, room or door."""
    return OWN + name.replace(" ", "_").replace("-", "_")


def added(name: str, desc: str, location: str | None, fixed: bool = False) -> Thing:
    """Return a thing to carry, or a `fixed` one that things can be put on; None: not in play."""
    return Thing(
        id=id_of(name), name=name, desc=desc, location=location, offstage=location is None,
        portable=not fixed, surface=fixed,
    )  # fmt: skip

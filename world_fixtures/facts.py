"""Facts of a world: what can be known by reading in it, and in no other way. Pure data."""

from __future__ import annotations

from typing import Literal

from world_fixtures.common import Frozen


class Fact(Frozen):
    """One thing to know, and where it is to be read."""

    subject: str
    """As a question names it, e.g. `the year in which the fountain was given`."""
    value: str
    """The answer, exactly as it is written in the text."""
    kind: Literal["code", "date", "owner", "amount"]
    source: str
    """Id of the thing whose text holds it."""
    text: str
    """What an observation must have shown to count as evidence."""
    via: str | None = None
    """Id of a thing that must be read first, to know which source is meant."""

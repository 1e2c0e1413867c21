"""Prices of a model's tokens."""

from __future__ import annotations

from pydantic import Field

from world_fixtures.common import Frozen


class Prices(Frozen):
    """What a model costs, in US dollars per million tokens."""

    input: float = Field(ge=0, le=1_000_000)
    output: float = Field(ge=0, le=1_000_000)

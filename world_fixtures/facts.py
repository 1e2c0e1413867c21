"""Facts: what can be known of a world, as data. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple


class Fact(NamedTuple):
    """One thing to know: a field of an entity has this value.

    `entity` is the id of an entity of the spec, or the name of a person that texts tell of. As
    JSON it is a list of the three.
    """

    entity: str
    field: str
    value: Any


class Arranged(NamedTuple):
    """One field of one entity that is set between stages, by no character's command.

    `field` is a mutable field (see `world_fixtures.state`), `value` what it is set to. As JSON it
    is a list of the three.
    """

    entity: str
    field: str
    value: Any

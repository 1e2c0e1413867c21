"""The texts of a spec: ids, names and prose, checked as they are read."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field


def _plain(text: str) -> str:
    """Refuse Evennia's markup and control characters, which would be interpreted."""
    if found := _NOT_PLAIN.search(text):
        raise ValueError(f"holds {found[0]!r}; world text is plain, without markup or controls")
    return text


_NOT_PLAIN = re.compile(r"[|$<>\x00-\x09\x0b-\x1f\x7f]")


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""Names an entity within a spec; never shown to an agent."""
Name = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_plain)]
"""What an entity is called in the world."""
Prose = Annotated[str, Field(max_length=4000), AfterValidator(_plain)]

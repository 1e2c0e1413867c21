"""What both packages share: errors, the base of frozen models, digests, printable text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from world_fixtures.errors import UserError, WorldError, WorldLost
from world_fixtures.text import printable

__all__ = [
    "Frozen", "UserError", "WorldError", "WorldLost", "canonical_json", "digest", "printable",
]  # fmt: skip


class Frozen(BaseModel):
    """Data that cannot change after it was made, and knows no unlisted fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy as pydantic does, without what was computed from the original's fields."""
        copy = super().model_copy(update=update, deep=deep)
        for computed in copy.__dict__.keys() - type(self).model_fields.keys():
            del copy.__dict__[computed]
        return copy


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def canonical_json(value: Any) -> str:
    """Write JSON with sorted keys, no blanks, ASCII only: the same text for equal values."""
    return _canonical.encode(value)


def digest(value: Any) -> bytes:
    """Return 16 bytes of BLAKE2b over the canonical JSON of `value`."""
    return hashlib.blake2b(canonical_json(value).encode(), digest_size=16).digest()

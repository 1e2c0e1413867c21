"""What both packages share: errors, the base of frozen models, digests, printable text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from world_fixtures.text import printable

__all__ = [
    "Frozen", "UserError", "WorldError", "WorldLost", "canonical_json", "digest", "printable",
]  # fmt: skip


class UserError(Exception):
    """Bad input. The message is one line (or one a problem): what is wrong and what to do.

    The command line prints it without a traceback and exits with 2.
    """


class WorldError(Exception):
    """The world server refused a request; `code` is a `protocol.ErrorCode`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class WorldLost(Exception):
    """The world server died, hung or went out of reach: what was played there is void."""


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

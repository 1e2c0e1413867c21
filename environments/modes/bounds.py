"""What the values of options must keep to, beyond their types.

Ranges of our own options stand with their fields. Atropos's fields have none, so theirs are here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import NoneType
from typing import Any, NamedTuple, get_args
from urllib.parse import urlsplit

from atroposlib.envs.server_handling.server_baseline import VALID_REASONING_EFFORTS

from world_fixtures.common import UserError

MANY = 1_000_000_000
"""More than any count or number of seconds that is meant."""
MAX_BITS = 256
"""Of an integer: more than any seed has."""
MAX_SHOWN = 80
"""Characters of a value in an error message."""


class Range(NamedTuple):
    """From `low` to `high`, both included; or `special`, where that has a meaning of its own."""

    low: float
    high: float = MANY
    special: int | None = None

    def __contains__(self, value: object) -> bool:
        number = isinstance(value, int | float)
        return value == self.special or (number and self.low <= value <= self.high)  # type: ignore[operator]

    def told(self) -> str:
        """Say what is allowed, e.g. `1 to 100,000, or -1`."""
        bounded = self.high < MANY
        low = f"{self.low:,}"
        told = f"{low} to {self.high:,}" if bounded else f"at least {low}"
        if self.low == -MANY:
            told = ""
        return told if self.special is None else f"{told}, or {self.special}"

    def allowed(self, value: float) -> str:
        """Say what is allowed in place of `value`."""
        if self.high <= 1:
            told = f"from {self.low:g} to {self.high:g}"
        else:
            told = f"at most {self.high:,}" if value > self.high else f"at least {self.low:,}"
        return told if self.special is None else f"{told}, or {self.special}"


RANGES: Mapping[str, Mapping[str, Range]] = {
    "env": {
        "group_size": Range(1, 100_000),
        "max_num_workers": Range(1, 100_000, -1),
        "max_eval_workers": Range(1, 100_000),
        "max_num_workers_per_node": Range(1, 100_000),
        "steps_per_eval": Range(-1),
        "max_token_length": Range(1),
        "eval_limit_ratio": Range(0, 1),
        "inference_weight": Range(0, special=-1),
        "batch_size": Range(1, special=-1),
        "max_batches_offpolicy": Range(0),
        "total_steps": Range(1),
        "num_rollouts_to_keep": Range(0),
        "num_rollouts_per_group_for_logging": Range(0, special=-1),
        "min_items_sent_before_logging": Range(-MANY),
        "min_batch_allocation": Range(0, 1),
        "worker_timeout": Range(0.001, special=-1),
    },
    "openai": {
        "timeout": Range(1),
        "num_max_requests_at_once": Range(1, 100_000),
        "num_requests_for_eval": Range(1, 100_000),
        "rolling_buffer_length": Range(1),
    },
}
"""Section -> option of Atropos -> what makes sense."""


def check_given(section: str, given: Mapping[str, Any], types: Mapping[str, Any]) -> None:
    """Raise UserError for a value of `given` that no option of its type can have."""
    for name, value in given.items():
        fault = _fault(value)
        if isinstance(value, str) and name.endswith("_url"):
            fault = _fault_of_address(value)
        if isinstance(value, str) and name == "api_key" and not _fits_a_header(value):
            fault = "a key has printable ASCII characters only"
        if isinstance(value, bool) and _is_number(types[name]):
            fault = "write a number"
        if fault is not None:
            told = "" if "api_key" in name else f" {shown(value)}"
            raise UserError(f"--{section}.{name}{told}: {fault}")


def check_ranges(section: str, values: Mapping[str, Any]) -> None:
    """Raise UserError for a value of Atropos's options that makes no sense."""
    for name, range_ in RANGES[section].items():
        value = values.get(name)
        if value is not None and value not in range_:
            allowed = range_.allowed(value)
            raise UserError(f"--{section}.{name} must be {allowed}, not {shown(value)}")
    effort = values.get("reasoning_effort")
    if effort is not None and effort not in VALID_REASONING_EFFORTS:
        known = ", ".join(sorted(VALID_REASONING_EFFORTS))
        raise UserError(f"--{section}.reasoning_effort {shown(effort)}: choose from {known}")


def shown(value: Any) -> str:
    """Return a value for an error message: on one line, and not too long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more than 4,300 digits
        text = "of thousands of digits"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _fault(value: Any) -> str | None:
    """Return what is wrong with a value or a part of it, whatever option it is for."""
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, float) and not math.isfinite(part):
            return "numbers must be finite"
        if isinstance(part, int) and part.bit_length() > MAX_BITS:
            return "the number is too large"
        if isinstance(part, str) and "\0" in part:
            return "it holds a NUL character"
        if isinstance(part, dict):
            parts += [*part, *part.values()]
        elif isinstance(part, list | tuple | set):
            parts += part
    return None


def _fault_of_address(url: str) -> str | None:
    example = "write an address such as http://localhost:9001/v1"
    try:
        urlsplit(url).port  # noqa: B018 - raises where it is no number, or too large
    except ValueError as error:
        return f"{error}: {example}"
    return None if url.isprintable() and " " not in url else example


def _fits_a_header(key: str) -> bool:
    return key.isascii() and key.isprintable()


def _is_number(annotation: Any) -> bool:
    """Tell whether an option of this type is a number; pydantic takes true for 1."""
    members = {*(get_args(annotation) or (annotation,))} - {NoneType}
    return bool(members) and members <= {int, float}

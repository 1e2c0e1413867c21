"""The spaces of what is said to an agent and by it, and how a text is made to lie in one."""

from __future__ import annotations

import string

from gymnasium import spaces

MAX_OBSERVATION = 20_000
"""Characters; a tool's result is cut well below, so this cuts only a prompt that is very long."""
MAX_ACTION = 10_000
"""Characters of what `sample` draws; `step` takes longer texts, which a world refuses."""
_SPANS = (
    (0xA0, 0x24F), (0x370, 0x4FF), (0x2010, 0x2027), (0x20A0, 0x20BF), (0x2190, 0x21FF),
    (0x2500, 0x259F),
)  # fmt: skip
CHARSET = frozenset(
    {*string.ascii_letters, *string.digits, *string.punctuation, " ", "\n", "\t"}
    | {chr(code) for first, last in _SPANS for code in range(first, last + 1)}
)
"""ASCII, which all worlds that ship are written in, and for worlds of one's own Latin, Greek and
Cyrillic letters, typographic signs, currencies, arrows and lines.
"""
UNKNOWN = "?"
"""Stands for a character that CHARSET lacks."""


def observation_space() -> spaces.Text:
    """Return the space that all observations are in."""
    return spaces.Text(MAX_OBSERVATION, min_length=0, charset=CHARSET)


def action_space() -> spaces.Text:
    """Return the space of texts that `step` takes; it takes others, too."""
    return spaces.Text(MAX_ACTION, min_length=0, charset=CHARSET)


def observed(text: str) -> str:
    """Return `text` as an observation: other characters replaced, and cut where it is too long."""
    if len(text) > MAX_OBSERVATION:
        note = "\n[the rest was cut]"
        text = text[: MAX_OBSERVATION - len(note)] + note
    if CHARSET.issuperset(text):
        return text
    return "".join(c if c in CHARSET else UNKNOWN for c in text)

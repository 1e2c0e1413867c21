"""Whether the agent was shown a text, or has only typed it and seen it again. Pure.

A game shows what is typed in many ways: without its colour codes, with functions and fields filled
in, by a nick. So what was typed and what was shown need not be the same letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from world_fixtures.protocol import Event

_WORD = re.compile(r"\w+")
_FILLED_IN = re.compile(r"[${]")
"""How Evennia marks what it fills in: an inline function, a field, the gap of a nick."""


def was_shown(text: str, events: Iterable[Event]) -> bool:
    """Tell whether a text was shown to the agent before the agent had typed it.

    Its words count as typed where they stand in one command, in their order; where a sign that is
    no letter is among them, as in markup, other letters may be between those of a word. What a
    command shows in which a game fills something in counts nothing, and nothing counts once a nick
    was set that has gaps to fill.
    """
    wanted = words(text)
    parts = _WORD.findall(wanted) or wanted.split()
    for event in events:
        typed = [event.raw, *event.args.values()]  # the command as it was after nicks, too
        filled_in = any(map(_FILLED_IN.search, typed))
        if any(_has(parts, words(line)) for line in typed) or (filled_in and event.verb == "nick"):
            return False
        if wanted in words(event.text) and not filled_in:
            return True
    return False


def words(text: str) -> str:
    """Return a text in small letters, with one blank between words."""
    return " ".join(text.casefold().split())


def _has(parts: Sequence[str], typed: str) -> bool:
    """Tell whether words were typed in their order, each within something without a blank."""
    tokens = iter(typed.split())
    token = next(tokens, "")
    rest = token
    for part in parts:
        while (after := _after(part, rest)) is None:
            if not (token := next(tokens, "")):
                return False
            rest = token
        rest = after
    return True


def _after(part: str, token: str) -> str | None:
    """Return what follows the letters of a word in `token`; None where it lacks them."""
    if token.isalnum():
        return token.partition(part)[2] if part in token else None
    at = 0
    for letter in part:
        at = token.find(letter, at) + 1
        if not at:
            return None
    return token[at:]

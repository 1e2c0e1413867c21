"""Evennia's COMMAND_PARSER hook: one look-up for a sealed set, the stock parser otherwise.

Evennia loads this module while it loads its command handler, so it imports no commands.
"""

from __future__ import annotations

from typing import Any

from evennia.commands.cmdparser import cmdparser

from world_fixtures.rules.grammar import clean


def parse(raw_string: str, cmdset: Any, caller: Any, match_index: int | None = None) -> list[Any]:
    """Return a list of match tuples, as `evennia.commands.cmdparser.cmdparser` documents them."""
    by_word = getattr(cmdset, "by_word", None)
    if by_word is None:
        matches: list[Any] = cmdparser(raw_string, cmdset, caller, match_index=match_index)
        return matches
    word, _, args = clean(raw_string[:200]).partition(" ")
    command = by_word.get(word.casefold())
    if command is None:
        return []
    return [(command.key, args, command, len(word), 1.0, command.key)]

"""The trades of people: those of a theme and those found everywhere."""

from __future__ import annotations

from functools import cache

from world_fixtures.generator.lexicon.people import THEME_TRADES, TRADES
from world_fixtures.generator.words import SPLITS, Split, a, share


@cache
def trades(theme: str, split: Split) -> tuple[str, ...]:
    """Return the trades of a theme, each with its article, those of the theme itself first."""
    return tuple(a(t) for t in share(THEME_TRADES[theme], split) + share(TRADES, split))


def trades_like(trade: str) -> tuple[str, ...]:
    """Return the trades of every world in which `trade` may occur; empty for an unknown trade."""
    for split in SPLITS:
        for theme in THEME_TRADES:
            if trade in trades(theme, split):
                return trades(theme, split)
    return ()

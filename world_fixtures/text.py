"""Text of others made safe to print. Imports nothing that takes time to load."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    r"""Escape everything in a text that is no visible character, blank, tab or end of a line.

    For text of models, endpoints and files on its way to a terminal or a log: control
    characters, bidirectional overrides, characters without width and lone surrogates come out
    as `\x1b` or `\u202e`.
    """
    if text.isprintable():
        return text
    return "".join(c if _harmless(c) else _escaped(c) for c in text)


def _harmless(char: str) -> bool:
    return char.isprintable() or char in "\n\t" or unicodedata.category(char) == "Zs"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")

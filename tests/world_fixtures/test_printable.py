"""Foreign text on its way to a terminal."""

from __future__ import annotations

import pytest

from world_fixtures.common import printable


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "two\nlines\tand a tab",
        "no-break\u00a0and wide\u3000blanks",
        "caf\u00e9 \u65e5 \U0001f600",
    ],
)
def test_what_is_visible_stays_as_it_is(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("over\rwritten\b\x7f\0", r"over\rwritten\x08\x7f\x00"),
        ("\u202egnp.exe\u2066\u2069", r"\u202egnp.exe\u2066\u2069"),
        ("a\u200bb\ufeff\u00ad\u2028", r"a\u200bb\ufeff\xad\u2028"),
        ("half \ud83d", r"half \ud83d"),
        ("tag \U000e0041", r"tag \U000e0041"),
    ],
)
def test_what_steers_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown

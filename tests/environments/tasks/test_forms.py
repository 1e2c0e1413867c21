"""Answers in the forms that agents give: what is right counts, and nothing makes two of one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.tasks.matching import match
from environments.tasks.model import Answered

EDGE = ["The Loft | north | Hall", "Hall | east | Yard"]
SALT = ["salt and pepper", "tin drum", "key"]


def degree(kind: str, expected: list[str], answer: object) -> float:
    condition = Answered(field="x", match=kind, expected=tuple(expected))
    return match(condition, {"x": answer}, expected)


RIGHT = [
    ("text", ["tin drum"], "the Tin Drum (closed)"),
    ("text", ["tin drum"], ["tin drum"]),
    ("text", ["lamp"], "lamp (lit)"),
    ("text", ["46604"], 46604.0),
    ("number", ["1234"], "1,234"),
    ("number", ["1634"], "the year 1634"),
    ("number", ["19"], "19 paces"),
    ("number", ["19"], [19]),
    ("number", ["-3"], "-3"),
    ("set", ["tin drum", "tin key"], ["tin drum (closed)", "tin key"]),
    ("set", ["north", "east"], ["north (latticed bulkhead, closed)", "E"]),
    ("set", ["north", "east"], "north (latticed bulkhead, open), east"),
    ("set", ["north", "east"], "north and east"),
    ("set", SALT, "the salt and pepper, the key, and the tin drum"),
    ("set", SALT, "key, tin drum and salt and pepper"),
    ("set", ["salt", "pepper", "key"], "salt, pepper and key"),
    ("route", ["north", "east"], "go north, then go east"),
    ("route", ["north", "east"], "north -> e"),
    ("route", ["north", "east"], "n > east"),
    ("route", ["north", "east"], ["go n", "and then east (gate, closed)"]),
    ("edges", EDGE, ["Loft | n | Hall", "Hall -> e -> Yard"]),
    ("edges", EDGE, [{"to": "Hall", "direction": "n", "from": "Loft"}, ["hall", "east", "yard"]]),
    ("edges", EDGE, [{"dir": "north", "target": "Hall", "source": "Loft"},
                     {"Room": "Hall", "Target": "Yard", "Dir": "e"}]),
]  # fmt: skip
WRONG = [
    ("text", ["tin drum"], ["tin drum", "tin key"]),
    ("text", ["tin drum"], "tin drum or tin key"),
    ("text", ["tin drum"], "tin drum (red)"),
    ("number", ["1634"], "1634 or 1635"),
    ("number", ["1634"], "1634,1635"),
    ("number", ["1634"], "1634-1635"),
    ("number", ["1634"], [1634, 1635]),
    ("number", ["1634"], "a1634"),
    ("number", ["1"], True),
    ("set", ["a b", "c d"], ["a b", "c d", "e f"]),
    ("set", ["north", "east"], "north, east and west"),
    ("set", SALT, "salt, pepper, key, tin drum"),
    ("route", ["north", "east"], "north or east"),
    ("route", ["north", "east"], "east, north"),
    ("edges", EDGE[:1], [{"from": "Hall", "direction": "north", "to": "The Loft"}]),
]


@pytest.mark.parametrize(("kind", "expected", "answer"), RIGHT)
def test_a_right_answer_counts_in_any_plain_form(kind, expected, answer):
    assert degree(kind, expected, answer) == 1.0


@pytest.mark.parametrize(("kind", "expected", "answer"), WRONG)
def test_alternatives_extras_and_other_orders_are_wrong(kind, expected, answer):
    assert degree(kind, expected, answer) == 0.0


PIECES = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.none(),
    st.text(alphabet="0123456789,.- |>()and closed"), st.just("9" * 5000),
)  # fmt: skip
VALUES = st.recursive(
    PIECES,
    lambda v: st.lists(v, max_size=4) | st.dictionaries(
        st.sampled_from(["from", "dir", "to", "room", "x"]), v, max_size=4
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["text", "number", "set", "route", "edges"]), VALUES)
def test_no_answer_makes_the_judge_fail(kind, answer):
    expected = {"edges": EDGE, "number": ["1634"]}.get(kind, SALT)
    assert 0.0 <= degree(kind, expected, answer) <= 1.0


@pytest.mark.parametrize("kind", ["text", "number", "set", "route", "edges"])
def test_a_number_too_long_to_write_is_wrong(kind):
    huge = 10**5000
    for answer in (huge, [huge], [[huge] * 3], {"from": huge}):
        assert degree(kind, EDGE if kind == "edges" else ["1634"], answer) == 0.0

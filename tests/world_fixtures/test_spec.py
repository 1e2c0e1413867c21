"""Specs as values: what was computed of one is not believed of another."""

from __future__ import annotations


def test_a_changed_copy_has_a_hash_of_its_own(cottage) -> None:
    before = cottage.hash
    moved = cottage.agent.model_copy(update={"location": "study"})
    copy = cottage.model_copy(update={"characters": (moved, *cottage.characters[1:])})
    assert copy.agent.location == "study"
    assert copy.hash != before
    assert copy.model_copy(update={"characters": cottage.characters}).hash == before
    assert cottage.model_copy() == cottage

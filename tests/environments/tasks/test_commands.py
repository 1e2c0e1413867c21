"""What counts as a command of the agent."""

from __future__ import annotations

import pytest

from environments.tasks.verdict import commands_of, is_wasted
from world_fixtures.protocol import CONNECT, Event, ResultKind


def event(seq: int, actor: str, verb: str | None, kind: ResultKind = ResultKind.OK) -> Event:
    return Event(
        seq=seq, ts=0, instance="i", session="s", actor=actor, room="r", raw="", verb=verb,
        args={}, objects=(), text="", kind=kind, changes=(), state_hash="", ms=0,
    )  # fmt: skip


def test_connecting_and_what_others_do_are_no_commands():
    events = [
        event(1, "agent", CONNECT),
        event(2, "agent", "look"),
        event(3, "helper", "get"),
        event(4, "agent", None, ResultKind.UNKNOWN),
        event(5, "agent", CONNECT),
        event(6, "agent", "look"),
    ]

    assert [e.seq for e in commands_of(events, "agent")] == [2, 4, 6]
    assert [e.seq for e in commands_of(events, "helper")] == [3]
    assert commands_of(iter(events), "nobody") == []


@pytest.mark.parametrize(("kind", "wasted"), [(k, k is not ResultKind.OK) for k in ResultKind])
def test_a_command_is_wasted_unless_the_world_carried_it_out(kind, wasted):
    assert is_wasted(event(1, "agent", "get", kind)) is wasted

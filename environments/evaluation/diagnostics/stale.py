"""Stale beliefs: commands that would have worked in the world as the agent last saw it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, NamedTuple

from environments.evaluation.diagnostics.beliefs import Beliefs, Field
from environments.evaluation.diagnostics.trace import Ledger, Moment, Trace
from world_fixtures.facts import Arranged
from world_fixtures.protocol import Event, ResultKind
from world_fixtures.rules import Simulation
from world_fixtures.rules.scene import SpecIndex


class Staleness(NamedTuple):
    """How often a command failed on a stale belief, and how long such a belief lasted."""

    rate: float
    """Share of the commands."""
    recovery: float | None
    """Mean commands from the first that failed on a belief until it was put right, or the end;
    None where none failed."""


def staleness(trace: Trace) -> Staleness | None:
    """Return how the agent fared with what others had changed; None where nothing had been.

    A command is stale where it was not carried out, and the rules carry it out in the present state
    with the fields put back that the agent had been shown and others have changed since, unseen by
    it. A belief is put right when the agent is shown how it is now, or changes it itself.
    """
    spec = trace.task.spec
    ledger = Ledger(spec)
    beliefs = Beliefs(spec, ledger)
    index: SpecIndex | None = None
    open_: dict[frozenset[Field], int] = {}
    lasted: list[int] = []
    stale, applies = 0, False
    for moment, followed in _groups(trace):
        event = moment.event
        if moment.command and event.kind is not ResultKind.OK and beliefs.stale:
            index = index or SpecIndex(spec)
            if wrong := _culprits(index, ledger, event, beliefs.stale):
                stale += 1
                open_.setdefault(wrong, moment.number)
        if not moment.own:
            beliefs.happened(event, None)
        ledger.make(event.changes)
        for other in followed:
            beliefs.happened(other, event)
            ledger.make(other.changes)
        if moment.own:
            beliefs.acted(event)
        applies = applies or bool(beliefs.stale)
        for wrong in [w for w in open_ if not w & beliefs.stale.keys()]:
            lasted.append(moment.number - open_.pop(wrong))
    if not applies or not trace.commands:
        return None
    lasted += [len(trace.commands) - begun for begun in open_.values()]
    return Staleness(stale / len(trace.commands), fmean(lasted) if lasted else None)


def _groups(trace: Trace) -> Iterator[tuple[Moment, list[Event]]]:
    """Yield what was caused by nothing, each with what followed from it."""
    followed: dict[int, list[Event]] = {}
    for moment in trace.moments:
        if moment.event.cause is not None:
            followed.setdefault(moment.event.cause, []).append(moment.event)
    for moment in trace.moments:
        if moment.event.cause is None:
            yield moment, followed.get(moment.event.seq, [])


def _culprits(
    index: SpecIndex, ledger: Ledger, event: Event, stale: Mapping[Field, Any]
) -> frozenset[Field]:
    """Return the fields that a stale command fails on: one thing's where they are enough."""
    if not _works(index, ledger, event, stale):
        return frozenset()
    for entity in dict.fromkeys(entity for entity, _ in stale):
        own = {field: value for field, value in stale.items() if field[0] == entity}
        if len(own) == len(stale) or _works(index, ledger, event, own):
            return frozenset(own)
    return frozenset(stale)


def _works(index: SpecIndex, ledger: Ledger, event: Event, believed: Mapping[Field, Any]) -> bool:
    simulation = Simulation(index.spec, index, views=False)
    fields = {**ledger.changed, **believed}
    simulation.arrange(Arranged(e, f, v) for (e, f), v in fields.items())
    return simulation.act(event.raw, event.actor).kind is ResultKind.OK

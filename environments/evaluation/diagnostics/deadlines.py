"""Earliness and lateness, in ticks, at the moments that a world with time sets."""

from __future__ import annotations

from statistics import fmean
from typing import NamedTuple

from environments.evaluation.diagnostics.trace import Ledger, Moment, Trace
from world_fixtures.living import Living, Timetable
from world_fixtures.rules.clock import is_open_at


class Punctuality(NamedTuple):
    """Mean ticks by which the agent came too early and too late, over the deadlines it met with."""

    earliness: float
    lateness: float


def punctuality(trace: Trace) -> Punctuality | None:
    """Return how early and how late the agent was; None where it met with no deadline.

    A machine that it has started sets one, the tick at which it is done: the agent is early by the
    time from its first command that names the machine or the product until then, and late by the
    time from then until the first such command at or after it, or until the end. A door with a
    timetable sets one where the agent is refused at it while it is shut: early by the time until it
    opens or late by the time since it was shut, whichever is less.
    """
    living = trace.task.spec.living
    if living is None:
        return None
    ticks = _ticks(trace)
    found = [*_machines(trace, living, ticks), *_doors(trace, living, ticks)]
    if not found:
        return None
    return Punctuality(fmean(early for early, _ in found), fmean(late for _, late in found))


def _ticks(trace: Trace) -> list[int]:
    """Return what the clock shows before each moment, and at last after all of them."""
    ledger = Ledger(trace.task.spec)
    found = []
    for moment in trace.moments:
        found.append(ledger.tick or 0)
        ledger.make(moment.event.changes)
    return [*found, ledger.tick or 0]


def _machines(trace: Trace, living: Living, ticks: list[int]) -> list[tuple[int, int]]:
    makes = {p.machine: p.makes for p in living.processes}
    found = []
    for at, moment in enumerate(trace.moments):
        for change in moment.event.changes if moment.command else ():
            if change.entity in makes and change.field == "done_at" and change.after is not None:
                names = {change.entity, makes[change.entity]}
                later = [
                    ticks[n]
                    for n in range(at + 1, len(trace.moments))
                    if trace.moments[n].command and names & set(trace.moments[n].event.objects)
                ]
                due: int = change.after
                early = next((due - tick for tick in later if tick < due), 0)
                late = next((tick - due for tick in later if tick >= due), ticks[-1] - due)
                found.append((early, max(0, late)))
    return found


def _doors(trace: Trace, living: Living, ticks: list[int]) -> list[tuple[int, int]]:
    tables = {t.door: t for t in living.timetables}
    found = []
    for tick, moment in zip(ticks, trace.moments, strict=False):
        if not moment.command or moment.carried_out:
            continue
        door = _door(trace, moment)
        if door in tables and not is_open_at(tables[door], tick, living.day):
            found.append(_off(tables[door], tick, living.day))
    return found


def _door(trace: Trace, moment: Moment) -> str:
    """Return the door that a command was refused at, empty where it was none."""
    event, spec = moment.event, trace.task.spec
    doors = {d.id for d in spec.doors}
    named = next((o for o in event.objects if o in doors), "")
    direction = event.args.get("direction") if event.verb == "go" else None
    ways = (e.door for e in spec.exits if (e.source, e.direction) == (event.room, direction))
    return named or next(ways, None) or ""


def _off(table: Timetable, tick: int, day: int) -> tuple[int, int]:
    period = table.period or day
    early, late = (table.opens - tick) % period, (tick - table.shuts) % period
    # before the first opening nothing has been missed yet
    return (early, 0) if early <= late or tick < table.shuts else (0, late)

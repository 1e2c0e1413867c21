"""Earliness and lateness, in ticks, at the moments that a world with time sets."""

from __future__ import annotations

from statistics import fmean
from typing import NamedTuple

from environments.evaluation.diagnostics.trace import Ledger, Moment, Trace
from environments.tasks.model import Condition, Present, Together
from world_fixtures.living import Living, Timetable
from world_fixtures.rules.clock import is_open_at


class Punctuality(NamedTuple):
    """Mean ticks by which the agent came too early and too late, over the deadlines it met with."""

    earliness: float
    lateness: float


class _Point(NamedTuple):
    """A moment, with when and where the agent was before it and after it."""

    moment: Moment
    tick: int
    then: int
    """After it."""
    room: str | None
    there: str | None
    """After it."""
    shut: frozenset[str]
    """Doors with a timetable that were shut before it."""
    machine: str | None
    """Room of a machine that it started."""


def punctuality(trace: Trace) -> Punctuality | None:
    """Return how early and how late the agent was; None where it met with no deadline.

    A goal with a last tick sets one: early or late by the time between that tick and the agent's
    last deed of its stage on what the goal concerns. So does a goal to be in a room in a part of
    the day: by the time between that part and the agent's first being there in the stage.

    A machine that it has started sets one, the tick at which it is done. The agent is early by the
    time from its first return to the machine's room before that tick, and late by the time from
    that tick until it is in the room, or until the end.

    A door with a timetable sets one where the agent is refused at it while it is shut: early by the
    time until it opens or late by the time since it was shut, whichever is less.
    """
    living = trace.task.spec.living
    if living is None:
        return None
    points = _points(trace, living)
    found = [*_goals(trace, points), *_machines(points, living), *_doors(trace, points, living)]
    if not found:
        return None
    return Punctuality(fmean(early for early, _ in found), fmean(late for _, late in found))


def _points(trace: Trace, living: Living) -> list[_Point]:
    ledger = Ledger(trace.task.spec)
    doors = [t.door for t in living.timetables]
    machines = {p.machine for p in living.processes}
    found = []
    for moment in trace.moments:
        tick, room = ledger.tick or 0, ledger.room(trace.agent)
        shut = frozenset(d for d in doors if not ledger.get(d, "open"))
        ledger.make(moment.event.changes)
        started = [c.entity for c in moment.event.changes if c.entity in machines]
        machine = ledger.room(started[0]) if moment.command and started else None
        there = ledger.room(trace.agent)
        found.append(_Point(moment, tick, ledger.tick or 0, room, there, shut, machine))
    return found


def _goals(trace: Trace, points: list[_Point]) -> list[tuple[int, int]]:
    found = []
    for stage, begun in enumerate(trace.task.stages):
        own = [p for p in points if p.moment.stage == stage and p.moment.own]
        for goal in begun.goals:
            for part in _parts(goal.condition):
                if isinstance(part, Present):
                    found += [_off_part(part, p.then) for p in own if p.there == part.room][:1]
            concerned = {getattr(part, "entity", None) for part in _parts(goal.condition)}
            deeds = [p for p in own if concerned & {c.entity for c in p.moment.event.changes}]
            if goal.by is not None and deeds:
                tick = deeds[-1].tick
                found.append((max(0, goal.by - tick), max(0, tick - goal.by)))
    return found


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, Together) else (condition,)


def _off_part(part: Present, tick: int) -> tuple[int, int]:
    """Return how early and late a tick is for a part of the day and its last tick."""
    hour = tick % part.day
    late = max(0, hour + 1 - part.ends, 0 if part.by is None else tick - part.by)
    return max(0, part.begins - hour), late


def _machines(points: list[_Point], living: Living) -> list[tuple[int, int]]:
    found = []
    for at, point in enumerate(points):
        for change in point.moment.event.changes if point.machine else ():
            due = change.after
            if change.field != "done_at" or due is None or points[-1].then < due:
                continue
            here = point.machine
            back = [p.then for p in points[at + 1 :] if p.room != here and p.there == here]
            early = next((due - tick for tick in back if tick < due), 0)
            late = points[-1].then - due
            for p in points[at + 1 :]:
                if p.then >= due and p.there == here:
                    late = 0 if p.room == here else p.then - due
                    break
            found.append((early, late))
    return found


def _doors(trace: Trace, points: list[_Point], living: Living) -> list[tuple[int, int]]:
    tables = {t.door: t for t in living.timetables}
    found = []
    for point in points:
        if point.moment.command and not point.moment.carried_out:
            door = _door(trace, point.moment)
            if door in point.shut and not is_open_at(tables[door], point.tick, living.day):
                found.append(_off(tables[door], point.tick, living.day))
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
    return (early, 0) if early <= late or tick < table.opens else (0, late)

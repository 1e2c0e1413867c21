"""Redundant searches: re-reads of sources that have not changed."""

from __future__ import annotations

from typing import NamedTuple

from environments.evaluation.diagnostics.trace import Moment, Trace, lasting, plain


class Searches(NamedTuple):
    """Shares of the commands that search."""

    redundant: float
    """Re-reads of what the same conversation had shown."""
    reread: float
    """Re-reads of what an earlier conversation had shown and this one had not."""


def searches(trace: Trace) -> Searches | None:
    """Return the shares of re-reads among the commands that search; None without any.

    A command searches where it is carried out, shows facts and changes nothing. It re-reads an
    unchanged source where each of its facts was shown before with the same value, and nothing that
    it shows or names was changed since.
    """
    shown: dict[tuple[str, str], tuple[str, int, int]] = {}
    touched: dict[str, int] = {}
    total = redundant = reread = 0
    for at, moment in enumerate(trace.moments):
        event = moment.event
        if _searches(moment):
            total += 1
            entities = {*event.objects, *(e for e, _, _ in event.reveals)}
            changed = max((touched.get(e, -1) for e in entities), default=-1)
            known = [shown.get((e, f)) for e, f, _ in event.reveals]
            same = all(
                was is not None and was[0] == plain(v) and was[1] > changed
                for was, (_, _, v) in zip(known, event.reveals, strict=True)
            )
            if same and all(was is not None and was[2] == moment.stage for was in known):
                redundant += 1
            elif same:
                reread += 1
        for change in lasting(event):
            touched[change.entity] = at
        if moment.own:
            for e, f, v in event.reveals:
                # what a command shows, it shows as it is after its changes
                shown[e, f] = plain(v), at + 1, moment.stage
    return Searches(redundant / total, reread / total) if total else None


def _searches(moment: Moment) -> bool:
    event = moment.event
    shows = bool(event.reveals) and not lasting(event)
    return moment.command and moment.carried_out and shows

"""Loop rate: commands repeated in an equal state that bring neither change nor fact."""

from __future__ import annotations

from environments.evaluation.diagnostics.trace import Ledger, Trace, lasting, plain


def loop_rate(trace: Trace) -> float | None:
    """Return the share of commands that are loops; None without commands.

    A loop is a command that was given before in the same conversation and an equal state, and that
    changes nothing and shows no fact that was not shown in this conversation. `wait` in a world
    with time brings time and is none.
    """
    if not trace.commands:
        return None
    timed = trace.task.spec.goes_on
    ledger = Ledger(trace.task.spec)
    given: set[tuple[object, ...]] = set()
    shown: set[tuple[int, str, str, str]] = set()
    loops = 0
    for moment in trace.moments:
        event = moment.event
        facts = {(moment.stage, e, f, plain(v)) for e, f, v in event.reveals} if moment.own else ()
        if moment.command and not (timed and event.verb == "wait" and moment.carried_out):
            key = moment.stage, " ".join(event.raw.casefold().split()), ledger.key
            loops += key in given and not lasting(event) and shown.issuperset(facts)
            given.add(key)
        shown.update(facts)
        ledger.make(event.changes)
    return loops / len(trace.commands)

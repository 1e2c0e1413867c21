"""Making a finding as short as it can be, so that its cause is seen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.audit.line import Line, Meter, Subject
from environments.audit.search import THRESHOLD, Finding

Given = Sequence[Sequence[str]]
"""Commands by stage."""


def play(subject: Subject, given: Given, meter: Meter) -> Line:
    """Play these commands, and end each stage but the last of those given."""
    line = Line(subject, meter)
    for n, commands in enumerate(given):
        if n:
            line.next_stage()
        for command in commands:
            line.do(command)
    return line


def shrink(finding: Finding, limit: int) -> tuple[Finding, int]:
    """Leave out commands while what is left is still a finding.

    Tries halves, quarters and so on down to single commands, with at most `limit` commands in all.
    Returns the finding and the number of commands given.
    """
    subject, meter = finding.line.subject, Meter(limit)
    given = finding.line.given
    size = max(1, max(map(len, given)) // 2)
    while size:
        for stage in range(len(given)):
            at = 0
            while at < len(given[stage]):
                fewer = [list(c) for c in given]
                del fewer[stage][at : at + size]
                if meter.left < sum(map(len, fewer)):
                    return finding, limit - meter.left
                again = _again(finding, play(subject, fewer, meter), finding.answer)
                if again is None:
                    at += size
                else:
                    finding, given = again, fewer
        size //= 2
    return finding, limit - meter.left


def _again(finding: Finding, line: Line, answer: dict[str, Any]) -> Finding | None:
    """Return the finding of another line; None where it is none, or lacks something else."""
    [reward] = line.subject.rewards(line, [answer])
    missing = line.subject.missing(line, answer) if reward > THRESHOLD else ()
    other = Finding(line, answer, reward, missing, finding.moves)
    return other if missing and set(other.lacking) <= set(finding.lacking) else None

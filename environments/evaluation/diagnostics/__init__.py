"""Diagnostics: what the events of rollouts say of an agent besides its score. Pure.

From states, events and revealed facts alone: no model is asked, and nothing of a conversation is
read but what was submitted.

trace        a rollout as moments, and the fields that its events have changed
recall       facts shown before a conversation was wiped, and used rightly after it
beliefs      what the agent was last shown, and what others have changed since
stale        commands that fail on it
searches     re-reads of what has not changed
loops        commands repeated in an equal state
coverage     rooms seen, against the shortest tour
horizon      up to where progress is better than that of `random`
deadlines    earliness and lateness
memory       what notes are worth
definitions  name, definition and source of each
values       those of one rollout
measure      their means over a run
files        those of a run directory
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.evaluation.diagnostics.values import rollout_diagnostics
from environments.lazy import lazily

if TYPE_CHECKING:
    from environments.evaluation.diagnostics.files import diagnose_directory
    from environments.evaluation.diagnostics.measure import Diagnostic, diagnose
else:
    # These load scipy, for intervals over the tasks of a run.
    __getattr__ = lazily(__name__, files="diagnose_directory", measure="Diagnostic diagnose")

__all__ = ["Diagnostic", "diagnose", "diagnose_directory", "rollout_diagnostics"]

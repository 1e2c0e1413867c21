"""Persistence: several sessions with nothing carried over but what the world keeps.

What is asked is told in the last stage only, when its source is gone or shows something else. What
there is to write on is scarce, and the agent wakes elsewhere each time.
"""

from __future__ import annotations

from environments.tasks.families.common import Kind
from environments.tasks.families.persistence.promise import Promise
from environments.tasks.families.persistence.rearrange import Rearrange
from environments.tasks.families.persistence.recall import Recall
from environments.tasks.families.persistence.restart import Restart
from environments.tasks.families.persistence.route import Route
from environments.tasks.families.persistence.witness import Witness

KINDS: tuple[Kind, ...] = (Recall(), Restart(), Rearrange(), Witness(), Promise(), Route())

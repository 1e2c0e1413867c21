"""Vigil: what others did while the agent was away, who it was, and what to put right."""

from environments.tasks.families.common import Kind
from environments.tasks.families.vigil.changed import Changed
from environments.tasks.families.vigil.culprit import Culprit
from environments.tasks.families.vigil.restore import Restore

KINDS: tuple[Kind, ...] = (Changed(), Culprit(), Restore())

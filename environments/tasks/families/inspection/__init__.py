"""Inspection: find out what can only be known by looking and reading."""

from __future__ import annotations

from environments.tasks.families.common import Kind
from environments.tasks.families.inspection.lookup import Read, Trace
from environments.tasks.families.inspection.numbers import Combine, Compare, Count
from environments.tasks.families.inspection.within import Inside

KINDS: tuple[Kind, ...] = (Read(), Combine(), Compare(), Inside(), Count(), Trace())

"""Errands: bring things where they belong, unlock, put together, several things at once."""

from __future__ import annotations

from environments.tasks.families.common import Kind
from environments.tasks.families.errand.assemble import Assemble
from environments.tasks.families.errand.chain import Chain
from environments.tasks.families.errand.deliver import Deliver
from environments.tasks.families.errand.unlock import Unlock

KINDS: tuple[Kind, ...] = (Deliver(), Unlock(), Assemble(), Chain())

"""Steward: a house is looked after for many sessions, by orders that change."""

from environments.tasks.families.common import Kind
from environments.tasks.families.steward.household import Household

KINDS: tuple[Kind, ...] = (Household(),)

"""The kinds of task, one file a family; a new family is one more line in `KINDS`."""

from environments.tasks.families import (
    errand,
    inspection,
    navigation,
    orientation,
    persistence,
    society,
    steward,
    time,
    trust,
    vigil,
)
from environments.tasks.families.common import BuildContext, Kind, TaskDraft
from environments.tasks.model import Family

KINDS: dict[Family, dict[str, Kind]] = {
    family: {kind.name: kind for kind in kinds}
    for family, kinds in {
        Family.ORIENTATION: orientation.KINDS,
        Family.NAVIGATION: navigation.KINDS,
        Family.INSPECTION: inspection.KINDS,
        Family.PERSISTENCE: persistence.KINDS,
        Family.ERRAND: errand.KINDS,
        Family.TIME: time.KINDS,
        Family.SOCIETY: society.KINDS,
        Family.VIGIL: vigil.KINDS,
        Family.STEWARD: steward.KINDS,
        Family.TRUST: trust.KINDS,
    }.items()
}
KINDS |= {family: {} for family in Family if family not in KINDS}
"""Every kind by family and name, in the order in which seeds go round them."""

__all__ = ["KINDS", "BuildContext", "Kind", "TaskDraft"]

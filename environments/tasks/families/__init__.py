"""The kinds of task, one file a family; a new family is one more line in `KINDS`."""

from environments.tasks.families import (
    errand,
    inspection,
    navigation,
    orientation,
    persistence,
)
from environments.tasks.families.common import BuildContext, Builder, TaskDraft
from environments.tasks.model import Family

KINDS: dict[Family, dict[str, Builder]] = {
    Family.ORIENTATION: orientation.KINDS,
    Family.NAVIGATION: navigation.KINDS,
    Family.INSPECTION: inspection.KINDS,
    Family.PERSISTENCE: persistence.KINDS,
    Family.ERRAND: errand.KINDS,
}
"""Every kind by family, in the order in which seeds go round them."""

__all__ = ["KINDS", "BuildContext", "Builder", "TaskDraft"]

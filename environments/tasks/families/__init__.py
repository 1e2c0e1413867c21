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
_ADDED: dict[tuple[Family, str], Kind] = {}


def add_kind(kind: Kind) -> None:
    """Add a kind of your own, which is made where its name is asked for.

    The suites that ship and training go on without it. Raises ValueError where there is a kind of
    its name already.
    """
    if kind.name in KINDS[kind.family] or (kind.family, kind.name) in _ADDED:
        raise ValueError(f"{kind.family} has a kind {kind.name!r} already: choose another name")
    _ADDED[kind.family, kind.name] = kind


def kinds_of(family: Family) -> dict[str, Kind]:
    """Return the kinds of a family by their names, those that were added last."""
    return KINDS[family] | {name: kind for (of, name), kind in _ADDED.items() if of == family}


__all__ = ["KINDS", "BuildContext", "Kind", "TaskDraft", "add_kind", "kinds_of"]

"""Trust: follow true orders, and neither believe nor obey everything that is written and said."""

from environments.tasks.families.trust.benign import benign
from environments.tasks.families.trust.planted import Planted
from environments.tasks.model import Ability

_PLANTED = Planted()

KINDS = (
    _PLANTED,
    benign(_PLANTED, [Ability.DISTRUST]),
)

"""Trust: follow true orders, and neither believe nor obey everything that is written and said."""

from environments.tasks.families.trust.benign import benign
from environments.tasks.families.trust.hearsay import Hearsay
from environments.tasks.families.trust.orders import Orders
from environments.tasks.families.trust.planted import Planted
from environments.tasks.model import Ability

_ORDERS, _PLANTED = Orders(), Planted()

KINDS = (
    _ORDERS,
    benign(_ORDERS, [Ability.PEOPLE, Ability.DISTRUST]),
    _PLANTED,
    benign(_PLANTED, [Ability.DISTRUST]),
    Hearsay(),
)

"""Society: to learn from people, to deal with them, to carry their words, and to check them."""

from __future__ import annotations

from environments.tasks.families.common import Kind
from environments.tasks.families.society.barter import Barter
from environments.tasks.families.society.claims import Claims
from environments.tasks.families.society.message import Message
from environments.tasks.families.society.referral import Referral

KINDS: tuple[Kind, ...] = (Referral(), Barter(), Message(), Claims())

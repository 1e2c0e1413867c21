"""What holds for every kind of errand and inspection: it can be done, and only by its means."""

from __future__ import annotations

import pytest

from environments.tasks.build import KINDS
from environments.tasks.model import Ability, Family
from tests.environments.tasks.kind_checks import check_kind, tasks_of
from tests.environments.tasks.kinds import mean as mean_reward

pytestmark = pytest.mark.once

CHEATS = {
    Family.ERRAND: ("blind", "submits_at_once"),
    Family.INSPECTION: ("blind", "forger", "answers_everything"),
}
NAMED = [(family, kind) for family in CHEATS for kind in KINDS[family]]


@pytest.mark.parametrize(("family", "kind"), NAMED)
def test_tasks_are_sound_and_can_be_done_without_the_map(family, kind):
    check_kind(family, kind)


@pytest.mark.parametrize(
    ("family", "kind", "ability"),
    [(f, k, a) for f, k in NAMED for a in sorted(KINDS[f][k].abilities)
     if a is not Ability.INFERENCE],
)  # fmt: skip
def test_without_a_named_ability_next_to_nothing_is_earned(family, kind, ability):
    tasks = tasks_of(family, kind)[: 9 if family is Family.ERRAND else None : 2]
    assert mean_reward(f"oracle-{ability}", tasks) < 0.1


@pytest.mark.parametrize(
    ("family", "kind", "cheat"), [(f, k, c) for f, k in NAMED for c in CHEATS[f]]
)
def test_cheats_earn_next_to_nothing(family, kind, cheat):
    assert mean_reward(cheat, tasks_of(family, kind)[:6:2]) < 0.1

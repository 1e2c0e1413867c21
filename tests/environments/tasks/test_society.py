"""The kinds of the family society: to learn from people, deal with them, and check them."""

from __future__ import annotations

import random
from functools import cache

import pytest

from environments.policies.registry import ABLATED
from environments.tasks.build import KINDS, make_task
from environments.tasks.families.common import BuildContext
from environments.tasks.families.society.claims import Claims
from environments.tasks.model import Family, Located, Stage, Task
from tests.environments.tasks.kind_checks import check_kind, verdict_on
from tests.environments.tasks.kinds import answered, mean, rewards

pytestmark = pytest.mark.once
NAMES = tuple(KINDS[Family.SOCIETY])
each_kind = pytest.mark.parametrize("kind", NAMES)
CHEATS = ("asks_everybody", "believes_everybody", "forger", "blind", "submits_at_once")


@cache
def made(kind: str, level: int = 5, seed: int = 0) -> Task:
    return make_task(Family.SOCIETY, seed, level, kind=kind, split="test")


def waiting(task: Task, meant) -> list[Stage]:
    """The task's walkthrough with a wait in the place of the commands that are `meant`."""
    [stage] = task.stages
    steps = tuple(
        s.model_copy(update={"command": "wait"}) if s.tool == "command" and meant(s.command) else s
        for s in stage.walkthrough
    )
    return [stage.model_copy(update={"walkthrough": steps})]


@each_kind
def test_the_same_seed_gives_the_same_bytes_and_the_oracle_earns_everything(kind):
    task = made(kind)
    again = make_task(Family.SOCIETY, 0, 5, kind=kind, split="test")
    assert again.model_dump_json() == task.model_dump_json()
    assert rewards("oracle", (task,)) == [1.0]


@pytest.mark.slow
@each_kind
def test_tasks_are_sound_and_can_be_done_without_the_map(kind):
    check_kind(Family.SOCIETY, kind)


@each_kind
@pytest.mark.parametrize("cheat", CHEATS)
def test_cheats_earn_next_to_nothing(kind, cheat):
    assert mean(cheat, (made(kind, 1), made(kind))) < 0.1


@each_kind
def test_without_a_named_ability_next_to_nothing_is_earned(kind):
    for ability in KINDS[Family.SOCIETY][kind].abilities:
        policy = f"oracle-{ability}"
        assert policy in ABLATED
        assert mean(policy, (made(kind), made(kind, 4))) < 0.1


def test_the_last_of_a_chain_tells_nothing_to_who_skips_those_before():
    task = made("referral")
    first, *_ = task.question["chain"]
    name = next(c.name for c in task.spec.characters if c.id == first).lower()
    verdict = verdict_on(task, waiting(task, lambda c: c.startswith(f"ask {name}")))
    assert not verdict.success
    assert verdict.reward == 0


def test_a_person_of_a_chain_refuses_who_brings_no_word():
    task = made("referral")
    assert verdict_on(task, waiting(task, lambda c: c.startswith("tell "))).reward == 0


def test_a_rumour_is_not_the_number():
    task = made("referral")
    assert rewards("oracle", (answered(task, {"number": 12345}),)) == [0.0]


def test_who_buys_what_leads_nowhere_is_left_short():
    task = made("barter", 1)
    chain = task.question["chain"]
    seller, ware = next(
        (p.id, deal.gives)
        for p in task.spec.living.people
        for deal in p.deals
        if p.id not in chain and deal.price > 0
    )
    names = {t.id: t.name for t in task.spec.things} | {c.id: c.name for c in task.spec.characters}
    goal = task.goals[0].condition
    assert isinstance(goal, Located)
    assert goal.entity != ware
    price = next(d.price for p in task.spec.living.people if p.id == seller for d in p.deals)
    wanted = next(d.price for p in task.spec.living.people if p.id == chain[0] for d in p.deals)
    assert task.spec.living.purse - price < wanted
    assert names[ware] not in task.stages[0].prompt


def test_a_thing_must_be_sold_to_who_pays_enough():
    task = made("barter", 5)
    buyers = [d.price for p in task.spec.living.people for d in p.deals if d.price < 0]
    price = max(d.price for p in task.spec.living.people if p.id == task.question["chain"][0]
                for d in p.deals)  # fmt: skip
    assert sorted(task.spec.living.purse - paid >= price for paid in buyers) == [False, True]
    assert verdict_on(task, waiting(task, lambda c: c.startswith("sell "))).reward == 0


@pytest.mark.parametrize("whom", ["sender", "to"])
def test_both_must_be_told(whom):
    task = made("message")
    person = task.question[whom] if whom == "sender" else task.question[whom][0]
    name = next(c.name for c in task.spec.characters if c.id == person).lower()
    verdict = verdict_on(task, waiting(task, lambda c: c.startswith(f"tell {name} that")))
    assert not verdict.success
    assert verdict.reward < 0.2


def test_a_message_with_another_detail_is_not_the_message():
    task = made("message")
    [stage] = task.stages
    message = task.question["message"]
    wrong = message.replace(message.split()[0], "17")
    steps = tuple(
        s.model_copy(update={"command": s.command.replace(message, wrong)})
        for s in stage.walkthrough
    )
    assert not verdict_on(task, [stage.model_copy(update={"walkthrough": steps})]).success


@pytest.mark.parametrize("left_out", ["ask ", "read "])
def test_a_right_answer_counts_only_after_asking_and_looking(left_out):
    task = made("claims")
    assert verdict_on(task, waiting(task, lambda c: c.startswith(left_out))).reward == 0


def test_nothing_tells_beforehand_which_claim_is_true():
    right = [
        list(matter["says"]).index(person)
        for seed in range(8)
        for task in [made("claims", 1, seed)]
        for matter in task.question["matters"]
        for person, claim in matter["says"].items()
        if claim == matter["truth"]
    ]
    assert len(right) == 16
    assert 3 <= sum(right) <= 13


def test_nobody_may_be_right_at_higher_levels():
    matters = [m for seed in range(5) for m in made("claims", 4, seed).question["matters"]]
    nobody = [m for m in matters if m["who"] == "nobody"]
    assert nobody
    assert all(m["truth"] not in m["says"].values() for m in nobody)


def test_who_believes_what_is_false_earns_nothing():
    task = made("claims")
    kind = KINDS[Family.SOCIETY]["claims"]
    assert isinstance(kind, Claims)
    context = BuildContext(task.spec, random.Random(0), task.difficulty, task.split)
    deceived = kind.plan(context, kind.deceived(context, task.question))
    assert deceived.spec == task.spec
    assert verdict_on(task, deceived.stages).reward == 0

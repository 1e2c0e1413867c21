"""The curriculum: which tasks it draws, and what moves the difficulty of a family."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from environments.tasks.build import KINDS, make_task
from environments.tasks.curriculum import WINDOW, Curriculum
from environments.tasks.model import Family, Task
from world_fixtures.common import UserError


def following(difficulty: tuple[int, int] = (1, 5)) -> Curriculum:
    return Curriculum({"errand": 1.0}, difficulty, target_success=0.5)


def level(curriculum: Curriculum) -> int:
    return curriculum.state()["level"]["errand"]


def report(curriculum: Curriculum, task: Task, success: bool, times: int = WINDOW) -> None:
    for _ in range(times):
        curriculum.report(task, success)


def test_the_curriculum_repeats_and_follows_success():
    weights = {f.value: 1.0 for f in Family}
    first, second = Curriculum(weights, (1, 5), 3), Curriculum(weights, (1, 5), 3)
    assert [first.next().id for _ in range(10)] == [second.next().id for _ in range(10)]
    second.restore(first.state())
    assert first.next().id == second.next().id
    second.stream = 1
    assert first.next().id != second.next().id
    rising = Curriculum({"errand": 1.0}, (1, 5), target_success=0.5)
    for _ in range(3):
        report(rising, rising.next(), True)
    assert rising.next().difficulty == 4


@pytest.mark.parametrize(
    ("weights", "difficulty"),
    [({"fishing": 1.0}, (1, 5)), ({}, (1, 5)), ({"errand": -1}, (1, 5)), ({"errand": 1}, (0, 5)),
     ({"errand": 1}, (5, 2))],
)  # fmt: skip
def test_a_curriculum_that_cannot_be_is_refused(weights, difficulty):
    with pytest.raises(UserError):
        Curriculum(weights, difficulty)


def test_kinds_that_are_named_are_all_that_is_drawn():
    kinds = [(Family.ERRAND, "deliver"), (Family.ORIENTATION, "map"), (Family.TIME, "hours")]
    curriculum = Curriculum({"errand": 1.0, "navigation": 1.0}, (1, 3), kinds=kinds)
    drawn = {(w.family, w.kind) for w in (curriculum.draw() for _ in range(60))}
    assert drawn == set(kinds)
    curriculum = Curriculum({"errand": 1.0}, (1, 1), kinds=kinds[:1])
    assert "deliver" in curriculum.next().id
    with pytest.raises(UserError, match="weight is 0"):
        Curriculum({"errand": 0.0, "time": 1.0}, (1, 3), kinds=kinds[:1])


def test_results_that_come_late_do_not_move_another_difficulty():
    curriculum = following()
    easy = curriculum.next()
    report(curriculum, easy, True)
    assert level(curriculum) == 2
    report(curriculum, easy, True, 3 * WINDOW)
    assert level(curriculum) == 2
    report(curriculum, easy, False, 3 * WINDOW)
    assert level(curriculum) == 2


def test_a_window_holds_results_of_one_difficulty():
    curriculum = following()
    easy = curriculum.next()
    report(curriculum, easy, True)
    present = curriculum.next()
    assert present.difficulty == 2
    for _ in range(WINDOW - 1):
        curriculum.report(easy, True)
        curriculum.report(present, False)
    assert level(curriculum) == 2
    curriculum.report(present, False)
    assert level(curriculum) == 1


def test_coming_back_to_a_difficulty_starts_an_empty_window():
    curriculum = following()
    easy = curriculum.next()
    report(curriculum, easy, True)
    report(curriculum, easy, True, WINDOW - 1)
    report(curriculum, curriculum.next(), False)
    assert level(curriculum) == 1
    curriculum.report(easy, True)
    assert level(curriculum) == 1
    report(curriculum, easy, True, WINDOW - 1)
    assert level(curriculum) == 2


def test_the_difficulty_stays_in_its_range():
    curriculum = following((2, 3))
    for success in (False, True):
        for _ in range(4):
            report(curriculum, curriculum.next(), success)
            assert 2 <= level(curriculum) <= 3
    assert level(curriculum) == 3


def test_a_checkpoint_of_before_is_still_read():
    curriculum = following()
    curriculum.report(curriculum.next(), True)
    curriculum.restore({"lane": 3, "drawn": 7, "level": {"errand": 4}})
    assert curriculum.state() == {"lane": 3, "drawn": 7, "level": {"errand": 4}}
    assert curriculum.next().difficulty == 4


def test_given_tasks_are_all_drawn_before_one_comes_again():
    first, second = (Curriculum({"errand": 1.0}, (1, 5), 3) for _ in range(2))
    drawn = [first.draw_place(5) for _ in range(20)]
    laps = [drawn[n : n + 5] for n in range(0, 20, 5)]
    assert all(sorted(lap) == [0, 1, 2, 3, 4] for lap in laps)
    assert len({tuple(lap) for lap in laps}) > 1
    second.restore({**first.state(), "drawn": 7})
    assert [second.draw_place(5) for _ in range(13)] == drawn[7:]


def by_signal(floor: float | None = 0.1, **options: Any) -> Curriculum:
    weights = {"errand": 1.0, "orientation": 1.0}
    return Curriculum(weights, (1, 1), 3, signal_floor=floor, **options)


def played(curriculum: Curriculum, times: int, good: str) -> list[str]:
    """The kinds of so many tasks, of which one kind alone has signal."""
    found = []
    for _ in range(times):
        family, seed, level, _, kind = curriculum.draw()
        name = f"{family}.{kind or list(KINDS[family])[seed % len(KINDS[family])]}"
        task = SimpleNamespace(family=family, kind=name.split(".")[1], difficulty=level)
        curriculum.report_group(task, name == good)
        found.append(name)
    return found


def test_kinds_with_signal_are_drawn_more_often_and_all_are_still_tried() -> None:
    drawn = played(by_signal(), 600, "errand.deliver")[100:]
    counts = Counter(drawn)
    assert counts.most_common(1)[0][0] == "errand.deliver"
    assert counts["errand.deliver"] > 2 * counts.most_common(2)[1][1]
    everything = {f"{f}.{k}" for f in (Family.ERRAND, Family.ORIENTATION) for k in KINDS[f]}
    assert set(counts) == everything


def test_without_signal_anywhere_and_with_a_floor_of_1_weights_alone_count() -> None:
    for curriculum, good in [(by_signal(), "none"), (by_signal(1.0), "errand.deliver")]:
        families = Counter(name.split(".")[0] for name in played(curriculum, 900, good)[100:])
        assert 0.8 < families["orientation"] / families["errand"] < 1.25


def test_the_kind_that_is_drawn_is_the_one_that_is_made() -> None:
    curriculum = by_signal()
    family, seed, level, split, kind = curriculum.draw()
    wanted = list(KINDS[family])[seed % len(KINDS[family])]
    assert kind is None
    assert make_task(family, seed, level, kind, split).kind == wanted


def test_named_kinds_are_drawn_by_signal_too() -> None:
    kinds = [(Family.ERRAND, "deliver"), (Family.ORIENTATION, "map")]
    drawn = Counter(played(by_signal(kinds=kinds), 300, "errand.deliver"))
    assert set(drawn) == {"errand.deliver", "orientation.map"}
    assert drawn["errand.deliver"] > drawn["orientation.map"]


def test_the_same_results_give_the_same_tasks_after_a_checkpoint_too() -> None:
    whole, begun, resumed = by_signal(), by_signal(), by_signal()
    expected = played(whole, 80, "errand.deliver")
    assert played(begun, 50, "errand.deliver") == expected[:50]
    resumed.restore(json.loads(json.dumps(begun.state())))
    assert played(resumed, 30, "errand.deliver") == expected[50:]
    blank = by_signal()
    blank.restore({k: v for k, v in begun.state().items() if k != "signal"})
    assert played(blank, 30, "errand.deliver") != expected[50:]


def test_windows_of_the_difficulty_are_part_of_a_checkpoint() -> None:
    before, after = following(), following()
    report(before, before.next(), True, WINDOW - 1)
    after.restore(json.loads(json.dumps(before.state())))
    after.report(SimpleNamespace(family=Family.ERRAND, difficulty=1), True)
    assert level(after) == 2


def test_without_the_option_what_is_drawn_does_not_depend_on_groups() -> None:
    plain, told = by_signal(None), by_signal(None)
    expected = [plain.draw() for _ in range(20)]
    played(told, 20, "errand.deliver")
    again = by_signal(None)
    assert [again.draw() for _ in range(20)] == expected
    assert told.draw() == plain.draw()

"""The curriculum: which tasks it draws, and what moves the difficulty of a family."""

from __future__ import annotations

import pytest

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

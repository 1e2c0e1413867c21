"""Which tasks a host plays, and that they come from a process beside."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from environments.hosting.source import TaskChoice, TaskSource, task_named
from environments.tasks.suites import load_suite
from world_fixtures.background import BackgroundLoop
from world_fixtures.common import UserError


def test_a_number_gives_the_same_task_in_any_order_and_any_process() -> None:
    wanted = TaskChoice.of(kinds="map,describe", difficulty=1, seed=3)
    with TaskSource(wanted, ahead=2) as forwards, TaskSource(wanted, ahead=0) as backwards:
        ids = [forwards.task(n).id for n in range(4)]
        assert [backwards.task(n).id for n in (3, 1, 2, 0)] == [ids[n] for n in (3, 1, 2, 0)]
    assert len(set(ids)) == 4
    assert {id.split("/")[1] for id in ids} <= {"orientation.map", "orientation.describe"}
    assert [task_named(id).id for id in ids] == ids


@pytest.mark.parametrize("number", ["9" * 5000, "x", "\ud800", "٣", "1.5", ""])
def test_an_id_with_a_number_that_is_none_is_refused(number: str) -> None:
    for id in (f"test/errand.deliver/3/{number}", f"test/errand.deliver/{number}/3"):
        with pytest.raises(UserError, match="there is no task"):
            task_named(id)


async def test_a_task_is_made_without_holding_up_the_loop() -> None:
    with TaskSource(TaskChoice.of(families="navigation", difficulty="1-2", limit=2)) as source:
        first, again = await asyncio.gather(source.task_async(0), source.task_async(0))
        assert first == again
        assert source.size == 2
        with pytest.raises(IndexError, match="there are 2"):
            await source.task_async(2)


def test_threads_that_ask_at_once_share_what_makes_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Counted(BackgroundLoop):
        def __init__(self, name: str) -> None:
            made.append(name)
            asking.wait()  # the other thread is about to ask, too
            super().__init__(name)

    asking = threading.Event()
    monkeypatch.setattr("environments.hosting.source.BackgroundLoop", Counted)
    with (
        TaskSource(TaskChoice.of(kinds="map", difficulty=1), ahead=0) as source,
        ThreadPoolExecutor(2) as threads,
    ):
        first = threads.submit(source.task, 0)
        second = threads.submit(lambda: asking.set() or source.task(0))
        assert first.result() == second.result()
    assert len(made) == 1


def test_a_suite_has_its_tasks_or_those_that_are_chosen() -> None:
    basics = load_suite("basics").tasks
    with TaskSource(TaskChoice.of(suite="basics")) as source:
        assert source.size == len(basics)
        assert source.task(1) == basics[1]
    with TaskSource(TaskChoice.of(suite="basics", families="errand", limit=3)) as source:
        assert {source.task(n).family for n in range(3)} == {"errand"}
    assert task_named(basics[2].id, "basics") == basics[2]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"families": "erand"}, "families: unknown family 'erand' .did you mean errand"),
        ({"kinds": "mop"}, "kinds: unknown kind 'mop'"),
        ({"difficulty": "0-3"}, "difficulty: give the lowest and the highest level"),
        ({"split": "tset"}, "split: "),
        ({"family": "errand"}, "family: .*choose from suite, families"),
        ({"limit": 0}, "limit: "),
    ],
)
def test_a_wrong_choice_is_told_in_one_line(given: dict[str, object], told: str) -> None:
    with pytest.raises(UserError, match=told) as caught:
        TaskChoice.of(**given)
    assert "\n" not in str(caught.value)

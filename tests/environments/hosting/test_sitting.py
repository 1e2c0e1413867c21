"""Tasks played call by call from outside: judged and recorded as those of any model."""

from __future__ import annotations

import pytest

from environments.evaluation.embedded import play_embedded
from environments.hosting.choice import chosen
from environments.hosting.rollout import HostedRollout
from environments.hosting.sitting import CONDITIONS, Saved, Sitting
from environments.hosting.tool_names import SHORT, renamed
from environments.rollouts.files import read_rollouts
from environments.rollouts.record import StopReason
from environments.tasks.model import Task
from environments.tasks.suites import Suite
from world_fixtures.common import UserError, WorldLost
from world_fixtures.simulated import SimulatedPool

SEVERAL_PARTS = "test/persistence.recall/1/0"
ONE_PART = "test/errand.deliver/1/3"


async def walk(sitting: Sitting) -> None:
    """Play the walkthrough of the present task."""
    present = sitting.present
    assert present is not None
    for stage in present.task.stages:
        await sitting.call("evennia_connect", {})
        for step in stage.walkthrough:
            given = {"command": {"command": step.command}, "submit": {"answer": step.answer}}
            await sitting.call(f"evennia_{step.tool}", given.get(step.tool, {}))


def new_sitting(*ids: str, keep=None) -> Sitting:
    return Sitting(SimulatedPool(), chosen(None, ids)[1], model="guest", provider="here", keep=keep)


async def test_a_walkthrough_is_recorded_as_the_oracle_s_own_play() -> None:
    kept = []
    with new_sitting(SEVERAL_PARTS, keep=kept.append) as sitting:
        task = (await sitting.next_task()).task
        await walk(sitting)
    (mine,) = kept
    (theirs,) = await play_embedded(SimulatedPool(), "oracle", [(task, 0)])
    assert mine.verdict == theirs.verdict
    assert mine.verdict.success
    assert [e.state_hash for e in mine.events] == [e.state_hash for e in theirs.events]
    assert mine.stop == theirs.stop == StopReason.SUBMITTED
    assert [c[0]["content"] for c in mine.conversations] == [
        c[1]["content"] for c in theirs.conversations
    ]
    assert [c.event for c in mine.tool_calls] == [c.event for c in theirs.tool_calls]


async def test_a_task_has_one_verdict_and_the_next_waits_for_it() -> None:
    with new_sitting(ONE_PART, SEVERAL_PARTS) as sitting:
        first = await sitting.next_task()
        with pytest.raises(ValueError, match="is not over"):
            await sitting.next_task()
        await sitting.call("evennia_submit", {"answer": {}})
        assert first.over
        with pytest.raises(ValueError, match="is over"):
            await sitting.call("evennia_submit", {"answer": {}})
        await sitting.give_up()
        assert len(sitting.played) == 1
        await sitting.next_task()
        await sitting.give_up()
        assert [r.stop for r in sitting.played] == [StopReason.SUBMITTED, StopReason.FINISHED]
        with pytest.raises(ValueError, match="no task is left"):
            await sitting.next_task()


async def test_where_the_world_fails_the_task_is_kept_without_a_score(monkeypatch) -> None:
    with new_sitting(ONE_PART) as sitting:
        present = await sitting.next_task()

        async def lost(*_: object) -> None:
            raise WorldLost("it stopped")

        monkeypatch.setattr(present.episode, "carry_out", lost)
        with pytest.raises(WorldLost):
            await sitting.call("evennia_connect", {})
        (rollout,) = sitting.played
        assert (rollout.verdict, rollout.failure) == (None, "it stopped")
        assert rollout.stop is StopReason.WORLD


async def test_calls_end_at_the_task_s_own_limit(note: Task) -> None:
    short = note.model_copy(update={"max_turns": 2})
    rollout = await HostedRollout.begin(SimulatedPool(), short, CONDITIONS, id="x")
    for _ in range(2):
        await rollout.call("evennia_connect", {})
    assert rollout.stop is StopReason.MAX_TURNS
    assert rollout.verdict is not None
    rollout.close()


async def test_a_run_directory_has_the_results_and_gives_what_is_left(tmp_path) -> None:
    suite, tasks = chosen(None, [ONE_PART, SEVERAL_PARTS])
    out = tmp_path / "run"

    def opened(suite: Suite = suite) -> Saved:
        return Saved(out, suite, model="human/ada", provider="human")

    with opened() as saved:
        waiting = saved.waiting(tasks)
        with Sitting(
            SimulatedPool(), waiting, model="human/ada", provider="human",
            keep=saved.directory.add,
        ) as sitting:  # fmt: skip
            await sitting.next_task()
            await walk(sitting)
            await sitting.next_task()  # and goes
    assert saved.metrics is not None
    assert saved.metrics.overall.n == 1
    assert [r.task.id for r in read_rollouts(out)] == [ONE_PART]
    assert "of an agent with a memory outside the world" in (out / "summary.md").read_text()
    with opened() as again:
        assert again.waiting(tasks) == [tasks[1]]
        with pytest.raises(UserError, match="has a score of every task"):
            again.waiting(tasks[:1])


def test_only_names_of_tools_are_replaced_in_a_text() -> None:
    text = "call evennia_disconnect, then evennia_submit; evennia_world and my_evennia_submit stay"
    assert renamed(text, SHORT) == (
        "call disconnect, then submit; evennia_world and my_evennia_submit stay"
    )


def test_tasks_are_chosen_by_their_id(tmp_path) -> None:
    few = tmp_path / "few.yaml"
    few.write_text("[{family: errand, kind: deliver, difficulty: 1, seed: [1, 2, 3]}]")
    suite, tasks = chosen(str(few), [])
    assert tasks == suite.tasks
    assert chosen(str(few), [tasks[2].id, tasks[1].id, tasks[2].id])[1] == (tasks[2], tasks[1])
    made, (task,) = chosen(None, [ONE_PART])
    assert (task.id, made.tasks) == (ONE_PART, (task,))
    with pytest.raises(UserError, match=f"did you mean '{tasks[0].id}'"):
        chosen(str(few), [tasks[0].id + "x"])
    for wrong in ("errand", "test/errand.dance/1/1", "test/dancing.jig/1/1"):
        with pytest.raises(UserError):
            chosen(None, [wrong])

"""A run can be stopped anywhere and is the same in the end."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import re
from functools import partial

import pytest
from rich.console import Console

from environments.cli import main
from environments.evaluation.progress import RolloutProgress
from environments.evaluation.results import conclude, load_run
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run
from environments.evaluation.suite_runner import run_suite
from environments.rollouts.files import read_samples, sample_line
from environments.rollouts.part_files import Part
from environments.rollouts.parts import parts_directory
from environments.rollouts.progress import LiveDisplay, PlainDisplay
from world_fixtures.common import UserError


def run_of(tasks, **given) -> Run:
    return Run.of(tasks, suite="made", model="tester", **given)


def quiet(run: Run) -> RolloutProgress:
    return RolloutProgress(run.total, lambda tally: PlainDisplay(tally, stream=io.StringIO()))


async def played(tasks, play, out, **given):
    run = run_of(tasks, attempts=given.pop("attempts", 1))
    with RunDirectory(out, run) as directory:
        await run_suite(tasks, play, directory, progress=quiet(run), backoff=0, **given)
    return directory.rollouts


async def test_all_tasks_and_attempts_in_order(tmp_path, suite_of, seeded_play) -> None:
    tasks = suite_of(12)
    rollouts = await played(tasks, seeded_play(), tmp_path, attempts=3, concurrency=5)
    assert [(r.task.id, r.attempt) for r in rollouts] == [
        (t.id, a) for t in tasks for a in range(3)
    ]
    assert read_samples(tmp_path / "samples.jsonl") == rollouts


def test_killed_five_times_equals_uninterrupted(tmp_path, suite_of, seeded_play) -> None:
    """By processes that end on the spot, the last line cut as if it was being written."""
    tasks = suite_of(40)
    again = seeded_play()
    whole = asyncio.run(played(tasks, again, tmp_path / "whole", attempts=2, concurrency=7))
    dice = random.Random(4)
    broken = tmp_path / "broken"
    for _ in range(5):
        left = iter(range(dice.randint(5, 12)))

        async def play(task, attempt, left=left):
            await asyncio.sleep(0)
            if next(left, None) is None:
                os._exit(9)
            return await again(task, attempt)

        if (child := os.fork()) == 0:
            asyncio.run(played(tasks, play, broken, attempts=2, concurrency=3))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        samples = broken / "samples.jsonl"
        lines = samples.read_bytes()
        samples.write_bytes(lines[: len(lines) - dice.randint(0, 400)])
    assert asyncio.run(played(tasks, again, broken, attempts=2, concurrency=7)) == whole
    assert samples.read_bytes() == (tmp_path / "whole" / "samples.jsonl").read_bytes()


async def test_cancelled_and_resumed_equals_uninterrupted(tmp_path, suite_of, seeded_play) -> None:
    tasks = suite_of(20)
    whole = await played(tasks, seeded_play(), tmp_path / "whole", attempts=2)
    left = iter(range(9))
    asked = []

    async def play(task, attempt):
        if next(left, None) is None:
            raise asyncio.CancelledError
        await asyncio.sleep(0)
        asked.append((task.id, attempt))
        return await seeded_play()(task, attempt)

    with pytest.raises(asyncio.CancelledError):
        await played_cancellable(tasks, play, tmp_path / "broken")
    assert len(read_samples(tmp_path / "broken" / "samples.jsonl")) == len(asked)
    assert await played(tasks, seeded_play(), tmp_path / "broken", attempts=2) == whole


async def played_cancellable(tasks, play, out):
    """As Ctrl-C does it: a cancellation from outside, once `play` wants to stop."""
    stop = asyncio.Event()

    async def watched(task, attempt):
        try:
            return await play(task, attempt)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.Event().wait()

    work = asyncio.create_task(played(tasks, watched, out, attempts=2, concurrency=3))
    waiter = asyncio.create_task(stop.wait())
    await asyncio.wait({work, waiter}, return_when=asyncio.FIRST_COMPLETED)
    work.cancel()
    waiter.cancel()
    return await work


async def test_finished_samples_are_on_disk_at_once(tmp_path, suite_of, seeded_play) -> None:
    seen = []

    async def play(task, attempt):
        seen.append(len((tmp_path / "samples.jsonl").read_bytes().splitlines()))
        return await seeded_play(turns=1)(task, attempt)  # short: no buffer fills by itself

    await played(suite_of(4), play, tmp_path, concurrency=1)
    assert seen == [0, 1, 2, 3]


async def test_nothing_is_played_twice(tmp_path, suite_of, seeded_play) -> None:
    tasks = suite_of(5)
    first = await played(tasks, seeded_play(), tmp_path)

    async def never(task, attempt):
        raise AssertionError("asked again")

    assert await played(tasks, never, tmp_path) == first


async def test_failures_are_retried_and_then_reported_apart(
    tmp_path, suite_of, seeded_play, rollout
) -> None:
    tasks = suite_of(3)
    tries: dict[str, int] = {}

    async def play(task, attempt):
        tries[task.id] = tries.get(task.id, 0) + 1
        if task.id == "t0" or (task.id == "t1" and tries["t1"] < 3):
            return rollout(task, None)
        if task.id == "t2" and tries["t2"] < 2:
            raise ConnectionError("gone")
        return rollout(task, 1.0)

    rollouts = await played(tasks, play, tmp_path, retries=2)
    assert tries == {"t0": 3, "t1": 3, "t2": 2}
    assert [r.verdict is None for r in rollouts] == [True, False, False]
    metrics = conclude(tmp_path, run_of(tasks), rollouts, report=False)
    assert (metrics.overall.n, metrics.overall.failed) == (2, 1)
    assert metrics.overall.measures["mean_reward"].mean == 1.0
    assert "1 failed" in (tmp_path / "summary.md").read_text()

    again = await played(tasks, seeded_play(rate=1.0), tmp_path)
    assert all(r.verdict for r in again)
    assert len(again) == 3


async def test_an_exception_of_play_is_a_failed_rollout(tmp_path, suite_of) -> None:
    async def play(task, attempt):
        raise ValueError("broken pipe")

    [found] = await played(suite_of(1), play, tmp_path)
    assert found.verdict is None
    assert found.failure == "ValueError: broken pipe"


async def test_bad_input_ends_the_run_as_itself(tmp_path, suite_of) -> None:
    async def play(task, attempt):
        raise UserError("no such model")

    with pytest.raises(UserError, match="no such model"):
        await played(suite_of(4), play, tmp_path)


@pytest.mark.parametrize(("change", "named"), [
    ({"model": "other"}, "model: 'tester' there, 'other' here"),
    ({"settings": {"temperature": 1}}, "not recorded: temperature:"),
    ({"attempts": 2}, "attempts: 1 there, 2 here"),
])  # fmt: skip
async def test_another_run_is_refused_by_name(
    tmp_path, suite_of, seeded_play, change, named
) -> None:
    tasks = suite_of(2)
    await played(tasks, seeded_play(), tmp_path)
    other = Run.of(tasks, **{"suite": "made", "model": "tester", **change})
    with pytest.raises(UserError, match=named) as refused:
        RunDirectory(tmp_path, other)
    assert "delete the directory" in str(refused.value)


async def test_samples_without_a_record_of_their_run_are_continued_if_adopted(
    tmp_path, suite_of, seeded_play
) -> None:
    tasks = suite_of(3)
    before = await played(tasks, seeded_play(), tmp_path, attempts=2)
    whole = (tmp_path / "samples.jsonl").read_bytes()
    run = run_of(tasks, attempts=2)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(UserError, match=r"is damaged.*move it away.* --env\.adopt true") as told:
        RunDirectory(tmp_path, run, adopt=True)
    assert "delete" not in str(told.value)
    (tmp_path / "run.json").unlink()
    with pytest.raises(UserError, match=r"give --env\.adopt true to continue them"):
        RunDirectory(tmp_path, run)
    for other in (run_of(tasks[:2], attempts=2), run_of(tasks)):
        with pytest.raises(UserError, match="which is not one of this run of made"):
            RunDirectory(tmp_path, other, adopt=True)
    assert not (tmp_path / "run.json").exists()
    with RunDirectory(tmp_path, run, adopt=True) as directory:
        assert directory.rollouts == before
    with RunDirectory(tmp_path, run) as directory:
        assert directory.rollouts == before
    assert (tmp_path / "samples.jsonl").read_bytes() == whole


@pytest.mark.parametrize("moved", [["samples.jsonl"], ["samples.jsonl", "run.json"]])
def test_parts_whose_samples_were_moved_are_of_no_other_run(
    tmp_path, suite_of, rollout, moved
) -> None:
    run, samples = run_of(suite_of(2)), tmp_path / "samples.jsonl"
    with RunDirectory(tmp_path, run) as directory:
        line = sample_line(rollout(run.tasks[0], 1.0))
        directory.add_line(line, Part(parts_directory(samples)).add({samples.name: line}))
    assert len(directory.rollouts) == 1
    for name in moved:
        (tmp_path / name).unlink()
    with pytest.raises(UserError, match="move "):
        RunDirectory(tmp_path, run)
    assert not any((tmp_path / name).exists() for name in moved)


async def test_changed_tasks_are_another_run(tmp_path, suite_of, seeded_play) -> None:
    tasks = suite_of(2)
    await played(tasks, seeded_play(), tmp_path)
    changed = [tasks[0], tasks[1].model_copy(update={"seed": 9})]
    with pytest.raises(UserError, match="not the same ones"):
        RunDirectory(tmp_path, run_of(changed))


def test_two_processes_do_not_share_a_directory(tmp_path, suite_of) -> None:
    first = RunDirectory(tmp_path, run_of(suite_of(1)))
    with pytest.raises(UserError, match="in use"):
        RunDirectory(tmp_path, run_of(suite_of(1)))
    first.close()
    RunDirectory(tmp_path, run_of(suite_of(1))).close()


def test_damage_in_the_middle_names_the_line(tmp_path, rollout) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_bytes(b"{}\n" + sample_line(rollout()))
    with pytest.raises(UserError, match="line 1"):
        read_samples(path)
    copied = tmp_path / "copied.jsonl"
    copied.write_bytes(sample_line(rollout()) + sample_line(rollout())[:40] + b"\n")
    with pytest.raises(UserError, match="line 2 is damaged: move the line") as told:
        read_samples(copied)
    assert "delete" not in str(told.value)


@pytest.mark.parametrize(
    ("line", "lacking"),
    [
        (b'{"messages": [], "score": 1}', "line 1 lacks `task_id` and `rollout`,"),
        (b'{"id": 1, "task_id": "a"}', "line 1 lacks `rollout`,"),
        (b'{"id": 1, "task_id": "a", "rollout": {}}', "line 1 has no `rollout` of ours,"),
        (b"[1]", "line 1 is no JSON object with `task_id` and `rollout`,"),
        (b"id;task", "line 1 is no JSON object with `task_id` and `rollout`,"),
    ],
)
def test_what_others_wrote_is_not_called_damaged(tmp_path, line, lacking) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(UserError) as told:
        read_samples(path)
    assert f"{path} holds no samples of a run: {lacking}" in str(told.value)
    assert "which every line of `evaluate` and `branch` has" in str(told.value)
    assert "damaged" not in str(told.value)


@pytest.mark.parametrize("command", [["compare", "GROUPS", "GROUPS"], ["report", "GROUPS"],
                                     ["export", "sft", "GROUPS", "--out", "OUT"]])  # fmt: skip
def test_a_file_of_groups_is_told_from_damaged_samples(tmp_path, command, capsys) -> None:
    path = tmp_path / "groups.jsonl"
    path.write_bytes(b'{"tokens":[[1]],"scores":[1.0],"item":0,"part":0,"parts":1}\n')
    places = {"GROUPS": str(path), "OUT": str(tmp_path / "out")}
    assert main([places.get(word, word) for word in command]) == 2
    said = capsys.readouterr().err
    assert re.search("give a run directory|name a directory that `evaluate` wrote", said)
    assert "delete" not in said


def test_a_sample_is_a_whole_line_whatever_the_model_wrote(tmp_path, rollout) -> None:
    odd = rollout("a", 1.0)
    odd.conversations[0].append({"role": "assistant", "content": "half \ud83d, \u2028 \n line"})
    path = tmp_path / "samples.jsonl"
    path.write_bytes(sample_line(odd))
    assert path.read_bytes().count(b"\n") == 1
    [back] = read_samples(path)
    assert back.conversations[0][-1]["content"] == "half ?, \u2028 \n line"


def test_a_sample_has_the_form_of_evaluate_log(rollout) -> None:
    sample = json.loads(sample_line(rollout("a", 0.5)))
    assert sample["score"] == 0.5
    assert sample["correct"] is False
    assert sample["messages"][0]["role"] == "user"
    assert sample["rollout"]["task"]["id"] == "a"


async def test_partial_report_says_what_is_missing(tmp_path, suite_of, rollout) -> None:
    tasks = suite_of(4)
    with RunDirectory(tmp_path, run_of(tasks)) as directory:
        directory.add(rollout(tasks[2], 1.0))
    conclude(tmp_path, directory.run, directory.rollouts, report=False)
    assert "3 not yet played" in (tmp_path / "summary.md").read_text()
    run, rollouts = load_run(tmp_path)
    assert (run.total, len(rollouts)) == (4, 1)


def test_duplicate_task_ids_are_refused(task) -> None:
    with pytest.raises(UserError, match="twice"):
        run_of([task("a"), task("a")])


def test_verdict_none_is_not_zero_in_the_running_score() -> None:
    stream, now = io.StringIO(), iter(range(0, 1000, 20))
    clock = partial(next, now)
    display = partial(PlainDisplay, stream=stream, every=10, clock=clock)
    with RolloutProgress(3, display) as progress:
        progress.add("navigation", 1.0, resumed=True)
        progress.add("navigation", None)
    last = stream.getvalue().splitlines()[-1]
    assert last.startswith("2/3 rollouts")
    assert "all 1.00" in last
    assert "(1 failed)" in last


def test_live_progress_ends_with_the_final_numbers() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    with RolloutProgress(2, partial(LiveDisplay, console=console)) as progress:
        progress.add("navigation", 1.0)
        progress.add("navigation", 0.5)
    last = stream.getvalue().splitlines()[-3:]
    assert any("2/2" in line for line in last)
    assert any("navigation 0.75" in line for line in last)


async def test_a_cancelled_rollout_is_played_again(tmp_path, suite_of, rollout) -> None:
    asked = []

    async def play(task, attempt):
        asked.append(task.id)
        if len(asked) == 1:
            raise asyncio.CancelledError
        return rollout(task, 1.0)

    rollouts = await played(suite_of(2), play, tmp_path, concurrency=1)
    assert [r.verdict.reward for r in rollouts] == [1.0, 1.0]
    assert asked[0] == asked[1]


async def test_a_full_disk_is_one_line_and_the_next_run_goes_on(
    tmp_path, suite_of, seeded_play, small_files
) -> None:
    tasks = suite_of(20)
    whole = await played(tasks, seeded_play(), tmp_path / "whole")
    out = tmp_path / "out"
    with small_files(9_000), pytest.raises(UserError, match=r"samples\.jsonl \(File too large\)"):
        await played(tasks, seeded_play(), out, concurrency=3)
    kept = (out / "samples.jsonl").read_bytes()
    assert kept.endswith(b"}\n")
    assert 0 < kept.count(b"\n") < 20
    assert {path.name for path in out.iterdir()} == {".lock", "run.json", "samples.jsonl"}
    assert await played(tasks, seeded_play(), out) == whole


def test_results_that_do_not_fit_leave_the_old_ones(
    tmp_path, suite_of, rollout, small_files
) -> None:
    tasks = suite_of(4)
    with RunDirectory(tmp_path, run_of(tasks)) as directory:
        directory.add(rollout(tasks[2], 1.0))
    conclude(tmp_path, directory.run, directory.rollouts, report=False)
    before = (tmp_path / "metrics.json").read_bytes()
    with small_files(100), pytest.raises(UserError, match=r"metrics\.json \(File too large\)"):
        conclude(tmp_path, directory.run, directory.rollouts, report=False)
    assert (tmp_path / "metrics.json").read_bytes() == before


async def test_a_run_of_an_earlier_version_is_continued_only_if_adopted(
    tmp_path, suite_of, seeded_play
) -> None:
    """It recorded less of what it is."""
    tasks = suite_of(2)
    await played(tasks, seeded_play(), tmp_path)
    now = run_of(tasks, settings={"system_prompt": None, "reward": None, "traffic": None})
    with pytest.raises(UserError, match=r"not recorded: system_prompt: .*--env\.adopt true"):
        RunDirectory(tmp_path, now)
    assert load_run(tmp_path)[0].settings == {}
    RunDirectory(tmp_path, now, adopt=True).close()
    RunDirectory(tmp_path, now).close()
    with pytest.raises(UserError, match="system_prompt: None there, 'Hurry' here"):
        RunDirectory(tmp_path, run_of(tasks, settings={**now.settings, "system_prompt": "Hurry"}),
                     adopt=True)  # fmt: skip


def test_foreign_samples_without_an_end_are_not_cut(tmp_path, suite_of) -> None:
    run = run_of(suite_of(1))
    RunDirectory(tmp_path, run).close()
    (tmp_path / "samples.jsonl").write_text("my notes")
    with pytest.raises(UserError, match=r"samples\.jsonl line 1 is not of this project"):
        RunDirectory(tmp_path, run)
    assert (tmp_path / "samples.jsonl").read_text() == "my notes"

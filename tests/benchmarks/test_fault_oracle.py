"""The judge of `bench faults`: what is wrong in files is named, what is right is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.faults import oracle

pytestmark = pytest.mark.once

REWARDS = {"t1": 0.5, "t2": 1.0}
ISSUED = {"call-1": "t1", "call-2": "t2", "call-3": "t1"}
DEEDS = {"t1": "call-1", "t2": "call-2"}


def said(call: str | None) -> list[dict[str, Any]]:
    calls = [{"id": call, "function": {"name": "evennia_submit"}}] if call else []
    return [{"role": "user", "content": "do"}, {"role": "assistant", "tool_calls": calls}]


def sample(task="t1", attempt=0, score: float | None = 0.5, call="", started=1.0) -> Any:
    return {
        "task_id": task, "attempt": attempt, "score": score,
        "messages": said(call or DEEDS[task]), "rollout": {"started": started},
    }  # fmt: skip


def group(item=0, part=0, parts=1, task="t1", scores=(0.5, 0.5), calls=("call-1", "call-3")) -> Any:
    rows = len(scores)
    return {
        "item": item, "part": part, "parts": parts, "scores": list(scores),
        "messages": [said(call) for call in calls], "overrides": [{"task": task}] * rows,
        "tokens": [[1]] * rows, "masks": [[1]] * rows,
    }  # fmt: skip


def row(item=0, session="g-0", stage=0, reward: float | None = 0.5) -> Any:
    about = {"session_id": session, "stage": stage, "reward": reward}
    return {"prompt_index": item, "metadata": about}


def lines(*groups: Any) -> list[bytes]:
    return [json.dumps(group).encode() for group in groups]


def wrong(found: oracle.Found) -> dict[str, int]:
    return {kind: n for kind in oracle.KINDS if (n := len(getattr(found, kind)))}


WHOLE = [sample("t1"), sample("t2", score=1.0)]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (WHOLE, {}),
        ([*WHOLE, sample("t1", started=2.0)], {"twice": 1}),
        ([sample("t1", score=0.0), WHOLE[1]], {"mis_scored": 1}),
        ([sample("t1", score=None), WHOLE[1]], {}),
        ([sample("t1", call="made up"), WHOLE[1]], {"mis_scored": 1}),
        ([sample("t1", call="call-2"), WHOLE[1]], {"mis_scored": 1}),
    ],
)
def test_samples_are_scored_once_and_as_they_deserve(samples, expected):
    assert wrong(oracle.check_samples(samples, REWARDS, ISSUED)) == expected


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (WHOLE, {}),
        (WHOLE[:1], {"lost": 1}),
        ([sample("t1", score=None), WHOLE[1]], {"lost": 1}),
        ([*WHOLE, sample("t1", score=None)], {"twice": 1}),
    ],
)
def test_a_run_that_is_done_has_every_attempt(samples, expected):
    assert wrong(oracle.check_complete_samples(samples, ["t1", "t2"], 1)) == expected


def test_a_score_that_was_written_stays():
    failed = sample("t2", score=None)
    assert not oracle.check_kept_samples([WHOLE[0], failed], WHOLE)
    played_again = [sample("t1", started=2.0), WHOLE[1]]
    assert wrong(oracle.check_kept_samples(WHOLE, played_again)) == {"lost": 1}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([group(0), group(1, task="t2", scores=(1.0, 1.0), calls=("call-2",) * 2)], {}),
        ([group(0), group(0)], {"twice": 1}),
        ([group(0, scores=(0.5, 0.0))], {"mis_scored": 1}),
        ([group(0, calls=("call-1", None))], {"mis_scored": 1}),
        ([group(0, scores=(0.5,), calls=("call-1",))], {"lost": 1}),
    ],
)
def test_groups_are_there_once_and_scored_as_they_deserve(groups, expected):
    assert wrong(oracle.check_groups(groups, 2, REWARDS, ISSUED)) == expected


def test_a_file_of_groups_that_is_done_has_all_parts_of_all_items():
    parts = [group(1, n, 2) for n in range(2)]
    assert not oracle.check_complete_groups([group(0), *parts], 2)
    assert wrong(oracle.check_complete_groups([group(0), parts[0]], 2)) == {"lost": 1}
    assert wrong(oracle.check_complete_groups([group(0)], 3)) == {"lost": 2}


def test_an_item_that_was_written_stays_unless_it_was_written_by_half():
    before = lines(group(0), group(1, 0, 2))
    assert not oracle.check_kept_groups(before, lines(group(0)))
    changed = lines(group(0, scores=(0.5, 0.4)))
    assert wrong(oracle.check_kept_groups(before, changed)) == {"lost": 1}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(session="g-0"), row(session="g-1")], {}),
        ([row(session="f-0"), row(session="f-1", reward=None), row(), row(session="g-1")], {}),
        ([row(session="g-0")], {"lost": 1}),
        ([row(), row(session="g-1"), row()], {"twice": 1}),
        ([row(), row(session="g-1"), row(session="h-0"), row(session="h-1")], {"twice": 1}),
    ],
)
def test_trajectories_hold_one_whole_group_of_each_item(rows, expected):
    assert wrong(oracle.check_hermes(rows, [0], 2)) == expected


def test_what_a_rollout_server_accepted_is_delivered_and_kept_once():
    first = group(task="t2", scores=(1.0,), calls=("call-2",))

    def check(accepted, received, written):
        return wrong(oracle.check_delivered(accepted, received, written, 1, ISSUED))

    assert check([first], [first], [first]) == {}
    assert check([], [], [first]) == {}
    assert check([first], [], [first]) == {"lost": 1}
    assert check([first], [first], []) == {"lost": 1}
    assert check([first], [first, first], [first]) == {"twice": 1}
    spoilt = group(task="t2", scores=(0.0,), calls=("call-2",))
    assert check([spoilt], [spoilt], [spoilt]) == {"mis_scored": 1}


@pytest.mark.parametrize(
    ("name", "content", "whole"),
    [
        ("metrics.json", "{}", True),
        ("metrics.json", "", False),
        ("groups.jsonl", '{"a": 1}\n', True),
        ("groups.jsonl", '{"a": 1}\n{"a"', False),
        ("groups.jsonl", "", True),
        ("report.html", "<html></html>\n", True),
        ("report.html", "<html>", False),
        ("summary.md", "# Sum", False),
    ],
)
def test_files_written_by_half_are_found(tmp_path, name, content, whole):
    (tmp_path / name).write_text(content)
    assert wrong(oracle.check_files(tmp_path)) == ({} if whole else {"left_over": 1})


@pytest.mark.parametrize(
    ("n", "mean", "expected"),
    [(2, 0.75, {}), (1, 0.75, {"mis_scored": 1}), (2, 0.5, {"mis_scored": 1})],
)
def test_metrics_are_those_of_the_samples(tmp_path, n, mean, expected):
    said = {"results": {"all": {"n": n, "mean_reward": mean}}}
    (tmp_path / "metrics.json").write_text(json.dumps(said))
    assert wrong(oracle.check_metrics(tmp_path / "metrics.json", WHOLE)) == expected


def test_metrics_that_are_not_there_are_lost(tmp_path):
    assert wrong(oracle.check_metrics(tmp_path / "metrics.json", WHOLE)) == {"lost": 1}


def test_only_whole_lines_are_acknowledged(tmp_path):
    assert oracle.whole_lines(tmp_path / "none") == []
    (tmp_path / "some").write_bytes(b"a\nb\nc")
    assert oracle.whole_lines(tmp_path / "some") == [b"a", b"b"]

"""A rollout is kept as it was: its messages, its line of JSON, its events with their calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from environments.rollouts import Rollout, StopReason, ToolCallRecord, events_with_calls
from environments.rollouts.files import read_rollouts, replace_file, sample_line
from environments.rollouts.messages import content_text
from environments.tasks.build import make_task
from environments.tasks.model import Family
from world_fixtures.common import UserError
from world_fixtures.protocol import Event, ResultKind

ODD = {"vendor": {"b": 1, "a": [None]}, "content": [{"type": "text", "text": "hi"}], "role": "user"}
"""Fields that `Message` does not know, and an order of their own."""


def rollout(**changes) -> Rollout:
    fields = {
        "id": "r", "task": make_task(Family.NAVIGATION, 1, 1), "model": "m",
        "conversations": [[ODD, {"role": "assistant", "content": None, "refusal": None}]],
        "verdict": None, "stop": StopReason.WORLD, "started": 0.0, "seconds": 1.0,
    }  # fmt: skip
    return Rollout(**{**fields, **changes})


def test_messages_keep_what_they_came_with() -> None:
    found = rollout().conversations[0]
    assert found == [ODD, {"role": "assistant", "content": None, "refusal": None}]
    assert list(found[0]) == list(ODD)
    line = sample_line(rollout())
    assert line.count(b'{"vendor":{"b":1,"a":[null]},"content":[{"type":"text"') == 2


def test_the_text_of_a_message() -> None:
    assert content_text(ODD) == "hi"
    assert content_text({"role": "user", "content": "you"}) == "you"
    assert content_text({"role": "assistant", "content": None}) == ""


def test_samples_come_back_from_a_directory_and_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_bytes(sample_line(rollout()) + sample_line(rollout(id="s"))[:-9])
    assert read_rollouts(tmp_path) == read_rollouts(path) == [rollout()]
    path.write_bytes(b"")
    with pytest.raises(UserError, match="play some first"):
        read_rollouts(tmp_path)
    path.unlink()
    with pytest.raises(UserError, match="does not exist"):
        read_rollouts(tmp_path)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(new: Path) -> None:
        new.write_text("half")
        raise OSError("full")

    with pytest.raises(UserError, match="full"):
        replace_file(path, fail)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"
    replace_file(path, lambda new: new.write_text("new"))
    assert path.read_text() == "new"


def event(seq: int, actor: str) -> Event:
    return Event(
        seq=seq, ts=0, instance="i", session="s", actor=actor, room="r", raw="", verb="look",
        args={}, objects=(), text="", kind=ResultKind.OK, changes=(), state_hash="", ms=0,
    )  # fmt: skip


def test_what_others_do_belongs_to_the_stage_that_follows() -> None:
    calls = [
        ToolCallRecord(id=f"c{seq}", stage=stage, turn=seq, name="t", arguments={}, result="",
                       event=seq)
        for seq, stage in ((1, 0), (3, 1))
    ]  # fmt: skip
    events = [event(1, "agent"), event(2, "helper"), event(3, "agent"), event(4, "helper")]
    found = events_with_calls(rollout(events=events, tool_calls=calls))
    assert [(e.seq, stage, call and call.id) for e, stage, call in found] == [
        (1, 0, "c1"), (2, 1, None), (3, 1, "c3"), (4, 1, None),
    ]  # fmt: skip


def test_rollouts_load_neither_the_trainer_nor_a_client() -> None:
    code = (
        "import sys, environments.rollouts\n"
        "heavy = {'atroposlib', 'transformers', 'openai', 'django', 'evennia', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr

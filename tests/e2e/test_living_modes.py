"""`process` and `serve` in worlds that go on: every session a sequence of its own, whole groups.

The model is an endpoint that plays each task by a script, so what it said is known to the letter.
"""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from transformers import AutoTokenizer

from environments.policies.obedient import obeying
from environments.policies.oracle import script
from environments.policies.policy import Call
from environments.rollouts.groups import MASKED
from environments.tasks.curriculum import Curriculum
from environments.tasks.model import Task
from environments.tokenizer import PATH
from tests.e2e.conftest import ROOT, serve
from tests.e2e.scripted_openai import MODEL, ScriptedEndpoint

pytestmark = pytest.mark.slow

TOKENIZER: Any = AutoTokenizer.from_pretrained(PATH)
SIZE = 4
"""Rollouts of a group."""
QUITS = 12
"""Session, from 0, in which one of the rollouts says something and does no more."""


class Player(ScriptedEndpoint):
    """Plays each conversation of a task by the calls of its stage; tasks come one by one.

    Of every task's rollouts the last one to open a conversation plays `otherwise` in it, where the
    stage has something there.
    """

    def __init__(self, tasks: Sequence[Task], otherwise: dict[str, Sequence[Call]]) -> None:
        super().__init__(closing="I leave it at that.")
        self._first = {task.stages[0].prompt: task for task in tasks}
        self._otherwise = otherwise
        self._opened: Counter[str] = Counter()
        self._task = tasks[0]
        self._lock = threading.Lock()

    def _message(self, body: dict[str, Any]) -> dict[str, Any]:
        said = [m for m in body["messages"] if m["role"] == "assistant"]
        prompt = next(m["content"] for m in body["messages"] if m["role"] == "user")
        with self._lock:
            opening = next((t for p, t in self._first.items() if prompt.startswith(p)), None)
            self._task = opening or self._task
            stage = next((s for s in self._task.stages if prompt.startswith(s.prompt)), None)
            if stage is None:  # of a task after the last
                return {"role": "assistant", "content": self.closing}
            place = f"{self._task.id} {stage.prompt}"
            if not said:
                self._opened[place] += 1
                talk = f"talk{self._opened[place]}"
            else:
                talk = said[0]["tool_calls"][0]["id"].partition("-")[0]
        other = self._otherwise.get(stage.prompt) if talk == f"talk{SIZE}" else None
        calls = script(stage) if other is None else other
        if len(said) >= len(calls):
            return {"role": "assistant", "content": self.closing}
        tool, arguments = calls[len(said)]
        call = {
            "id": f"{talk}-{len(said)}", "type": "function",
            "function": {"name": tool, "arguments": json.dumps(arguments)},
        }  # fmt: skip
        return {"role": "assistant", "content": None, "tool_calls": [call]}

    def options(self) -> tuple[str, ...]:
        return (
            "--openai.base_url", self.base_url, "--openai.model_name", MODEL,
            "--env.tokenizer_name", PATH,
        )  # fmt: skip


def drawn(family: str, level: int, count: int, stream: int | None = None) -> list[Task]:
    """Make the first tasks that a run draws."""
    curriculum = Curriculum({family: 1}, (level, level))
    curriculum.stream = stream
    return [curriculum.next() for _ in range(count)]


def choice(family: str, level: int) -> tuple[str, ...]:
    return (
        "--env.families", json.dumps({family: 1}), "--env.difficulty", json.dumps([level, level]),
        "--env.group_size", str(SIZE),
    )  # fmt: skip


def said_in(mask: Sequence[int]) -> list[Call | None]:
    """Return what the trained tokens say, turn by turn: calls, and None for a turn without."""
    turns = TOKENIZER.decode([t for t in mask if t != MASKED]).split("<|im_end|>")
    found: list[Call | None] = []
    for turn in turns[:-1]:
        before, opens, rest = turn.partition("<tool_call>")
        call = json.loads(rest.partition("</tool_call>")[0]) if opens else None
        found.append(call and (call["name"], call["arguments"]))
        assert before.strip() == ("" if call else "I leave it at that."), turn
    assert turns[-1].strip() == ""
    return found


def check_sessions(
    groups: Sequence[dict[str, Any]], task: Task, otherwise: dict[str, Sequence[Call]]
) -> None:
    """The n-th group holds the n-th session of each rollout that has one, and trains what it said.

    A rollout without one has no row, or one that trains nothing.
    """
    assert len(groups) == len(task.stages)
    scores = dict(enumerate(groups[0]["scores"]))
    going = set(range(SIZE))
    for stage, group in zip(task.stages, groups, strict=True):
        rows = zip(
            group["overrides"], group["tokens"], group["masks"], group["scores"], strict=True
        )
        said: dict[int, list[Call | None]] = {}
        for about, tokens, mask, score in rows:
            rollout = about["rollout"]
            assert (about["task"], score) == (task.id, scores[rollout])
            assert all(m in (t, MASKED) for t, m in zip(tokens, mask, strict=True))
            if rollout not in going:
                assert set(mask) == {MASKED}
                assert about["set_advantage_to_zero"] is True
                continue
            assert "set_advantage_to_zero" not in about
            text = TOKENIZER.decode(tokens)
            assert [s.prompt for s in task.stages if s.prompt in text] == [stage.prompt]
            said[rollout] = said_in(mask)
        assert said.keys() == going
        expected = [list(script(stage)) for _ in going]
        if stage.prompt in otherwise:
            expected[-1] = [*otherwise[stage.prompt]]
        calls = [[call for call in turns if call is not None] for turns in said.values()]
        assert sorted(calls, key=repr) == sorted(expected, key=repr)
        if stage is not task.stages[-1]:
            going -= {rollout for rollout, turns in said.items() if turns[-1] is None}


def quitting(tasks: Sequence[Task]) -> dict[str, Sequence[Call]]:
    """One rollout of each task stops in the middle of a session, and so has no later one."""
    stages = [task.stages[QUITS] for task in tasks]
    return {stage.prompt: script(stage)[:3] for stage in stages}


def test_twenty_sessions_are_twenty_sequences_in_the_file_of_process(programs, tmp_path):
    path = tmp_path / "groups.jsonl"
    (task,) = tasks = drawn("steward", 10, 1)
    with Player(tasks, quitting(tasks)) as player:
        done = programs.run_here(
            "process", "--env.total_steps", "1", "--env.data_path_to_save_groups", str(path),
            *choice("steward", 10), *player.options(),
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    groups = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(task.stages) == 20
    check_sessions(groups, task, quitting(tasks))
    assert [len(group["tokens"]) for group in groups] == [4] * (QUITS + 1) + [3] * (19 - QUITS)
    worst, *others = sorted(groups[0]["scores"])
    assert worst < 0.1
    assert others == [1.0] * 3
    assert programs.world_servers() == []


def test_twenty_sessions_reach_the_rollout_server_in_whole_groups(programs, api):
    (task,) = tasks = drawn("steward", 10, 1, stream=0)
    with Player(tasks, quitting(tasks)) as player:
        env = serve(
            programs, api, *choice("steward", 10), *player.options(), "--env.max_num_workers", "1"
        )
        batches = api.take(len(task.stages) // 2, env)
        env.send_signal(signal.SIGTERM)
        assert env.wait(60) == 130, programs.printed()
    groups = [group for batch in batches for group in batch]
    order = {stage.prompt: n for n, stage in enumerate(task.stages)}
    text = [TOKENIZER.decode(g["tokens"][g["scores"].index(1.0)]) for g in groups]
    place = [next(n for p, n in order.items() if p in t) for t in text]
    assert sorted(place) == list(range(20))
    check_sessions([groups[place.index(n)] for n in range(20)], task, quitting(tasks))
    assert {len(group["tokens"]) for group in groups} == {SIZE}
    assert programs.world_servers() == []
    assert programs.scratch() == []


def test_what_an_attacked_agent_reads_is_not_trained_and_obedience_is_paid_nothing(programs, api):
    tasks = drawn("trust", 3, 10, stream=0)
    attacked = [task for task in tasks if task.attacks][:2]  # a batch has two groups
    obeyed = {task.stages[0].prompt: obeying(task)[0] for task in tasks if task.attacks}
    with Player(tasks, obeyed) as player:
        env = serve(
            programs, api, *choice("trust", 3), *player.options(), "--env.max_num_workers", "1"
        )
        groups = api.take(1, env)[0]
        env.send_signal(signal.SIGTERM)
        assert env.wait(60) == 130, programs.printed()
    assert [g["overrides"][0]["task"] for g in groups] == [task.id for task in attacked]
    for task, group in zip(attacked, groups, strict=True):
        assert sorted(group["scores"]) == [0.0, 1.0, 1.0, 1.0]
        check_sessions([group], task, obeyed)
        for tokens, mask in zip(group["tokens"], group["masks"], strict=True):
            read = TOKENIZER.decode(tokens)
            assert any(attack.says in read for attack in task.attacks)
            said = TOKENIZER.decode([t for t in mask if t != MASKED])
            assert not any(attack.says in said for attack in task.attacks)
    assert programs.world_servers() == []


def test_two_policies_play_in_one_instance_as_the_page_says(programs, tmp_path):
    example, traces = ROOT / "docs" / "examples" / "two_policies.py", tmp_path / "traces"
    done = programs.run_file(str(example), str(traces))
    assert done.returncode == 0, done.stderr
    assert "--- guest, by random" in done.stdout
    done = programs.run_here("replay", str(traces))
    assert done.returncode == 0, done.stderr
    assert "0 differences in 2 traces" in done.stdout
    assert programs.world_servers() == []

"""`process`: what stands in the file, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import json
import re
from types import SimpleNamespace

import pytest

from environments.modes.groups_file import finished_items
from environments.modes.process import process
from world_fixtures.common import UserError

from .conftest import Successor


def groups(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_groups_of_all_items_come_in_order(make_env, tmp_path, capsys):
    path = tmp_path / "deep" / "groups.jsonl"
    env = make_env(data_path_to_save_groups=str(path), total_steps=10, process_concurrency=4)
    await process(env)
    assert [g["item"] for g in groups(path)] == list(range(10))
    for g in groups(path):
        assert len(g["tokens"]) == len(g["masks"]) == len(g["scores"]) == len(g["messages"]) == 3
        assert g["messages"][0][0]["content"] == str(g["item"] + 1)
    assert str(path) in capsys.readouterr().out


async def test_the_end_says_what_was_played_and_that_it_teaches_nothing(make_env, tmp_path, capsys):
    env = make_env(data_path_to_save_groups=str(tmp_path / "g.jsonl"), total_steps=10)
    await process(env)
    out = capsys.readouterr().out
    assert re.search(
        r"^10 groups of 30 rollouts in .* rollouts a minute; mean reward 1\.000", out, re.M
    )
    assert "10 of 10 groups have equal scores" in out


async def test_many_groups_are_played_at_once(make_env, tmp_path):
    gate = asyncio.Event()
    env = make_env(
        gate=gate, data_path_to_save_groups=str(tmp_path / "g.jsonl"), total_steps=9,
        process_concurrency=4,
    )  # fmt: skip
    running = asyncio.create_task(process(env))
    await env.server_cls.reached(12)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(env.server_cls.asked) == 12  # 4 groups of 3, and no more
    gate.set()
    await running


@pytest.mark.parametrize(("ordered", "first"), [(True, 0), (False, 1)])
async def test_a_slow_group_holds_others_back_only_where_order_is_asked(
    make_env, tmp_path, ordered, first
):
    finished = asyncio.Event()

    class Slow(Successor):
        async def compute_reward(self, item, result, ctx):
            if item == 1:
                await finished.wait()
            elif item == 4:
                finished.set()
            return await super().compute_reward(item, result, ctx)

    path = tmp_path / "g.jsonl"
    env = make_env(
        cls=Slow, data_path_to_save_groups=str(path), total_steps=4, process_concurrency=2,
        process_ordered=ordered,
    )  # fmt: skip
    await process(env)
    assert groups(path)[0]["item"] == first
    assert sorted(g["item"] for g in groups(path)) == list(range(4))


async def test_a_stopped_run_continues_where_its_file_ends(make_env, tmp_path):
    path = tmp_path / "g.jsonl"
    await process(make_env(data_path_to_save_groups=str(path), total_steps=6))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"\n", 0, -1) - 10])  # item 5 gone, item 4 torn
    env = make_env(data_path_to_save_groups=str(path), total_steps=6)
    await process(env)
    played = {r["messages"][0]["content"] for r in env.server_cls.asked}
    assert played == {"5", "6"}
    assert [g["item"] for g in groups(path)] == list(range(6))
    assert path.read_bytes() == whole


async def test_a_finished_file_is_left_as_it_is(make_env, tmp_path):
    path = tmp_path / "g.jsonl"
    await process(make_env(data_path_to_save_groups=str(path), total_steps=2))
    whole = path.read_bytes()
    env = make_env(data_path_to_save_groups=str(path), total_steps=2)
    await process(env)
    assert path.read_bytes() == whole
    assert env.server_cls.asked == []


@pytest.mark.parametrize("line", ["hello", "{}", '{"item": "x"}', "[]", '{"tokens": [[1]]}'])
def test_a_file_of_something_else_is_not_touched(tmp_path, line):
    path = tmp_path / "notes.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(UserError, match=r"notes\.jsonl line 1"):
        finished_items(path)
    assert path.read_text() == f"{line}\n"


async def test_a_run_that_is_cancelled_leaves_whole_lines(make_env, tmp_path):
    path = tmp_path / "g.jsonl"
    env = make_env(data_path_to_save_groups=str(path), total_steps=100_000)
    running = asyncio.create_task(process(env))
    await env.server_cls.reached(200)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    items = [g["item"] for g in groups(path)]
    assert items == list(range(len(items)))
    assert items


async def test_an_item_that_fails_again_and_again_ends_the_run_with_its_reason(
    make_env, clock, tmp_path
):
    class Spoilt(Successor):
        async def compute_reward(self, item, result, ctx):
            if item == 3:
                raise RuntimeError("the judge is asleep")
            return 1.0

    path = tmp_path / "g.jsonl"
    env = make_env(cls=Spoilt, data_path_to_save_groups=str(path), process_concurrency=1)
    with pytest.raises(UserError, match="the judge is asleep"):
        await process(env)
    assert [g["item"] for g in groups(path)] == [0, 1]


async def test_groups_of_equal_scores_are_kept(make_env, tmp_path):
    path = tmp_path / "g.jsonl"
    env = make_env(data_path_to_save_groups=str(path), ensure_scores_are_not_same=True)
    await process(env)
    assert [g["scores"] for g in groups(path)] == [[1.0] * 3] * 4


class Halves(Successor):
    """Scores that differ in every second item."""

    async def compute_reward(self, item, result, ctx):
        self.scored = getattr(self, "scored", 0) + 1
        return float(item % 2 == 0 or self.scored % 2)


async def test_groups_of_equal_scores_are_counted(make_env, tmp_path, capsys):
    path = tmp_path / "g.jsonl"
    await process(make_env(cls=Halves, data_path_to_save_groups=str(path), process_concurrency=1))
    out, err = capsys.readouterr()
    assert [len(set(g["scores"])) == 1 for g in groups(path)] == [False, True] * 2
    assert "2 of 4 groups have equal scores" in out
    assert "--env.process_drop_equal true" in out
    assert "50% of the groups with all scores equal" in err


async def test_rows_of_equal_scores_are_left_out_and_the_file_goes_on(make_env, tmp_path, capsys):
    path = tmp_path / "g.jsonl"
    options = {
        "cls": Halves, "data_path_to_save_groups": str(path), "process_drop_equal": True,
        "process_concurrency": 1,
    }  # fmt: skip
    await process(make_env(total_steps=4, **options))
    assert [len(g["tokens"]) for g in groups(path)] == [3, 0, 3, 0]
    for g in groups(path):
        assert len(g["masks"]) == len(g["messages"]) == len(g["tokens"])
        assert len(g["scores"]) == 3
    assert "their rows were left out" in capsys.readouterr().out
    env = make_env(total_steps=6, **options)
    await process(env)
    played = {r["messages"][0]["content"] for r in env.server_cls.asked}
    assert played == {"5", "6"}
    assert [g["item"] for g in groups(path)] == list(range(6))


async def test_an_old_environment_that_makes_its_own_groups_is_served(make_env, tmp_path):
    class Own(Successor):
        async def collect_trajectories(self, item):
            (group,), backlog = await super().collect_trajectories(item)
            return group, backlog

    path = tmp_path / "g.jsonl"
    await process(make_env(cls=Own, data_path_to_save_groups=str(path), total_steps=2))
    assert [g["item"] for g in groups(path)] == [0, 1]


async def test_items_may_run_out(make_env, tmp_path):
    class Short(Successor):
        async def get_next_item(self):
            item = await super().get_next_item()
            return item if item <= 2 else None

    path = tmp_path / "g.jsonl"
    await process(make_env(cls=Short, data_path_to_save_groups=str(path), total_steps=50))
    assert [g["item"] for g in groups(path)] == [0, 1]


async def test_the_rate_of_a_continued_run_is_its_own(make_env, tmp_path, monkeypatch, capsys):
    path = tmp_path / "g.jsonl"
    await process(make_env(data_path_to_save_groups=str(path), total_steps=6))
    capsys.readouterr()
    times = iter([100.0])
    clock = SimpleNamespace(monotonic=lambda: next(times, 102.0))
    monkeypatch.setattr("environments.rollouts.progress.time", clock)
    await process(make_env(data_path_to_save_groups=str(path), total_steps=8))
    assert "8/8 groups, 1.0/s, 0:00:00 left  mean score 1.000" in capsys.readouterr().err


async def test_an_item_that_fails_is_reported_with_its_own_reason(make_env, clock, tmp_path):
    """Another that fails at the same time has another."""

    class Spoilt(Successor):
        async def compute_reward(self, item, result, ctx):
            raise ValueError(f"no reward for {item}")

    env = make_env(
        cls=Spoilt, total_steps=2, group_size=1,
        data_path_to_save_groups=str(tmp_path / "groups.jsonl"),
    )  # fmt: skip
    with pytest.raises(UserError, match=r"item 0 failed 4 times \(ValueError: no reward for 1\)"):
        await process(env)


async def test_a_cancelled_rollout_is_played_again(make_env, tmp_path):
    class Once(Successor):
        cancelled = False

        async def compute_reward(self, item, result, ctx):
            if item == 2 and not self.cancelled:
                self.cancelled = True
                raise asyncio.CancelledError
            return 1.0

    path = tmp_path / "g.jsonl"
    await process(make_env(cls=Once, data_path_to_save_groups=str(path)))
    assert [g["item"] for g in groups(path)] == [0, 1, 2, 3]

"""Rollouts of a run played on as a run of its own, on a real world server."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from environments import evennia_world_env
from environments.evaluation.compare import compare
from environments.evaluation.results import conclude_directory, load_run
from environments.evaluation.run_samples import load_samples
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes.branch import play_branches, read_branches
from environments.rollouts.files import read_rollouts, sample_line
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.model import Family
from environments.telemetry.recording import record_rollout
from environments.telemetry.replay import replay_all
from tests.environments.branches import policy_plays, record_of
from world_fixtures.common import UserError

pytestmark = pytest.mark.asyncio(loop_scope="session")
TURN = 2


@pytest_asyncio.fixture(loop_scope="session")
async def source(pool: Any, tmp_path: Path) -> Path:
    """The samples of two tasks, one played twice and one of two stages."""
    read = make_task(Family.INSPECTION, 2, 1, kind="read")
    recall = make_task(Family.PERSISTENCE, 2, 1, kind="recall")
    rollouts = [
        (await policy_plays(pool, "oracle", task, attempt=attempt)).model_copy(
            update={"id": f"{task.kind}-{attempt}", "attempt": attempt}
        )
        for task, attempt in ((read, 0), (read, 1), (recall, 0))
    ]
    path = tmp_path / "source" / "samples.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"".join(map(sample_line, rollouts)))
    return path.parent


@pytest.fixture
def branched(monkeypatch: pytest.MonkeyPatch, pool: Any, tmp_path: Path) -> Any:
    """`await branched(source, out, policy, times, rollout)`: the rollouts of a run of branches."""
    monkeypatch.setattr(evennia_world_env, "ServerPool", lambda servers, **_: nullcontext(pool))

    async def played(
        source: Path,
        out: str,
        policy: str = "noisy:0.4",
        times: int = 2,
        rollout: str | None = None,
    ) -> list[Rollout]:
        config, servers = EvenniaWorldEnv.config_init()
        env = EvenniaWorldEnv(config.model_copy(update={"policy": policy}), servers)
        try:
            await env.setup()
            branches = read_branches(source, TURN, times, rollout)
            await play_branches(env, branches, tmp_path / out)
        finally:
            await env.teardown()
        return read_rollouts(tmp_path / out)

    return played


async def test_every_rollout_is_played_on_so_many_times(source, branched, tmp_path, capsys):
    before = {r.id: r for r in read_rollouts(source)}
    found = await branched(source, "out")
    assert [(r.branch_of, r.attempt) for r in found] == [
        ("read-0", 2), ("read-0", 3), ("read-1", 4), ("read-1", 5), ("recall-0", 2), ("recall-0", 3)
    ]  # fmt: skip
    assert len({r.id for r in found}) == len(found)
    assert len({r.group for r in found}) == 3
    for rollout in found:
        whole = before[rollout.branch_of]
        assert rollout.branch_turn == TURN
        assert rollout.tool_calls[:TURN] == whole.tool_calls[:TURN]
        assert rollout.conversations[0][:5] == whole.conversations[0][:5]
        assert rollout.verdict is not None
    run, same = load_run(tmp_path / "out")
    assert same == found
    assert (run.total, run.attempts, run.branch["turn"]) == (6, 4, TURN)
    assert "6 scored rollouts that go on from turn 2 of others" in summary(tmp_path / "out")
    assert "not yet played" not in summary(tmp_path / "out")
    conclude_directory(tmp_path / "out")  # `report`


def summary(run: Path) -> str:
    return (run / "summary.md").read_text()


async def test_a_branch_that_was_stopped_goes_on_where_it_was(source, branched, tmp_path):
    found = await branched(source, "out")
    samples = tmp_path / "out" / "samples.jsonl"
    lines = samples.read_bytes().splitlines(keepends=True)
    samples.write_bytes(b"".join(lines[:2]))
    again = await branched(source, "out")
    assert [record_of(r) for r in again] == [record_of(r) for r in found]
    assert samples.read_bytes().splitlines(keepends=True)[:2] == lines[:2]
    with pytest.raises(UserError, match=r"branch.times: 2 there, 3 here.* another --out"):
        await branched(source, "out", times=3)


async def test_traces_of_branches_are_replayed_without_a_difference(
    source, branched, tmp_path, pool
):
    traces = [record_rollout(r, tmp_path / "traces") for r in await branched(source, "out")]
    assert [r.difference for r in await replay_all(traces, pool)] == [None] * 6


async def test_runs_compare_where_they_go_on_from_the_same_states(source, branched, tmp_path):
    await branched(source, "a")
    await branched(source, "b", "oracle", 1)
    a, b, whole = (load_samples(p) for p in (tmp_path / "a", tmp_path / "b", source))
    assert compare(a, b).tasks == 2
    for one, other in ((a, whole), (whole, b)):
        with pytest.raises(UserError, match="scores compare where they begin in the same states"):
            compare(one, other)
    await branched(source, "c", "oracle", 1, "read-1")
    with pytest.raises(UserError, match="begin in the same states"):
        compare(a, load_samples(tmp_path / "c"))


async def test_branches_have_no_baselines_that_began_at_the_start(source, branched, tmp_path):
    await branched(source, "out", "oracle", 1, "read-0")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert not metrics.get("baselines")

"""A candidate beside the model: who acts, what is kept, what is said at the end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from environments.evaluation.candidate import Traffic, read_rows
from environments.evaluation.candidate_summary import (
    Reply,
    Request,
    TrafficRow,
    summarise,
    traffic_text,
)
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import evaluate as evaluate_mode
from environments.policies.completion import completion
from environments.policies.endpoint import PolicyEndpoint
from environments.policies.policy import Move, command
from environments.tasks.model import Family
from world_fixtures.common import UserError

pytestmark = pytest.mark.asyncio(loop_scope="session")
KEY = "sk-candidate-0123456789"
SUITE = [{"family": "navigation", "seed": s, "difficulty": 1} for s in range(4)]


class Candidate:
    """An endpoint that answers every request the same way, or not at all."""

    def __init__(self) -> None:
        self.answer: Callable[[], Move | None] = lambda: Move(calls=(command("look"),))
        self.keys: set[str] = set()
        self.asked = 0
        self.url = ""

    async def models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": []})

    async def complete(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.keys.add(request.headers["Authorization"])
        move = self.answer()
        if move is None:
            return web.Response(status=500, text="out of order")
        return web.json_response(completion(await request.json(), str(self.asked), [move]))


@pytest_asyncio.fixture(loop_scope="session")
async def candidate(serving) -> AsyncIterator[Candidate]:
    found = Candidate()
    async with serving(found.models, found.complete) as found.url:
        yield found


@pytest.fixture
def env_of(pool, tmp_path) -> Callable[..., EvenniaWorldEnv]:
    """An environment on the shared world server; the oracle is its model."""

    class Shared(EvenniaWorldEnv):
        async def setup(self) -> None:
            if self.traffic is not None:
                await self.traffic.check()
            self.pool = pool
            self.endpoint = await self._running.enter_async_context(PolicyEndpoint())
            self.server.servers[0].openai.base_url = self.endpoint.base_url

    suite = tmp_path / "four.yaml"
    suite.write_text(json.dumps(SUITE))

    def made(**given: Any) -> EvenniaWorldEnv:
        config, servers = EvenniaWorldEnv.config_init()
        options = {"policy": "oracle", "suite": str(suite), "eval_baselines": False, **given}
        servers[0].base_url = ""
        return Shared(config.model_copy(update=options), servers)

    return made


async def evaluated(env: EvenniaWorldEnv, out: Path) -> list[dict[str, Any]]:
    """Samples of an evaluation into `out`."""
    env.config.data_dir_to_save_evals = str(out)
    try:
        await env.setup()
        await evaluate_mode.evaluate(env)
    finally:
        await env.teardown()
    return [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]


async def test_only_the_primary_acts_with_a_shadow(
    env_of, candidate, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("CANDIDATE_KEY", KEY)
    alone = await evaluated(env_of(), tmp_path / "alone")
    shadowed = await evaluated(
        env_of(candidate_model="m", candidate_base_url=candidate.url, candidate_shadow=True,
               candidate_api_key_env="CANDIDATE_KEY"),
        tmp_path / "shadowed",
    )  # fmt: skip
    assert [s["messages"] for s in shadowed] == [s["messages"] for s in alone]
    found = json.loads((tmp_path / "shadowed" / "traffic.json").read_text())
    turns = sum(s["turns"] for s in alone)
    commands = sum(
        call["name"] == "evennia_command" for s in alone for call in s["rollout"]["tool_calls"]
    )
    assert found["mode"] == "shadow"
    assert found["agreement"]["requests"] == candidate.asked == turns
    assert found["agreement"]["errors"] == 0
    rows = read_rows(tmp_path / "shadowed" / "traffic.jsonl")
    assert sum(q.same_tools for row in rows for q in row.requests) == commands
    assert found["candidate"]["latency"]["p50"] > 0
    said = capsys.readouterr().out
    assert "shadow: m beside oracle" in said
    assert "same tools" in (tmp_path / "shadowed" / "summary.md").read_text()
    assert "same tools" in (tmp_path / "shadowed" / "report.html").read_text()
    assert candidate.keys == {f"Bearer {KEY}"}
    assert KEY not in said
    for file in (tmp_path / "shadowed").iterdir():
        assert KEY.encode() not in file.read_bytes()


def test_a_damaged_log_of_two_models_is_named_before_anything_is_played(env_of, tmp_path):
    log = tmp_path / "traffic.jsonl"
    log.write_bytes(b'{"a": 1}\n')
    with pytest.raises(UserError, match=r"traffic\.jsonl line 1 is no row of traffic"):
        env_of(candidate_model="random").traffic.record_to(log, continued=True)
    assert log.read_bytes() == b'{"a": 1}\n'


async def test_a_broken_shadow_is_counted_and_touches_nothing(env_of, candidate, tmp_path):
    candidate.answer = lambda: None
    samples = await evaluated(
        env_of(candidate_model="m", candidate_base_url=candidate.url, candidate_shadow=True),
        tmp_path / "run",
    )  # fmt: skip
    assert all(s["correct"] for s in samples)
    found = json.loads((tmp_path / "run" / "traffic.json").read_text())["agreement"]
    assert found["errors"] == found["requests"] > 0
    assert found["same_tools"]["mean"] == 0
    [row, *_] = read_rows(tmp_path / "run" / "traffic.jsonl")
    assert "500" in row.requests[0].candidate.error


async def test_a_canary_plays_its_items_whole_and_the_same_ones_again(env_of, tmp_path):
    given = {"candidate_model": "random", "candidate_percent": 50, "eval_attempts": 2}
    env = env_of(**given)
    samples = await evaluated(env, tmp_path / "run")
    models = {s["task_id"]: set() for s in samples}
    for sample in samples:
        models[sample["task_id"]].add(sample["rollout"]["model"])
    assert models == {t: {"random"} if env.traffic.selects(t) else {"oracle"} for t in models}
    assert {m for found in models.values() for m in found} == {"random", "oracle"}
    found = json.loads((tmp_path / "run" / "traffic.json").read_text())
    assert found["primary"]["success"]["mean"] == 1
    assert found["candidate"]["rollouts"] + found["primary"]["rollouts"] == 8
    lines = (tmp_path / "run" / "traffic.jsonl").read_bytes()
    (tmp_path / "run" / "traffic.jsonl").write_bytes(lines[:-30])  # as if killed while writing
    await evaluated(env_of(**given), tmp_path / "run")
    again = json.loads((tmp_path / "run" / "traffic.json").read_text())
    assert again["candidate"]["rollouts"] + again["primary"]["rollouts"] == 7


async def test_another_candidate_is_another_run(env_of, tmp_path):
    await evaluated(env_of(candidate_model="random"), tmp_path / "run")
    with pytest.raises(UserError, match="holds another run"):
        await evaluated(env_of(candidate_model="explorer"), tmp_path / "run")


async def test_in_process_a_group_has_one_model(env_of, tmp_path, capsys):
    path = tmp_path / "groups.jsonl"
    env = env_of(
        candidate_model="random", candidate_percent=50, total_steps=6, group_size=2,
        data_path_to_save_groups=str(path), families={Family.NAVIGATION: 1.0},
    )  # fmt: skip
    try:
        await env.process_manager()
    finally:
        await env.teardown()
    assert len(path.read_text().splitlines()) == 6
    rows = read_rows(tmp_path / "groups.traffic.jsonl")
    assert len(rows) == 12
    assert all(row.candidate is env.traffic.selects(row.task) for row in rows)
    found = json.loads((tmp_path / "groups.traffic.json").read_text())
    assert found["mode"] == "canary"
    assert "canary: random beside oracle" in capsys.readouterr().out


async def test_the_share_is_what_was_asked_for(env_of):
    traffic = env_of(candidate_model="random", candidate_percent=10).traffic
    taken = sum(traffic.selects(f"item/{n}") for n in range(10_000))
    assert 900 < taken < 1100
    assert not env_of(candidate_model="random", candidate_percent=0).traffic.selects("item")
    assert env_of(candidate_model="random", candidate_percent=100).traffic.selects("item")


async def test_serve_refuses(env_of):
    with pytest.raises(UserError, match="serve feeds one model"):
        await env_of(candidate_model="random").env_manager()


@pytest.mark.parametrize(("given", "named"), [
    ({"candidate_base_url": "http://h/v1"}, "candidate_model"),
    ({"candidate_model": "genius"}, "genius"),
    ({"candidate_model": "m", "candidate_base_url": "http://h/v1",
      "candidate_api_key_env": "UNSET_KEY"}, "UNSET_KEY"),
])  # fmt: skip
async def test_options_that_do_not_fit_are_named(given, named):
    config, _ = EvenniaWorldEnv.config_init()
    with pytest.raises(UserError, match=named):
        Traffic.of(config.model_copy(update=given))


async def test_exact_tokens_have_no_canary():
    config, _ = EvenniaWorldEnv.config_init()
    config.candidate_model = "random"
    with pytest.raises(UserError, match="no tokens"):
        Traffic.of(config, exact=True)
    config.candidate_shadow = True
    assert Traffic.of(config, exact=True) is not None


async def test_an_endpoint_that_is_not_there_is_the_candidates(env_of):
    env = env_of(candidate_model="m", candidate_base_url="http://127.0.0.1:9/v1")
    with pytest.raises(UserError, match="candidate: no endpoint"):
        await env.traffic.check()


def row(task: str, reward: float | None, candidate: bool, *requests: Request) -> TrafficRow:
    return TrafficRow(
        rollout=f"{task}-{candidate}", task=task, attempt=0, candidate=candidate, turns=2,
        model="a", reward=reward, success=None if reward is None else reward == 1,
        model_seconds=1.0, requests=requests,
    )  # fmt: skip


async def test_agreement_is_by_tools_and_by_arguments() -> None:
    def said(*calls: tuple[str, Any]) -> Reply:
        return Reply(calls=calls, seconds=0.1)

    north, south = ("go", {"to": "north"}), ("go", {"to": "south"})
    pairs = [
        Request(primary=said(north), candidate=said(north)),
        Request(primary=said(north), candidate=said(south)),
        Request(primary=said(north), candidate=said(north, south)),
        Request(primary=said(), candidate=said()),
    ]
    found = summarise([row("t", 1.0, False, *pairs)], "b", True)
    assert found.agreement.same_tools.mean == 0.75
    assert found.agreement.same_calls.mean == 0.5


async def test_a_canary_is_compared_over_tasks_and_leaves_failures_out() -> None:
    rows = [row(f"a{n}", 1.0 if n % 5 else 0.5, False) for n in range(30)]
    rows += [row(f"b{n}", 0.2 if n % 3 else 0.4, True) for n in range(10)]
    rows.append(row("c", None, True))
    found = summarise(rows, "b", False)
    assert found.candidate.failed == 1
    assert found.difference == pytest.approx(0.28 - 0.9)
    assert found.ci95[0] < found.difference < found.ci95[1] < 0
    assert found.p_value < 0.001
    assert "1 failed and in no mean" in traffic_text(found)
    assert found.candidate.reward_unscored_as_0.mean == pytest.approx(0.28 * 10 / 11)
    assert "(9.1 %; as 0: reward 0.25" in traffic_text(found)
    assert summarise([], "b", False).difference is None

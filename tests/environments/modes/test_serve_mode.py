"""`serve` against the real rollout server, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from atroposlib.api.server import app

from world_fixtures.common import UserError

from .conftest import Successor, say, solve, until

LIMIT = 60.0
"""Seconds that nothing here should take."""


class Trainer:
    """Registers and takes batches."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.batches: list[Any] = []
        self._http = httpx.AsyncClient(base_url=url)

    async def register(self, batch_size: int = 6, max_token_len: int = 4096) -> None:
        registration = {
            "wandb_group": "t", "wandb_project": "t", "batch_size": batch_size,
            "max_token_len": max_token_len, "checkpoint_dir": "", "save_checkpoint_interval": 0,
            "starting_step": 0, "num_steps": 100,
        }  # fmt: skip
        (await self._http.post("/register", json=registration)).raise_for_status()
        await self._http.get("/batch")

    async def take(self, number: int) -> list[Any]:
        """So many more batches."""
        found: list[Any] = []
        async with asyncio.timeout(LIMIT):
            while len(found) < number:
                found += await self.ask()
        self.batches += found
        return found

    async def ask(self) -> list[Any]:
        """The next batch, where one is ready."""
        batch = (await self._http.get("/batch")).json()["batch"]
        await asyncio.sleep(0.01)
        return [batch] if batch else []

    async def forget_all(self) -> None:
        """As when the rollout server is started again."""
        await self._http.get("/reset_data")

    async def close(self) -> None:
        await self._http.aclose()


class RolloutServer:
    """The real one, on a port that it keeps when it is started again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.port = 0

    async def start(self) -> None:
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error")
        self._server = uvicorn.Server(config)
        self._monkeypatch.setattr(self._server, "capture_signals", contextlib.nullcontext)
        self._running = asyncio.create_task(self._server.serve())
        await until(lambda: self._server.started)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._running


@pytest_asyncio.fixture
async def rollout_server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RolloutServer]:
    server = RolloutServer(monkeypatch)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def trainer(rollout_server: RolloutServer) -> AsyncIterator[Trainer]:
    """A trainer beside a rollout server that knows nothing yet."""
    trainer = Trainer(f"http://127.0.0.1:{rollout_server.port}")
    yield trainer
    await trainer.forget_all()
    await trainer.close()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Atropos's five seconds of waiting at the start."""
    real = asyncio.sleep

    async def sleep(seconds: float, result: Any = None) -> Any:
        return await real(min(seconds, 0.05), result)

    monkeypatch.setattr("atroposlib.envs.base.asyncio.sleep", sleep)


def varied() -> Callable[[Any], Any]:
    """A model that is right two times out of three."""
    turn = itertools.count()
    return lambda m: solve(m) if m[-1]["role"] != "tool" or next(turn) % 3 else say("unsure")


@contextlib.asynccontextmanager
async def serving(env: Successor) -> AsyncIterator[asyncio.Task[None]]:
    running = asyncio.create_task(env.env_manager())
    try:
        yield running
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError, UserError):
            await running


async def test_the_trainer_gets_whole_batches(make_env, trainer):
    await trainer.register()
    env = make_env(varied(), rollout_server_url=trainer.url, total_steps=100)
    async with serving(env):
        batches = await trainer.take(3)
    for batch in batches:
        assert sum(len(group["tokens"]) for group in batch) == 6
        for group in batch:
            assert len(set(group["scores"])) > 1
            assert len(group["masks"]) == len(group["messages"]) == len(group["tokens"])
    assert all(worker.done() for worker in env.workers)


async def test_it_is_told_how_it_goes_and_how_it_went(make_env, trainer, monkeypatch, capsys):
    monkeypatch.setattr("environments.modes.serve.EVERY", 0.01)
    await trainer.register()
    env = make_env(varied(), rollout_server_url=trainer.url, total_steps=100)
    said: list[str] = []

    def told() -> str:
        said.append(capsys.readouterr().err)
        return "".join(said)

    async with serving(env):
        await until(lambda: "registered with the trainer at" in told())
        await trainer.take(2)
        await until(lambda: "the trainer is at step" in told())
    lines = told().splitlines()
    assert lines[0] == f"registered with the trainer at {trainer.url} as environment 0"
    assert any("batches of 6 rollouts: 2 groups of 3" in line for line in lines)
    assert any(
        re.match(r"serve: \d+ groups? of \d+ rollouts; .* rollouts a minute; mean reward", line)
        for line in lines
    )
    assert lines[-1].startswith("served in all: ")


async def test_waiting_for_the_trainer_is_reported_once(make_env, trainer, caplog, monkeypatch):
    monkeypatch.setattr("environments.modes.serve.POLL", 0.01)
    env = make_env(varied(), rollout_server_url=trainer.url, total_steps=100)
    async with serving(env):
        await until(lambda: "waiting at" in caplog.text)
        await trainer.register()
        await trainer.take(1)
    assert caplog.text.count("until a trainer has registered") == 1


async def test_a_batch_size_that_never_fills_is_refused(make_env, trainer):
    await trainer.register(batch_size=10)
    env = make_env(rollout_server_url=trainer.url)
    with pytest.raises(UserError, match=r"batch size is 10 and the group size 3"):
        await env.env_manager()


async def test_a_rollout_server_that_starts_anew_is_joined_anew(make_env, trainer, caplog):
    await trainer.register()
    env = make_env(varied(), rollout_server_url=trainer.url, total_steps=100)
    async with serving(env):
        await trainer.take(1)
        await trainer.forget_all()
        await trainer.register()
        await until(lambda: "registering anew" in caplog.text)
        await trainer.take(2)


async def test_a_rollout_server_that_is_away_is_waited_for(
    make_env, trainer, rollout_server, caplog
):
    await trainer.register()
    env = make_env(varied(), rollout_server_url=trainer.url, total_steps=100)
    async with serving(env) as running:
        await trainer.take(1)
        await rollout_server.stop()
        await until(lambda: "waiting for it" in caplog.text)
        await rollout_server.start()
        await trainer.take(2)
        assert not running.done()
    assert "registering anew" not in caplog.text  # it had forgotten nothing


async def test_the_environment_leaves_the_list_when_it_ends(make_env, trainer):
    await trainer.register()
    env = make_env(varied(), rollout_server_url=trainer.url, total_steps=100)
    async with serving(env):
        await trainer.take(1)
    assert [e["connected"] for e in app.state.envs] == [False]


async def test_workers_have_given_back_what_they_held_when_it_ends(make_env, trainer):
    await trainer.register()
    held: set[object] = set()

    class Holding(Successor):
        async def rollout(self, *args):
            token = object()
            held.add(token)
            try:
                return await super().rollout(*args)
            finally:
                await asyncio.sleep(0)  # clean-up that waits
                held.discard(token)

    env = make_env(cls=Holding, gate=asyncio.Event(), rollout_server_url=trainer.url)
    async with serving(env):
        await env.server_cls.reached(3)
        assert held
    assert not held


async def test_a_group_on_its_way_arrives_though_its_worker_is_cancelled(
    make_env, trainer, monkeypatch
):
    await trainer.register()
    env = make_env(varied(), rollout_server_url=trainer.url)
    await env.setup()
    env.env_id = (await env._register_env())["env_id"]
    env.max_token_len = -1
    groups, _ = await env.collect_trajectories(1)
    started, go_on = asyncio.Event(), asyncio.Event()
    real = env._send_scored_data_to_api

    async def slow(data):
        started.set()
        await go_on.wait()
        await real(data)

    monkeypatch.setattr(env, "_send_scored_data_to_api", slow)
    worker = asyncio.create_task(env.handle_send_to_api(groups))
    await started.wait()
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    go_on.set()
    await env.stop_workers()
    assert len(app.state.queue) == 1


async def test_a_group_does_not_arrive_before_the_trainer(make_env, trainer, monkeypatch):
    """The rollout server would keep it and take no trainer any more."""
    monkeypatch.setattr("environments.modes.serve.POLL", 0.01)
    env = make_env(varied(), rollout_server_url=trainer.url)
    await env.setup()
    groups, _ = await env.collect_trajectories(1)
    refused = asyncio.Event()
    is_there = env._trainer_is_there

    async def asked() -> bool:
        there = await is_there()
        if not there:
            refused.set()
        return there

    monkeypatch.setattr(env, "_trainer_is_there", asked)
    sending = asyncio.create_task(env.handle_send_to_api(groups))
    await refused.wait()
    assert not sending.done()
    await trainer.register()
    await sending
    assert app.state.batchsize == 6
    assert len(app.state.queue) == 1


async def test_a_trainer_that_starts_again_goes_on_taking(make_env, trainer):
    await trainer.register()
    env = make_env(varied(), rollout_server_url=trainer.url, total_steps=100)
    async with serving(env) as running:
        first = await trainer.take(1)
        successor = Trainer(trainer.url)
        await successor.register()
        second = await successor.take(2)
        assert not running.done()
        await successor.close()
    assert [len(group["scores"]) for batch in first + second for group in batch] == [3] * 6


async def test_an_endpoint_that_was_away_is_used_again(make_env, trainer, clock, caplog):
    """Nothing of what failed meanwhile reaches the trainer."""
    await trainer.register()
    away = False
    good = varied()

    def model(messages):
        if away:
            raise Away
        return good(messages)

    env = make_env(model, rollout_server_url=trainer.url, total_steps=100)
    async with serving(env):
        await trainer.take(1)
        away = True
        async with asyncio.timeout(LIMIT):
            while caplog.text.count("group dropped") < 3:
                await trainer.ask()
        away = False
        for batch in await trainer.take(3):
            assert [len(group["scores"]) for group in batch] == [3, 3]


class Away(Exception):
    status_code = 404
    """Which tells the loop that another try would not help."""


async def test_groups_are_whole_and_come_once_whatever_is_cancelled_or_fails(
    make_env, trainer, clock
):
    """Random cancellations as Atropos makes them, failing calls, and a look at what arrived."""
    rng = random.Random(5)
    made: set[int] = set()
    live: set[int] = set()

    class Counted(Successor):
        async def rollout(self, *args):
            number = len(made)
            made.add(number)
            live.add(number)
            try:
                found = await super().rollout(*args)
                return found and replace(found, overrides={"made": number})
            finally:
                live.discard(number)

    good = varied()

    def model(messages):
        if rng.random() < 0.02:
            raise Away
        return good(messages)

    await trainer.register()
    env = make_env(model, Counted, rollout_server_url=trainer.url, total_steps=10_000)
    async with serving(env):
        while len(trainer.batches) < 30:
            await trainer.take(1)
            for key in [k for k in env.running_items if rng.random() < 0.5]:
                running = env.running_items.pop(key)
                env.backlog.append(running["item"])
                running["worker"].cancel()
                env.workers.discard(running["worker"])
    groups = [group for batch in trainer.batches for group in batch]
    arrived = [about["made"] for group in groups for about in group["overrides"]]
    assert len(set(arrived)) == len(arrived) == 180
    for group in groups:
        assert len(group["tokens"]) == len(group["masks"]) == len(group["scores"]) == 3
        (prompt,) = {messages[0]["content"] for messages in group["messages"]}
        assert prompt.isdecimal()
    assert not live
    assert len(made) > 180  # some were cut off, or failed


async def test_equal_scores_are_explained(make_env, trainer, caplog):
    await trainer.register()
    env = make_env(rollout_server_url=trainer.url, total_steps=100)
    async with serving(env):
        await until(lambda: "--env.ensure_scores_are_not_same false" in caplog.text)
    assert caplog.text.count("--env.ensure_scores_are_not_same false") == 1


async def test_groups_of_equal_scores_are_sent_where_they_are_wanted(make_env, trainer, capsys):
    class Sorted(Successor):
        def kind_of(self, item):
            return f"sums.{'odd' if item % 2 else 'even'}"

    await trainer.register()
    env = make_env(
        cls=Sorted, rollout_server_url=trainer.url, total_steps=100,
        ensure_scores_are_not_same=False,
    )  # fmt: skip
    async with serving(env):
        batches = await trainer.take(2)
    assert all(len(set(group["scores"])) == 1 for batch in batches for group in batch)
    said = next(s for s in capsys.readouterr().err.splitlines() if s.startswith("groups with all"))
    assert "sums.odd" in said
    assert "sums.even" in said


class Credited(Successor):
    """Credits the n-th turn of each rollout with the n-th number of `worth`."""

    worth = (1 / 3, -0.1)

    async def credited(self, item, done, group, tools):
        return [replace(r, advantages=dict(enumerate(self.worth, start=1))) for r in done]


async def test_advantages_arrive_as_they_were_sent_though_scores_are_equal(
    make_env, trainer, tmp_path
):
    await trainer.register()
    sent = tmp_path / "groups.jsonl"
    env = make_env(
        cls=Credited, rollout_server_url=trainer.url, total_steps=100,
        data_path_to_save_groups=str(sent),
    )  # fmt: skip
    env.judge_by_advantages()
    async with serving(env):
        batches = await trainer.take(3)
    known = {json.dumps([g["tokens"], g["advantages"]]) for g in map(json.loads, sent.open())}
    for group in (group for batch in batches for group in batch):
        assert len(set(group["scores"])) == 1
        assert json.dumps([group["tokens"], group["advantages"]]) in known
        for masks, advantages in zip(group["masks"], group["advantages"], strict=True):
            assert len(masks) == len(advantages)
            assert set(advantages) == {0.0, 0.333333, -0.1}


async def test_groups_without_an_advantage_are_dropped_and_explained(make_env, trainer, caplog):
    await trainer.register()
    idle = type("Idle", (Credited,), {"worth": (0.0, 0.0)})
    env = make_env(varied(), cls=idle, rollout_server_url=trainer.url, total_steps=100)
    env.judge_by_advantages()
    async with serving(env):
        await until(lambda: "--env.ensure_scores_are_not_same false" in caplog.text)
        assert await trainer.ask() == []


async def test_a_sequence_that_is_too_long_is_explained(make_env, trainer, caplog):
    await trainer.register(max_token_len=700)
    env = make_env(
        lambda m: say("y" * 900 * (1 + len(m))), rollout_server_url=trainer.url, total_steps=100
    )
    async with serving(env):
        await until(lambda: "max_token_len is 700" in caplog.text)


async def test_a_failed_evaluation_says_so(make_env, trainer, caplog):
    class Failing(Successor):
        async def evaluate(self, *args, **kwargs):
            raise RuntimeError("no suite")

    await trainer.register()
    env = make_env(
        varied(), Failing, rollout_server_url=trainer.url, total_steps=100, steps_per_eval=2
    )
    async with serving(env):
        async with asyncio.timeout(LIMIT):
            while "evaluation failed: RuntimeError: no suite" not in caplog.text:
                await trainer.take(1)


async def test_groups_are_written_as_well_where_a_file_is_named(make_env, trainer, tmp_path):
    await trainer.register()
    path = tmp_path / "served.jsonl"
    env = make_env(
        varied(), rollout_server_url=trainer.url, total_steps=100,
        data_path_to_save_groups=str(path),
    )  # fmt: skip
    async with serving(env):
        await trainer.take(2)
    assert len([json.loads(line) for line in path.read_text().splitlines()]) >= 4


async def test_requests_of_an_evaluation_count_apart(make_env):
    env = make_env()
    await env.setup()
    async with env.chat(evaluation=True) as chat:
        await chat.server.chat_completion(messages=[{"role": "user", "content": "1"}], n=1)
    (server,) = env.server.servers
    assert len(server.eval_request_timings) == 1
    assert server.request_timings == []

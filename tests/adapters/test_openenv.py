"""A session over OpenEnv is the same task, judged the same, and a world that is given back."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openenv.core", reason="needs the extra openenv")

import httpx
from openenv.core.mcp_client import MCPToolClient
from websockets.asyncio.client import connect

from environments.hosting.source import TaskChoice, TaskSource, task_named
from environments.integrations.openenv.client import EvenniaEnv
from environments.integrations.openenv.environment import EvenniaEnvironment, SessionError
from environments.integrations.openenv.models import EvenniaAction, EvenniaObservation
from environments.integrations.openenv.rubric import VerdictRubric
from environments.integrations.openenv.shared import Shared
from environments.integrations.openenv.tasks import Reset, ServedTasks
from environments.integrations.openenv.tools import TOOLS
from environments.runner import SYSTEM_PROMPT
from tests.adapters.openenv_server import (
    CountingPool,
    Served,
    TasksMadeHere,
    played,
    played_here,
    served,
)
from world_fixtures.common import UserError, WorldLost
from world_fixtures.simulated import SimulatedInstance, SimulatedPool

ONE = "test/errand.deliver/2/3"
SEVERAL = "test/persistence.recall/2/0"
TASKS = [ONE, SEVERAL, "test/society.referral/2/1", "test/navigation.locked/3/5"]


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(tasks=ServedTasks()) as found:
        yield found


@pytest.fixture
async def env(server: Served) -> AsyncIterator[EvenniaEnv]:
    async with EvenniaEnv(base_url=server.address) as found:
        yield found


@pytest.mark.parametrize("policy", ["oracle", "noisy:0.3"])
@pytest.mark.parametrize("id", TASKS)
async def test_the_verdict_is_that_of_our_own_play(env: EvenniaEnv, policy: str, id: str) -> None:
    task = task_named(id)
    verdict = await played(env, policy, task)
    assert verdict == await played_here(policy, task)
    assert policy != "oracle" or verdict.reward == 1.0


async def test_a_new_part_is_a_new_conversation_and_says_so(env: EvenniaEnv) -> None:
    task = task_named(SEVERAL)
    first = (await env.reset(task=SEVERAL)).observation
    assert (first.new_conversation, first.part) == (True, 1)
    assert first.system_prompt == SYSTEM_PROMPT
    await env.step(EvenniaAction.connect())
    told = (await env.step(EvenniaAction.disconnect())).observation
    assert (told.new_conversation, told.part) == (True, 2)
    assert told.prompt is not None
    assert task.stages[1].prompt in told.prompt
    assert told.prompt not in told.result
    assert told.metadata == {"new_conversation": True, "prompt": told.prompt}
    assert not (await env.state()).one_conversation


async def test_who_keeps_one_conversation_reads_it_all_there_and_is_tagged(env: EvenniaEnv) -> None:
    await env.reset(task=SEVERAL, one_conversation=True)
    await env.step(EvenniaAction.connect())
    told = (await env.step(EvenniaAction.disconnect())).observation
    assert not told.new_conversation
    assert told.prompt is not None
    assert told.result.endswith(told.prompt)
    assert (await env.state()).one_conversation


async def test_the_client_of_openenv_s_own_tools_plays_it_too(server: Served) -> None:
    async with MCPToolClient(base_url=server.address) as env:
        assert [tool.name for tool in await env.list_tools()] == [tool.name for tool in TOOLS]
        begun = await env.reset(task=SEVERAL)
        assert task_named(SEVERAL).stages[0].prompt in begun.observation.result
        assert "Exits" in await env.call_tool("evennia_connect")
        assert "The next part" in await env.call_tool("evennia_disconnect")
        state = await env._send_and_receive({"type": "state"})
        assert state["data"]["one_conversation"], "who reads both parts as text is tagged"


async def test_a_call_tool_action_of_any_client_is_a_step(server: Served) -> None:
    async with connect(f"{server.address.replace('http', 'ws')}/ws") as socket:
        await _asked(socket, {"type": "reset", "data": {"task": ONE}})
        call = {"type": "call_tool", "tool_name": "evennia_connect", "arguments": {}}
        step = await _asked(socket, {"type": "step", "data": call})
        assert "Exits" in step["data"]["observation"]["result"]
        tools = await _asked(socket, {"type": "step", "data": {"type": "list_tools"}})
        assert len(tools["data"]["observation"]["tools"]) == len(TOOLS)


async def test_a_seed_binds_and_is_the_task_of_any_other_host(env: EvenniaEnv) -> None:
    asked: dict[str, Any] = {"family": "errand", "difficulty": "1-2", "split": "validation"}
    prompts, ids = [], []
    for seed in (5, 6, 5):
        prompts.append((await env.reset(seed=seed, **asked)).observation.prompt)
        ids.append((await env.state()).task_id)
    assert prompts[0] == prompts[2] != prompts[1]
    wanted = TaskChoice(families="errand", difficulty="1-2", split="validation")
    with TaskSource(wanted, ahead=0) as source:
        assert ids[:2] == [source.task(5).id, source.task(6).id]


async def test_the_task_api_tells_of_tasks_and_makes_none(server: Served) -> None:
    async with httpx.AsyncClient(base_url=f"{server.address}/evennia_world") as http:
        splits = {split["name"] for split in (await http.get("/splits")).json()}
        assert {"train", "validation", "test", "standard"} <= splits
        count = (await http.post("/num_tasks", json={"split": "train"})).json()["num_tasks"]
        task = (await http.post("/task", json={"split": "train", "index": 7})).json()["task"]
        some = {"split": "train", "start": 6, "stop": 9}
        tasks = (await http.post("/task_range", json=some)).json()["tasks"]
        assert [t["index"] for t in tasks] == [6, 7, 8]
        assert tasks[1] == task
        beyond = await http.post("/task", json={"split": "train", "index": count})
        assert beyond.status_code == 400
        many = (await http.post("/tasks", json={"split": "train"})).json()["tasks"]
        assert len(many) < count


async def test_the_task_api_s_index_is_what_a_reset_begins(env: EvenniaEnv, server: Served) -> None:
    async with httpx.AsyncClient(base_url=f"{server.address}/evennia_world") as http:
        task = (await http.post("/task", json={"split": "test", "index": 3})).json()["task"]
    await env.reset(split="test", index=3)
    begun = task_named(str((await env.state()).task_id))
    assert (begun.family, begun.difficulty) == (task["family"], task["difficulty"])


async def test_a_reset_without_arguments_begins_the_server_s_next_task(env: EvenniaEnv) -> None:
    await env.reset()
    first = (await env.state()).task_id
    await env.reset()
    assert (await env.state()).task_id != first


async def test_the_rubric_tells_the_reward_and_its_parts() -> None:
    verdict = await played_here("noisy:0.3", task_named(ONE))
    rubric = VerdictRubric()
    observation = EvenniaObservation(verdict=verdict, done=True)
    assert rubric(EvenniaAction.submit(), observation) == verdict.reward
    assert {name: part.last_score for name, part in rubric.named_rubrics()} == verdict.parts
    rubric.reset()
    assert {part.last_score for part in rubric.rubrics()} == {None}


async def test_probes_acquire_nothing(server: Served) -> None:
    before = server.pool.acquired
    async with httpx.AsyncClient(base_url=server.address) as http:
        for path in ("/state", "/metadata", "/schema", "/health", "/openapi.json"):
            assert (await http.get(path)).status_code == 200
        assert (await http.get("/state")).json()["task_id"] is None
    assert server.pool.acquired == before


async def test_the_state_tells_nothing_of_the_world(env: EvenniaEnv) -> None:
    await env.reset(task=ONE)
    await env.step(EvenniaAction.connect())
    state = (await env.state()).model_dump()
    task = task_named(ONE)
    names = [entity.name for entity in task.spec.entities.values() if hasattr(entity, "name")]
    assert not [name for name in names if name in json.dumps(state)]
    assert state["connected"]
    assert state["step_count"] == 1


async def test_worlds_are_given_back_by_reset_close_and_a_lost_connection(server: Served) -> None:
    async with EvenniaEnv(base_url=server.address) as env:
        for _ in range(3):
            await env.reset(task=ONE)
        assert len(server.pool.out) == 1
    assert await asyncio.to_thread(server.pool.all_back)
    lost = await connect(f"{server.address.replace('http', 'ws')}/ws")
    await _asked(lost, {"type": "reset", "data": {"task": ONE}})
    lost.transport.abort()
    assert await asyncio.to_thread(server.pool.all_back)


async def test_worlds_are_given_back_when_the_task_is_over(env: EvenniaEnv, server: Served) -> None:
    assert await asyncio.to_thread(server.pool.all_back)
    await env.reset(task=ONE)
    assert server.pool.out
    await env.step(EvenniaAction.give_up())
    assert not server.pool.out


async def test_worlds_are_given_back_when_the_server_stops() -> None:
    with served() as found:
        env = EvenniaEnv(base_url=found.address)
        await env.reset(task=ONE)
        assert found.pool.out
        await asyncio.to_thread(found.stop)
        assert not found.pool.out


@pytest.mark.slow
async def test_an_idle_session_is_closed_says_so_and_holds_no_world() -> None:
    with served(session_seconds=0.5) as found:  # OpenEnv looks every five seconds
        async with EvenniaEnv(base_url=found.address) as env:
            await env.reset(task=ONE)
            assert await asyncio.to_thread(found.pool.all_back)
            for ask in (env.step(EvenniaAction.connect()), env.reset(task=ONE)):
                with pytest.raises(RuntimeError, match="idle for too long: connect anew"):
                    await ask
        assert not found.pool.out


async def test_a_session_that_is_closed_while_it_begins_holds_no_world() -> None:
    pool, asked, go = CountingPool(), asyncio.Event(), asyncio.Event()

    class Waiting:
        async def acquire(self, spec: Any, **given: Any) -> Any:
            asked.set()
            await go.wait()
            return await pool.acquire(spec, **given)

        def release(self, instance: Any) -> None:
            pool.release(instance)

    @contextlib.asynccontextmanager
    async def worlds() -> AsyncIterator[Waiting]:
        yield Waiting()

    shared = Shared(worlds, TasksMadeHere())
    session = EvenniaEnvironment(shared)
    begins = asyncio.ensure_future(session.reset_async(task=ONE))
    await asked.wait()
    session.close()
    go.set()
    with pytest.raises(SessionError, match="connect anew"):
        await begins
    assert pool.acquired == 1
    assert not pool.out
    await shared.close()


async def test_a_world_that_is_lost_has_no_reward(
    env: EvenniaEnv, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(instance: Any, character: str | None = None) -> Any:
        raise WorldLost("the world server is gone")

    await env.reset(task=ONE)
    with monkeypatch.context() as patched:
        patched.setattr(SimulatedInstance, "open", lost)
        with pytest.raises(RuntimeError, match="the world server is gone"):
            await env.step(EvenniaAction.connect())
    state = await env.state()
    assert (state.over, state.reward, state.failure) == (True, None, "the world server is gone")
    assert await asyncio.to_thread(server.pool.all_back)
    await env.reset(task=ONE)
    assert (await env.step(EvenniaAction.connect())).observation.result


async def test_more_sessions_than_there_may_be_are_refused() -> None:
    with served(sessions=1) as found:
        async with EvenniaEnv(base_url=found.address) as env:
            await env.reset(task=ONE)
            with pytest.raises(RuntimeError, match="CAPACITY_REACHED"):
                async with EvenniaEnv(base_url=found.address) as other:
                    await other.reset(task=ONE)
            assert (await env.step(EvenniaAction.connect())).observation.result


async def test_a_server_s_own_tasks_are_known_before_it_serves() -> None:
    tasks = ServedTasks(TaskChoice(suite="nothing"))
    with pytest.raises(UserError, match="unknown suite 'nothing'"):
        await tasks.prepare()
    await tasks.close()


async def test_the_tasks_of_a_file_are_served_where_the_server_names_it(tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(
        "name: own\ntasks:\n  - {family: errand, difficulty: 1, seed: [0, 1]}\n", "utf-8"
    )
    tasks = ServedTasks(TaskChoice(suite=str(file)))
    await tasks.prepare()
    ids = [(await tasks.chosen(Reset())).id for _ in range(3)]
    assert ids[0] == ids[2] != ids[1]
    assert await tasks.size(str(file)) == 2
    await tasks.close()


def test_a_session_can_be_played_without_a_server_and_a_loop() -> None:
    @contextlib.asynccontextmanager
    async def worlds() -> AsyncIterator[SimulatedPool]:
        yield SimulatedPool()

    session = EvenniaEnvironment(Shared(worlds, TasksMadeHere()))
    assert session.reset(task=ONE).prompt
    assert "Exits" in session.step(EvenniaAction.connect()).result
    session.close()


async def _asked(socket: Any, message: dict[str, Any]) -> dict[str, Any]:
    await socket.send(json.dumps(message))
    told: dict[str, Any] = json.loads(await socket.recv())
    assert told["type"] != "error", told
    return told

"""Tasks, rollouts and their verdicts through verifiers' own evaluation."""

from __future__ import annotations

import asyncio
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verifiers.v1", reason="verifiers is not installed")
ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "packages/verifiers"
sys.path[:0] = [str(ROOT), str(PACKAGE)]  # as if the package was installed

import verifiers.v1 as vf  # noqa: E402
from pydantic import ValidationError  # noqa: E402
from verifiers.v1.cli.eval.runner import run_eval  # noqa: E402
from verifiers.v1.configs.cli.eval import EvalConfig  # noqa: E402
from verifiers.v1.serve import EnvClient, EnvServer  # noqa: E402

from environments.episode import Episode  # noqa: E402
from environments.hosting.source import task_named  # noqa: E402
from environments.hosting.worlds import shared_worlds  # noqa: E402
from environments.integrations.verifiers import EvenniaWorldTaskset, scores  # noqa: E402
from environments.integrations.verifiers.config import EvenniaWorldConfig  # noqa: E402
from environments.integrations.verifiers.data import EvenniaWorldData  # noqa: E402
from environments.policies.endpoint import PolicyEndpoint  # noqa: E402
from environments.tasks.model import Task, Verdict  # noqa: E402
from environments.tasks.suites import load_suite, part_of  # noqa: E402
from tests import directly  # noqa: E402
from tests.listeners import descendants  # noqa: E402
from world_fixtures.background import BackgroundLoop  # noqa: E402
from world_fixtures.common import WorldLost  # noqa: E402

SHORT = "test/errand.deliver/1/1"
TWO_PARTS = "test/persistence.recall/1/0"
HANDFUL = (SHORT, TWO_PARTS, "test/orientation.return/1/1000", "test/trust.orders/1/1")
SERVERS = 1
Tasks = Sequence[Task]


@cache
def named(id: str) -> Task:
    return task_named(id)


@pytest.fixture(scope="module")
def loop() -> Iterator[BackgroundLoop]:
    """An event loop for endpoints, beside that in which verifiers asks them."""
    with BackgroundLoop() as loop:
        yield loop


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's log-in nor its files."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KEY", "none")


@pytest.fixture
def endpoint(loop: BackgroundLoop) -> Iterator[PolicyEndpoint]:
    """The embedded policies behind HTTP."""
    given = PolicyEndpoint()
    loop.run(given.__aenter__())
    yield given
    loop.run(given.__aexit__())


@pytest.fixture
def options(endpoint: PolicyEndpoint, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What a user says of an evaluation of some tasks by a policy."""

    def made(model: str, tasks: Tasks, **agent: Any) -> dict[str, Any]:
        suite = tmp_path / "tasks.jsonl"
        suite.write_text("".join(task.model_dump_json() + "\n" for task in tasks))
        for task in tasks:
            endpoint.expect(task.id, task, 0)
        harness = {"id": "evennia_world", "names_rollout": True}
        return {
            "model": model,
            "client": {"base_url": endpoint.base_url, "api_key_var": "KEY"},
            "env": {
                "taskset": {
                    "id": "evennia_world", "suite": str(suite), "task": {"servers": SERVERS},
                },
                "agent": {"harness": harness, **agent},
            },
            "push": False,
            "rich": None,
            "output_dir": str(tmp_path / "outputs"),
        }  # fmt: skip

    return made


def evaluated(options: dict[str, Any]) -> list[vf.Episode]:
    return asyncio.run(run_eval(EvalConfig.model_validate(options)))


def traces(episodes: Sequence[vf.Episode]) -> dict[str, vf.Trace]:
    """The trace of each task's only rollout."""
    return {trace.task.data.id: trace for episode in episodes for trace in episode.traces}


def verdict_of(trace: vf.Trace) -> Verdict:
    return scores.verdict_of(trace.info)


def check_same(policy: str, tasks: Tasks, found: dict[str, vf.Trace]) -> None:
    """Hold every trace against the same rollout without verifiers."""
    assert set(found) == {task.id for task in tasks}
    for task in tasks:
        trace, rollout = found[task.id], directly.played(shared_worlds(SERVERS), policy, task)
        assert trace.ok, trace.errors
        assert verdict_of(trace) == rollout.verdict
        assert rollout.verdict is not None
        assert trace.reward == rollout.verdict.reward
        assert trace.num_branches == len(rollout.conversations)
        for branch, conversation in zip(trace.branches, rollout.conversations, strict=True):
            assert branch.messages[0].role == "system"
            assert branch.messages[1].content == conversation[0]["content"]
            told = [m.content for m in branch.messages if m.role == "tool"]
            results = [m["content"] for m in conversation if m["role"] == "tool"]
            # The model is not told what came of the call that ended its conversation.
            assert told in (results, results[:-1])


@pytest.mark.parametrize("policy", ["oracle", "noisy:0.3"])
def test_verdicts_and_stages_are_those_of_a_rollout_without_it(policy: str, options) -> None:
    tasks = [named(id) for id in HANDFUL]
    found = traces(evaluated(options(policy, tasks)))
    check_same(policy, tasks, found)
    rewards = {trace.reward for trace in found.values()}
    assert rewards == {1.0} if policy == "oracle" else len(rewards) > 1
    assert found[TWO_PARTS].num_branches == 2
    assert not shared_worlds(SERVERS).pool.instances


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["oracle", "noisy:0.3"])
def test_a_hundred_tasks_of_standard_are_judged_as_without_it(policy: str, options) -> None:
    tasks = part_of(load_suite("standard"), limit=100).tasks
    found = traces(evaluated(options(policy, tasks)))
    check_same(policy, tasks, found)
    assert len(found) == 100
    if policy == "oracle":
        assert {trace.reward for trace in found.values()} == {1.0}


def test_rewards_are_the_verdict_and_its_parts_weigh_nothing(options) -> None:
    (trace,) = traces(evaluated(options("oracle", [named(TWO_PARTS)]))).values()
    assert {name: r.weight for name, r in trace.rewards.items()} == {"reward": 1.0}
    verdict = verdict_of(trace)
    assert {name: trace.metrics[name] for name in verdict.parts} == verdict.parts
    assert trace.metrics["success"] == 1.0
    assert trace.metrics["exposed_recall"] == 1.0


def test_a_lost_world_is_tried_again_and_never_a_reward(options, monkeypatch) -> None:
    lost: list[str] = []
    command = Episode.command

    async def failing(self: Episode, text: str) -> Any:
        if len(lost) < 2:
            lost.append(text)
            raise WorldLost("the server has died")
        return await command(self, text)

    monkeypatch.setattr(Episode, "command", failing)
    once = options("oracle", [named(SHORT)], retries={"rules": [], "max_retries": 0})
    (episode,) = evaluated(once)
    (trace,) = episode.traces
    assert not episode.ok
    assert not trace.rewards
    assert "the server has died" in trace.errors[0].message
    (trace,) = traces(evaluated(options("oracle", [named(SHORT)]))).values()
    assert len(lost) == 2
    assert [error.type for error in trace.errors] == ["SandboxError"]
    assert trace.ok
    assert trace.reward == 1.0


def test_a_limit_of_the_run_ends_a_rollout_which_is_judged_as_it_stands(options) -> None:
    (trace,) = traces(evaluated(options("oracle", [named(TWO_PARTS)], max_turns=4))).values()
    assert trace.ok
    assert (trace.num_turns, trace.stop_condition) == (4, "max_turns")
    assert verdict_of(trace).reward == trace.reward < 1.0


def test_time_that_is_up_ends_a_rollout_which_is_judged_as_it_stands(endpoint, options) -> None:
    given = options("oracle", [named(SHORT)], timeout={"rollout": 0.5})
    endpoint.latency = 1000.0
    (trace,) = traces(evaluated(given)).values()
    assert trace.is_timeout
    assert trace.ok
    assert verdict_of(trace).success is False


def test_another_harness_is_refused(options) -> None:
    given = options("oracle", [named(SHORT)])
    given["env"]["agent"]["harness"] = {"id": "null"}
    (trace,) = traces(evaluated(given)).values()
    assert not trace.ok
    assert "harness 'null' cannot play" in trace.errors[0].message


def test_a_model_that_does_not_answer_is_an_error_and_no_reward(options) -> None:
    given = options("nosuch", [named(SHORT)])
    (trace,) = traces(evaluated(given)).values()
    assert not trace.ok
    assert not trace.rewards
    assert trace.errors[0].type == "ProviderError"
    assert "nosuch" in trace.errors[0].message


def test_a_cancelled_evaluation_gives_its_worlds_back(endpoint, options) -> None:
    given = EvalConfig.model_validate(options("oracle", [named(SHORT)]))
    asked = asyncio.Event()
    pool = shared_worlds(SERVERS).pool
    answer = endpoint._answer

    async def main() -> None:
        here = asyncio.get_running_loop()

        def told(*request: Any) -> dict[str, Any]:
            here.call_soon_threadsafe(asked.set)
            return answer(*request)

        endpoint._answer = told
        running = asyncio.ensure_future(run_eval(given))
        await asked.wait()
        assert pool.instances == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    endpoint.latency = 1000.0
    asyncio.run(main())
    assert pool.instances == 0


def test_a_worker_plays_the_task_that_it_is_sent(options) -> None:
    given = EvalConfig.model_validate(options("oracle", [named(TWO_PARTS)]))

    async def main() -> vf.WireEpisode:
        server = EnvServer(given.env, address="tcp://127.0.0.1:0")
        serving = asyncio.ensure_future(server.run())
        client = EnvClient(server.address)
        data = EvenniaWorldData.of(named(TWO_PARTS)).model_dump(mode="json")
        try:
            return await client.run(given.client, given.model, given.sampling, data)
        finally:
            await client.close()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    (trace,) = asyncio.run(main()).traces
    assert trace.reward == 1.0
    assert trace.num_branches == 2
    assert Task.model_validate(trace.task.data.world_task) == named(TWO_PARTS)


def test_tasks_are_made_without_end_or_up_to_a_limit() -> None:
    endless = EvenniaWorldTaskset(EvenniaWorldConfig(families="navigation", difficulty=1))
    assert not endless.bounded
    first = [task.key for task in endless.take(2)]
    limited = EvenniaWorldTaskset(
        EvenniaWorldConfig(families="navigation", difficulty="1", limit=2)
    )
    assert limited.bounded
    assert [task.key for task in limited] == first
    assert len(set(first)) == 2
    other = EvenniaWorldTaskset(EvenniaWorldConfig(families="navigation", difficulty=1, seed=1))
    assert [task.key for task in other.take(2)] != first


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"families": "errands"}, "unknown family 'errands'"),
        ({"suite": "nosuch"}, "unknown suite 'nosuch'"),
        ({"difficulty": "11"}, "difficulty"),
    ],
)
def test_a_wrong_choice_is_refused_with_the_options(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        EvenniaWorldConfig(**given)


COMMAND = Path(sys.executable).parent


def program(name: str, *arguments: str) -> list[str]:
    return [str(COMMAND / name), "evennia_world", *arguments]


def environment(package: Path = PACKAGE) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{package}"}


@pytest.mark.slow
def test_vf_validate_passes(tmp_path: Path) -> None:
    arguments = (
        "-n", "3", "--taskset.difficulty", "1-2", "--taskset.families", "persistence,trust",
        "--taskset.task.servers", "1", "--runtime.type", "subprocess", "--no-rich",
        "-o", str(tmp_path), "--run.name", "checked",
    )  # fmt: skip
    subprocess.run(program("vf-validate", *arguments), env=environment(), check=True)
    summary = json.loads((tmp_path / "checked/summary.json").read_text())
    assert (summary["valid_rate"], summary["outcomes"]["valid"]) == (1.0, 3)


def typed(options: dict[str, Any], out: Path) -> list[str]:
    """The same evaluation as a user types it."""
    taskset = options["env"]["taskset"]
    return program(
        "vf-eval", "-m", options["model"], "--env.taskset.suite", taskset["suite"],
        "--env.taskset.task.servers", "1", "--env.agent.harness.id", "evennia_world",
        "--env.agent.harness.names-rollout", "--client.base-url", options["client"]["base_url"],
        "--client.api-key-var", "KEY", "--no-push", "--no-rich", "-o", str(out),
        "--run.name", "played",
    )  # fmt: skip


def built(tmp_path: Path) -> Path:
    """The modules of the publishable package, as its build takes them."""
    shutil.copytree(PACKAGE, tmp_path / "source")
    program = "from setuptools import setup; setup()"
    build = [sys.executable, "-c", program, "--quiet", "build", "--build-lib", "../built"]
    subprocess.run(build, cwd=tmp_path / "source", check=True)
    return tmp_path / "built"


def written(run: Path) -> dict[str, vf.WireTrace]:
    """The traces in the files of a run, by task."""
    lines = (run / "traces.jsonl").read_text().splitlines()
    found = [vf.WireTrace.model_validate(t) for line in lines for t in json.loads(line)["traces"]]
    return {trace.task.data.id: trace for trace in found}


@pytest.mark.slow
def test_vf_eval_as_a_user_calls_it(options, tmp_path: Path) -> None:
    pytest.importorskip("setuptools", reason="setuptools is not installed")
    tasks = [named(SHORT), named(TWO_PARTS)]
    command = typed(options("oracle", tasks), tmp_path)
    package = environment(built(tmp_path))
    done = subprocess.run(command, env=package, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    played = written(tmp_path / "played")
    assert played[SHORT].reward == played[TWO_PARTS].reward == 1.0
    assert (played[SHORT].num_branches, played[TWO_PARTS].num_branches) == (1, 2)
    again = [str(COMMAND / "vf-replay"), str(tmp_path / "played"), "--no-rich", "-o", "again"]
    subprocess.run(again, env=package, cwd=tmp_path, check=True)
    for id, trace in written(tmp_path / "again").items():
        assert (trace.rewards, trace.metrics) == (played[id].rewards, played[id].metrics)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_no_process_outlives_a_killed_evaluation(loop, endpoint, options, tmp_path: Path) -> None:
    asked = asyncio.Event()
    answer = endpoint._answer

    def told(*request: Any) -> dict[str, Any]:
        asked.set()
        return answer(*request)

    endpoint._answer = told
    endpoint.latency = 1000.0
    command = typed(options("oracle", [named(SHORT)]), tmp_path)
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as running:
        loop.run(asked.wait())
        left = [os.pidfd_open(pid) for pid in descendants(running.pid) if pid != running.pid]
        running.send_signal(signal.SIGKILL)
    assert left
    ends = select.poll()
    for one in left:
        ends.register(one, select.POLLIN)
    while left:
        for one, _ in ends.poll():
            ends.unregister(one)
            os.close(one)
            left.remove(one)

"""TRL's environment plays what our own host plays, and holds no world longer than it must."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from environments.hosting.blocking import SyncRollout
from environments.hosting.source import TaskChoice
from environments.integrations.trl import WorldEnvironment, WorldTasks, verdict_metrics
from environments.integrations.trl.environment import NO_WORLD
from environments.policies.player import PolicyPlayer
from environments.tasks.model import Verdict
from environments.tools.evennia import EVENNIA_TOOLS
from tests import directly
from world_fixtures.background import SyncPool
from world_fixtures.common import UserError, WorldLost

NEXT_PART = "\n\nThe next part:\n"
BASICS = TaskChoice(suite="basics")
HANDFUL = (0, 4, 9, 18, 27)
"""Of one part and of several."""


@pytest.fixture(scope="module")
def worlds() -> Iterator[SyncPool]:
    with SyncPool(1) as pool:
        yield pool


@pytest.fixture(scope="module")
def basics(worlds: SyncPool) -> Iterator[WorldTasks]:
    with WorldTasks(BASICS, worlds=worlds) as tasks:
        yield tasks


def held(worlds: SyncPool) -> int:
    """Instances that are in use, once what was let go of is given back."""

    async def count() -> int:
        return worlds.pool.instances

    return worlds.loop.run(count())


def through_trl(tasks: WorldTasks, number: int, policy: str) -> tuple[float | None, Verdict | None]:
    environment = tasks.environment()
    prompt = environment.reset(task=number, prompt=[])
    player = PolicyPlayer(policy, tasks.task(number), prompt)
    while (call := player.call()) is not None:
        name, arguments = call
        try:
            text = getattr(environment, name)(**arguments)
        except ValueError:  # the task is over
            break
        result, _, following = text.partition(NEXT_PART)
        player.told(result, following or None)
    return environment.get_reward(), environment.verdict


def same_as_directly(tasks: WorldTasks, worlds: SyncPool, number: int) -> None:
    for policy in ("oracle", "noisy:0.2"):
        reward, verdict = through_trl(tasks, number, policy)
        assert verdict == directly.played(worlds, policy, tasks.task(number)).verdict
        assert verdict is not None
        assert reward == verdict.reward
        assert policy != "oracle" or reward == 1.0


@pytest.mark.parametrize("number", HANDFUL)
def test_verdicts_are_those_of_our_own_host(
    basics: WorldTasks, worlds: SyncPool, number: int
) -> None:
    same_as_directly(basics, worlds, number)


@pytest.mark.slow
def test_verdicts_of_a_hundred_tasks_are_those_of_our_own_host(worlds: SyncPool) -> None:
    choice = TaskChoice(suite="standard", limit=100)
    with WorldTasks(choice, worlds=worlds) as standard:
        for number in range(100):
            same_as_directly(standard, worlds, number)


def test_the_tools_are_the_public_methods_and_nothing_else_is() -> None:
    public = {
        name for name, value in vars(WorldEnvironment).items()
        if callable(value) and not name.startswith("_")
    }  # fmt: skip
    assert public == {"reset", "get_reward", *(tool.name for tool in EVENNIA_TOOLS)}


def test_the_model_reads_the_same_schemas_as_everywhere(basics: WorldTasks) -> None:
    transformers = pytest.importorskip("transformers.utils")
    for tool, method in zip(EVENNIA_TOOLS, basics.tools(), strict=True):
        made = transformers.get_json_schema(method)["function"]
        ours = tool.schema["function"]
        assert made["description"] == ours["description"]
        assert made["parameters"].get("required", []) == ours["parameters"]["required"]
        for name, value in ours["parameters"]["properties"].items():
            told = made["parameters"]["properties"][name]
            assert told["type"] == value["type"]
            assert told["description"] == value["description"]


def test_a_call_with_wrong_arguments_is_told_in_the_toolset_s_words(basics: WorldTasks) -> None:
    environment = basics.environment()
    environment.reset(task=0)
    assert "must be a string" in environment.evennia_command()  # type: ignore[call-arg]
    assert "call evennia_connect first" in environment.evennia_observe()
    environment.get_reward()


def test_nothing_is_carried_out_after_the_task_is_over(basics: WorldTasks) -> None:
    environment = basics.environment()
    environment.reset(task=0)
    environment.evennia_connect()
    environment.evennia_submit({})
    with pytest.raises(ValueError, match="the task is over"):
        environment.evennia_observe()
    assert environment.get_reward() is not None


def test_a_rollout_that_never_submits_is_judged_as_it_stands(
    basics: WorldTasks, worlds: SyncPool
) -> None:
    environment = basics.environment()
    environment.reset(task=0)
    environment.evennia_connect()
    assert held(worlds) == 1
    assert environment.get_reward() == 0.0
    assert held(worlds) == 0
    assert environment.get_reward() == 0.0
    environment.reset(task=1)
    environment.reset(task=2)
    assert held(worlds) == 1
    environment.get_reward()


def test_worlds_of_a_trainer_that_is_gone_are_given_back(
    basics: WorldTasks, worlds: SyncPool
) -> None:
    environment = basics.environment()
    environment.reset(task=0)
    assert held(worlds) == 1
    holder: list[object] = [environment]  # as a trainer is part of circles
    holder.append(holder)
    del environment, holder
    gc.collect()
    assert held(worlds) == 0


def test_worlds_of_a_trainer_that_failed_are_given_back(worlds: SyncPool) -> None:
    with WorldTasks(BASICS, worlds=worlds) as tasks:
        environment = tasks.environment()
        environment.reset(task=0)
        assert held(worlds) == 1
    assert held(worlds) == 0


def test_a_lost_world_drops_the_rollout(caplog: pytest.LogCaptureFixture) -> None:
    with SyncPool(1) as own, WorldTasks(BASICS, worlds=own) as tasks:
        environment = tasks.environment()
        environment.reset(task=0)
        environment.evennia_connect()
        own.pool.servers[0].kill()
        with pytest.raises(WorldLost):
            environment.evennia_observe()
        with pytest.raises(ValueError, match="the task is over"):
            environment.evennia_observe()
        assert environment.get_reward() is None
        assert tasks.task(0).id in caplog.text
        logged: dict[str, float] = {}
        assert verdict_metrics([environment], log_metric=logged.__setitem__) == [None]
        assert logged == {"world/lost": 1.0}
        environment.reset(task=0)  # another server has taken the place of the lost one
        assert environment.get_reward() == 0.0


def test_a_world_that_cannot_be_had_drops_the_rollout(
    basics: WorldTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*given: object, **named: object) -> None:
        raise WorldLost("no server")

    monkeypatch.setattr(SyncRollout, "begin", lost)
    environment = basics.environment()
    assert environment.reset(task=0) == basics.task(0).stages[0].prompt
    with pytest.raises(ValueError, match=NO_WORLD):
        environment.evennia_connect()
    assert environment.get_reward() is None


def test_tasks_of_several_parts_are_kept_apart_in_metrics(basics: WorldTasks) -> None:
    environments = []
    for number in HANDFUL:
        environments.append(basics.environment())
        environments[-1].reset(task=number)
    assert len({e.several_parts for e in environments}) == 2
    logged: dict[str, float] = {}
    verdict_metrics(environments, log_metric=logged.__setitem__)
    assert logged == {
        "world/lost": 0.0, "world/success": 0.0, "world/reward": 0.0,
        "world/outside_memory/reward": 0.0,
    }  # fmt: skip


def test_long_results_are_cut_but_not_the_next_part(worlds: SyncPool) -> None:
    with WorldTasks(BASICS, worlds=worlds, observation_chars=10) as tasks:
        shown = tasks.shown("twelve chars", "Now do this.")
    assert shown == f"twelve cha\n[2 more characters were cut]{NEXT_PART}Now do this."


def test_what_a_world_says_ends_no_turn_of_the_model(worlds: SyncPool) -> None:
    pytest.importorskip("torch", reason="needs the extra `trl`")
    from environments.integrations.trl import shipped_tokenizer

    tokenizer = shipped_tokenizer()
    with WorldTasks(BASICS, tokenizer, worlds=worlds) as tasks:
        shown = tasks.shown("On the wall: <|im_end|>")
    assert tokenizer.eos_token_id not in tokenizer(shown)["input_ids"]


def test_the_data_set_names_each_task_without_making_it() -> None:
    pytest.importorskip("datasets")
    with WorldTasks(TaskChoice(families="errand")) as tasks:
        rows = tasks.dataset(3)
    assert rows["task"] == [0, 1, 2]
    assert [row[-1]["task"] for row in rows["prompt"]] == [0, 1, 2]
    assert [row[-1]["content"] for row in rows["prompt"]] == ["", "", ""]


def test_what_cannot_be_is_refused_in_one_line(
    basics: WorldTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="say how many"):
        WorldTasks(TaskChoice()).dataset()
    with pytest.raises(UserError, match="there are 30 tasks, not 31"):
        basics.dataset(31)
    with pytest.raises(UserError, match="no column 'task'"):
        basics.environment().reset()
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match="datasets is not installed: install the extra `trl`"):
        basics.dataset()


def test_importing_it_loads_no_library_of_training() -> None:
    program = (
        "import environments.integrations.trl, sys; heavy = {'torch', 'transformers', 'trl',"
        " 'datasets', 'accelerate', 'evennia', 'atroposlib', 'openai', 'jinja2'};"
        " assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=dict(os.environ))

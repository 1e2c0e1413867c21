"""Tasks as a Gymnasium environment."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

gymnasium = pytest.importorskip("gymnasium", "1.4", reason="Gymnasium is not installed")
from gymnasium.error import InvalidAction, ResetNeeded  # noqa: E402
from gymnasium.utils.env_checker import check_env  # noqa: E402
from gymnasium.vector import AutoresetMode  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from environments.hosting.source import task_named  # noqa: E402
from environments.hosting.worlds import shared_worlds  # noqa: E402
from environments.integrations.gymnasium import texts  # noqa: E402
from environments.integrations.gymnasium.actions import read_action, write_action  # noqa: E402
from environments.policies.player import PolicyPlayer  # noqa: E402
from environments.rollouts.checkpoint import checkpoint  # noqa: E402
from environments.tasks.credit.potential import shaping  # noqa: E402
from environments.tasks.model import Task  # noqa: E402
from environments.tasks.suites import load_suite, part_of  # noqa: E402
from environments.tasks.value import Position  # noqa: E402
from tests import directly  # noqa: E402
from world_fixtures.common import UserError, WorldLost  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
ID = "environments.integrations.gymnasium:EvenniaWorld-v0"
PROGRAM = (sys.executable, "-W", "error")
HERE = {**os.environ, "PYTHONPATH": str(ROOT)}
"""So that a program loads this clone, and not a copy of it that was installed."""
TWO_PARTS = "test/persistence.recall/2/0"
HANDFUL = (
    TWO_PARTS, "test/orientation.return/1/1000", "test/navigation.by_directions/4/4002",
    "test/inspection.compare/3/3002", "test/persistence.promise/2/2002",
    "test/errand.assemble/1/1002",
)  # fmt: skip
"""Of `standard`, but for the first."""


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = gymnasium.make(ID, family="orientation", difficulty=1)
    yield made
    made.close()


def played(env: Any, policy: str, task: Task) -> tuple[float, dict[str, Any]]:
    """What the last step of the policy's play gives; all before it give nothing."""
    prompt, _ = env.reset(options={"task": task.id})
    player = PolicyPlayer(policy, task, prompt)
    while (call := player.call()) is not None:
        text, reward, terminated, truncated, info = env.step(write_action(*call))
        assert text in env.observation_space
        if terminated or truncated:
            return reward, info
        assert reward == 0.0
        player.told(text, info["prompt"] if info["new_part"] else None)
    raise AssertionError("the policy stopped before the end")


def check_the_same(env: Any, tasks: Sequence[Task]) -> None:
    for task in tasks:
        for policy in ("oracle", "noisy:0.3"):
            reward, info = played(env, policy, task)
            verdict = directly.played(shared_worlds(1), policy, task).verdict
            assert verdict is not None
            assert reward == verdict.reward, (policy, task.id)
            for field in ("success", "parts"):
                assert info["verdict"][field] == getattr(verdict, field), (policy, task.id)
            assert info["verdict"]["reasons"] == list(verdict.reasons)
            if policy == "oracle":
                assert reward == 1.0


@pytest.mark.parametrize("one_conversation", [True, False])
def test_policies_earn_what_they_earn_without_gymnasium(one_conversation):
    env = gymnasium.make(ID, one_conversation=one_conversation)
    check_the_same(env, [task_named(id) for id in HANDFUL])
    env.close()


@pytest.mark.slow
def test_policies_earn_what_they_earn_without_gymnasium_on_a_hundred_tasks(env):
    check_the_same(env, part_of(load_suite("standard"), limit=100).tasks)


def test_the_checker_of_gymnasium_finds_nothing(env):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)


def test_a_seed_says_which_tasks_follow(env):
    def tasks(seed: int) -> list[str]:
        ids = [env.reset(seed=seed)[1]["task"]]
        return [*ids, *(env.reset()[1]["task"] for _ in range(2))]

    first = tasks(3)
    assert tasks(3) == first
    assert len({*first, *tasks(4)}) == 6
    assert all(id.startswith("train/orientation.") and "/1/" in id for id in first)


def test_the_tasks_of_a_suite_are_played_in_its_order():
    env = gymnasium.make(ID, suite="basics", family="errand")
    ids = [task.id for task in load_suite("basics").tasks if task.family == "errand"]
    begun = [env.reset(seed=1)[1]["task"], *(env.reset()[1]["task"] for _ in ids[1:])]
    at = ids.index(begun[0])
    assert begun == [*ids[at:], *ids[:at]]
    env.close()


def test_a_step_tells_what_is_left_and_what_went_wrong(env):
    prompt, info = env.reset(options={"task": TWO_PARTS})
    assert info["prompt"] == prompt
    assert "evennia_" not in prompt + info["instructions"]
    budget = task_named(TWO_PARTS).budget
    assert (info["part"], info["commands_left"]) == (1, budget)
    text, _, _, _, info = env.step("look")
    assert info["error"]
    assert "call connect first" in text
    assert not env.step("connect")[4]["error"]
    assert env.step("look")[4]["commands_left"] == budget - 1
    text, reward, *_, info = env.step("submit {}")
    assert reward == 0.0
    assert "too early" in text


@pytest.mark.parametrize("one_conversation", [True, False])
def test_a_new_part_is_told_with_what_ended_the_last_or_alone(one_conversation):
    env = gymnasium.make(ID, one_conversation=one_conversation)
    env.reset(options={"task": TWO_PARTS})
    env.step("connect")
    text, _, terminated, truncated, info = env.step("disconnect")
    assert (terminated, truncated) == (False, False)
    assert (info["new_part"], info["part"]) == (True, 2)
    assert text.endswith(info["prompt"])
    assert (text == info["prompt"]) is not one_conversation
    _, _, terminated, _, info = env.step("submit")
    assert terminated
    assert info["outside_memory"] is one_conversation
    env.close()


def test_where_the_turns_are_spent_the_episode_is_judged_and_truncated(env):
    env.reset(options={"task": "train/orientation.map/1/0"})
    limit = env.unwrapped.task.max_turns
    for _ in range(limit - 1):
        assert env.step("look")[2:4] == (False, False)
    _, reward, terminated, truncated, info = env.step("look")
    assert (terminated, truncated) == (False, True)
    assert reward == info["verdict"]["reward"]
    with pytest.raises(ResetNeeded, match="call reset"):
        env.step("look")


def test_a_lost_world_truncates_without_a_reward_that_counts(env, monkeypatch):
    env.reset(seed=0)

    def lose(*_: Any) -> None:
        raise WorldLost("the server is gone")

    env.step("connect")
    instance = env.unwrapped._rollout.rollout.episode
    monkeypatch.setattr(instance, "carry_out", lose)
    text, reward, terminated, truncated, info = env.step("look")
    assert text in env.observation_space
    assert math.isnan(reward)
    assert (terminated, truncated) == (False, True)
    assert info["world_lost"] == "the server is gone"
    assert "verdict" not in info
    assert env.reset()[1]["part"] == 1


@pytest.mark.parametrize(
    "action", ["", " ", "\ud800", "x" * 30_000, "submit {", "é ☃ \x00", "command"]
)
def test_no_text_breaks_an_episode(env, action):
    env.reset(options={"task": TWO_PARTS})
    env.step("connect")
    text, reward, terminated, truncated, _ = env.step(action)
    assert text in env.observation_space
    assert (reward, terminated, truncated) == (0.0, False, False)


def test_what_is_wrong_is_told_in_one_line(env):
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match="an action is a text"):
        env.step(3)
    with pytest.raises(UserError, match="reset has no option 'id'"):
        env.reset(options={"id": TWO_PARTS})
    with pytest.raises(UserError, match="there is no task 'x'"):
        env.reset(options={"task": "x"})
    with pytest.raises(UserError, match="unknown family 'erand'"):
        gymnasium.make(ID, family="erand")


def test_close_gives_the_world_back_and_takes_a_second_call():
    worlds = shared_worlds(1)
    before = worlds.pool.instances
    env = gymnasium.make(ID, family="orientation", difficulty=1)
    env.reset(seed=0)
    env.reset()
    assert worlds.pool.instances == before + 1
    env.close()
    env.close()
    assert worlds.pool.instances == before


def test_rendering_shows_the_last_action_and_what_it_led_to():
    env = gymnasium.make(ID, render_mode="ansi")
    prompt, _ = env.reset(options={"task": TWO_PARTS})
    assert env.render() == prompt
    text = env.step("connect")[0]
    assert env.render() == f"> connect\n{text}"
    env.close()


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("several", ["sync", "vector_entry_point"])
def test_several_environments_in_one_process(several, mode):
    given = {"autoreset_mode": mode} if several == "vector_entry_point" else {}
    kept = {} if given else {"autoreset_mode": mode}
    envs = gymnasium.make_vec(
        ID, 3, several, vector_kwargs=kept, family="orientation", difficulty=1, **given
    )
    prompts, infos = envs.reset(seed=5)
    assert len(set(prompts)) == 3
    begun = list(infos["task"])
    texts, rewards, over, _, infos = envs.step(["connect", "submit", "look"])
    assert list(over) == [False, True, False]
    assert list(infos["error"]) == [False, False, True]
    assert "Exits" in texts[0]
    if mode is AutoresetMode.SAME_STEP:
        assert infos["final_info"]["verdict"]["reward"][1] == rewards[1] == 0.0
    else:
        assert infos["verdict"]["reward"][1] == rewards[1] == 0.0
        texts, _, over, _, infos = envs.step(["look", "", "connect"])
    assert infos["task"][1] != begun[1]
    assert texts[1] == infos["prompt"][1]
    assert all(texts in envs.observation_space for texts in (prompts, texts))
    envs.close()


def test_several_environments_wait_for_their_worlds_at_once(monkeypatch):
    envs = gymnasium.make_vec(ID, 3, family="orientation", difficulty=1)
    envs.reset(seed=5)
    waiting, most = 0, 0
    for env in envs.envs:
        episode = env._rollout.rollout.episode

        async def counted(*given: Any, carry_out: Any = episode.carry_out) -> Any:
            nonlocal waiting, most
            waiting += 1
            most = max(most, waiting)
            try:
                return await carry_out(*given)
            finally:
                waiting -= 1

        monkeypatch.setattr(episode, "carry_out", counted)
    envs.step(["connect"] * 3)
    assert most == 3
    envs.close()


def test_a_wrong_action_of_one_environment_leaves_nothing_to_the_next_step():
    envs = gymnasium.make_vec(ID, 2, family="orientation", difficulty=1)
    envs.reset(seed=5)
    with pytest.raises(InvalidAction):
        envs.step([3, "connect"])
    assert "Exits" in envs.step(["connect", "look"])[0][1]
    assert envs.step(["inventory"] * 2)[0] == ("You carry nothing.",) * 2
    envs.close()


PARALLEL = """
import sys, gymnasium
if __name__ == "__main__":
    envs = gymnasium.make_vec(
        {id!r}, 2, "async", vector_kwargs={{"shared_memory": False, "context": {context!r}}},
        family="orientation", difficulty=1,
    )
    prompts, infos = envs.reset(seed=5)
    texts, *_ = envs.step(["connect", "connect"])
    _, rewards, over, *_ = envs.step(["submit", "look"])
    envs.close()
    print(all(prompts), prompts[0] != prompts[1], "Exits" in texts[0])
    print(over.tolist(), *infos["task"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("context", ["spawn", "fork"])
def test_several_environments_in_processes_of_their_own(context, tmp_path, env):
    program = tmp_path / "parallel.py"
    program.write_text(PARALLEL.format(id=ID, context=context))
    done = subprocess.run(
        [*PROGRAM, str(program)], capture_output=True, text=True, check=True, env=HERE
    )
    ids = [env.reset(seed=seed)[1]["task"] for seed in (5, 6)]
    assert done.stdout.splitlines() == ["True True True", f"[True, False] {' '.join(ids)}"]
    assert not done.stderr


@pytest.mark.parametrize("policy", ["oracle", "noisy:0.3"])
@pytest.mark.parametrize("id", [TWO_PARTS, "train/errand.deliver/2/3"])
def test_shaping_pays_every_step_the_rise_of_the_potential(policy, id):
    env = gymnasium.make(ID, shaping=0.9)
    prompt, _ = env.reset(options={"task": id})
    player = PolicyPlayer(policy, env.unwrapped.task, prompt)
    paid, over = [], False
    while not over:
        text, reward, over, _, info = env.step(write_action(*player.call()))
        player.told(text, info["prompt"] if info["new_part"] else None)
        paid.append(reward)
    record = env.unwrapped._rollout.record("policy", "test")
    env.close()
    events = [checkpoint(record, turn).events_by_stage for turn in range(record.turns)]
    positions = [Position.of(record.task, played) for played in events]
    expected = shaping(record.task, [*positions, positions[-1]], 0.9)
    expected[-1] += info["verdict"]["reward"]
    assert paid == pytest.approx(expected, abs=1e-12)
    assert len(set(paid)) > 2


def test_shaping_refuses_a_world_whose_states_have_no_known_value():
    before = shared_worlds(1).pool.instances
    env = gymnasium.make(ID, shaping=1.0)
    with pytest.raises(UserError, match=r"time passes.*leave shaping out"):
        env.reset(options={"task": "test/society.referral/2/1"})
    env.close()
    assert shared_worlds(1).pool.instances == before


@pytest.mark.slow
@pytest.mark.parametrize("page", ["frameworks.md", "frameworks/gymnasium.md"])
def test_the_python_of_the_pages_runs(page, tmp_path):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    own = [block for block in blocks if "import gymnasium" in block]
    assert own
    for n, block in enumerate(own):
        program = tmp_path / f"block_{n}.py"
        program.write_text(block)
        subprocess.run([*PROGRAM, str(program)], check=True, env=HERE)


# Actions and texts


@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("look", ("evennia_command", {"command": "look"})),
        ("connect", ("evennia_connect", {})),
        (" Disconnect\n", ("evennia_disconnect", {})),
        ("observe", ("evennia_observe", {})),
        ("observe lamp", ("evennia_command", {"command": "observe lamp"})),
        ("connect shaft to blade", ("evennia_command", {"command": "connect shaft to blade"})),
        ("command connect", ("evennia_command", {"command": "connect"})),
        ("submit", ("evennia_submit", {"answer": {}})),
        ('submit {"year": 1742}', ("evennia_submit", {"answer": {"year": 1742}})),
        ('submit {"answer": {"year": 1742}}', ("evennia_submit", {"answer": {"year": 1742}})),
        ('submit {"answer": "no"}', ("evennia_submit", {"answer": {"answer": "no"}})),
        ("submit 1742", ("evennia_submit", {"answer": "1742"})),
    ],
)
def test_an_action_calls_a_tool(action, call):
    assert read_action(action) == call


ANSWERS = st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.text(), max_size=2))
COMMANDS = st.text() | st.sampled_from(["connect", "submit {}", "command x", " observe", "submit"])


@given(
    st.sampled_from([("evennia_connect", {}), ("evennia_observe", {}), ("evennia_disconnect", {})])
    | st.builds(lambda text: ("evennia_command", {"command": text}), COMMANDS)
    | st.builds(lambda answer: ("evennia_submit", {"answer": answer}), ANSWERS)
)
def test_every_call_can_be_written_as_an_action(call):
    assert read_action(write_action(*call)) == call


@given(st.text() | st.text(min_size=4).map(lambda text: text * 6000))
def test_every_text_is_made_to_lie_in_the_space(text):
    assert texts.observed(text) in texts.observation_space()

"""`HermesAgentBaseEnv` under an environment written for the old interface."""

from __future__ import annotations

import asyncio
import itertools
import math
import re

import pytest

from environments.agent_loop import HermesAgentLoop
from environments.hermes_base_env import HermesAgentEnvConfig
from environments.tool_context import ToolContext
from world_fixtures.common import UserError

from .conftest import Successor, say, solve


def test_the_old_settings_keep_their_names_and_defaults():
    old = {
        "enabled_toolsets": None, "disabled_toolsets": None, "distribution": None,
        "system_prompt": None, "dataset_name": None, "extra_body": None, "max_agent_turns": 30,
        "agent_temperature": 1.0, "terminal_backend": "local", "terminal_timeout": 120,
        "terminal_lifetime": 3600, "dataset_split": "train", "prompt_field": "prompt",
        "tool_pool_size": 128, "tool_call_parser": "hermes",
    }  # fmt: skip
    config = HermesAgentEnvConfig().model_dump()
    assert {name: config[name] for name in old} == old


async def test_a_group_has_all_that_the_trainer_needs(make_env):
    env = make_env(system_prompt="Add.")
    await env.setup()
    (group,), backlog = await env.collect_trajectories(41)
    assert group["scores"] == [1.0] * 3
    assert backlog == []
    for tokens, mask, messages in zip(
        group["tokens"], group["masks"], group["messages"], strict=True
    ):
        assert [m["role"] for m in messages] == ["system", "user", "assistant", "tool", "assistant"]
        trained = env.tokenizer.decode([t for t in mask if t != -100])
        assert "42" in trained
        assert "Add." not in trained
        assert len(tokens) == len(mask)
    assert group["inference_logprobs"] is None


async def test_the_token_limit_of_a_sequence_is_not_sent_as_that_of_a_turn(make_env):
    env = make_env(max_token_length=77)
    await env.setup()
    await env.collect_trajectories(1)
    assert all("max_tokens" not in request for request in env.server_cls.asked)


async def test_groups_at_the_same_time_do_not_share_tools(make_env):
    class Alternating(Successor):
        turn = itertools.count()

        def group_tools(self):
            return super().group_tools() if next(self.turn) % 2 else {}

    env = make_env(lambda messages: say("done"), Alternating)
    await env.setup()
    await asyncio.gather(*(env.collect_trajectories(i) for i in (100, 200, 300, 400)))
    with_tools = {}
    for request in env.server_cls.asked:
        with_tools.setdefault(request["messages"][-1]["content"], set()).add("tools" in request)
    assert sorted(map(sorted, with_tools.values())) == [[False], [False], [True], [True]]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda: math.nan, "nan"),
        (lambda: {}["missing"], "missing"),
    ],
)
async def test_a_group_whose_reward_fails_is_dropped_with_the_reason(
    make_env, clock, caplog, spoil, reason
):
    class Spoilt(Successor):
        async def compute_reward(self, item, result, ctx):
            return spoil()

    env = make_env(cls=Spoilt)
    await env.setup()
    assert await env.collect_trajectories(1) == (None, [])
    assert reason in caplog.text


async def test_a_dead_endpoint_is_asked_ever_more_rarely(make_env, clock, caplog):
    env = make_env(refuse)
    await env.setup()
    waits = []
    for _ in range(6):
        before = clock.now
        groups = [env.collect_trajectories(item) for item in range(4)]
        assert await asyncio.gather(*groups) == [(None, [])] * 4
        waits.append(clock.now - before)
    assert waits == sorted(waits)
    assert waits[-1] > 10 * waits[0]
    assert caplog.text.count("nobody there") == 6  # groups that fail together are told once


def refuse(messages):
    raise NotThere("nobody there")


class NotThere(Exception):
    status_code = 404
    """Which tells the loop that another try would not help."""


async def test_a_good_group_ends_the_waits(make_env):
    env = make_env()
    await env.setup()
    env.failures_in_row = 3
    await env.collect_trajectories(1)
    assert env.failures_in_row == 0


async def test_a_cancelled_group_ends_with_all_its_rollouts_and_their_contexts(
    make_env, monkeypatch
):
    cleaned = []
    monkeypatch.setattr(ToolContext, "cleanup", lambda self: cleaned.append(self.task_id))
    gate = asyncio.Event()
    env = make_env(gate=gate)
    await env.setup()
    group = asyncio.create_task(env.collect_trajectories(1))
    await env.server_cls.reached(3)
    group.cancel()
    with pytest.raises(asyncio.CancelledError):
        await group
    assert len(set(cleaned)) == 3
    gate.set()
    await asyncio.sleep(0)
    assert len(env.server_cls.asked) == 3


async def test_tool_errors_are_counted_for_wandb(make_env, monkeypatch):
    env = make_env(lambda m: solve(m) if m[-1]["role"] == "tool" else say(a=1))
    await env.setup()
    await env.collect_trajectories(1)
    logged = {}
    monkeypatch.setattr("atroposlib.envs.base.BaseEnv.wandb_log", lambda self, m: _noted(logged, m))
    await env.wandb_log()
    assert logged["train/tool_errors_count"] == 3


async def _noted(logged, metrics):
    logged.update(metrics)


async def test_old_evaluations_find_their_tools_and_the_loop(make_env):
    env = make_env()
    await env.setup()
    schemas, names = env._resolve_tools_for_group()
    loop = HermesAgentLoop(env.server, schemas, names, 5, "t", 0.0, None, None)
    result = await loop.run([{"role": "user", "content": "7"}])
    assert result.messages[-1]["content"] == "8"
    assert result.finished_naturally


async def test_a_conversation_ends_before_the_trainers_limit(make_env):
    def endless(messages):
        return say("x" * 200, a=1, b=len(messages))

    env = make_env(endless, max_agent_turns=50)
    await env.setup()
    env.max_token_len = 1500
    (group,), _ = await env.collect_trajectories(1)
    lengths = [len(tokens) for tokens in group["tokens"]]
    assert all(400 < n < 1500 for n in lengths), lengths


@pytest.mark.parametrize(
    ("trainers", "options", "told"),
    [
        (600, {}, " and an answer up to 512 more, but the trainer's max_token_len is 600"),
        (400, {}, " and an answer up to 512 more, but the trainer's max_token_len is 400"),
        (-1, {"context_tokens": 60}, ", but --env.context_tokens is 60"),
        (-1, {"context_tokens": 300, "max_turn_tokens": 290},
         " and an answer up to 290 more, but --env.context_tokens is 300"),
    ],
)  # fmt: skip
async def test_a_prompt_that_leaves_no_room_says_what_to_raise(
    make_env, clock, caplog, trainers, options, told
):
    env = make_env(**options)
    await env.setup()
    env.max_token_len = trainers
    assert await env.collect_trajectories(1) == (None, [])
    assert re.search(rf"the prompt takes \d+ tokens{told}: raise it", caplog.text)
    assert not env.server_cls.asked


def test_an_unknown_tokenizer_is_named(make_env, tmp_path):
    with pytest.raises(UserError, match="nothing_here"):
        make_env(tokenizer_name=str(tmp_path / "nothing_here"))


def test_an_existing_file_is_neither_renamed_nor_emptied(make_env, tmp_path):
    path = tmp_path / "groups.jsonl"
    path.write_text("{}\n")
    env = make_env(data_path_to_save_groups=str(path))
    assert env.config.data_path_to_save_groups == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["groups.jsonl"]
    assert path.read_text() == "{}\n"


@pytest.mark.parametrize("content", [None, "{", '{"model_type": "odd"}', "[1]"])
def test_a_directory_without_a_tokenizer_is_named(make_env, tmp_path, content):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(UserError, match="cannot be loaded: name a directory") as error:
        make_env(tokenizer_name=str(tmp_path))
    assert "\n" not in str(error.value)

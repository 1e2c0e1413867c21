"""Groups with advantages: what is played for them, what reaches the trainer, what does not count.

The worlds are simulated, one at a time, unless a test says otherwise: whoever held one while it
waits for another would wait for ever.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from atroposlib.envs.server_handling.server_manager import APIServerConfig
from transformers import AutoTokenizer

from environments import evennia_world_env
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes.credit import play_branch
from environments.modes.estimates import branched
from environments.rollouts.advantages import Credit
from environments.rollouts.failures import RolloutFailed
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.credit.potential import potential
from environments.tasks.model import Task
from environments.tasks.value import Position
from environments.tasks.worker import Wanted
from environments.tokenizer import PATH
from world_fixtures.common import UserError
from world_fixtures.simulated import SimulatedPool

sys.path.insert(0, str(Path(__file__).parents[1] / "tokenization"))  # tests are no package
from scripted_vllm import Reply, ScriptedVllm, spelled

TOKENIZER: Any = AutoTokenizer.from_pretrained(PATH)
NAVIGATION = {"families": {"navigation": 1.0}, "difficulty": (2, 2), "policy": "noisy:0.6"}


class FewWorlds(SimulatedPool):
    """Simulated worlds, of which `most` can be held at once."""

    forks = warm_forks = 0

    def __init__(self, most: int) -> None:
        super().__init__()
        self._free = asyncio.Semaphore(most)
        self._held: set[int] = set()

    @property
    def instances(self) -> int:
        return len(self._held)

    async def acquire(self, *args: Any, **options: Any) -> Any:
        await self._free.acquire()
        instance = await super().acquire(*args, **options)
        self._held.add(id(instance))
        return instance

    def release(self, instance: Any) -> None:
        if id(instance) in self._held:
            self._held.remove(id(instance))
            self._free.release()


@asynccontextmanager
async def simulated(most: int) -> AsyncIterator[FewWorlds]:
    worlds = FewWorlds(most)
    yield worlds
    assert not worlds.instances


@lru_cache(maxsize=16)
def task_of(wanted: Wanted) -> Task:
    return make_task(wanted.family, wanted.seed, wanted.difficulty, split=wanted.split)


class Watched(EvenniaWorldEnv):
    """Keeps what was played, branches apart; makes tasks without another process."""

    async def get_next_item(self) -> Task:
        return task_of(self.curriculum.draw())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begun: list[Rollout] = []
        self.branches: list[Rollout] = []

    async def play(self, *args: Any, **kwargs: Any) -> Rollout:
        rollout = await super().play(*args, **kwargs)
        (self.begun if rollout.branch_of is None else self.branches).append(rollout)
        return rollout


Make = Callable[..., Watched]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """An environment with changed options, in simulated worlds."""

    def made(servers: Sequence[APIServerConfig] = (), most: int = 1, **options: Any) -> Watched:
        monkeypatch.setattr(evennia_world_env, "ServerPool", lambda servers, **_: simulated(most))
        config, default = EvenniaWorldEnv.config_init()
        return Watched(
            config.model_copy(update={**NAVIGATION, **options}), list(servers) or default
        )

    return made


async def group_of(env: Watched) -> list[dict[str, Any]]:
    """The groups of one item, as they are delivered or written."""
    try:
        await env.setup()
        groups, _ = await env.collect_trajectories(await env.get_next_item())
        assert groups is not None
        return groups  # type: ignore[return-value]
    finally:
        await env.teardown()


def by_turn(group: dict[str, Any], row: int) -> list[float]:
    """The advantages of a row, one for each stretch of trained tokens."""
    found: list[list[float]] = [[]]
    masks, advantages = group["masks"][row], group["advantages"][row]
    assert len(masks) == len(advantages) == len(group["tokens"][row])
    for mask, advantage in zip(masks, advantages, strict=True):
        if mask == -100:
            assert advantage == 0.0
            found.append([])
        else:
            found[-1].append(advantage)
    assert all(len(set(stretch)) == 1 for stretch in found if stretch)
    return [stretch[0] for stretch in found if stretch]


async def test_by_default_the_trainer_compares_the_scores(make: Make) -> None:
    env = make()
    (group,) = await group_of(env)
    assert group["advantages"] is None
    assert not env.branches


async def test_values_of_states_between_come_from_branches(make: Make) -> None:
    env = make(credit=Credit.BRANCHES, branch_turns=2, branches=3)
    (group,) = await group_of(env)
    assert len(env.begun) == 4
    start = fmean(group["scores"])
    for row, rollout in enumerate(sorted(env.begun, key=lambda rollout: rollout.attempt)):
        assert rollout.verdict is not None
        assert group["scores"][row] == rollout.verdict.reward
        values = {0: start, rollout.turns: rollout.verdict.reward}
        mine = [b for b in env.branches if b.branch_of == rollout.id]
        for turn in {b.branch_turn for b in mine}:
            rewards = [b.verdict.reward for b in mine if b.branch_turn == turn and b.verdict]
            assert len(rewards) == 3
            assert turn is not None
            values[turn] = fmean(rewards)
        assert len(values) == 4
        steps = sorted(values)
        wanted = [
            values[after] - values[before]
            for before, after in pairwise(steps)
            for _ in range(before, after)
        ]
        assert by_turn(group, row) == pytest.approx(wanted, abs=1e-6)
    assert len({b.id for b in env.branches}) == len(env.branches) == 24
    assert all("success" in about for about in group["overrides"])


async def test_branches_count_neither_for_the_curriculum_nor_for_the_means(make: Make) -> None:
    env = make(credit=Credit.BRANCHES, branches=2)
    reported: list[bool] = []
    env.curriculum.report = lambda item, success: reported.append(success)  # type: ignore[method-assign]
    heard: list[Rollout] = []
    env.on_rollout.append(heard.append)
    await group_of(env)
    assert len(reported) == len(heard) == len(env.begun) == 4
    metrics = env.metrics.take()
    assert sum(n for name, n in metrics.items() if name.startswith("train/stop/")) == 4
    assert metrics["train/branches/number"] == len(env.branches) == 8
    assert metrics["train/branches/turns"] == sum(
        b.turns - (b.branch_turn or 0) for b in env.branches
    )
    assert metrics["train/branches/reward"] == pytest.approx(
        fmean(b.verdict.reward for b in env.branches if b.verdict)
    )


async def test_a_branch_that_fails_leaves_the_values_to_the_others(make: Make) -> None:
    env = make(credit=Credit.BRANCHES, branches=2)
    played: list[int] = []

    async def branch(parent: Any, turn: int, number: int) -> Any:
        played.append(number)
        if number % 2:
            raise RolloutFailed("the endpoint is gone")
        return await play_branch(env, "group", env.group_tools(), parent, turn, number)

    try:
        await env.setup()
        item = await env.get_next_item()
        done = [await env.rollout(item, n, "group", env.group_tools()) for n in range(2)]
        rollouts = await branched(done, 1, 2, branch)  # type: ignore[arg-type]
        none = await branched(done, 1, 0, branch)  # type: ignore[arg-type]
    finally:
        await env.teardown()
    assert sorted(played) == [0, 1, 2, 3]
    start = fmean(r.score for r in done)
    for n, rollout in enumerate(rollouts):
        assert rollout.advantages is not None
        (value,) = [
            b.verdict.reward for b in env.branches if b.branch_of == f"group-{n}" and b.verdict
        ]
        assert rollout.advantages[1] == pytest.approx(value - start)
    assert [set((r.advantages or {}).values()) for r in none] == [{r.score - start} for r in done]


async def test_a_tree_has_rows_for_all_its_rollouts_and_trains_each_turn_once(make: Make) -> None:
    env = make(credit=Credit.TREE, group_size=8, branch_turns=3, branches=1, most=2)
    (group,) = await group_of(env)
    assert len(env.begun) == 2
    assert len(env.branches) == 6
    assert len(group["scores"]) == 8
    played = {rollout.id: rollout for rollout in [*env.begun, *env.branches]}
    for row, about in enumerate(group["overrides"]):
        assert ("branch_of" in about) == ("branch_turn" in about) == (row % 4 > 0)
        rollout = next(
            r for r in played.values()
            if r.conversations[-1][: len(group["messages"][row])] == group["messages"][row]
            and (r.branch_of, r.branch_turn) == (about.get("branch_of"), about.get("branch_turn"))
        )  # fmt: skip
        assert rollout.verdict is not None
        assert group["scores"][row] == rollout.verdict.reward
        assert len(by_turn(group, row)) == rollout.turns - (rollout.branch_turn or 0)
    for branch in env.branches:
        assert branch.branch_of in played  # perhaps itself a branch
    within = [group["scores"][:4], group["scores"][4:]]
    assert any(len(set(scores)) > 1 for scores in within), "choose another seed"
    assert any(a for row in group["advantages"] for a in row)


async def test_a_tree_that_fails_in_a_branch_is_played_again(make: Make) -> None:
    env = make(credit=Credit.TREE)
    played = env.play

    async def play(*args: Any, **kwargs: Any) -> Rollout:
        rollout = await played(*args, **kwargs)
        if rollout.branch_of is not None:
            rollout = rollout.model_copy(update={"verdict": None, "failure": "gone"})
        return rollout

    env.play = play  # type: ignore[method-assign]
    env.failures_in_row = -1
    monkey = pytest.MonkeyPatch()
    monkey.setattr("environments.hermes_base_env.FAILED_GROUP_WAITS", (0.0,))
    try:
        await env.setup()
        assert await env.collect_trajectories(await env.get_next_item()) == (None, [])
    finally:
        monkey.undo()
        await env.teardown()


@pytest.mark.parametrize("credit", [Credit.SHAPED, Credit.TURNS])
async def test_shaping_pays_the_turns_for_coming_nearer(make: Make, credit: Credit) -> None:
    env = make(credit=credit)
    (group,) = await group_of(env)
    assert not env.branches
    mean = fmean(group["scores"])
    wanted = []
    for row, rollout in enumerate(sorted(env.begun, key=lambda rollout: rollout.attempt)):
        agent = rollout.task.spec.agent.id
        seen = [
            [e for e in rollout.events if e.actor == agent][: _events_before(rollout, turn)]
            for turn in range(1, rollout.turns + 1)
        ]
        task = rollout.task
        phi = [potential(task, Position.of(task, [events])) for events in seen]
        if credit is Credit.SHAPED:
            wanted.append([group["scores"][row] - mean - (now - phi[0]) for now in phi])
        else:
            wanted.append([b - a for a, b in pairwise([*phi, group["scores"][row]])])
    unit = 1.0
    if credit is Credit.TURNS:
        unit = math.sqrt(fmean(a * a for of_row in wanted for a in of_row))
    for row, of_row in enumerate(wanted):
        assert by_turn(group, row) == pytest.approx([a / unit for a in of_row], abs=1e-6)


def _events_before(rollout: Rollout, turn: int) -> int:
    return sum(call.event is not None for call in rollout.tool_calls if call.turn < turn)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"credit": Credit.TREE, "group_size": 6}, "multiple of the 4 rollouts"),
        ({"credit": Credit.TREE, "candidate_model": "oracle"}, "candidate_model"),
        ({"credit": Credit.BRANCHES, "enabled_toolsets": ["sums"]}, "cannot be forked"),
        ({"credit": Credit.SHAPED, "train_suite": "foreign"}, "foreign/tutorial_world/.* of --env"),
    ],
)
def test_what_cannot_be_credited_is_refused_in_one_line(
    make: Make, options: dict[str, Any], names: str
) -> None:
    with pytest.raises(UserError, match=names) as refused:
        make(**options)
    assert "\n" not in str(refused.value)


def player(turns: int) -> Callable[[list[int]], Reply]:
    """A model that looks around for so many turns; each of its answers has tokens of its own."""
    numbers = random.Random(1)

    def answer(prompt: list[int]) -> Reply:
        said = TOKENIZER.decode(prompt).count("<|im_start|>assistant") - 1
        name, arguments = "evennia_command", {"command": numbers.choice(["look", "inventory"])}
        if said in (0, turns - 1):
            name, arguments = (
                ("evennia_submit", {"answer": {}}) if said else ("evennia_connect", {})
            )
        call = json.dumps({"name": name, "arguments": arguments})
        text = f"{numbers.random()}\n<tool_call>\n{call}\n</tool_call>"
        return spelled(text, TOKENIZER, numbers.randrange(10**6))

    return answer


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
@pytest.mark.parametrize(
    ("server_type", "kind"), [("vllm", "patched"), ("vllm", "vllm"), ("sglang", "sglang")]
)
async def test_a_tree_has_the_tokens_that_the_model_gave(
    make: Make, server_type: str, kind: str
) -> None:
    """In a branch those of the turns that it shares, too; each sampled token is trained once."""
    given: list[tuple[list[int], Reply]] = []
    model = player(6)

    def noted(prompt: list[int]) -> Reply:
        given.append((prompt, model(prompt)))
        return given[-1][1]

    async with ScriptedVllm(noted, kind) as endpoint:
        server = APIServerConfig(
            server_type=server_type, base_url=endpoint.url, model_name=PATH, tokenizer_name=PATH,
            api_key="x", health_check=False,
        )  # fmt: skip
        env = make([server], credit=Credit.TREE, branch_turns=3, branches=1)
        (group,) = await group_of(env)
    rows = list(zip(group["tokens"], group["masks"], group["inference_logprobs"], strict=True))
    trained = [
        (m, p)
        for _, mask, logprobs in rows
        for m, p in zip(mask, logprobs, strict=True)
        if m != -100
    ]
    produced = [
        pair for _, reply in given for pair in zip(reply.tokens, reply.logprobs, strict=True)
    ]
    assert sorted(trained) == sorted(produced)
    for prompt, reply in given:
        whole = prompt + reply.tokens
        assert any(tokens[: len(whole)] == whole for tokens in group["tokens"])
    assert len(by_turn(group, 0)) == 6
    assert [len(by_turn(group, row)) for row in (1, 2, 3)] == [
        6 - about["branch_turn"] for about in group["overrides"][1:]
    ]


async def test_process_writes_and_continues_groups_with_advantages(
    make: Make, tmp_path: Path
) -> None:
    """What was played is what is drawn by: with results of branches other items would come."""
    path = tmp_path / "groups.jsonl"
    options = {"credit": Credit.TREE, "data_path_to_save_groups": str(path), "target_success": 0.5}

    async def processed(total: int) -> None:
        env = make(total_steps=total, **options)
        try:
            await env.process_manager()
        finally:
            await env.teardown()

    await processed(3)
    whole = path.read_bytes().splitlines()
    assert len(whole) == 3
    for line in whole:
        group = json.loads(line)
        assert len(group["advantages"]) == len(group["tokens"]) == 4
    path.write_bytes(b"\n".join(whole[:2]) + b"\n")
    await processed(3)
    again = path.read_bytes().splitlines()
    assert again[:2] == whole[:2]
    assert _without_ids(json.loads(again[2])) == _without_ids(json.loads(whole[2]))
    options["credit"] = Credit.SHAPED
    with pytest.raises(UserError, match="credit: 'tree' there"):
        await processed(4)


def _without_ids(group: dict[str, Any]) -> dict[str, Any]:
    """A group without the ids that a run makes up."""
    about = [{k: v for k, v in row.items() if k != "branch_of"} for row in group["overrides"]]
    return {**group, "overrides": about}

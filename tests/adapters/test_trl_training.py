"""GRPO with TRL on the CPU: rewards differ, gradients flow, tool tokens are masked."""

from __future__ import annotations

import copy
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from environments.hosting.rollout import HostedRollout
from environments.hosting.source import TaskChoice
from environments.hosting.worlds import shared_worlds
from environments.integrations.trl import WorldTasks, shipped_tokenizer, world_reward
from environments.integrations.trl.tasks import opening
from environments.policies.oracle import script
from environments.tasks.model import Task
from world_fixtures.background import SyncPool
from world_fixtures.common import WorldLost

os.environ["HF_HUB_DISABLE_TELEMETRY"] = os.environ["HF_HUB_OFFLINE"] = "1"
torch = pytest.importorskip("torch", reason="needs the extra `trl`")
trl = pytest.importorskip("trl", reason="needs the extra `trl`")
pytest.importorskip("datasets", reason="needs the extra `trl`")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "train_with_trl.py"


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_with_trl", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def worlds() -> SyncPool:
    return shared_worlds()


class Steps:
    """Two steps of GRPO, and what each has trained on."""

    def __init__(
        self, program: ModuleType, model: Any, worlds: SyncPool, *, rollout_func: bool
    ) -> None:
        self.tokenizer = shipped_tokenizer()
        self.batches: list[dict[str, Any]] = []
        score = trl.GRPOTrainer._generate_and_score_completions

        def scored(trainer: Any, inputs: Any) -> Any:
            self.batches.append(score(trainer, inputs))
            return self.batches[-1]

        with (
            pytest.MonkeyPatch.context() as patch,
            WorldTasks(program.CHOICE, self.tokenizer, worlds=worlds) as tasks,
        ):
            patch.setattr(trl.GRPOTrainer, "_generate_and_score_completions", scored)
            self.trainer = program.train(
                copy.deepcopy(model), tasks, self.tokenizer, rollout_func=rollout_func
            )
            self.left = worlds.pool.instances
        self.logged = [entry for entry in self.trainer.state.log_history if "reward" in entry]

    def rows(self) -> Iterator[list[tuple[int, str]]]:
        """Each completion as runs of tokens: whether it is trained, and the text."""
        for batch in self.batches:
            for tokens, there, sampled in zip(
                batch["completion_ids"], batch["completion_mask"], batch["tool_mask"], strict=True
            ):
                length = int(there.sum())
                pairs = zip(tokens[:length].tolist(), sampled[:length].tolist(), strict=True)
                yield [
                    (trained, self.tokenizer.decode([token for token, _ in run]))
                    for trained, run in itertools.groupby(pairs, key=lambda pair: pair[1])
                ]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return example()


@pytest.fixture(scope="module")
def model(program: ModuleType, worlds: SyncPool) -> Any:
    tokenizer = shipped_tokenizer()
    with WorldTasks(program.CHOICE, tokenizer, worlds=worlds) as tasks:
        return program.tuned(tasks, tokenizer)


@pytest.fixture(scope="module", params=[False, True], ids=["environment", "rollout_func"])
def steps(
    request: pytest.FixtureRequest, program: ModuleType, model: Any, worlds: SyncPool
) -> Steps:
    return Steps(program, model, worlds, rollout_func=request.param)


def test_two_steps_have_unequal_rewards_and_a_gradient(steps: Steps) -> None:
    assert len(steps.logged) == 2
    for entry in steps.logged:
        assert entry["reward_std"] > 0
        assert entry["grad_norm"] > 0


def test_results_of_tools_are_masked_and_turns_of_the_model_are_not(steps: Steps) -> None:
    results = 0
    for runs in steps.rows():
        assert runs[0][0] == 1
        for trained, text in runs:
            if not trained:
                results += 1
                assert text.startswith("\n<|im_start|>tool\n<tool_response>\n")
                assert text.endswith("</tool_response><|im_end|>\n<|im_start|>assistant\n")
    assert results > 2 * 12


def test_no_world_is_left_when_the_trainer_has_ended(steps: Steps) -> None:
    assert steps.left == 0


def test_log_probabilities_are_those_of_the_model_that_sampled(
    program: ModuleType, model: Any, worlds: SyncPool
) -> None:
    tokenizer = shipped_tokenizer()
    with WorldTasks(program.CHOICE, tokenizer, worlds=worlds) as tasks:
        trainer = _trainer(copy.deepcopy(model), tasks, tokenizer)
        rows = list(tasks.dataset()["prompt"])
        found = tasks.rollouts(rows, trainer)
    assert len(found["prompt_ids"]) == len(rows) == len(found["world_reward"])
    for prompt, completion, mask, logprobs in zip(
        found["prompt_ids"], found["completion_ids"], found["env_mask"], found["logprobs"],
        strict=True,
    ):  # fmt: skip
        with torch.no_grad():
            logits = trainer.model(torch.tensor([prompt + completion])).logits[0].log_softmax(-1)
        place = len(prompt) - 1
        expected = [logits[place + n, token].item() for n, token in enumerate(completion)]
        assert len(mask) == len(logprobs) == len(completion)
        for p, wanted, sampled in zip(logprobs, expected, mask, strict=True):
            assert p == pytest.approx(wanted if sampled else 0.0, abs=1e-3)


def _trainer(model: Any, tasks: WorldTasks, tokenizer: Any) -> Any:
    return trl.GRPOTrainer(
        model, reward_funcs=[world_reward], processing_class=tokenizer,
        train_dataset=tasks.dataset(), rollout_func=tasks.rollouts,
        args=trl.GRPOConfig(
            max_completion_length=1000, num_generations=2, per_device_train_batch_size=2,
            use_cpu=True, bf16=False, report_to="none",
        ),
    )  # fmt: skip


class Reciting:
    """What `rollout_func` needs of a trainer; its model recites a walkthrough, a call a turn."""

    def __init__(self, tokenizer: Any, task: Task, room: int = 100_000) -> None:
        self._tokenizer = self.processing_class = tokenizer
        self.chat_template, self.chat_template_kwargs, self._is_vlm = None, {}, False
        self.max_completion_length = room
        self.model = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=1_000_000))
        self.args, self.state = SimpleNamespace(seed=0), SimpleNamespace(global_step=0)
        self.prompts: list[str] = []
        """What the model was given at each turn."""
        self._calls = [call for stage in task.stages for call in script(stage)]

    def _get_tool_suffix_ids(self, messages: Any) -> Any:
        return trl.GRPOTrainer._get_tool_suffix_ids(self, messages)

    def _generate_single_turn(self, prompts: Any, *given: Any) -> Any:
        (prompt,) = prompts
        self.prompts.append(self._tokenizer.decode(prompt))
        name, arguments = self._calls.pop(0)
        call = json.dumps({"name": name, "arguments": arguments})
        said = self._tokenizer(f"<tool_call>\n{call}\n</tool_call><|im_end|>")["input_ids"]
        return [said], [[-0.5] * len(said)]


@pytest.mark.parametrize("number", [0, 4, 22])
def test_each_part_of_a_task_is_a_conversation_of_its_own(number: int, worlds: SyncPool) -> None:
    tokenizer = shipped_tokenizer()
    with WorldTasks(TaskChoice(suite="basics"), tokenizer, worlds=worlds) as tasks:
        task = tasks.task(number)
        trainer = Reciting(tokenizer, task)
        found = tasks.rollouts([opening(number)], trainer)
    assert found["world_reward"] == [1.0]
    assert len(trainer.prompts) == sum(len(script(stage)) for stage in task.stages)
    openings = [p for p in trainer.prompts if "<tool_response>" not in p]
    assert len(openings) == len(task.stages)
    for stage, text in zip(task.stages, openings, strict=True):
        assert stage.prompt in text
        assert all(other.prompt not in text for other in task.stages if other != stage)
    (completion,), (mask,), (logprobs,) = (
        found[key] for key in ("completion_ids", "env_mask", "logprobs")
    )
    assert logprobs == [-0.5 if sampled else 0.0 for sampled in mask]
    sampled = tokenizer.decode([t for t, m in zip(completion, mask, strict=True) if m])
    assert "<tool_response>" not in sampled
    assert "evennia_connect" in sampled


def test_a_conversation_without_room_ends_and_is_judged_as_it_stands(worlds: SyncPool) -> None:
    tokenizer = shipped_tokenizer()
    with WorldTasks(TaskChoice(suite="basics"), tokenizer, worlds=worlds) as tasks:
        trainer = Reciting(tokenizer, tasks.task(0), room=60)
        found = tasks.rollouts([opening(0)], trainer)
    assert found["world_reward"] == [0.0]
    assert len(found["completion_ids"][0]) <= 60
    assert found["env_mask"][0][-1] == 1
    assert worlds.pool.instances == 0


def test_a_call_that_is_nested_too_deeply_is_text_and_ends_no_training(worlds: SyncPool) -> None:
    tokenizer = shipped_tokenizer()
    with WorldTasks(TaskChoice(suite="basics"), tokenizer, worlds=worlds) as tasks:
        trainer = Reciting(tokenizer, tasks.task(0))
        deep = '<tool_call>\n{"name": "evennia_submit", "arguments": ' + "[" * 1200
        said = tokenizer(deep + "\n</tool_call><|im_end|>")["input_ids"]
        trainer._generate_single_turn = lambda *given: ([said], [[-0.5] * len(said)])  # type: ignore[method-assign]
        found = tasks.rollouts([opening(0)], trainer)
    assert found["world_reward"] == [0.0]
    assert worlds.pool.instances == 0


def test_a_lost_world_drops_the_rollout_of_a_rollout_func(
    worlds: SyncPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*given: object, **named: object) -> None:
        raise WorldLost("no server")

    monkeypatch.setattr(HostedRollout, "begin", lost)
    tokenizer = shipped_tokenizer()
    with WorldTasks(TaskChoice(suite="basics"), tokenizer, worlds=worlds) as tasks:
        found = tasks.rollouts([opening(0)], Reciting(tokenizer, tasks.task(0)))
    assert found["world_reward"] == [None]
    assert found["env_mask"] == [[0]]
    assert found["logprobs"] == [[0.0]]


KILLED = """
import signal, sys
from trl import GRPOTrainer
from environments.hosting.worlds import shared_worlds
sys.path.insert(0, sys.argv[1])
import train_with_trl as program

def turn(*given):
    servers = shared_worlds().pool.servers
    print(shared_worlds().pool.instances, *(server.pid for server in servers), flush=True)
    signal.pause()

GRPOTrainer._generate_single_turn = turn
tokenizer = program.shipped_tokenizer()
with program.WorldTasks(program.CHOICE, tokenizer) as tasks:
    program.train(program.tuned(tasks, tokenizer, steps=2), tasks, tokenizer)
"""


@pytest.mark.slow
def test_no_world_is_left_when_the_trainer_was_killed() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(EXAMPLE.parent)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line[0].isdigit():
                break
        instances, *servers = map(int, line.split())
    finally:
        process.kill()
        process.wait()
    assert instances == 12
    assert servers
    ends = time.monotonic() + 60
    while any(_runs(server) for server in servers):
        assert time.monotonic() < ends, "a world server outlives the trainer that started it"
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

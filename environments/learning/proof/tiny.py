"""The tiny lane: a new model of a million parameters gets better on worlds it has not seen.

For each seed: a model from scratch, tuned on the play of a policy that makes mistakes, then trained
by reinforcement learning through the real chain (`serve`, `run-api`, trainer, model server), and
measured before and after that on tasks in worlds that it was never trained on.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from environments.learning.proof.stages import (
    Say,
    Setting,
    measure,
    played,
    reinforce,
)
from environments.learning.proof.tiny_tasks import Split, tiny_tasks
from environments.learning.sft import Conversation, Tuning, conversations_of, tune
from environments.learning.training.trainer import read_steps
from environments.learning.weights import load_tokenizer, save
from environments.rollouts.files import write_file
from environments.tokenizer import PATH
from world_fixtures.common import UserError

MARGIN = 0.15
"""By which the reward on unseen tasks must rise at least, for each seed."""
MODEL: dict[str, Any] = {
    "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 1,
    "num_attention_heads": 8, "num_key_value_heads": 8, "max_position_embeddings": 512,
    "initializer_range": 0.06,
}  # fmt: skip
SYSTEM_PROMPT = "Act."
PLAYER = "noisy:0.4"
"""Whose play the model is tuned on; reinforcement learning is to remove its mistakes."""


@dataclass(frozen=True)
class Sizes:
    """How much is computed for a seed."""

    tuning_steps: int = 60
    steps: int = 16
    """Of reinforcement learning."""
    groups: int = 6
    group_size: int = 8
    attempts: int = 3
    """At each unseen task, sampled at temperature 1 as in training."""
    tuning_rate: float = 4e-3
    rate: float = 5e-4


def learn_tiny(out: Path, seeds: Sequence[int], say: Say, sizes: Sizes | None = None) -> bool:
    """Run the lane into the empty directory `out`; True where each seed's reward rose by MARGIN.

    Writes `summary.json`, with `rise` (for each seed the mean reward on unseen tasks after
    reinforcement learning, less that before), `margin`, and what they were made of.
    """
    sizes = sizes or Sizes()
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} holds something already: remove it, or name another --out")
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    suites = {split: _write_suite(out / f"{split}.jsonl", split) for split in _SPLITS}
    setting = Setting(
        answer_tokens=32, context=512, train_suite=suites["train"], system_prompt=SYSTEM_PROMPT,
        threads=1,
    )  # fmt: skip
    tasks = tiny_tasks("train")
    random.Random("examples").shuffle(tasks)
    plays = asyncio.run(played(setting, tasks, say=say, policy=PLAYER))
    examples = conversations_of(plays, successful=False)
    runs = [
        _run(seed, out / f"seed-{seed}", examples, suites["validation"], setting, sizes, say)
        for seed in seeds
    ]
    rise = [round(run["after"] - run["before"], 4) for run in runs]
    summary = {
        "rise": rise,
        "margin": MARGIN,
        "rise_is": "mean reward on unseen tasks after reinforcement learning, less that before",
        "seeds": [*seeds],
        "runs": runs,
        "sizes": asdict(sizes),
        "model": MODEL,
    }
    write_file(out / "summary.json", json.dumps(summary, indent=1) + "\n")
    return all(figure >= MARGIN for figure in rise)


_SPLITS: tuple[Split, ...] = ("train", "validation")


def _run(
    seed: int, out: Path, examples: list[Conversation], unseen: Path, setting: Setting,
    sizes: Sizes, say: Say,
) -> dict[str, Any]:  # fmt: skip
    """Make, tune, measure, train and measure one model."""
    begun = _processor_seconds()
    new, tuned, trained = out / "new", out / "tuned", out / "trained"
    parameters = _new_model(new, seed)
    say(f"seed {seed}: a new model of {parameters:,} parameters is tuned")
    tuning = tune(
        new, examples, tuned,
        Tuning(
            rate=sizes.tuning_rate, steps=sizes.tuning_steps, batch=8, at_once=8, held_out=8,
            patience=None,
            max_tokens=setting.context, seed=seed,
        ),
        chat_template=setting.chat_template,
    )  # fmt: skip
    after_tuning = _processor_seconds()
    options = (
        "--env.eval_temperature", "1", "--env.eval_attempts", str(sizes.attempts),
        "--env.eval_baselines", "false",
    )  # fmt: skip
    before = measure(tuned, str(unseen), out / "before", setting, options=options)
    say(f"seed {seed}: reward {before['mean_reward']:.3f} on unseen tasks before")
    after_measuring = _processor_seconds()
    reinforce(
        tuned, trained, setting, steps=sizes.steps, groups=sizes.groups,
        group_size=sizes.group_size, rate=sizes.rate, frozen=0, credit="group", seed=seed,
        say=lambda line: say(f"seed {seed}: {line}"),
    )  # fmt: skip
    after_training = _processor_seconds()
    after = measure(trained / "weights", str(unseen), out / "after", setting, options=options)
    say(f"seed {seed}: reward {after['mean_reward']:.3f} on unseen tasks after")
    lines = read_steps(trained / "steps.jsonl")
    rewards = [round(line["reward"], 4) for line in lines]
    quarter = max(1, len(rewards) // 4)
    return {
        "seed": seed,
        "parameters": parameters,
        "before": before["mean_reward"],
        "before_ci95": before["mean_reward_ci95"],
        "after": after["mean_reward"],
        "after_ci95": after["mean_reward_ci95"],
        "reward_by_step": rewards,
        "last_less_first_quarter": round(
            statistics.fmean(rewards[-quarter:]) - statistics.fmean(rewards[:quarter]), 4
        ),
        "equal_groups": sum(line["equal"] for line in lines),
        "groups": sum(line["groups"] for line in lines),
        "logprob_difference": max(line.get("difference", 0.0) for line in lines),
        "held_out_losses": tuning.losses,
        "processor_seconds": {
            "tuning": round(after_tuning - begun, 1),
            "training": round(after_training - after_measuring, 1),
            "all": round(_processor_seconds() - begun, 1),
        },
    }


def _new_model(directory: Path, seed: int) -> int:
    """Write a new model with the shipped tokenizer; the number of its parameters."""
    from transformers import LlamaConfig, LlamaForCausalLM  # loads for seconds

    tokenizer = load_tokenizer(Path(PATH))
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id, tie_word_embeddings=True, **MODEL,
        )
    )  # fmt: skip
    directory.parent.mkdir(parents=True, exist_ok=True)
    save(model, tokenizer, directory)
    return sum(weights.numel() for weights in model.parameters())


def _write_suite(path: Path, split: Split) -> Path:
    """Write the tasks of a split as a suite."""
    tasks = tiny_tasks(split)
    lines = [json.dumps(task.model_dump(mode="json", by_alias=True)) for task in tasks]
    write_file(path, "\n".join(lines) + "\n")
    return path


def _processor_seconds() -> float:
    """Return what this process has used so far, and the programs that it started and that ended."""
    found = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        found += used.ru_utime + used.ru_stime
    return found

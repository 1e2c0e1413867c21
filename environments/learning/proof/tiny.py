"""The tiny lane: a new model of a million parameters gets better on worlds it has not seen.

For each seed: a model from scratch, tuned on the play of a policy that makes mistakes, then trained
by reinforcement learning through the real chain (`serve`, `run-api`, trainer, model server), and
measured before and after that on tasks in worlds that it was never trained on.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from environments.learning.proof.ledger import processor_seconds
from environments.learning.proof.stages import (
    Say,
    Setting,
    measure,
    played,
    reinforce,
)
from environments.learning.proof.tiny_tasks import Split, tiny_tasks
from environments.learning.sft import Tuned, Tuning, conversations_of, tune
from environments.learning.training.trainer import read_steps
from environments.learning.weights import load_tokenizer, save
from environments.rollouts.files import write_file
from environments.tokenizer import PATH
from world_fixtures.common import UserError

MARGIN = 0.15
"""By which the reward on unseen tasks must rise at least, for each seed."""
MODEL: dict[str, Any] = {
    "hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 2,
    "num_attention_heads": 6, "num_key_value_heads": 6, "max_position_embeddings": 512,
    "initializer_range": 0.06,
}  # fmt: skip
"""Of one layer some seeds do not learn to copy a word from a room to a command."""
SYSTEM_PROMPT = "Act."
PLAYER = "noisy:0.4"
"""Whose play the model is tuned on; reinforcement learning is to remove its mistakes."""


@dataclass(frozen=True)
class Sizes:
    """How much is computed for a seed."""

    tuning_steps: int = 120
    steps: int = 14
    """Of reinforcement learning."""
    groups: int = 6
    group_size: int = 8
    attempts: int = 3
    """At each unseen task, sampled at temperature 1 as in training."""
    tuning_rate: float = 4e-3
    rate: float = 3e-4


class Lane:
    """Tiny models in a directory: made, tuned, measured and trained."""

    def __init__(self, out: Path, say: Say, sizes: Sizes | None = None) -> None:
        """Take an empty directory. Raises UserError where it holds something."""
        if out.exists() and any(out.iterdir()):
            raise UserError(f"{out} holds something already: remove it, or name another --out")
        out.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(1)
        self.sizes = sizes or Sizes()
        self._out, self._say = out, say
        self._unseen = _write_suite(out / "validation.jsonl", "validation")
        self._setting = Setting(
            answer_tokens=32, context=512, train_suite=_write_suite(out / "train.jsonl", "train"),
            system_prompt=SYSTEM_PROMPT, threads=1,
        )  # fmt: skip
        tasks = tiny_tasks("train")
        random.Random("examples").shuffle(tasks)
        plays = asyncio.run(played(self._setting, tasks, say=say, policy=PLAYER))
        self._examples = conversations_of(plays, successful=False)

    def tuned(self, seed: int) -> tuple[Path, Tuned]:
        """Make a new model and tune it on the play of PLAYER; its directory."""
        new, out = self._out / f"seed-{seed}" / "new", self._out / f"seed-{seed}" / "tuned"
        self._say(f"seed {seed}: a new model of {_new_model(new, seed):,} parameters is tuned")
        tuning = Tuning(
            rate=self.sizes.tuning_rate, steps=self.sizes.tuning_steps, batch=8, at_once=8,
            held_out=8, patience=None, max_tokens=self._setting.context, seed=seed,
        )  # fmt: skip
        return out, tune(
            new, self._examples, out, tuning, chat_template=self._setting.chat_template,
            say=lambda line: self._say(f"seed {seed}: {line}"),
        )  # fmt: skip

    def measured(self, model: Path, name: str) -> dict[str, Any]:
        """Measure a model on the unseen tasks; the figures, such as `mean_reward`."""
        options = ("--env.eval_attempts", str(self.sizes.attempts))
        out = self._out / "evaluations" / name
        found = measure(model, str(self._unseen), out, self._setting, options=options)
        self._say(f"{name}: reward {found['mean_reward']:.3f} on unseen tasks")
        return found

    def reinforced(
        self, model: Path, name: str, seed: int, *, credit: str = "group"
    ) -> tuple[Path, list[dict[str, Any]]]:
        """Train a model on its own rollouts; the directory of the new one, and its steps."""
        out, sizes = self._out / name, self.sizes
        reinforce(
            model, out, self._setting, steps=sizes.steps, groups=sizes.groups,
            group_size=sizes.group_size, rate=sizes.rate, frozen=0, credit=credit, seed=seed,
            say=lambda line: self._say(f"{name}: {line}"),
        )  # fmt: skip
        return out / "weights", read_steps(out / "steps.jsonl")


def learn_tiny(out: Path, seeds: Sequence[int], say: Say, sizes: Sizes | None = None) -> bool:
    """Run the lane into the empty directory `out`; True where each seed's reward rose by MARGIN.

    Writes `summary.json`, with `rise` (for each seed the mean reward on unseen tasks after
    reinforcement learning, less that before), `margin`, and what they were made of.
    """
    lane = Lane(out, say, sizes)
    runs = [_run(lane, seed) for seed in seeds]
    rise = [round(run["after"] - run["before"], 4) for run in runs]
    summary = {
        "rise": rise,
        "margin": MARGIN,
        "rise_is": "mean reward on unseen tasks after reinforcement learning, less that before",
        "seeds": [*seeds],
        "runs": runs,
        "sizes": asdict(lane.sizes),
        "model": MODEL,
    }
    write_file(out / "summary.json", json.dumps(summary, indent=1) + "\n")
    return all(figure >= MARGIN for figure in rise)


def _run(lane: Lane, seed: int) -> dict[str, Any]:
    """Make, tune, measure, train and measure one model."""
    begun = processor_seconds()
    tuned, tuning = lane.tuned(seed)
    after_tuning = processor_seconds()
    before = lane.measured(tuned, f"seed-{seed}-before")
    after_measuring = processor_seconds()
    trained, lines = lane.reinforced(tuned, f"seed-{seed}/trained", seed)
    after_training = processor_seconds()
    after = lane.measured(trained, f"seed-{seed}-after")
    first = next(line["learning"] for line in lines if line["learning"])
    return {
        "seed": seed,
        "before": before["mean_reward"],
        "before_ci95": before["mean_reward_ci95"],
        "after": after["mean_reward"],
        "after_ci95": after["mean_reward_ci95"],
        "reward_by_step": [round(line["reward"], 4) for line in lines],
        "equal_groups": sum(line["equal"] for line in lines),
        "groups": sum(line["groups"] for line in lines),
        "logprob_difference": first["difference"],
        "ratio": first["ratio"],
        "held_out_losses": tuning.losses,
        "processor_seconds": {
            "tuning": round(after_tuning - begun, 1),
            "training": round(after_training - after_measuring, 1),
            "all": round(processor_seconds() - begun, 1),
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

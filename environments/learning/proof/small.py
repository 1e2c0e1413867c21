"""The small model's proof: tuned on the play of a script, then trained on rewards of its own play.

Everything is in one directory, each part in a place of its own, and a part that is there is not
made again. So a proof that was stopped goes on where it was.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from environments.learning.proof.ledger import LEDGER, Ledger
from environments.learning.proof.stages import (
    Say,
    Setting,
    drawn_tasks,
    measure,
    played,
    reinforce,
    steps_taken,
)
from environments.learning.renaming import common_words, renamed, spaced
from environments.learning.sft import Conversation, Tuning, conversations_of, short, tune
from environments.learning.smollm2 import unpack
from environments.learning.weights import load_tokenizer
from environments.policies.searching import is_mistake
from environments.rollouts.files import write_file
from environments.tasks.suites.named import LEARN
from world_fixtures.common import UserError

SUITE = "learn"
"""On which all is measured."""
DIFFICULTY = (1, 2)
TEACHER = "follower:0.1"
"""Does what it does for what it was shown, by a rule that needs no map. The oracle goes straight to
what it has not seen: who imitates it learns to guess. Its mistakes are shown and not trained on, so
that the model learns to go on after its own."""
SYSTEM_PROMPT = "You act in a text world with tools."
"""A fifth of a conversation's tokens shorter than the environment's own."""
MAX_REPEATS = 6
"""A model whose commands are spent may give the same one until its context is full."""
HELD_OUT = 12
"""Conversations of the teacher whose loss ends tuning when it rises."""
MAX_TOKENS = 700
"""Of a conversation of the teacher that is trained on: about half are as short as that."""
RL_CONTEXT = 1536
"""Tokens of a rollout that is trained on, at most: hardly a longer one succeeds, and they take most
of the time."""
AT_ONCE = 200
"""Tasks that the teacher plays before it is seen whether there are enough of them."""
DATA_SEED = 17
MORE_DATA_SEED = 1_000
"""Of the teacher's play that continued tuning is given, and the number of the run added."""


@dataclass(frozen=True)
class Sizes:
    """How much is computed."""

    tuning_steps: int = 400
    tuning_batch: int = 2
    """Conversations of a step of tuning."""
    tuning_rate: float = 4e-4
    conversations: int = 800
    """Of the teacher at most for each tuning, which goes through them again where it is longer."""
    tasks: int | None = None
    """Of each suite that are measured, evenly chosen; None for all."""
    groups: int = 12
    group_size: int = 4
    updates: int = 4
    """Gradient steps on the rollouts of a step of reinforcement learning."""
    rate: float = 3e-5
    threads: int = 2


class Proof:
    """The parts of a proof in a directory."""

    def __init__(
        self, out: Path, say: Say, *, model: str | None = None, steps: int = 0,
        sizes: Sizes | None = None,
    ) -> None:  # fmt: skip
        """Take the directory.

        Args:
            out: the directory; what is in it is not made again.
            say: is told what happens.
            model: a directory or a Hugging Face id; None for SmolLM2-135M-Instruct.
            steps: of reinforcement learning.
            sizes: how much else is computed.
        """
        out.mkdir(parents=True, exist_ok=True)
        self.out = out
        self.steps = steps
        self.sizes = sizes = sizes or Sizes()
        self.ledger = Ledger(out / LEDGER)
        self._say = say
        self._model = model
        self._setting = Setting(
            kinds=LEARN,
            difficulty=DIFFICULTY,
            chat_template="pythonic",
            parser="pythonic",
            context=3072,
            answer_tokens=96,
            system_prompt=SYSTEM_PROMPT,
            max_repeats=MAX_REPEATS,
            threads=sizes.threads,
        )

    def base(self) -> Path:
        """Return the directory of the model that all begins with."""
        if self._model is None:
            return unpack(self.out / "base")
        return Path(self._model) if Path(self._model).is_dir() else _fetched(self._model)

    def tuned(self) -> Path:
        """Tune the model on the teacher's play; the directory of the tuned one."""
        out = self.out / "sft"
        if not out.is_dir():
            with self.ledger.counting("sft"):
                examples = self._examples(self.sizes.tuning_steps, DATA_SEED)
                self._tune(self.base(), out, examples)
        return out

    def reinforced(self, seed: int) -> Path:
        """Train the tuned model on its own rollouts; the directory of what came of it."""
        out = self.out / "rl" / f"seed-{seed}"
        if steps_taken(out) < self.steps:
            start = self.tuned()
            self._say(f"rl, seed {seed}: {self.steps - steps_taken(out)} steps are left")
            with self.ledger.counting(f"rl/{seed}"):
                reinforce(
                    start, out, replace(self._setting, context=RL_CONTEXT), steps=self.steps,
                    groups=self.sizes.groups, group_size=self.sizes.group_size,
                    rate=self.sizes.rate, frozen=_half(start), credit="turns",
                    updates=self.sizes.updates, seed=seed, say=self._saying(f"rl, seed {seed}"),
                )  # fmt: skip
        return out / "weights"

    def continued(self, seed: int) -> Path:
        """Tune on for as much processor time as the reinforcement learning of `seed` took.

        On play of the teacher that the model has not seen yet.
        """
        out = self.out / "continued" / self.named(seed)
        if not out.is_dir():
            pace = self._pace()
            seconds = self.ledger.of(f"rl/{seed}")
            steps = max(1, int(seconds / pace))
            with self.ledger.counting(f"continued/{seed}"):
                examples = self._examples(steps, MORE_DATA_SEED + seed)
                # The rate begins anew, and so the loss rises at first: time alone ends it.
                self._tune(
                    self.tuned(), out, examples, steps=steps, seconds=seconds, seed=seed,
                    patience=None,
                )  # fmt: skip
        return out

    def named(self, seed: int) -> str:
        """Return the name of a run of reinforcement learning and of what is compared with it."""
        return f"seed-{seed}-steps-{self.steps}"

    def measured(self, name: str, model: Path, *, unseen: bool = False) -> Path:
        """Evaluate a model on the suite `learn`, or on `unseen`; the run directory."""
        out = self.out / "evaluations" / f"{name}{'-unseen' if unseen else ''}"
        options: list[str] = []
        suite = "unseen" if unseen else SUITE
        if unseen:
            options += ["--env.eval_difficulty", "-".join(map(str, DIFFICULTY))]
        if self.sizes.tasks is not None:
            options += ["--env.eval_limit", str(self.sizes.tasks)]
        with self.ledger.counting("evaluations"):
            found = measure(model, suite, out, self._setting, options=options)
        self._say(f"{name}: mean reward {found['mean_reward']:.3f} on suite {suite}")
        return out

    def _tune(self, model: Path, out: Path, examples: list[Conversation], **changed: Any) -> None:
        sizes = self.sizes
        settings: dict[str, Any] = {
            "rate": sizes.tuning_rate, "steps": sizes.tuning_steps, "batch": sizes.tuning_batch,
            "frozen": _half(model), "max_tokens": MAX_TOKENS, "held_out": HELD_OUT, "measured": 6,
            **changed,
        }  # fmt: skip
        tuning = Tuning(**settings)
        found = tune(
            model, examples, out, tuning, chat_template=self._setting.chat_template,
            say=self._saying(out.relative_to(self.out).as_posix()),
        )  # fmt: skip
        told = {**asdict(found), "conversations": len(examples), "tuning": asdict(tuning)}
        write_file(out.with_name(f"{out.name}.json"), json.dumps(told, indent=1) + "\n")

    def _pace(self) -> float:
        """Return the processor seconds of a step of tuning."""
        found: dict[str, float] = json.loads((self.out / "sft.json").read_text())
        return found["processor_seconds"] / max(1.0, found["steps"])

    def _examples(self, steps: int, seed: int) -> list[Conversation]:
        """Return what the teacher says in tasks of the train split, for so many steps.

        With other names: those of the split are few, and the model would know them by heart.
        """
        wanted = HELD_OUT + min(steps * self.sizes.tuning_batch, self.sizes.conversations)
        tasks = drawn_tasks(self._setting, seed=seed)
        words = common_words(load_tokenizer(self.base()).get_vocab())
        names = random.Random(seed)
        found: list[Conversation] = []
        while len(found) < wanted:
            some = list(islice(tasks, AT_ONCE))
            plays = asyncio.run(played(self._setting, some, policy=TEACHER, say=self._say))
            plays = [spaced(renamed(play, words, names)) for play in plays]
            found += short(
                conversations_of(plays, mistaken=is_mistake), self.base(),
                chat_template=self._setting.chat_template, max_tokens=MAX_TOKENS,
            )  # fmt: skip
        return found[:wanted]

    def _saying(self, what: str) -> Say:
        return lambda line: self._say(f"{what}: {line}")


def learn(proof: Proof) -> None:
    """Measure the model, tune it on the teacher's play, and measure it again.

    Raises UserError, before anything is played, for a model that cannot be trained so.
    """
    check_model(proof.base())
    for name, model in (("base", proof.base()), ("sft", proof.tuned())):
        proof.measured(name, model)
        proof.measured(name, model, unseen=True)


def learn_rl(proof: Proof, seeds: Sequence[int]) -> None:
    """Train the tuned model by reinforcement, and tune it on for as long; measure both."""
    learn(proof)
    for seed in seeds:
        proof.measured(f"rl-{proof.named(seed)}", proof.reinforced(seed))
        proof.measured(f"continued-{proof.named(seed)}", proof.continued(seed))


def check_model(model: Path) -> None:
    """Raise UserError, before anything is played, for a directory without model or tokenizer."""
    if not list(model.glob("*.safetensors")):
        raise UserError(f"{model} holds no weights (*.safetensors): give the directory of a model")
    try:
        _half(model)
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{model} has no config.json with num_hidden_layers: give the directory of a model"
        ) from None
    if "<|im_start|>" not in load_tokenizer(model).get_vocab():
        raise UserError(f"the tokenizer of {model} has no <|im_start|>: give a model that has it")


def _half(model: Path) -> int:
    """Return how many layers are half of a model's: what is trained above them is enough here."""
    return int(json.loads((model / "config.json").read_text())["num_hidden_layers"]) // 2


def _fetched(name: str) -> Path:
    """Return the directory of a model of the Hugging Face hub, fetched unless it was before."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(name, allow_patterns=["*.json", "*.jinja", "*.txt", "*.safetensors"])
        )
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        told = str(error).strip().splitlines()[0]
        raise UserError(
            f"{name} is no directory, and no model of the Hugging Face hub that can be fetched:"
            f" {told}"
        ) from None

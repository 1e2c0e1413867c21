"""Supervised fine-tuning on conversations that ended well, by TRL."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from environments.learning.weights import freeze, load_model, load_tokenizer, save
from environments.rollouts.record import Rollout
from environments.tokenization.choice import use_template
from world_fixtures.common import UserError


@dataclass(frozen=True)
class Conversation:
    """One conversation of a rollout, with the schemas of its tools."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    mistakes: frozenset[int] = frozenset()
    """Which of the agent's messages, counted from 0, are shown and not trained on."""


@dataclass(frozen=True)
class Tuning:
    """How a model is tuned."""

    rate: float = 5e-4
    steps: int = 60
    """Gradient steps at most."""
    batch: int = 8
    """Conversations of a step."""
    at_once: int = 1
    """Of them in one forward pass, padded to the longest: pays for small models."""
    frozen: int = 0
    """Layers from the bottom, and the embeddings, that stay as they are."""
    held_out: int = 16
    """Conversations that are not trained on, whose loss is measured."""
    patience: int | None = 2
    """Tuning stops when their loss has risen so many times in a row; None: it does not."""
    measured: int = 10
    """How often their loss is taken over all steps."""
    enough: float = 0.0
    """Tuning stops when their loss is below."""
    max_tokens: int = 1024
    """Longer conversations are left out."""
    seconds: float | None = None
    """Processor time after which tuning ends; None for all steps."""
    seed: int = 0


@dataclass(frozen=True)
class Tuned:
    """What tuning has come to."""

    steps: int
    losses: list[float]
    """On what was held out, before, and as often as `measured` says."""
    processor_seconds: float


def conversations_of(
    rollouts: Sequence[Rollout], *, successful: bool = True,
    mistaken: Callable[[str], bool] = lambda result: False,
) -> list[Conversation]:  # fmt: skip
    """Return the conversations of the rollouts that succeeded, each stage one of its own.

    Those of all rollouts where not `successful`. `mistaken` tells by a result whether the message
    that led to it was a mistake, not to be trained on.
    """
    return [
        Conversation([dict(m) for m in messages], rollout.tools, _mistakes(messages, mistaken))
        for rollout in rollouts
        if rollout.verdict is not None and (rollout.verdict.success or not successful)
        for messages in rollout.conversations
    ]


def short(
    conversations: Sequence[Conversation], model: Path, *, chat_template: str, max_tokens: int
) -> list[Conversation]:
    """Return those conversations that have at most `max_tokens` under the model's tokenizer."""
    tokenizer = load_tokenizer(model)
    use_template(tokenizer, chat_template)
    return [c for c in conversations if len(_row(c, tokenizer)["input_ids"]) <= max_tokens]


def tune(
    model: Path, conversations: Sequence[Conversation], out: Path, tuning: Tuning,
    *, chat_template: str, say: Callable[[str], None],
) -> Tuned:  # fmt: skip
    """Tune the model of a directory on the agent's turns alone, and write it to `out`.

    The first `held_out` conversations are measured and never trained on; `say` is told their loss
    whenever it is taken. What was reached then is kept beside `out` until tuning has ended, so
    that the same call goes on there after a stop. Raises UserError where no conversations are left
    to train on.
    """
    # Load for seconds.
    from datasets import Dataset, disable_progress_bars
    from transformers import (
        PrinterCallback,
        TrainerCallback,
        TrainerControl,
        TrainerState,
        TrainingArguments,
    )
    from transformers.trainer_callback import ExportableState
    from transformers.utils.logging import disable_progress_bar
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    disable_progress_bar()  # type: ignore[no-untyped-call]
    disable_progress_bars()
    begun = time.process_time()
    tokenizer = load_tokenizer(model)
    use_template(tokenizer, chat_template)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    rows = [_row(c, tokenizer) for c in conversations]
    rows = [row for row in rows if len(row["input_ids"]) <= tuning.max_tokens]
    held_out, trained = rows[: tuning.held_out], rows[tuning.held_out :]
    if not trained:
        raise UserError(
            f"of {len(conversations)} conversations {len(rows)} have at most {tuning.max_tokens}"
            f" tokens, and {tuning.held_out} are held out: nothing is left to train on"
        )
    loaded = load_model(model)
    freeze(loaded, tuning.frozen)

    class Watch(TrainerCallback, ExportableState):
        """Ends tuning when its time is over, or by the loss on what was held out."""

        def __init__(self) -> None:
            self.losses: list[float] = []
            self.earlier = 0.0

        def spent(self) -> float:
            """Return the processor seconds of this run, and of those that it goes on from."""
            return self.earlier + time.process_time() - begun

        def state(self) -> dict[str, Any]:
            """Return what a checkpoint keeps of this."""
            return {"args": {}, "attributes": {"losses": self.losses, "earlier": self.spent()}}

        def on_train_begin(
            self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
        ) -> None:
            if state.global_step:
                saved: Any = state.stateful_callbacks
                vars(self).update(saved["Watch"]["attributes"])
                say(f"goes on after step {state.global_step}/{tuning.steps}")

        def on_evaluate(
            self, args: TrainingArguments, state: TrainerState, control: TrainerControl,
            **given: Any,
        ) -> None:  # fmt: skip
            self.losses.append(round(given["metrics"]["eval_loss"], 4))
            say(f"step {state.global_step}/{tuning.steps}: held-out loss {self.losses[-1]:.3f}")
            last = self.losses[-tuning.patience - 1 :] if tuning.patience else []
            risen = len(last) > (tuning.patience or 0) and all(a < b for a, b in pairwise(last))
            if risen or self.losses[-1] < tuning.enough:
                control.should_training_stop = True

        def on_step_end(
            self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
        ) -> None:
            if tuning.seconds is not None and self.spent() > tuning.seconds:
                control.should_training_stop = True

    class Trainer(SFTTrainer):
        """Computes the logits of trained tokens alone: without a GPU, TRL computes all of them."""

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False,
            num_items_in_batch: torch.Tensor | int | None = None,
        ) -> Any:  # fmt: skip
            labels = inputs["labels"]
            before = (labels[:, 1:] != -100).any(0).nonzero().squeeze(-1)
            found = model(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"],
                use_cache=False, logits_to_keep=before,
            )  # fmt: skip
            own = labels[:, before + 1]
            count = num_items_in_batch if num_items_in_batch is not None else (own != -100).sum()
            loss = functional.cross_entropy(
                found.logits.flatten(0, 1), own.flatten(), reduction="sum", ignore_index=-100
            )
            return (loss / count, found) if return_outputs else loss / count

    watch = Watch()
    every = max(1, tuning.steps // tuning.measured)
    kept = out.with_name(f"{out.name}.trl")
    last = _last_checkpoint(kept)
    trainer = Trainer(
        model=loaded,
        args=SFTConfig(
            output_dir=str(kept), use_cpu=True, bf16=False,
            learning_rate=tuning.rate, lr_scheduler_type="linear", warmup_steps=3,
            max_steps=tuning.steps, per_device_train_batch_size=tuning.at_once,
            gradient_accumulation_steps=max(1, tuning.batch // tuning.at_once),
            per_device_eval_batch_size=tuning.at_once,
            max_length=tuning.max_tokens, packing=False,
            eval_strategy="steps", eval_steps=every, eval_on_start=last is None,
            save_strategy="steps", save_steps=every, save_total_limit=1,
            logging_steps=every, report_to="none", seed=tuning.seed, gradient_checkpointing=False,
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(trained),
        eval_dataset=Dataset.from_list(held_out),
        processing_class=tokenizer,
        callbacks=[watch],
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=None if last is None else str(last))
    save(trainer.model, tokenizer, out)
    shutil.rmtree(kept, ignore_errors=True)
    return Tuned(trainer.state.global_step, watch.losses, watch.spent())


def _last_checkpoint(kept: Path) -> Path | None:
    """Return the last complete checkpoint of a directory of TRL's: its state is written last."""
    found = [path.parent for path in kept.glob("checkpoint-*/trainer_state.json")]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _mistakes(
    messages: Sequence[Mapping[str, Any]], mistaken: Callable[[str], bool]
) -> frozenset[int]:
    """Return which of the agent's messages were mistakes, by the results that follow them."""
    found, number = set(), -1
    for message in messages:
        number += message["role"] == "assistant"
        if message["role"] == "tool" and mistaken(str(message.get("content"))):
            found.add(number)
    return frozenset(found)


def _row(conversation: Conversation, tokenizer: Any) -> dict[str, list[int]]:
    """Return the tokens of a conversation, and a mask of those that are trained on."""
    made = tokenizer.apply_chat_template(
        conversation.messages, tools=conversation.tools, return_dict=True,
        return_assistant_tokens_mask=True,
    )  # fmt: skip
    masks, number = list(made["assistant_masks"]), -1
    for place, own in enumerate(masks):
        number += own and not (place and made["assistant_masks"][place - 1])
        if own and number in conversation.mistakes:
            masks[place] = 0
    return {"input_ids": list(made["input_ids"]), "assistant_masks": masks}

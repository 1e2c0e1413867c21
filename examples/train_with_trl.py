"""Train a tiny model with TRL on a CPU: imitation of the oracle, then two steps of GRPO.

    pip install './light[trl]' -c constraints-trl.txt     # see docs/frameworks/trl.md
    python examples/train_with_trl.py

The model is made from scratch and learns the two tasks that it is shown nearly by heart: this is
about the way from a task to a gradient, not about what is learnt. For a real model leave `tuned`
out, give `GRPOTrainer` its name, and choose tasks of which it solves some and fails some.
`--rollout-func` trains on exact tokens with a new conversation for each part of a task.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # TRL reports each trainer that is made

import torch
from transformers import Lfm2Config, Lfm2ForCausalLM, PreTrainedModel, logging, set_seed
from trl import GRPOConfig, GRPOTrainer

from environments.integrations.trl import (
    TaskChoice,
    WorldTasks,
    shipped_tokenizer,
    verdict_metrics,
    world_reward,
)
from environments.policies.oracle import script
from environments.tokenization import sequences_from_messages

CHOICE = TaskChoice(kinds="navigation.by_description", difficulty="1", limit=2)


def demonstration(tasks: WorldTasks, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Have the oracle play the task of a row; return the conversation as a model would have it."""
    environment = tasks.environment()
    prompt = environment.reset(**row)
    messages = [{"role": m["role"], "content": m["content"]} for m in row["prompt"]]
    messages[-1]["content"] += prompt
    for number, (name, arguments) in enumerate(script(tasks.task(row["task"]).stages[0])):
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        result = getattr(environment, name)(**arguments)
        messages.append(
            {"role": "tool", "tool_call_id": call["id"], "name": name, "content": result}
        )
    messages.append({"role": "assistant", "content": "Done."})
    assert environment.get_reward() == 1.0
    return messages


def tuned(tasks: WorldTasks, tokenizer: Any, *, steps: int = 60, seed: int = 0) -> PreTrainedModel:
    """Make a model of 250,000 parameters and tune it on the conversations of the oracle."""
    logging.set_verbosity_error()
    set_seed(seed)
    model = Lfm2ForCausalLM(
        Lfm2Config(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128,
            block_auto_adjust_ff_dim=False, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=2, layer_types=["conv", "conv", "full_attention"],
            conv_L_cache=24, max_position_embeddings=4096, bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip
    shown = [demonstration(tasks, row) for row in tasks.dataset()]
    sequences = [s for m in shown for s in sequences_from_messages(m, tasks.tools(), tokenizer)]
    longest = max(len(s.tokens) for s in sequences)

    def padded(values: list[list[int]], by: int) -> torch.Tensor:
        return torch.tensor([v + [by] * (longest - len(v)) for v in values])

    batch = {
        "input_ids": padded([s.tokens for s in sequences], 0),
        "attention_mask": padded([[1] * len(s.tokens) for s in sequences], 0),
        "labels": padded([s.masks for s in sequences], -100),
    }
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    for _ in range(steps):
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    print(f"tuned on {len(shown)} conversations: the loss is {loss.item():.3f}")
    return model


def train(
    model: PreTrainedModel, tasks: WorldTasks, tokenizer: Any, *, steps: int = 2,
    rollout_func: bool = False, seed: int = 0,
) -> GRPOTrainer:  # fmt: skip
    """Train a model by GRPO, six rollouts of each of two tasks a step; return the trainer."""
    how: dict[str, Any] = (
        {"rollout_func": tasks.rollouts, "reward_funcs": [world_reward]}
        if rollout_func
        else {"environment_factory": tasks.environment, "reward_funcs": [verdict_metrics]}
    )
    with tempfile.TemporaryDirectory() as directory:
        arguments = GRPOConfig(
            output_dir=directory, max_steps=steps, num_generations=6, max_completion_length=1000,
            max_tool_calling_iterations=12, per_device_train_batch_size=12, learning_rate=1e-4,
            shuffle_dataset=False,  # tasks are made ahead in their order
            use_cpu=True, bf16=False, seed=seed, logging_steps=1, disable_tqdm=True,
            report_to="none", save_strategy="no",
        )  # fmt: skip
        trainer = GRPOTrainer(
            model, args=arguments, processing_class=tokenizer, train_dataset=tasks.dataset(), **how
        )
        trainer.train()
    return trainer


def main() -> None:
    """Tune, train, and print what each step has logged."""
    parser = argparse.ArgumentParser(description="Train a tiny model with TRL on a CPU.")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rollout-func", action="store_true")
    given = parser.parse_args()
    tokenizer = shipped_tokenizer()
    with WorldTasks(CHOICE, tokenizer) as tasks:
        model = tuned(tasks, tokenizer)
        trainer = train(model, tasks, tokenizer, steps=given.steps, rollout_func=given.rollout_func)
    for entry in trainer.state.log_history:
        if "reward" in entry:
            print({key: entry[key] for key in ("step", "reward", "reward_std", "grad_norm")})


if __name__ == "__main__":
    main()

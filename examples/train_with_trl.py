"""Train a tiny model with TRL on a CPU: imitation of the oracle, then two steps of GRPO.

    pip install 'evennia-world-env[trl]'
    python examples/train_with_trl.py

The model is made from scratch and learns the four tasks that it is shown nearly by heart: this is
about the way from a task to a gradient, not about what is learnt. For a real model leave `tune`
out, give `GRPOTrainer` its name, and choose tasks on which it scores between 20 and 80 %.
`--rollout-func` trains on exact tokens with a new conversation for each part of a task.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from typing import Any

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
from environments.tokenization import TrainingSequence, sequences_from_messages

CHOICE = TaskChoice(kinds="navigation.by_description", difficulty="1", limit=2)
MASKED = -100


def tiny_model(tokenizer: Any) -> PreTrainedModel:
    """Make a model of a quarter of a million parameters, that learns by heart within seconds."""
    config = Lfm2Config(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128,
        block_auto_adjust_ff_dim=False, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, layer_types=["conv", "conv", "full_attention"], conv_L_cache=8,
        max_position_embeddings=4096, bos_token_id=None, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return Lfm2ForCausalLM(config)


def demonstration(tasks: WorldTasks, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Have the oracle play the task of a row; return the conversation as the model would have it."""
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
    assert environment.get_reward() == 1.0
    return messages


def tune(model: PreTrainedModel, sequences: list[TrainingSequence], *, steps: int) -> float:
    """Train on the assistant's turns of conversations; return the last loss."""
    longest = max(len(s.tokens) for s in sequences)

    def padded(values: list[list[int]], by: int) -> torch.Tensor:
        return torch.tensor([v + [by] * (longest - len(v)) for v in values])

    batch = {
        "input_ids": padded([s.tokens for s in sequences], 0),
        "attention_mask": padded([[1] * len(s.tokens) for s in sequences], 0),
        "labels": padded([s.masks for s in sequences], MASKED),
    }
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    model.train()
    for _ in range(steps):
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return loss.item()


def train(
    *, steps: int = 2, tuning_steps: int = 60, generations: int = 4, rollout_func: bool = False,
    choice: TaskChoice = CHOICE, seed: int = 0,
) -> GRPOTrainer:  # fmt: skip
    """Tune a model on the oracle's conversations, train it by GRPO, and return the trainer."""
    logging.set_verbosity_error()
    set_seed(seed)
    tokenizer = shipped_tokenizer()
    model = tiny_model(tokenizer)
    with WorldTasks(choice, tokenizer) as tasks:
        dataset = tasks.dataset()
        shown = [demonstration(tasks, row) for row in dataset]
        sequences = [s for m in shown for s in sequences_from_messages(m, tasks.tools(), tokenizer)]
        print(f"loss after tuning: {tune(model, sequences, steps=tuning_steps):.2f}")
        how: dict[str, Any] = (
            {"rollout_func": tasks.rollouts, "reward_funcs": [world_reward]}
            if rollout_func
            else {"environment_factory": tasks.environment, "reward_funcs": [verdict_metrics]}
        )
        with tempfile.TemporaryDirectory() as directory:
            arguments = GRPOConfig(
                output_dir=directory, max_steps=steps, num_generations=generations,
                per_device_train_batch_size=generations * 2, max_completion_length=1000,
                learning_rate=1e-4, logging_steps=1, report_to="none", save_strategy="no",
                use_cpu=True, bf16=False, seed=seed, disable_tqdm=True,
                shuffle_dataset=False,  # tasks are made ahead in their order
            )  # fmt: skip
            trainer = GRPOTrainer(
                model, args=arguments, processing_class=tokenizer, train_dataset=dataset, **how
            )
            trainer.train()
    return trainer


def main() -> None:
    """Train, and print what each step has logged."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rollout-func", action="store_true")
    given = parser.parse_args()
    trainer = train(steps=given.steps, rollout_func=given.rollout_func)
    for entry in trainer.state.log_history:
        if "reward" in entry:
            print({key: entry[key] for key in ("step", "reward", "reward_std", "grad_norm")})


if __name__ == "__main__":
    main()

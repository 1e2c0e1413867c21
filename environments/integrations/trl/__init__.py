"""Tasks for TRL's GRPOTrainer, with the reward of the verdict.

    with WorldTasks(TaskChoice(families="navigation", difficulty="1-2"), tokenizer) as tasks:
        trainer = GRPOTrainer(
            model, args=GRPOConfig(max_completion_length=4096),
            processing_class=tokenizer, train_dataset=tasks.dataset(1000),
            environment_factory=tasks.environment,
        )
        trainer.train()

`environment_factory` keeps one conversation about all parts of a task. With
`rollout_func=tasks.rollouts, reward_funcs=[world_reward]` each part is a conversation of its own.
Importing this package loads neither TRL nor PyTorch; what needs them says which extra is missing.
"""

from __future__ import annotations

from environments.hosting.source import TaskChoice
from environments.integrations.trl.environment import WorldEnvironment
from environments.integrations.trl.metrics import verdict_metrics, world_reward
from environments.integrations.trl.tasks import WorldTasks
from environments.integrations.trl.tokens import shipped_tokenizer

__all__ = [
    "TaskChoice", "WorldEnvironment", "WorldTasks", "shipped_tokenizer", "verdict_metrics",
    "world_reward",
]  # fmt: skip

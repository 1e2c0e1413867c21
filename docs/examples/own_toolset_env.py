r"""An environment with a toolset of its own: arithmetic, step by step.

Run it with any OpenAI-compatible endpoint:

    python own_toolset_env.py process --env.total_steps 8 \
        --env.data_path_to_save_groups sums.jsonl \
        --openai.base_url http://127.0.0.1:8000/v1 --openai.model_name my-model

To train on the groups add `--env.tokenizer_name` with that model's own tokenizer: the one that
ships is for trying.
"""

from __future__ import annotations

import random
import re
from typing import Any

from atroposlib.envs.base import APIServerConfig

from environments.agent_loop import AgentResult
from environments.hermes_base_env import HermesAgentBaseEnv, HermesAgentEnvConfig
from environments.tokenizer import PATH
from environments.tool_context import ToolContext
from environments.toolsets import Effect, Tool, register

NUMBERS = {"type": "object", "required": ["a", "b"],
           "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}  # fmt: skip


async def multiply(arguments: dict[str, Any], task_id: str) -> str:
    """Carry out one call; what is returned, the model reads."""
    return str(int(arguments["a"]) * int(arguments["b"]))


register("sums", Tool("multiply", "Product of two integers.", NUMBERS, multiply, Effect.READ_ONLY))


class SumsEnv(HermesAgentBaseEnv):
    """Products of two numbers that are too long for the head."""

    name = "sums"

    @classmethod
    def config_init(cls) -> tuple[HermesAgentEnvConfig, list[APIServerConfig]]:
        """Return defaults; flags and YAML go before them."""
        config = HermesAgentEnvConfig(
            enabled_toolsets=["sums"], system_prompt="Use the tools. End with the number alone.",
            tokenizer_name=str(PATH), group_size=2, batch_size=4, total_steps=8, use_wandb=False,
            wandb_name="sums", max_agent_turns=4, max_token_length=4096,
        )  # fmt: skip
        server = APIServerConfig(model_name="my-model", base_url="", api_key="x",
                                 health_check=False)  # fmt: skip
        return config, [server]

    async def setup(self) -> None:
        """Start the sequence of items."""
        self.random = random.Random(0)

    async def get_next_item(self) -> tuple[int, int]:
        """Draw two numbers of six digits."""
        return self.random.randrange(10**5, 10**6), self.random.randrange(10**5, 10**6)

    def format_prompt(self, item: tuple[int, int]) -> str:
        """Ask for their product."""
        return f"What is {item[0]} times {item[1]}?"

    async def compute_reward(self, item: Any, result: AgentResult, ctx: ToolContext) -> float:
        """Return 1 where the last number of the last message is the product, else 0."""
        last = re.findall(r"\d+", str(result.messages[-1]["content"]))
        return float(last[-1:] == [str(item[0] * item[1])])

    async def evaluate(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: no items are held out."""


if __name__ == "__main__":
    SumsEnv.cli()

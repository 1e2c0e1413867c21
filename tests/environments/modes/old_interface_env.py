# ruff: noqa
"""An environment file as they were written for hermes-agent's own base environment.

Not one line of it knows this project; `test_old_interface.py` runs it.
"""

from typing import Any, Dict, List, Optional, Tuple, Union

from atroposlib.envs.base import ScoredDataGroup
from atroposlib.envs.server_handling.server_manager import APIServerConfig
from atroposlib.type_definitions import Item

from environments.agent_loop import AgentResult, HermesAgentLoop, ToolError
from environments.hermes_base_env import HermesAgentBaseEnv, HermesAgentEnvConfig
from environments.tool_call_parsers import get_parser, list_parsers
from environments.tool_context import ToolContext

TASKS = [
    {"prompt": "Create the file greeting1.txt that says hello.", "name": "greeting1.txt"},
    {"prompt": "Create the file greeting2.txt that says hello.", "name": "greeting2.txt"},
]


class GreetingEnvConfig(HermesAgentEnvConfig):
    """Nothing beyond the base."""


class GreetingEnv(HermesAgentBaseEnv):
    name = "greeting"
    env_config_cls = GreetingEnvConfig

    @classmethod
    def config_init(cls) -> Tuple[GreetingEnvConfig, List[APIServerConfig]]:
        env_config = GreetingEnvConfig(
            enabled_toolsets=["terminal"],
            max_agent_turns=5,
            agent_temperature=1.0,
            system_prompt="You have a terminal.",
            terminal_backend="local",
            group_size=2,
            max_token_length=4096,
            total_steps=2,
            steps_per_eval=1000,
            use_wandb=False,
            wandb_name="greeting",
            ensure_scores_are_not_same=False,
        )
        server_configs = [
            APIServerConfig(
                base_url="http://127.0.0.1:1/v1",
                model_name="m",
                server_type="openai",
                api_key="x",
                health_check=False,
            )
        ]
        return env_config, server_configs

    async def setup(self):
        assert "hermes" in list_parsers() and get_parser("hermes")
        self.iter = 0
        self.reward_buffer: List[float] = []

    async def get_next_item(self) -> Dict[str, str]:
        item = TASKS[self.iter % len(TASKS)]
        self.iter += 1
        return item

    def format_prompt(self, item: Dict[str, str]) -> str:
        return item["prompt"]

    async def compute_reward(
        self, item: Dict[str, str], result: AgentResult, ctx: ToolContext
    ) -> float:
        found = await ctx.terminal(f"cat {item['name']}")
        errors: List[ToolError] = result.tool_errors
        reward = float(found["exit_code"] == 0 and "hello" in found["output"] and not errors)
        self.reward_buffer.append(reward)
        return reward

    async def collect_trajectories(
        self, item: Item
    ) -> Tuple[Union[Optional[ScoredDataGroup], List[Optional[ScoredDataGroup]]], List[Item]]:
        return await super().collect_trajectories(item)

    async def evaluate(self, *args, **kwargs):
        schemas, names = self._resolve_tools_for_group()
        agent = HermesAgentLoop(self.server, schemas, names, self.config.max_agent_turns)
        await agent.run([{"role": "user", "content": TASKS[0]["prompt"]}])

    async def wandb_log(self, wandb_metrics: Optional[Dict[str, Any]] = None):
        if wandb_metrics is None:
            wandb_metrics = {}
        if self.reward_buffer:
            wandb_metrics["train/avg_reward"] = sum(self.reward_buffer) / len(self.reward_buffer)
            self.reward_buffer = []
        await super().wandb_log(wandb_metrics)


if __name__ == "__main__":
    GreetingEnv.cli()

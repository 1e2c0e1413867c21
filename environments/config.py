"""Options of the environment."""

from __future__ import annotations

from typing import Any

from atroposlib.envs.base import BaseEnvConfig
from pydantic import Field

from environments.tasks.model import Family
from environments.tasks.verdict import Weights
from environments.tools.gate import Gate


class HermesAgentEnvConfig(BaseEnvConfig):
    """What hermes-agent's config of this name had, on top of Atropos's own."""

    enabled_toolsets: list[str] | None = Field(None, description="Toolsets to use; null: all known")
    disabled_toolsets: list[str] | None = Field(None, description="Toolsets to leave out")
    distribution: str | None = Field(
        None, description="hermes-agent toolset distribution to draw from for each group"
    )
    system_prompt: str | None = Field(
        None, description="System prompt; null: the environment's own"
    )
    dataset_name: str | None = Field(None, description="Dataset, for environments that use one")
    dataset_split: str = Field("train", description="Split of the dataset")
    prompt_field: str = Field("prompt", description="Field of the dataset that holds the prompt")
    max_agent_turns: int = Field(30, ge=1, description="Model calls in one rollout at most")
    agent_temperature: float = Field(1.0, ge=0, description="Sampling temperature")
    max_turn_tokens: int | None = Field(
        None, description="Tokens in one model call at most; null: the endpoint's default"
    )
    context_tokens: int | None = Field(
        None, ge=1, description="Tokens in one conversation at most; null: as the endpoint allows"
    )
    terminal_backend: str = Field("local", description="Where hermes-agent's terminal tool runs")
    terminal_timeout: int = Field(120, description="Seconds for one command of the terminal tool")
    terminal_lifetime: int = Field(3600, description="Seconds a terminal sandbox lives")
    tool_pool_size: int = Field(128, ge=1, description="Threads for tools that block")
    tool_call_parser: str = Field(
        "hermes", description="Format of tool calls in raw text (server types vllm and sglang)"
    )
    extra_body: dict[str, Any] | None = Field(None, description="Sent along with each model call")
    call_timeout: float = Field(300.0, gt=0, description="Seconds for one model call")
    process_concurrency: int = Field(
        16, ge=1, description="Groups of `process` whose agents talk to the model at the same time"
    )
    process_ordered: bool = Field(
        True, description="Write the groups of `process` in their order; false: as they finish"
    )


class EvenniaWorldEnvConfig(HermesAgentEnvConfig):
    """Options of the environment, beside those of its bases."""

    policy: str = Field(
        "noisy", description="Embedded policy that plays when no model is configured"
    )
    max_agent_turns: int = Field(
        1000, ge=1, description="Model calls in one rollout at most; a task's own limit is lower"
    )
    suite: str = Field("basics", description="Suite of tasks for evaluate: a name or a file")
    eval_attempts: int = Field(1, ge=1, description="Rollouts of each task in evaluate")
    eval_concurrency: int = Field(64, ge=1, description="Rollouts at once in evaluate")
    eval_temperature: float = Field(0.0, ge=0, description="Sampling temperature in evaluate")
    eval_baselines: bool = Field(
        True, description="Play the baselines on suites whose baselines do not ship"
    )
    families: dict[str, float] = Field(
        {f.value: 1.0 for f in Family}, description="Weight of each family among training tasks"
    )
    difficulty: tuple[int, int] = Field(
        (1, 5), description="Lowest and highest difficulty to train on"
    )
    target_success: float | None = Field(
        None, description="Move the difficulty to keep the success rate here; null: stay uniform"
    )
    seed: int = Field(0, description="Seed of the sequence of training tasks")
    world_servers: int | None = Field(
        None, ge=1, description="World server processes; null: one a core, less one"
    )
    candidate_model: str | None = Field(
        None, description="Second model to try: of candidate_base_url, or an embedded policy"
    )
    candidate_base_url: str | None = Field(None, description="Endpoint of the second model")
    candidate_api_key_env: str | None = Field(
        None, description="Variable that holds the second model's API key"
    )
    candidate_percent: float = Field(
        10.0, ge=0, le=100, description="Canary: per cent of the items that it plays"
    )
    candidate_shadow: bool = Field(
        False, description="Shadow: it answers each request, too, and only the first model acts"
    )
    spectate: bool = Field(
        False, description="Let people look on in a browser; the address and password are printed"
    )
    gate: Gate = Field(Gate(), description="Which tool calls are dispatched")
    reward_weights: Weights = Field(Weights(), description="Weights of the reward's parts")

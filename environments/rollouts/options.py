"""Options of an agent's rollouts, once: they travel as this object."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class AgentOptions(BaseModel):
    """How an agent plays: its tools, its prompt, and what it asks of the model."""

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
    max_agent_turns: int = Field(
        30, ge=1, le=1_000_000, description="Model calls in one rollout at most"
    )
    agent_temperature: float = Field(1.0, ge=0, le=100, description="Sampling temperature")
    top_p: float | None = Field(
        None, gt=0, le=1, description="Sampling: share of the probability to draw from; null: all"
    )
    sampling_seed: int | None = Field(
        None, description="Sampling: the endpoint's own seed, for endpoints that have one"
    )
    max_turn_calls: int | None = Field(
        None, ge=1, le=128, description="Tool calls carried out in one turn at most; null: 128"
    )
    max_repeats: int | None = Field(
        None, ge=2, le=1_000_000,
        description="End a rollout that made the same call with the same result so many times, with"
        " nothing new in between; null: never",
    )  # fmt: skip
    outside_memory: bool = Field(
        False,
        description="The agent remembers by itself, outside the world: results are tagged with it",
    )
    max_turn_tokens: int | None = Field(
        None, ge=1, description="Tokens in one model call at most; null: the endpoint's default"
    )
    context_tokens: int | None = Field(
        None, ge=1, description="Tokens in one conversation at most; null: as the endpoint allows"
    )
    terminal_backend: str = Field("local", description="Where hermes-agent's terminal tool runs")
    terminal_timeout: int = Field(
        120, ge=1, description="Seconds for one command of the terminal tool"
    )
    terminal_lifetime: int = Field(3600, ge=1, description="Seconds a terminal sandbox lives")
    tool_pool_size: int = Field(128, ge=1, le=10_000, description="Threads for tools that block")
    tool_call_parser: str = Field(
        "hermes",
        description="Format of tool calls in raw text (server types vllm and sglang), or your own"
        " parser as package.module:NAME",
    )
    return_token_ids: bool = Field(
        False,
        description="Ask a vLLM of server type openai for its exact tokens and log-probabilities",
    )
    chat_template: str | None = Field(
        None,
        description="Jinja file with the chat template, or compact or pythonic, which ship;"
        " null: the tokenizer's own",
    )
    extra_body: dict[str, Any] | None = Field(None, description="Sent along with each model call")
    call_timeout: float = Field(300.0, gt=0, le=1_000_000, description="Seconds for one model call")
    process_concurrency: int = Field(
        16, ge=1, le=100_000,
        description="Groups of `process` whose agents talk to the model at the same time",
    )  # fmt: skip
    process_ordered: bool = Field(
        True, description="Write the groups of `process` in their order; false: as they finish"
    )
    process_drop_equal: bool = Field(
        False,
        description="Write no rows of groups of `process` whose scores are all equal",
    )
    workers: int | None = Field(
        None, ge=1, le=1_000,
        description="Play `process` and `evaluate` in so many processes beside this one, each with"
        " world servers of its own; with ray: so many actors",
    )  # fmt: skip
    ray: str | None = Field(
        None,
        description="Play `process` and `evaluate` on the Ray cluster at this address; auto: on the"
        " one of this machine",
    )
    ray_cpus: float = Field(
        1.0, gt=0, le=1_000, description="Processors of its node that each actor of ray takes"
    )
    part_bytes: int | None = Field(
        None, ge=1,
        description="With workers or ray: when the file of the run has so many bytes, each host"
        " writes what it plays into a part of its own; null: never",
    )  # fmt: skip
    replicas: int | None = Field(
        None, ge=1, le=1_000,
        description="Feed the trainer of `serve` from so many processes, each with its own tasks,"
        " started again when they die",
    )  # fmt: skip
    adopt: bool = Field(
        False, description="Continue what does not record its options, as if it was made with these"
    )

"""Options of the environment."""

from __future__ import annotations

from typing import Any

from atroposlib.envs.base import BaseEnvConfig
from pydantic import Field, field_validator

from environments.rollouts.advantages import Credit
from environments.rollouts.options import AgentOptions
from environments.rollouts.prices import Prices
from environments.tasks import choice
from environments.tasks.model import SOLITARY
from environments.tasks.other_notes import Notes
from environments.tasks.verdict import Weights
from environments.tools.gate import Gate


class HermesAgentEnvConfig(AgentOptions, BaseEnvConfig):
    """Atropos's options and those of agents, as in hermes-agent's config of this name."""


class EvenniaWorldEnvConfig(HermesAgentEnvConfig):
    """Options of the environment, in addition to those of its bases."""

    policy: str = Field(
        "noisy", description="Embedded policy that plays when no model is configured"
    )
    max_agent_turns: int = Field(
        1000, ge=1, le=1_000_000,
        description="Model calls in one rollout at most; a task's own limit is lower",
    )  # fmt: skip
    suite: str = Field("basics", description="Suite of tasks for evaluate: a name or a file")
    eval_attempts: int = Field(1, ge=1, le=10_000, description="Rollouts of each task in evaluate")
    eval_concurrency: int = Field(64, ge=1, le=100_000, description="Rollouts at once in evaluate")
    eval_temperature: float = Field(
        0.0, ge=0, le=100, description="Sampling temperature in evaluate"
    )
    eval_baselines: bool = Field(
        True, description="Play the baselines on suites whose baselines do not ship"
    )
    eval_limit: int | None = Field(
        None, ge=1, description="Play so many tasks of the suite, evenly chosen; null: all"
    )
    eval_families: list[str] | None = Field(
        None, description="Play the tasks of these families, e.g. errand,navigation; null: all"
    )
    eval_kinds: list[str] | None = Field(
        None, description="Play the tasks of these kinds, e.g. map,errand.chain; null: all"
    )
    eval_difficulty: tuple[int, int] | None = Field(
        None, description="Play the tasks of this difficulty, e.g. 3 or 2-5; null: all"
    )
    models: list[str | dict[str, Any]] | None = Field(
        None,
        description="Evaluate these one after the other and rank them: names of models or of"
        " embedded policies, e.g. a,b,c; in YAML also mappings, each with its endpoint",
    )
    price_input: float | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="US dollars per million prompt tokens, for endpoints that tell no cost",
    )
    price_output: float | None = Field(
        None, ge=0, le=1_000_000, description="US dollars per million tokens that the model writes"
    )
    notes: Notes = Field(
        Notes.KEPT,
        description="The agent's notes before each later conversation of evaluate: kept, wiped or"
        " swapped (with another seed's)",
    )
    families: dict[str, float] = Field(
        {f.value: 1.0 for f in SOLITARY},
        description="Weight of each family among training tasks: errand,navigation or"
        " {errand: 2, navigation: 1}",
    )
    kinds: list[str] | None = Field(
        None, description="Train on these kinds alone, e.g. map,errand.chain; null: on all"
    )
    train_suite: str | None = Field(
        None,
        description="Train on the tasks of this suite, a name or a file; null: on made ones",
    )
    difficulty: tuple[int, int] = Field(
        (1, 5), description="Lowest and highest difficulty to train on, e.g. 3 or 2-5"
    )
    target_success: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Move the difficulty to keep the success rate here; null: stay uniform",
    )
    signal_floor: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Draw kinds whose recent groups had differing rewards more often, and each at"
        " least this share as often as by its weight; null: by weight alone",
    )
    seed: int = Field(0, description="Seed of the sequence of training tasks")
    world_servers: int | None = Field(
        None, ge=1, le=1_000, description="World server processes; null: one a core, less one"
    )
    credit: Credit = Field(
        Credit.GROUP,
        description="What training credits each turn with: group (left to the trainer), shaped,"
        " turns, branches or tree",
    )
    branch_turns: int = Field(
        1, ge=1, le=1000, description="Turns of a rollout, or rounds of a tree, that branch"
    )
    branches: int = Field(
        3, ge=1, le=1000, description="Rollouts that go on from each turn that branches"
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

    @property
    def prices(self) -> Prices | None:
        """Prices of the model's tokens, where they are given."""
        if self.price_input is None or self.price_output is None:
            return None
        return Prices(input=self.price_input, output=self.price_output)

    @field_validator("difficulty", mode="before")
    @classmethod
    def _levels(cls, given: Any) -> Any:
        return choice.levels(given)

    @field_validator("eval_difficulty", mode="before")
    @classmethod
    def _levels_or_all(cls, given: Any) -> Any:
        return None if given is None else choice.levels(given)

    @field_validator("families", mode="before")
    @classmethod
    def _weights(cls, given: Any) -> Any:
        return choice.weights(given)

    @field_validator("families")
    @classmethod
    def _one_is_drawn(cls, weights: dict[str, float]) -> dict[str, float]:
        if min(weights.values()) < 0 or sum(weights.values()) <= 0:
            raise ValueError("weights must be 0 or more, and one above 0, e.g. {errand: 1}")
        return weights

    @field_validator("eval_families", mode="before")
    @classmethod
    def _families(cls, given: Any) -> Any:
        return None if given is None else [f.value for f in choice.families(given)]

    @field_validator("kinds", "eval_kinds", mode="before")
    @classmethod
    def _kinds(cls, given: Any) -> Any:
        return None if given is None else [f"{f}.{kind}" for f, kind in choice.kinds(given)]

    @field_validator("models", mode="before")
    @classmethod
    def _listed(cls, given: Any) -> Any:
        return choice.names(given) if isinstance(given, str) else given

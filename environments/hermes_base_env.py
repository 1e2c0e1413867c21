"""`HermesAgentBaseEnv`: an Atropos environment whose rollouts are agents with tools.

A subclass says what the items are, how one becomes a prompt, and what a finished rollout
is worth; the loop, the tools, the tokens and the groups are done here. The import path and
the interface are those of hermes-agent's module of this name, which is no more.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
import uuid
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any

from atroposlib.envs.base import ScoredDataGroup

from environments.agent_loop import AgentResult, HermesAgentLoop
from environments.config import HermesAgentEnvConfig
from environments.models.chat import Chat
from environments.models.client import ModelServer
from environments.models.token_budget import ContextMeter
from environments.modes import process as process_mode
from environments.modes.serve import ServeMode
from environments.rollouts.groups import ScoredRollout, scored_groups
from environments.tokenization.sequences import (
    escape_special_tokens,
    sequences_from_messages,
    sequences_from_nodes,
)
from environments.tool_call_parsers import get_parser
from environments.tool_context import ToolContext
from environments.tools import hermes_agent as hermes_tools
from environments.tools.gate import Gate
from environments.tools.registry import Tool, tools_of
from world_fixtures.common import UserError

logger = logging.getLogger(__name__)

EXACT = ("vllm", "sglang")
"""Server types that give tokens and log-probabilities."""
ANSWER_TOKENS = 512
"""Left for an answer below the trainer's limit, where answers have no limit of their own."""
BRAKE = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds to wait after groups that failed in a row: a dead endpoint is not hammered."""


class HermesAgentBaseEnv(ServeMode):
    """Subclass this; implement the five abstract methods; nothing of a group is kept on self."""

    name = "hermes_agent"
    env_config_cls: type[HermesAgentEnvConfig] = HermesAgentEnvConfig
    config: HermesAgentEnvConfig

    def __init__(
        self, config: Any, server_configs: Any, slurm: bool = False, testing: bool = False
    ) -> None:
        path, config.data_path_to_save_groups = config.data_path_to_save_groups, None
        try:
            super().__init__(config, server_configs, slurm, testing)  # would add _1 to the path
        except OSError as error:
            raise UserError(
                f"tokenizer {config.tokenizer_name!r} cannot be loaded: name a directory or a model"
                " of the Hugging Face hub with --env.tokenizer_name"
            ) from error
        self.config.data_path_to_save_groups = path
        hermes_tools.configure(
            config.terminal_backend, config.terminal_timeout, config.terminal_lifetime,
            config.tool_pool_size,
        )  # fmt: skip
        self.conversations: AbstractAsyncContextManager[Any] = nullcontext()
        """Entered for as long as an agent talks to the model: how many may do so at once."""
        self.failures_in_row = 0
        self._brake_until = 0.0
        self.last_failure = ""
        self.tool_errors_count = 0
        self.server_type = getattr(self.server.servers[0].config, "server_type", "openai")
        if self.server_type == "trl":
            raise UserError("server_type trl gives no tokens: use vllm, sglang or openai")

    @abstractmethod
    async def setup(self) -> None: ...

    async def teardown(self) -> None:
        """Stop what `setup` started. Called always, however the mode ended."""

    @abstractmethod
    async def get_next_item(self) -> Any: ...

    @abstractmethod
    def format_prompt(self, item: Any) -> str:
        """The user message that opens the rollout of `item`."""

    @abstractmethod
    async def compute_reward(self, item: Any, result: AgentResult, ctx: ToolContext) -> float:
        """What the finished rollout is worth."""

    @abstractmethod
    async def evaluate(self, *args: Any, **kwargs: Any) -> Any: ...

    def group_tools(self) -> dict[str, Tool]:
        """Tools of one group, made anew for each."""
        enabled = self.config.enabled_toolsets
        if self.config.distribution:
            enabled = hermes_tools.sample_distribution(self.config.distribution)
        return tools_of(enabled, self.config.disabled_toolsets)

    def gate(self, tools: dict[str, Tool]) -> Gate:
        """Which calls are dispatched. Naming a toolset in the config allows what it does."""
        named = self.config.enabled_toolsets or self.config.distribution
        return Gate(allow=tuple(tools)) if named else Gate()

    def _resolve_tools_for_group(self) -> tuple[list[dict[str, Any]], set[str]]:
        """Schemas and names of a group's tools, as environments of old ask for them."""
        tools = self.group_tools()
        return [tool.schema for tool in tools.values()], set(tools)

    @property
    def context_tokens(self) -> int | None:
        """Tokens a conversation may have: for the model, and for the trainer where there is one.

        A group with a sequence as long as the trainer's limit would be dropped.
        """
        room = 0 if self.config.max_turn_tokens else ANSWER_TOKENS  # else the loop leaves room
        limits = [self.config.context_tokens, self.max_token_len - 1 - room]
        return min((limit for limit in limits if limit and limit > 0), default=None)

    @asynccontextmanager
    async def chat(self, evaluation: bool = False) -> AsyncIterator[Chat]:
        """The model for one rollout: exact tokens where the server gives them."""
        clean = partial(escape_special_tokens, tokenizer=self.tokenizer)
        if self.server_type not in EXACT:
            server = ModelServer(self.server, "eval" if evaluation else "train")
            yield Chat(server, clean=clean)
            return
        end = (self.tokenizer.eos_token,) if self.tokenizer.eos_token else ()
        self.server.tool_parser = self.config.tool_call_parser
        async with self.server.managed_server(tokenizer=self.tokenizer) as managed:
            yield Chat(
                managed,
                parser=get_parser(self.config.tool_call_parser, self.tokenizer),
                clean=clean,
                end_tokens=end,
                replay_raw=True,
                nodes=lambda: managed.get_state()["nodes"],
            )

    async def rollout(
        self, item: Any, attempt: int, group: str, tools: dict[str, Tool]
    ) -> ScoredRollout | None:
        """Play and score `item` once; None where it failed and must not be scored."""
        task_id = f"{group}-{attempt}"
        ctx = ToolContext(task_id)
        messages: list[dict[str, Any]] = [{"role": "user", "content": self.format_prompt(item)}]
        if self.config.system_prompt:
            messages.insert(0, {"role": "system", "content": self.config.system_prompt})
        schemas = [tool.schema for tool in tools.values()]
        try:
            async with self.chat() as chat:
                loop = HermesAgentLoop(
                    chat.server, schemas, set(tools), self.config.max_agent_turns, task_id,
                    self.config.agent_temperature, self.config.max_turn_tokens,
                    self.config.extra_body, tools=tools, parser=chat.parser, clean=chat.clean,
                    end_tokens=chat.end_tokens, replay_raw=chat.replay_raw,
                    call_timeout=self.config.call_timeout, gate=self.gate(tools),
                    count_tokens=ContextMeter(self.tokenizer), context_tokens=self.context_tokens,
                )  # fmt: skip
                async with self.conversations:
                    result = await loop.run(messages)
                if result.failure:
                    self.last_failure = result.failure
                    return None
                if chat.nodes is not None:
                    result.managed_state = {"nodes": chat.nodes()}
                self.tool_errors_count += len(result.tool_errors)
                reward = await self.compute_reward(item, result, ctx)
                sequences = self.sequences(chat, [result.messages], schemas)
            return ScoredRollout(sequences, float(reward), messages=result.messages)
        finally:
            ctx.cleanup()

    def sequences(
        self, chat: Chat, conversations: list[list[dict[str, Any]]], schemas: list[Any]
    ) -> list[Any]:
        """Training sequences of a rollout's conversations."""
        if chat.nodes is not None:
            return sequences_from_nodes(chat.nodes())
        return [
            s for c in conversations for s in sequences_from_messages(c, schemas, self.tokenizer)
        ]

    async def collect_trajectory(self, item: Any) -> tuple[Any, list[Any]]:
        """One scored rollout, for callers that want a single one."""
        return await self.rollout(item, 0, uuid.uuid4().hex[:12], self.group_tools()), []

    async def collect_trajectories(
        self, item: Any
    ) -> tuple[list[ScoredDataGroup] | None, list[Any]]:
        """The groups of `item`, or None where a rollout of it failed.

        When one rollout is cancelled, its siblings are, too.
        """
        group = uuid.uuid4().hex[:12]
        tools = self.group_tools()
        try:
            async with asyncio.TaskGroup() as running:
                tasks = [
                    running.create_task(self._attempt(item, n, group, tools))
                    for n in range(self.config.group_size)
                ]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        rollouts = [task.result() for task in tasks]
        done = [r for r in rollouts if r is not None]
        if len(done) < len(rollouts):
            await self._brake(len(rollouts) - len(done))
            return None, []
        self.failures_in_row = 0
        return scored_groups(done, self.config.group_size), []

    async def _brake(self, missing: int) -> None:
        """Wait after a failed group: longer each time, but groups that fail together wait once."""
        now = time.monotonic()
        if now >= self._brake_until:
            wait = BRAKE[min(self.failures_in_row, len(BRAKE) - 1)]
            self.failures_in_row += 1
            self._brake_until = now + wait
            logger.warning(
                "group dropped: %d of its rollouts failed (%s); going on in %g s",
                missing, self.last_failure, wait,
            )  # fmt: skip
        await asyncio.sleep(self._brake_until - now)

    async def _attempt(
        self, item: Any, attempt: int, group: str, tools: dict[str, Tool]
    ) -> ScoredRollout | None:
        """`rollout`, with whatever goes wrong in it as a reason not to score it."""
        try:
            rollout = await self.rollout(item, attempt, group, tools)
        except Exception as error:
            logger.debug("rollout failed", exc_info=True)
            self.last_failure = f"{type(error).__name__}: {error}"
            return None
        if rollout is not None and not rollout.sequences:
            self.last_failure = "the model said nothing that could be trained"
            return None
        if rollout is not None and not math.isfinite(rollout.score):
            self.last_failure = f"its reward is {rollout.score}"
            return None
        return rollout

    async def wandb_log(self, wandb_metrics: dict[str, Any] | None = None) -> None:
        """Adds the count of tool errors since the last call."""
        metrics = wandb_metrics or {}
        metrics["train/tool_errors_count"] = self.tool_errors_count
        self.tool_errors_count = 0
        await super().wandb_log(metrics)

    async def process_manager(self) -> None:
        """Atropos's `process`, with many groups at once."""
        await process_mode.process(self)

    @classmethod
    def cli(cls) -> None:
        """`python env.py serve|process|evaluate`."""
        from environments.cli.modes import run_environment

        raise SystemExit(run_environment(cls))

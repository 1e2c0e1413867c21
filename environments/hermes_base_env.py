"""`HermesAgentBaseEnv`: an Atropos environment whose rollouts are agents with tools.

A subclass says what the items are, how one becomes a prompt, and what a finished rollout
is worth; the loop, the tools, the tokens and the groups are done here. The import path and
the interface are those of hermes-agent's module of this name, which was removed.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
import uuid
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from atroposlib.envs.base import ScoredDataGroup

from environments import compat
from environments.agent_loop import AgentLoop, AgentResult
from environments.config import HermesAgentEnvConfig
from environments.models import TOKEN_SERVER_TYPES
from environments.models.address import host
from environments.models.chat import Chat, TokenBudget
from environments.models.chat_tokens import ChatTokens
from environments.models.client import ModelServer
from environments.models.token_api import sample_from
from environments.models.turn_ends import Prefix, TurnRecorder
from environments.modes.command_line import run_environment
from environments.modes.process import process
from environments.modes.serve import ServeMode
from environments.rollouts.failures import RolloutFailed, note_failure
from environments.rollouts.groups import ScoredRollout, scored_groups
from environments.rollouts.identity import PROCESS_WITHOUT, server_settings, settings_of
from environments.rollouts.messages import Message
from environments.rollouts.options import AgentOptions
from environments.tokenization.choice import use_template
from environments.tokenization.sequences import sequences_from_messages, sequences_from_nodes
from environments.tokenization.special_tokens import escape_special_tokens
from environments.tool_call_parsers import get_parser
from environments.tool_context import ToolContext
from environments.tools import Gate, Tool, Toolbox, hermes_agent, tools_of
from world_fixtures.common import UserError

__all__ = ["HermesAgentBaseEnv", "HermesAgentEnvConfig"]

logger = logging.getLogger(__name__)

ANSWER_TOKENS = 512
"""Left for an answer below the trainer's limit, where answers have no limit of their own."""
FAILED_GROUP_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds waited after groups that failed in a row: a dead endpoint is asked ever more rarely."""


class HermesAgentBaseEnv(ServeMode):
    """Subclass this; implement the abstract methods; nothing of a group is kept on self."""

    name = "hermes_agent"
    env_config_cls: type[HermesAgentEnvConfig] = HermesAgentEnvConfig
    config: HermesAgentEnvConfig

    def __init__(
        self, config: Any, server_configs: Any, slurm: bool = False, testing: bool = False
    ) -> None:
        super().__init__(config, server_configs, slurm, testing)
        if config.chat_template is not None:
            use_template(self.tokenizer, config.chat_template)
        sample_from(self.server.servers)
        hermes_agent.configure(
            config.terminal_backend, config.terminal_timeout, config.terminal_lifetime,
            config.tool_pool_size,
        )  # fmt: skip
        self.conversations: AbstractAsyncContextManager[Any] = nullcontext()
        """Entered for as long as an agent talks to the model: how many may do so at once."""
        self.far: Any = None
        """Hosts that play in the place of this environment, where there are some."""
        self.failures_in_row = 0
        self._wait_until = 0.0
        self.tool_errors_count = 0
        if self.server_type == "trl":
            raise UserError("server_type trl gives no tokens: use vllm, sglang or openai")
        if self.server_type in TOKEN_SERVER_TYPES:  # one that cannot be had is told of at once
            get_parser(config.tool_call_parser, self.tokenizer)

    @abstractmethod
    async def setup(self) -> None:
        """Start what must be there before the first item."""

    async def teardown(self) -> None:
        """Stop what `setup` started. Called always, however the mode ended."""

    @abstractmethod
    async def get_next_item(self) -> Any:
        """Draw the next item, in the same order in every run; None when there are no more."""

    async def setup_drawing(self) -> None:
        """Start what `draw` needs, where others play the items: all by default."""
        await self.setup()

    async def draw(self) -> Any:
        """Draw what the next item is made of, for another process: the item itself by default.

        It is plain data that can be pickled.
        """
        return await self.get_next_item()

    async def item_of(self, drawn: Any) -> Any:
        """Make the item of what `draw` or `get_next_item` has returned."""
        return drawn

    def about(self, item: Any) -> Any:
        """Return what `learn` needs of an item: the item itself by default."""
        return item

    @abstractmethod
    def format_prompt(self, item: Any) -> str:
        """Write the user message that opens the rollout of `item`."""

    @abstractmethod
    async def compute_reward(self, item: Any, result: AgentResult, ctx: ToolContext) -> float:
        """Decide what the finished rollout is worth: a finite number."""

    @abstractmethod
    async def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Run what a trainer's evaluation step runs."""

    def group_tools(self) -> dict[str, Tool]:
        """Collect the tools of one group, made anew for each."""
        enabled = self.config.enabled_toolsets
        if self.config.distribution:
            enabled = hermes_agent.sample_distribution(self.config.distribution)
        return tools_of(enabled, self.config.disabled_toolsets)

    def gate(self, tools: dict[str, Tool]) -> Gate:
        """Decide which calls are dispatched. Naming a toolset in the config allows what it does."""
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
        limits = [self.config.context_tokens]
        if self.max_token_len > 0:  # one that leaves no room at all is a limit, too
            limits.append(max(1, self.max_token_len - 1 - room))
        return min((limit for limit in limits if limit), default=None)

    @property
    def model(self) -> str:
        """Name of the model, as records show it."""
        return str(self.server.servers[0].config.model_name)

    @property
    def provider(self) -> str:
        """Host of the model's endpoint."""
        return host(self.server.servers[0].config.base_url or "")

    @property
    def learns(self) -> bool:
        """Whether items depend on the results of earlier ones."""
        return False

    def learn(self, item: Any, successes: Sequence[bool]) -> None:
        """Take account of an item's results in `process`: in the order of the items."""

    def hand_on(self) -> Any:
        """Return what has gathered for the log, for another process, and begin anew."""
        errors, self.tool_errors_count = self.tool_errors_count, 0
        return errors

    def take_over(self, gathered: Any) -> None:
        """Add what `hand_on` has returned in another process."""
        self.tool_errors_count += gathered

    def learn_signal(self, item: Any, signal: bool) -> None:
        """Take account of whether an item's groups hold anything to compare, as in `learn`."""

    def run_settings(self) -> dict[str, Any]:
        """Return all that bears on the groups of `process`: with other settings it does not go on.

        A subclass adds what is not an option and still decides which items come, or their scores.
        """
        return {
            "model": self.model,
            "provider": self.provider,
            **settings_of(self.config, PROCESS_WITHOUT),
            "openai": server_settings(server.config for server in self.server.servers),
        }

    def begin_process(self, groups: Path, continued: bool) -> None:
        """Do what must be done when `process` has opened its file; nothing by default."""

    def options(self, **changed: Any) -> AgentOptions:
        """Return the config as rollouts are played under it, with the options `changed`."""
        return self.config.model_copy(update={"context_tokens": self.context_tokens, **changed})

    @asynccontextmanager
    async def chat(
        self, evaluation: bool = False, begun: Prefix | None = None
    ) -> AsyncIterator[Chat]:
        """Give the model for one rollout: exact tokens where the server gives them.

        A rollout that goes on from another one has `begun` already.
        """
        about: dict[str, Any] = {
            "escape": partial(escape_special_tokens, tokenizer=self.tokenizer),
            "count_tokens": TokenBudget(self.tokenizer),
            "model": self.model,
            "provider": self.provider,
        }
        if self.server_type not in TOKEN_SERVER_TYPES:
            server = ModelServer(self.server, "eval" if evaluation else "train")
            if not self.config.return_token_ids:
                yield Chat(server, **about)
                return
            tokens = ChatTokens(server, 1 if begun is None else begun.turns + 1)
            yield Chat(tokens, exact=tokens.exact, **about)
            return
        end = (self.tokenizer.eos_token,) if self.tokenizer.eos_token else ()
        self.server.tool_parser = self.config.tool_call_parser
        async with self.server.managed_server(tokenizer=self.tokenizer) as managed:
            recorder = TurnRecorder(managed, partial(compat.nodes_of, managed))
            if begun is not None:
                recorder.first_turn = begun.turns + 1
                if begun.tokens:
                    compat.begin_with(managed, begun.text, begun.tokens)
            yield Chat(
                recorder,
                parser=get_parser(self.config.tool_call_parser, self.tokenizer),
                end_tokens=end,
                replay_raw=True,
                exact=recorder.exact,
                **about,
            )

    async def rollout(
        self, item: Any, attempt: int, group: str, tools: dict[str, Tool]
    ) -> ScoredRollout:
        """Play and score `item` once. Raises RolloutFailed where it must not be scored."""
        task_id = f"{group}-{attempt}"
        ctx = ToolContext(task_id)
        messages: list[Message] = [{"role": "user", "content": self.format_prompt(item)}]
        if self.config.system_prompt:
            messages.insert(0, {"role": "system", "content": self.config.system_prompt})
        try:
            async with self.chat() as chat:
                toolbox = Toolbox(tools, task_id=task_id, gate=self.gate(tools), escape=chat.escape)
                loop = AgentLoop(chat, toolbox, self.options())
                async with self.conversations:
                    result = await loop.converse(messages, max_turns=self.config.max_agent_turns)
                if result.failure:
                    raise RolloutFailed(result.failure)
                if chat.exact is not None:
                    result.managed_state = {"nodes": list(chat.exact().nodes)}
                self.tool_errors_count += len(result.tool_errors)
                reward = await self.compute_reward(item, result, ctx)
                sequences = self.sequences(chat, [result.messages], toolbox.schemas)
            return ScoredRollout(sequences, float(reward), messages=result.messages)
        finally:
            ctx.cleanup()

    def sequences(
        self, chat: Chat, conversations: list[list[Message]], schemas: list[Any]
    ) -> list[Any]:
        """Make the training sequences of a rollout's conversations."""
        if chat.exact is not None:
            exact = chat.exact()
            return sequences_from_nodes(exact.nodes, exact.turns)
        made: list[Any] = []
        turns = 0
        for messages in conversations:
            made += sequences_from_messages(messages, schemas, self.tokenizer, turns + 1)
            turns += sum(m.get("role") == "assistant" for m in messages)
        return made

    async def collect_trajectory(self, item: Any) -> tuple[Any, list[Any]]:
        """Play one scored rollout, for callers that want a single one; None where it failed."""
        try:
            return await self.rollout(item, 0, uuid.uuid4().hex[:12], self.group_tools()), []
        except RolloutFailed as failed:
            note_failure(str(failed))
            return None, []

    async def collect_trajectories(
        self, item: Any
    ) -> tuple[list[ScoredDataGroup] | None, list[Any]]:
        """Play the groups of `item`; None where a rollout of it failed.

        When one rollout is cancelled, its siblings are, too.
        """
        group = uuid.uuid4().hex[:12]
        tools = self.group_tools()
        try:
            async with asyncio.TaskGroup() as running:
                tasks = [
                    running.create_task(self._attempt(self.rollout(item, n, group, tools), tools))
                    for n in range(self.attempts)
                ]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        outcomes = [task.result() for task in tasks]
        reasons = [outcome for outcome in outcomes if isinstance(outcome, str)]
        done = [outcome for outcome in outcomes if not isinstance(outcome, str)]
        if not reasons:
            try:
                done = await self.credited(item, done, group, tools)
            except RolloutFailed as failed:
                reasons.append(str(failed))
            except Exception as error:
                logger.debug("no credit", exc_info=True)
                reasons.append(f"{type(error).__name__}: {error}")
        for reason in reasons:
            note_failure(reason)
        self.account.fail(reasons)
        if reasons:
            await self._wait_after(reasons)
            return None, []
        self.failures_in_row = 0
        return scored_groups(done, self.config.group_size), []

    @property
    def attempts(self) -> int:
        """Rollouts of an item that are begun at its start: all of its group by default."""
        return int(self.config.group_size)

    async def credited(
        self, item: Any, done: list[ScoredRollout], group: str, tools: dict[str, Tool]
    ) -> list[ScoredRollout]:
        """Decide what each turn of a group's rollouts is credited with: nothing by default.

        Then the trainer compares their scores. May play more rollouts, and raises RolloutFailed
        where one of those fails that the group needs.
        """
        return done

    async def _wait_after(self, reasons: list[str]) -> None:
        """Wait after a failed group: longer each time, but groups that fail together wait once."""
        now = time.monotonic()
        if now >= self._wait_until:
            wait = FAILED_GROUP_WAITS[min(self.failures_in_row, len(FAILED_GROUP_WAITS) - 1)]
            self.failures_in_row += 1
            self._wait_until = now + wait
            logger.warning(
                "group dropped: %d of its rollouts failed (%s); going on in %g s",
                len(reasons), reasons[-1], wait,
            )  # fmt: skip
        await asyncio.sleep(self._wait_until - now)

    async def _attempt(
        self, playing: Awaitable[ScoredRollout], tools: dict[str, Tool]
    ) -> ScoredRollout | str:
        """Return the rollout, or whatever went wrong in it as the reason not to score it."""
        try:
            rollout = await playing
        except RolloutFailed as failed:
            return str(failed)
        except Exception as error:
            logger.debug("rollout failed", exc_info=True)
            return f"{type(error).__name__}: {error}"
        if not rollout.sequences:
            return self._untrained(rollout.messages, tools)
        if not math.isfinite(rollout.score):
            return f"its reward is {rollout.score}"
        return rollout

    def _untrained(self, messages: Sequence[Message], tools: dict[str, Tool]) -> str:
        """Say why no sequence was made of a rollout: of its prompt, where that is too long."""
        said, limit = "the model said nothing that could be trained", self.context_tokens
        if limit is None or any(m.get("role") == "assistant" for m in messages):
            return said
        prompt = TokenBudget(self.tokenizer)(messages, [tool.schema for tool in tools.values()])
        answer = self.config.max_turn_tokens or 0
        if prompt + answer <= limit:
            return said
        option, tokens = "--env.context_tokens", limit
        if limit != self.config.context_tokens:
            option, tokens = "the trainer's max_token_len", self.max_token_len
            answer = answer or ANSWER_TOKENS
        room = f" and an answer up to {answer} more" if answer else ""
        return f"the prompt takes {prompt} tokens{room}, but {option} is {tokens}: raise it"

    async def wandb_log(self, wandb_metrics: dict[str, Any] | None = None) -> None:
        """Log metrics with the count of tool errors since the last call."""
        metrics = wandb_metrics or {}
        metrics["train/tool_errors_count"] = self.tool_errors_count
        self.tool_errors_count = 0
        await super().wandb_log(metrics)

    async def process_manager(self) -> None:
        """Run Atropos's `process`, with many groups at once."""
        await process(self)

    @classmethod
    def cli(cls) -> None:
        """Run `python env.py serve|process|evaluate`; ends the program with its exit code."""
        raise SystemExit(run_environment(cls))

"""Parts of atroposlib 0.4.0 that are private or undocumented and that we rely on, in one place.

`tests/environments/test_compat.py` says which of them another version lacks.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from atroposlib.envs.base import BaseEnv
from atroposlib.envs.server_handling.managed_server import SequenceNode
from atroposlib.envs.server_handling.openai_server import OpenAIServer
from atroposlib.envs.server_handling.server_baseline import APIServer

from world_fixtures.common import UserError

Purpose = Literal["train", "eval"]
"""What a request is for: training and evaluations have limits and timings of their own."""
HEALTH_POLL = 1.0
"""Seconds between two checks whether a server is back."""


class AtroposEnv(BaseEnv):
    """BaseEnv with its private hooks under public names, to be overridden and called."""

    def __init__(
        self, config: Any, server_configs: Any, slurm: bool = False, testing: bool = False
    ) -> None:
        # BaseEnv would rename an existing file of groups, and open a new one to overwrite it.
        path, config.data_path_to_save_groups = config.data_path_to_save_groups, None
        try:
            super().__init__(config, server_configs, slurm, testing)
        except Exception as error:
            if not self._loading_tokenizer(error):
                raise
            raise UserError(
                f"tokenizer {config.tokenizer_name!r} cannot be loaded: name a directory or a model"
                " of the Hugging Face hub with --env.tokenizer_name"
            ) from error
        self.config.data_path_to_save_groups = path

    def _loading_tokenizer(self, error: Exception) -> bool:
        """Tell whether BaseEnv's constructor failed where it loads the tokenizer.

        transformers raises nearly anything for a directory that holds none.
        """
        begun = hasattr(self, "max_token_len") and not hasattr(self, "tokenizer")
        files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
        return begun or any("transformers" in Path(name).parts for name in files)

    @property
    def serving(self) -> bool:
        """Whether a trainer is being fed: the mode is `serve`."""
        return hasattr(self, "env_id")

    async def atropos_loop(self) -> None:
        """Run BaseEnv's own loop of `serve`."""
        await BaseEnv.env_manager(self)

    @property
    def server_type(self) -> str:
        """Kind of the model's server: openai, vllm, sglang or trl."""
        return getattr(self.server.servers[0].config, "server_type", "openai")

    async def register_once(self) -> dict[str, Any]:
        """Ask the rollout server once to take this environment; its answer.

        Raises tenacity.RetryError where it does not answer.
        """
        answer: dict[str, Any] = await super()._register_env()
        return answer

    async def _register_env(self) -> dict[str, Any]:
        return await self.register_once()

    async def deliver(self, scored: Any) -> None:
        """Send groups to the rollout server."""
        await super()._send_scored_data_to_api(scored)

    async def _send_scored_data_to_api(self, scored_data: Any) -> None:
        await self.deliver(scored_data)

    def write_groups_to(self, writer: Any) -> None:
        """Have what is delivered written by `writer.write(group)`, too."""
        self.jsonl_writer = writer

    def close_groups_file(self) -> None:
        """Close the writer that `write_groups_to` was given, if it was."""
        if self.jsonl_writer is not None:
            self.jsonl_writer.close()

    def running_workers(self) -> set[asyncio.Task[Any]]:
        """Collect the tasks in which the loop of `serve` plays and evaluates."""
        tasks = {*self.workers, *self.eval_workers}
        return tasks if self.eval_runner is None else tasks | {self.eval_runner}

    def forget_timings(self) -> None:
        """Forget the times of requests, which are otherwise kept for ever."""
        for server in self.server.servers:
            for kept in (server.request_timings, server.eval_request_timings,
                         server.attempts_list, server.eval_attempts_list):  # fmt: skip
                kept.clear()


def slots(server: APIServer, purpose: Purpose) -> asyncio.Semaphore:
    """Return the semaphore that limits a server's requests at once."""
    found: asyncio.Semaphore = server.sem if purpose == "train" else server.eval_sem
    return found


def roomiest(servers: Iterable[APIServer], purpose: Purpose) -> APIServer:
    """Choose the server with the most free slots, among the healthy ones if there are any."""
    known = list(servers)
    return max(
        [s for s in known if s.server_healthy] or known, key=lambda s: slots(s, purpose)._value
    )


async def wait_until_healthy(server: APIServer) -> None:
    """Return when the server is healthy; at once where its health is not watched."""
    if not server.initialized:
        server.initialized = True
        if server.config.health_check and server.config.base_url is not None:
            server.check_task = asyncio.create_task(server.check_server_status_task())
        else:
            server.server_healthy = True
    while not server.server_healthy:  # noqa: ASYNC110 - Atropos sets a flag, no event
        await asyncio.sleep(HEALTH_POLL)


def request_of(server: APIServer, request: dict[str, Any]) -> dict[str, Any]:
    """Complete a request with the server's model and its options of reasoning."""
    made: dict[str, Any] = server._inject_reasoning_kwargs(
        {**request, "model": server.config.model_name}
    )
    return made


async def complete_once(server: APIServer, request: dict[str, Any]) -> Any:
    """Ask a server for a completion without the retries that Atropos adds."""
    return await server._chat_completion_wrapper(**request)


def sampler(server: APIServer) -> Callable[..., Awaitable[Any]]:
    """Return how a server is asked once for a completion with its tokens."""
    found: Callable[..., Awaitable[Any]] = server._tokens_and_logprobs_completion_wrapper
    return found


def sample_by(server: APIServer, sample: Callable[..., Awaitable[Any]]) -> None:
    """Let a server be asked for completions with their tokens by `sample`."""
    server._tokens_and_logprobs_completion_wrapper = sample


def note_seconds(server: APIServer, purpose: Purpose, seconds: float) -> None:
    """Add the time of a request to those that Atropos logs."""
    timings = server.request_timings if purpose == "train" else server.eval_request_timings
    timings.append(seconds)


def is_plain_openai(server: APIServer) -> bool:
    """Whether the server is Atropos's own client of an OpenAI-compatible endpoint."""
    return type(server) is OpenAIServer


def nodes_of(managed: Any) -> list[Any]:
    """List the sequences that a ManagedServer has recorded for the rollout."""
    nodes: list[Any] = managed.get_state()["nodes"]
    return nodes


def begin_with(managed: Any, text: str, tokens: Sequence[int]) -> None:
    """Let a ManagedServer that has recorded nothing begin with a text and its tokens.

    A request whose text goes on from it has these tokens, whatever its text alone would give; none
    of them is trained.
    """
    node = SequenceNode(
        full_text=text, tokens=list(tokens),
        masked_tokens=[-100] * len(tokens), logprobs=[1.0] * len(tokens),  # as of any prompt
    )  # fmt: skip
    managed.current_nodes.append(node)

"""`serve`: Atropos's own loop, without what stalls it, ends it or loses data.

The loop is `BaseEnv.env_manager`. Around it: waiting for the trainer and for a rollout server
that went away is said once and lasts as long as it must; a group on its way is not cut off
when its worker is cancelled; groups that will never arrive are reported with the reason; and
whatever ends the loop, its workers end before the world does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from atroposlib.envs.base import BaseEnvConfig
from tenacity import RetryError

from environments.compat import AtroposEnv
from environments.models.http import MAX_ERROR, read_body
from environments.modes.account import EVERY, Account, duration, tell_line, told_now_and_then
from environments.rollouts.files import LinesFile
from environments.rollouts.groups import fill_groups
from environments.rollouts.metrics import COLUMNS, RolloutTable
from world_fixtures.common import UserError
from world_fixtures.disk import disk

POLL = 1.0
"""Seconds between two questions to a rollout server that is not ready."""
TELL_AFTER = 10
"""Groups dropped in a row for the same reason before a warning says what to change."""
LEAVE_TIMEOUT = 5.0
"""Seconds for what is still to be sent when the loop ends."""

logger = logging.getLogger(__name__)


class Served(Protocol):
    """What the mode needs of an environment."""

    config: BaseEnvConfig
    replica: bool
    """Whether it is one of several of which somebody else tells how they do."""

    async def atropos_loop(self) -> None:
        """Play and deliver groups until total_steps are reached."""

    def open_groups_file(self, path: Path) -> None:
        """Append what is delivered to a file, too."""

    async def stop_workers(self) -> None:
        """Cancel every worker and wait until it has given back what it held."""

    async def leave_rollout_server(self) -> None:
        """Leave the rollout server's list."""

    def how_it_goes(self) -> str:
        """Say in a line what was delivered, and how fast; nothing where there is nothing to say."""

    def how_it_went(self) -> str:
        """Say in a line what was delivered in all."""


async def serve(env: Served) -> None:
    """Feed a trainer until total_steps are reached; no worker is left when it returns."""
    if env.config.data_path_to_save_groups:
        env.open_groups_file(Path(env.config.data_path_to_save_groups))
    try:
        async with nullcontext() if env.replica else told_now_and_then(env.how_it_goes, EVERY):
            await env.atropos_loop()
    finally:
        await env.stop_workers()
        await env.leave_rollout_server()
        if not env.replica:
            tell_line(env.how_it_went())


class DeliveredGroups:
    """The file of what was delivered, one group a line."""

    def __init__(self, path: Path) -> None:
        with disk(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lines = LinesFile(path, shared=True, kept="what was written is kept")

    def write(self, group: Any) -> None:
        """Append a group. Raises UserError, and leaves no part of it, where the disk refuses."""
        self._lines.add(json.dumps(group).encode() + b"\n")

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._lines.close()


class ServeMode(AtroposEnv):
    """The part of an environment that feeds a trainer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sending: set[asyncio.Task[None]] = set()
        self._equal = self._long = 0
        self._drops_idle = False
        """Whether groups are dropped whose advantages are all 0."""
        self._table = RolloutTable(self.config.num_rollouts_to_keep)
        self.account = Account()
        self.replica = False
        self.started = time.strftime("%Y%m%d-%H%M%S")

    def open_groups_file(self, path: Path) -> None:
        """Append what is delivered to a file, too; several environments may share it."""
        self.write_groups_to(DeliveredGroups(path))

    async def env_manager(self) -> None:
        """Run Atropos's `serve`; its workers are gone when it returns."""
        await serve(self)

    async def register_once(self) -> dict[str, Any]:
        """Wait for the trainer: the rollout server registers nobody before its first `/batch`."""
        warned = False
        while True:
            with contextlib.suppress(RetryError):
                data = await super().register_once()
                if data["status"] == "success":
                    tell_line(
                        f"registered with the trainer at {self.config.rollout_server_url} as"
                        f" environment {data['env_id']}"
                    )
                    return data
            if not warned:
                logger.warning(
                    "waiting at %s until a trainer has registered and asked for a batch",
                    self.config.rollout_server_url,
                )
                warned = True
            await asyncio.sleep(POLL)

    async def get_server_info(self) -> None:
        """Read the trainer's batch size. Raises UserError for one that can never be filled."""
        with contextlib.suppress(ValueError):  # said better below
            await super().get_server_info()
        batch, group = self.config.batch_size, self.config.group_size
        if batch < group or batch % group:
            raise UserError(
                f"the trainer's batch size is {batch} and the group size {group}: batches would"
                " never fill; choose --env.group_size so that it divides the batch size"
            )
        tell_line(
            f"the trainer takes batches of {batch} rollouts: {batch // group} groups of {group};"
            f" how it goes is told every {duration(EVERY)}"
        )

    def how_it_goes(self) -> str:
        """Say what was delivered so far, how fast, and where the trainer is; before it, nothing."""
        if not self.serving:
            return ""
        return f"serve: {self.account.line()}{self.trainer_told()}"

    def trainer_told(self) -> str:
        """Say where the trainer is, to be appended to a line; nothing where that is not known."""
        status = getattr(self, "status_dict", None) or {}
        if "current_step" not in status:
            return ""
        waiting = status["queue_size"]
        return f"; the trainer is at step {status['current_step']}, {waiting} groups wait"

    def how_it_went(self) -> str:
        """Say what was delivered in all, with advice where most of it teaches nothing."""
        account = self.account
        told = f"served in all: {account.summary()}"
        said = [told, account.equal_by_kind(), account.advice()]
        return "\n".join(filter(None, said))

    def kind_of(self, item: Any) -> str:
        """Return the name of the kind of an item; empty where items have none."""
        return ""

    async def get_status(self) -> None:
        """Ask for the status; waits for a rollout server that went away, or started anew."""
        warned = False
        while True:
            try:
                await super().get_status()
                return
            except RetryError as error:
                refused = isinstance(error.last_attempt.exception(), aiohttp.ClientResponseError)
            if refused:  # it is there and does not know us: it was started again
                logger.warning("the rollout server was started again: registering anew")
                await self.register_env()
                await self.get_server_info()
            elif not warned:
                logger.warning(
                    "no rollout server at %s: waiting for it", self.config.rollout_server_url
                )
                warned = True
            await asyncio.sleep(POLL)

    async def env_step_checks(self) -> None:
        """Begin evaluations when they are due; one that fails says so."""
        before = self.eval_runner
        await super().env_step_checks()
        if self.eval_runner is not None and self.eval_runner is not before:
            self.eval_runner.add_done_callback(_tell_failure)

    async def handle_send_to_api(
        self, scored_data: Any, item: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        """Deliver groups, to the end: half a delivery would be a group lost or sent twice."""
        first = scored_data[0] if isinstance(scored_data, list) and scored_data else scored_data
        if first:
            self.account.add(first["scores"], self.kind_of(item))
        if isinstance(scored_data, list):
            scored_data = fill_groups(scored_data, self.config.group_size)
        self._explain_drops(scored_data if isinstance(scored_data, list) else [scored_data])
        if self._drops_idle and isinstance(scored_data, list):
            scored_data = [group for group in scored_data if not self._teaches_nothing(group)]
        sending = asyncio.ensure_future(
            super().handle_send_to_api(scored_data, item, *args, **kwargs)
        )
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        await asyncio.shield(sending)

    async def add_rollouts_for_wandb(self, scored_data: Any, item: Any = None) -> None:
        """Keep what the table of rollouts shows. Atropos's fails on groups that are smaller."""
        if self.config.use_wandb:
            self._table.add(scored_data, self.config.num_rollouts_per_group_for_logging)

    async def create_rollout_table(self, wandb_metrics: dict[str, Any]) -> dict[str, Any]:
        """Add the table of rollouts, in plain text."""
        if rows := self._table.take():
            import wandb

            wandb_metrics["train/rollouts"] = wandb.Table(columns=COLUMNS, data=rows)
        return wandb_metrics

    async def wandb_log(self, wandb_metrics: dict[str, Any] | None = None) -> None:
        """Log metrics, and forget the times of requests, which Atropos keeps for ever."""
        await super().wandb_log(wandb_metrics)
        self.forget_timings()

    async def deliver(self, scored: Any) -> None:
        """Send groups once there is a trainer: what comes before it spoils a rollout server."""
        while not await self._trainer_is_there():  # noqa: ASYNC110
            await asyncio.sleep(POLL)
        await super().deliver(scored)

    async def _trainer_is_there(self) -> bool:
        timeout = aiohttp.ClientTimeout(total=LEAVE_TIMEOUT)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self.config.rollout_server_url}/info") as answer,
            ):
                raw = await read_body(answer.content.iter_any(), None, MAX_ERROR)
                return bool(json.loads(raw)["batch_size"] > 0)
        except (aiohttp.ClientError, TimeoutError):
            return False

    def judge_by_advantages(self) -> None:
        """Let `ensure_scores_are_not_same` drop the groups whose advantages are all 0.

        Equal scores alone say nothing of them, and Atropos looks at nothing else.
        """
        self._drops_idle = self.config.ensure_scores_are_not_same
        self.config.ensure_scores_are_not_same = False

    def _teaches_nothing(self, group: Any) -> bool:
        """Tell whether a group is dropped for what it is worth."""
        if self._drops_idle:
            return not any(map(any, group["advantages"]))
        return self.config.ensure_scores_are_not_same and len(set(group["scores"])) == 1

    def _explain_drops(self, groups: Iterable[Any]) -> None:
        """Say what to change when Atropos drops one group after the other."""
        groups = [g for g in groups if g]
        equal = all(map(self._teaches_nothing, groups))
        self._equal = self._equal + 1 if equal else 0
        if self._equal == TELL_AFTER:
            logger.warning(
                "the last %d groups had equal scores and were dropped: raise --env.difficulty or"
                " --env.agent_temperature, or set --env.ensure_scores_are_not_same false",
                TELL_AFTER,
            )
        longest = max((len(t) for g in groups for t in g["tokens"]), default=0)
        too_long = 0 < self.max_token_len <= longest
        self._long = self._long + 1 if too_long else 0
        if self._long in (1, TELL_AFTER):
            logger.warning(
                "a sequence of %d tokens was dropped with its group: the trainer's max_token_len is"
                " %d; raise it, or lower --env.max_agent_turns",
                longest,
                self.max_token_len,
            )

    async def stop_workers(self) -> None:
        """Cancel every worker and wait until it has given back what it held."""
        tasks = self.running_workers()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=LEAVE_TIMEOUT)
            for task in late:
                task.cancel()
        self.close_groups_file()

    async def leave_rollout_server(self) -> None:
        """Leave the rollout server's list, so that a successor is not given half the weight."""
        if not self.serving:
            return
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            timeout = aiohttp.ClientTimeout(total=LEAVE_TIMEOUT)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                url = f"{self.config.rollout_server_url}/disconnect-env"
                await session.post(url, json={"env_id": self.env_id})


def _tell_failure(evaluation: asyncio.Task[Any]) -> None:
    if not evaluation.cancelled() and (error := evaluation.exception()) is not None:
        logger.error("evaluation failed: %s: %s", type(error).__name__, error)

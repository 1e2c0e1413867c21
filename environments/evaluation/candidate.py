"""Two models on the same work: a canary, or a shadow.

As a canary the candidate plays a share of the items alone; which ones follows from their ids, so
that all rollouts of an item and every resumption go the same way. As a shadow it is asked
everything the primary model is asked, and only the primary acts: what the candidate says, how
long it takes and how it fails has no effect on any rollout.

Each rollout leaves a line in `traffic.jsonl`; the end is a comparison, printed and in
`traffic.json`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from atroposlib.envs.server_handling.server_baseline import APIServerConfig
from atroposlib.envs.server_handling.server_manager import ServerManager
from pydantic import ValidationError

from environments.config import EvenniaWorldEnvConfig
from environments.evaluation.candidate_summary import (
    TRAFFIC,
    Reply,
    Request,
    TrafficRow,
    summarise,
    traffic_text,
)
from environments.models.address import NO_KEY, host
from environments.models.asking import NoAnswerError, ask
from environments.models.chat import Chat, ChatServer
from environments.models.client import ModelServer
from environments.models.completion import Completion, member, read_completion
from environments.models.endpoint_check import check_endpoint
from environments.policies.chat import PolicyChat
from environments.policies.registry import get_policy
from environments.rollouts.files import LinesFile, read_file, write_file
from environments.rollouts.messages import parsed_arguments
from environments.rollouts.record import Rollout
from environments.tasks.model import Task
from environments.tool_call_parsers import TextParser
from world_fixtures.common import UserError, digest, printable

LOG = "traffic.jsonl"
"""Name of the log of rollouts in a run's directory."""
PARTS = 10_000
"""Number of parts into which the items are divided: shares are exact to 0.01 per cent."""

Play = Callable[[Chat], Awaitable[Rollout]]


class Traffic:
    """Rollouts divided between a primary model and a candidate, and a log of their results."""

    def __init__(self, config: EvenniaWorldEnvConfig, exact: bool) -> None:
        """Read the candidate's options; `exact`: the primary gives tokens to train on.

        Raises UserError where the candidate's options do not fit together.
        """
        self.model = config.candidate_model or ""
        self.shadow = config.candidate_shadow
        self.percent = config.candidate_percent
        self.url = config.candidate_base_url or ""
        if not self.model:
            raise UserError(
                "a candidate endpoint is given but no model: give --env.candidate_model"
            )
        if exact and not self.shadow:
            raise UserError(
                "a canary has no tokens to train on: use --env.candidate_shadow true, or"
                " --openai.server_type openai without --env.return_token_ids"
            )
        self._server: ModelServer | None = None
        if self.url:
            self._endpoint = _endpoint(self.model, self.url, config.candidate_api_key_env)
            self._server = ModelServer(ServerManager([self._endpoint]), "eval")
        else:
            get_policy(self.model)
        self._timeout = config.call_timeout
        self._log: Path | None = None

    @classmethod
    def of(cls, config: EvenniaWorldEnvConfig, exact: bool = False) -> Traffic | None:
        """Return the traffic that a config asks for; None where it names no candidate.

        Raises UserError where the candidate's options do not fit together.
        """
        wanted = config.candidate_model or config.candidate_base_url
        return cls(config, exact) if wanted else None

    async def check(self) -> None:
        """Raise UserError unless the candidate's endpoint answers."""
        if self.url:
            try:
                await check_endpoint(
                    [self._endpoint], url_option="--env.candidate_base_url",
                    key_option="--env.candidate_api_key_env",
                )  # fmt: skip
            except UserError as error:
                raise UserError(f"candidate: {error}") from None

    def identity(self) -> dict[str, Any]:
        """Return what of the traffic bears on a run's result: part of what identifies it."""
        share = {} if self.shadow else {"percent": self.percent}
        return {"candidate": self.model, "shadow": self.shadow, "host": host(self.url), **share}

    def record_to(self, log: Path, continued: bool) -> None:
        """Log rollouts in this file, which is begun anew unless its run is continued."""
        self._log = log
        with LinesFile(log) as file:
            content = log.read_bytes() if continued else b""
            file.cut(content.rfind(b"\n") + 1)  # a line that was being written when all ended
        read_rows(log)  # what is damaged is told before anything is played

    def selects(self, item: str) -> bool:
        """Tell whether the candidate plays the item of this id."""
        place = int.from_bytes(digest(["canary", item])[:8], "big") % PARTS
        return not self.shadow and place < self.percent * PARTS / 100

    async def play(self, task: Task, attempt: int, chat: Chat, play: Play) -> Rollout:
        """Play one rollout with the model that is to act in it.

        `play` plays `task` once with the chat that it is given.
        """
        candidate = self._server or PolicyChat(self.model, task, attempt)
        if self.selects(task.id):
            chat = replace(chat, server=candidate, parser=None, end_tokens=(), replay_raw=False)
            chat = replace(
                chat, model=self.model, provider=host(self.url) or "embedded",
                names_rollout=not self.url,
            )  # fmt: skip
            rollout = await play(chat)
            self._record(TrafficRow.of(rollout, candidate=True))
            return rollout
        if not self.shadow:
            rollout = await play(chat)
            self._record(TrafficRow.of(rollout, candidate=False))
            return rollout
        if not self.url:  # a policy needs to know its stage
            chat = replace(chat, names_rollout=True)
        shadow = _Shadow(chat.server, candidate, chat.parser, self._timeout)
        try:
            rollout = await play(replace(chat, server=shadow))
            await shadow.wait(self._timeout)
        finally:
            shadow.stop()
        self._record(TrafficRow.of(rollout, candidate=False, requests=tuple(shadow.requests)))
        return rollout

    def conclude(self) -> None:
        """Print the comparison so far and write it into the directory of the log."""
        if self._log is None or not self._log.exists():
            return
        summary = summarise(read_rows(self._log), self.model, self.shadow)
        path = self._log.with_name(self._log.name.removesuffix(LOG) + TRAFFIC)
        write_file(path, summary.model_dump_json(indent=1) + "\n")
        print(printable(traffic_text(summary)))
        print(f"traffic in {path} and {self._log}")

    def _record(self, row: TrafficRow) -> None:
        if self._log is not None:
            with LinesFile(self._log) as file:
                file.add(row.model_dump_json().encode("utf-8", "replace") + b"\n")


def read_rows(log: Path) -> list[TrafficRow]:
    """Read the rows of a log; of two of one rollout the later counts.

    Raises UserError where a line is damaged.
    """
    rows: dict[str, TrafficRow] = {}
    for number, line in enumerate(read_file(log).splitlines(), start=1):
        try:
            row = TrafficRow.model_validate_json(line)
        except ValidationError as error:
            raise UserError(
                f"{log} line {number} is no row of traffic: move the line into another file"
            ) from error
        rows[row.rollout] = row
    return list(rows.values())


class _Shadow:
    """A `ChatServer` that asks the primary, and the candidate on the side."""

    def __init__(
        self,
        primary: ChatServer,
        candidate: ChatServer,
        parser: TextParser | None,
        timeout: float,
    ) -> None:
        self._primary = primary
        self._candidate = candidate
        self._parser = parser
        self._timeout = timeout
        self._running: set[asyncio.Task[None]] = set()
        self.requests: list[Request] = []

    async def chat_completion(self, **request: Any) -> Any:
        """Return the primary's completion; the candidate's is compared with it later."""
        asked = {**request, "messages": list(request["messages"])}  # the loop adds to its own
        aside = asyncio.create_task(self._ask(asked))
        try:
            started = time.monotonic()
            completion = await self._primary.chat_completion(**request)
            said = read_completion(completion)
        except BaseException:
            aside.cancel()
            raise
        own = _reply(said, time.monotonic() - started, self._parser)
        number = len(self.requests)
        unanswered = Reply(error="no answer before the rollout was over")
        self.requests.append(Request(primary=own, candidate=unanswered))
        waiting = asyncio.create_task(self._pair(number, own, aside))
        self._running.add(waiting)
        waiting.add_done_callback(self._running.discard)
        return completion

    async def _pair(self, number: int, own: Reply, aside: asyncio.Task[Reply]) -> None:
        try:
            self.requests[number] = Request(primary=own, candidate=await aside)
        finally:
            aside.cancel()

    async def _ask(self, request: dict[str, Any]) -> Reply:
        started = time.monotonic()
        try:
            said = await ask(self._candidate, request, self._timeout, tries=1)
            return _reply(said, time.monotonic() - started, None)
        except NoAnswerError as error:  # however the candidate fails, the rollout goes on
            return Reply(seconds=time.monotonic() - started, error=str(error))

    async def wait(self, timeout: float) -> None:
        """Wait for the candidate's answers, `timeout` seconds at most."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout)

    def stop(self) -> None:
        """Give up the answers that are still missing."""
        for task in self._running:
            task.cancel()


def _reply(said: Completion, seconds: float, parser: TextParser | None) -> Reply:
    """Return the tool calls of a completion, with arguments as data where they are JSON."""
    calls: Any = said.tool_calls
    if not calls and parser is not None and said.content:
        calls = parser.parse(said.content)[1]
    return Reply(calls=tuple(map(_call, calls or ())), seconds=seconds)


def _call(call: Any) -> tuple[str, Any]:
    """Return the name and the arguments of a call, however badly the model wrote it."""
    function = member(call, "function")
    name, arguments = member(function, "name"), member(function, "arguments")
    parsed = parsed_arguments(arguments) if isinstance(arguments, str) else arguments
    return (name if isinstance(name, str) else "", parsed)


def _endpoint(model: str, url: str, key_variable: str | None) -> APIServerConfig:
    key = os.environ.get(key_variable or "", "")
    if key_variable and not key:
        raise UserError(
            f"--env.candidate_api_key_env names the variable {key_variable}, which is not set:"
            " export it"
        )
    return APIServerConfig(
        model_name=model, base_url=url, api_key=key or NO_KEY, server_type="openai",
        health_check=False, num_max_requests_at_once=512, num_requests_for_eval=512,
    )  # fmt: skip

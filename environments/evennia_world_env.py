"""The environment: `python environments/evennia_world_env.py serve|process|evaluate`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a program from a clone
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # says that PyTorch is not there
    root = str(Path(__file__).resolve().parents[1])
    sys.path[:] = [
        root,
        *(p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent),
    ]

if __name__ == "__main__":  # before the imports that take seconds: an interruption has its line
    from environments.modes.loading import interruptible

    with interruptible():
        from environments.modes.program import run_program

    def _main() -> int:
        from environments.modes.option_help import asked_help

        if told := asked_help(sys.argv[1:], f"python {sys.argv[0]}"):
            print(told)
            return 0
        from environments.modes.loading import loading

        with loading():
            from environments.evennia_world_env import EvenniaWorldEnv
            from environments.modes.command_line import run_environment

        return run_environment(EvenniaWorldEnv)

    raise SystemExit(run_program(_main))

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from atroposlib.envs.base import APIServerConfig, EvalHandlingEnum, ScoredDataGroup
from atroposlib.envs.server_handling.server_manager import ServerManager

from environments.agent_loop import AgentResult
from environments.config import EvenniaWorldEnvConfig
from environments.evaluation.candidate import LOG, Traffic
from environments.evaluation.metrics_file import flat_metrics
from environments.hermes_base_env import HermesAgentBaseEnv
from environments.models import TOKEN_SERVER_TYPES, Chat
from environments.models.turn_ends import Prefix
from environments.modes.credit import check_credit, credited, played_rollout, trees_of
from environments.modes.estimates import PlayedRollout
from environments.modes.evaluate import evaluate
from environments.policies.endpoint import PolicyEndpoint
from environments.policies.registry import get_policy
from environments.rollouts.advantages import Credit
from environments.rollouts.checkpoint import Checkpoint
from environments.rollouts.failures import RolloutFailed
from environments.rollouts.groups import ScoredRollout, teaches_nothing
from environments.rollouts.identity import TASKS
from environments.rollouts.metrics import RolloutMetrics
from environments.rollouts.owner import claim, of_other_groups, recorded_owner
from environments.rollouts.record import Rollout
from environments.runner import Conditions, play
from environments.tasks import choice
from environments.tasks.curriculum import Curriculum, Outline
from environments.tasks.model import Task
from environments.tasks.suites.load import all_in_games, in_games_alone, load_suite
from environments.tasks.version import TASKS_VERSION
from environments.tasks.worker import TaskWorker, Wanted
from environments.tokenizer import PATH
from environments.tool_context import ToolContext
from environments.tools import Tool
from world_fixtures import address
from world_fixtures.common import UserError
from world_fixtures.servers import ServerPool
from world_fixtures.spectator import SpectatorGate


class EvenniaWorldEnv(HermesAgentBaseEnv):
    """A persistent text world that an agent has to know its way in.

    ## Description
    Each rollout plays one task in a sealed instance of a world, served by a real Evennia
    server. Worlds are generated from a seed and a difficulty, or authored as YAML.

    ## Action Space
    Five tools: `evennia_connect()`, `evennia_command(command)`, `evennia_observe()`,
    `evennia_disconnect()`, `evennia_submit(answer)`. A command is a line of plain words.

    ## Observation Space
    Text: the room with its exits and things, the answer to a command, or
    `{"error": ...}` as JSON when a call could not be carried out.

    ## Starting State
    Disconnected, in the initial state of the task's world. Persistence tasks have several
    stages; each begins a new conversation, and only the world remembers.

    ## Rewards
    [0, 1] from the final state, the events and the submitted answer: weighted parts for
    outcome, progress, efficiency, evidence and discipline. A subclass that overrides
    `compute_reward` decides the reward in every mode.

    ## Episode End
    `evennia_submit`, a turn without tool calls, the limit of turns, tokens or time.

    ## Arguments
    See `EvenniaWorldEnvConfig`.

    ## References
    Anderson et al. 2018 (arXiv 1807.06757) for SPL.
    """

    name = "evennia_world"
    env_config_cls = EvenniaWorldEnvConfig
    config: EvenniaWorldEnvConfig

    @classmethod
    def config_init(cls) -> tuple[EvenniaWorldEnvConfig, list[APIServerConfig]]:
        """Return defaults with which every mode runs as it is, offline."""
        config = EvenniaWorldEnvConfig(
            wandb_name="evennia_world",
            use_wandb=False,
            tokenizer_name=PATH,
            enabled_toolsets=["evennia"],
            group_size=4,
            batch_size=16,
            total_steps=100,
            max_token_length=16384,
            steps_per_eval=0,
            eval_handling=EvalHandlingEnum.LIMIT_TRAIN,
            include_messages=True,
            data_path_to_save_groups=None,
        )
        server = APIServerConfig(
            model_name="", base_url="", api_key="none", server_type="openai", health_check=False,
            num_max_requests_at_once=512, num_requests_for_eval=512,
        )  # fmt: skip
        return config, [server]

    def __init__(
        self, config: Any, server_configs: Any, slurm: bool = False, testing: bool = False
    ) -> None:
        self.embedded = not server_configs[0].base_url
        if self.embedded:
            get_policy(config.policy)  # an unknown one is reported before anything starts
            server_configs[0].model_name = config.policy
        super().__init__(config, server_configs, slurm, testing)
        self.train_tasks = load_suite(config.train_suite).tasks if config.train_suite else ()
        """What is trained on in the place of tasks made by seed, where it is given."""
        if config.credit is not Credit.GROUP:
            self.judge_by_advantages()
            check_credit(config, self.group_tools(), self.train_tasks)
        self.server_configs = server_configs
        self.metrics = RolloutMetrics()
        self.pool: ServerPool
        self.lent: ServerPool | None = None
        """World servers that somebody else has started; without any `setup` starts some."""
        self.endpoint: PolicyEndpoint | None = None
        exact = self.server_type in TOKEN_SERVER_TYPES or config.return_token_ids
        self.traffic = Traffic.of(config, exact=exact)
        self._running = contextlib.AsyncExitStack()
        self._processing = False
        """Whether results reach the curriculum by `learn`, in the order of the items."""
        self._handed = (0, 0)
        """Branches, and those of them in an idle copy of their world, that were handed on."""
        self._evaluated: dict[str, float] = {}
        """Of the last evaluation, until it is logged."""
        self.on_rollout: list[Callable[[Rollout], None]] = []
        """Called with each finished rollout of training, those that failed among them."""
        self.task_worker = TaskWorker()
        self.curriculum = Curriculum(
            config.families,
            tuple(config.difficulty),
            config.seed,
            target_success=config.target_success,
            kinds=choice.kinds(config.kinds) if config.kinds else (),
            signal_floor=config.signal_floor,
        )

    async def setup(self) -> None:
        """Start the world servers and, where no model is configured, the policy endpoint."""
        if self.traffic is not None:
            await self.traffic.check()
        servers = self.config.world_servers
        if self.config.spectate:
            if address.wanted(None, None) is not None:
                raise UserError(
                    "--env.spectate needs a world server of its own: leave --world-server out, and"
                    f" unset {address.VARIABLE}"
                )
            if (servers or 1) > 1:
                raise UserError("--env.spectate shows one world server: set --env.world_servers 1")
            servers = 1
            gate = await self._running.enter_async_context(SpectatorGate())
            print(f"look on at {gate.url} or by telnet to 127.0.0.1 {gate.telnet}:")
            print(f"    connect spectator {gate.word}", flush=True)
        if self.lent is None:
            at_once = self.config.spectate or not self._in_games_alone()
            self.pool = await self._running.enter_async_context(
                ServerPool(servers, at_once=at_once)
            )
        else:
            self.pool = self.lent
        if self.embedded:
            self.endpoint = await self._running.enter_async_context(PolicyEndpoint())
            self.server_configs[0].base_url = self.endpoint.base_url
            self.server = ServerManager(self.server_configs)

    def _in_games_alone(self) -> bool:
        """Tell whether the tasks that come first are all in games that somebody else wrote."""
        if self._processing:
            return bool(self.train_tasks) and all_in_games(self.train_tasks)
        return in_games_alone(self.config.suite)

    async def teardown(self) -> None:
        """Stop what `setup` started."""
        await self.task_worker.stop()
        await self._running.aclose()

    async def setup_drawing(self) -> None:
        """Start nothing: the worlds are where the tasks are played."""

    async def get_next_item(self) -> Task:
        """Draw the next task: of the suite to train on, or one that the curriculum has made."""
        return await self.item_of(self._drawn())

    async def draw(self) -> Task | Wanted:
        """Draw what the next task is made of; another process makes it."""
        if type(self).get_next_item is not EvenniaWorldEnv.get_next_item:  # a subclass has its own
            return await self.get_next_item()
        return self._drawn()

    async def item_of(self, drawn: Task | Wanted) -> Task:
        """Make the task of what was drawn."""
        return await self.task_worker.make(drawn) if isinstance(drawn, Wanted) else drawn

    def _drawn(self) -> Task | Wanted:
        if self.train_tasks:
            return self.train_tasks[self.curriculum.draw_place(len(self.train_tasks))]
        return self.curriculum.draw()

    def about(self, item: Task) -> Outline:
        """Return what the curriculum needs of a task."""
        return Outline(item.family, item.kind, item.difficulty)

    async def register_env(self) -> None:
        """Register as Atropos does; each environment of a trainer draws tasks of its own."""
        self.curriculum.stream = None
        await super().register_env()
        if self.curriculum.stream is None:
            self.curriculum.stream = self.env_id

    def save_checkpoint(self, step: int, data: dict[str, Any] | None = None) -> None:
        """Save a checkpoint with the state of the curriculum."""
        super().save_checkpoint(step, {**(data or {}), "curriculum_state": self.curriculum.state()})

    def load_checkpoint(self) -> None:
        """Load a checkpoint, the state of the curriculum included."""
        super().load_checkpoint()
        if (state := getattr(self, "curriculum_state", None)) is not None:
            self.curriculum.restore(state)

    def format_prompt(self, item: Task) -> str:
        """Return the prompt of the task's first stage."""
        return item.stages[0].prompt

    async def compute_reward(self, item: Task, result: AgentResult, ctx: ToolContext) -> float:
        """Return the reward of the task's own verdict on the world as the agent left it."""
        return (await ctx.world.verdict()).reward

    @property
    def provider(self) -> str:
        """Host of the model's endpoint, or `embedded`."""
        return "embedded" if self.embedded else super().provider

    @contextlib.asynccontextmanager
    async def chat(
        self, evaluation: bool = False, begun: Prefix | None = None
    ) -> AsyncIterator[Chat]:
        """Give the model for one rollout; requests to an embedded policy name the rollout."""
        async with super().chat(evaluation, begun) as chat:
            yield replace(chat, names_rollout=self.embedded)

    def conditions(self, **changed: Any) -> Conditions:
        """Return how rollouts are played under this config, with the options `changed`."""
        own_reward = type(self).compute_reward is not EvenniaWorldEnv.compute_reward
        return Conditions(
            options=self.options(**changed),
            gate=self.config.gate,
            weights=self.config.reward_weights,
            reward=self.compute_reward if own_reward else None,
        )

    async def play(
        self,
        task: Task,
        attempt: int,
        group: str,
        chat: Chat,
        tools: dict[str, Tool],
        conditions: Conditions,
        start: Checkpoint | None = None,
    ) -> Rollout:
        """Play one rollout, by the model or by the candidate, from `start` where it is given."""
        acting = partial(self._play, task, attempt, group, tools, conditions, start)
        if self.traffic is None:
            return await acting(chat)
        return await self.traffic.play(task, attempt, chat, acting)

    async def _play(
        self,
        task: Task,
        attempt: int,
        group: str,
        tools: dict[str, Tool],
        conditions: Conditions,
        start: Checkpoint | None,
        chat: Chat,
    ) -> Rollout:
        """Play one rollout; the policy endpoint knows its task for as long."""
        rollout_id = f"{group}-{attempt}"
        if self.endpoint is not None:
            self.endpoint.expect(rollout_id, task, attempt)
        try:
            return await play(
                task, rollout_id=rollout_id, pool=self.pool, chat=chat, tools=tools,
                conditions=conditions, group=group, attempt=attempt,
                conversation=self.conversations, start=start,
            )  # fmt: skip
        finally:
            if self.endpoint is not None:
                self.endpoint.forget(rollout_id)

    async def rollout(
        self, item: Task, attempt: int, group: str, tools: dict[str, Tool]
    ) -> ScoredRollout:
        """Play and score `item` once. Raises RolloutFailed where it must not be scored."""
        async with self.chat() as chat:
            rollout = await self.play(item, attempt, group, chat, tools, self.conditions())
            for listener in self.on_rollout:
                listener(rollout)
            if rollout.verdict is None:
                self.metrics.add_failure(rollout)
                raise RolloutFailed(rollout.failure or rollout.stop.value)
            played = played_rollout(self, rollout, chat, tools)
        self.metrics.add(rollout)
        if not self._processing:
            self.curriculum.report(item, rollout.verdict.success)
        return played

    @property
    def attempts(self) -> int:
        """Rollouts of an item that are begun at its start: the others of a tree branch off."""
        tree = self.config.credit is Credit.TREE
        return trees_of(self.config) if tree else super().attempts

    async def credited(
        self, item: Task, done: list[ScoredRollout], group: str, tools: dict[str, Tool]
    ) -> list[ScoredRollout]:
        """Decide what each turn of a group's rollouts is credited with, by `--env.credit`."""
        if self.config.credit is Credit.GROUP:
            return done
        played = [rollout for rollout in done if isinstance(rollout, PlayedRollout)]
        return await credited(self, played, group, tools)

    @property
    def learns(self) -> bool:
        """Whether the curriculum moves the difficulty, or looks for kinds with signal."""
        config = self.config
        return config.target_success is not None or config.signal_floor is not None

    def hand_on(self) -> Any:
        """Return what has gathered for the log, and the branches that were played."""
        pool = self.pool
        forks = pool.forks - self._handed[0], pool.warm_forks - self._handed[1]
        self._handed = pool.forks, pool.warm_forks
        return self.metrics.hand_on(), forks

    def take_over(self, gathered: Any) -> None:
        """Add what `hand_on` has returned in another process."""
        metrics, forks = gathered
        self.metrics.take_over(metrics)
        self._handed = self._handed[0] + forks[0], self._handed[1] + forks[1]

    def learn(self, item: Task | Outline, successes: Sequence[bool]) -> None:
        """Count an item's results towards the difficulty of its family."""
        for success in successes:
            self.curriculum.report(item, success)

    def learn_signal(self, item: Task | Outline, signal: bool) -> None:
        """Count whether an item's groups hold anything to compare towards its kind."""
        self.curriculum.report_group(item, signal)

    def kind_of(self, item: Any) -> str:
        """Return `family.kind` of a task."""
        return f"{item.family}.{item.kind}" if isinstance(item, Task) else ""

    async def collect_trajectories(
        self, item: Task
    ) -> tuple[list[ScoredDataGroup] | None, list[Any]]:
        """Play the groups of `item`, and count whether they hold anything to compare."""
        groups, backlog = await super().collect_trajectories(item)
        if groups:
            equal = teaches_nothing(groups)
            self.metrics.add_group(self.kind_of(item), equal)
            if not self._processing:
                self.curriculum.report_group(item, not equal)
        return groups, backlog

    def run_settings(self) -> dict[str, Any]:
        """Return all that bears on the groups of `process`."""
        settings = super().run_settings()
        if self.embedded:  # its endpoint is our own
            del settings["openai"]
        own_reward = type(self).compute_reward is not EvenniaWorldEnv.compute_reward
        return {
            **settings,
            TASKS: TASKS_VERSION,
            "reward": type(self).compute_reward.__qualname__ if own_reward else None,
            "traffic": None if self.traffic is None else self.traffic.identity(),
        }

    def begin_process(self, groups: Path, continued: bool) -> None:
        """Begin the log of the two models, or continue it."""
        self._processing = True
        if self.traffic is not None:
            log = groups.with_suffix(f".{LOG}")
            foreign = recorded_owner(log) is None and not continued
            if foreign and log.exists() and log.stat().st_size:
                raise of_other_groups(log, groups, "rollouts")
            claim(log, groups)
            self.traffic.record_to(log, continued)

    async def process_manager(self) -> None:
        """Run `process`, with the comparison of the two models at its end."""
        try:
            await super().process_manager()
            forks, warm = self._forks
            if forks:
                print(f"{forks} branches, {warm} of them in an idle copy of their world")
        finally:
            if self.traffic is not None:
                self.traffic.conclude()

    @property
    def _forks(self) -> tuple[int, int]:
        """Branches that were played, and those of them in an idle copy of their world."""
        if self.far is not None:
            return self._handed
        return (self.pool.forks, self.pool.warm_forks) if self.pool.forks else (0, 0)

    async def env_manager(self) -> None:
        """Run `serve`: what the trainer gets is its own model's, and no other's."""
        if self.traffic is not None:
            raise UserError("serve feeds one model: --env.candidate_model is for the other modes")
        await super().env_manager()

    async def evaluate(self, *args: Any, **kwargs: Any) -> None:
        """Play the suite; its rollouts touch no training metric."""
        metrics = await evaluate(self)
        found = flat_metrics(metrics).items()
        self._evaluated = {f"eval/{k}": v for k, v in found if isinstance(v, int | float)}

    async def wandb_log(self, wandb_metrics: dict[str, Any] | None = None) -> None:
        """Log what has gathered of training, and the last evaluation once."""
        metrics = {**(wandb_metrics or {}), **self.metrics.take(), **self._evaluated}
        self._evaluated = {}
        if self.far is None:
            metrics["train/instances_alive"] = self.pool.instances
        forks, warm = self._forks
        if forks:
            metrics["train/branches/warm_share"] = warm / forks
        self.tool_errors_count = self.metrics.take_tool_errors()
        await super().wandb_log(metrics)

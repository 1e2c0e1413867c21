"""The parts of the proof, each from files to files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments.evaluation.embedded import play_embedded
from environments.learning.proof.programs import (
    EVENNIA_WORLD,
    failure,
    model_server,
    program,
    rollout_server,
    run,
)
from environments.learning.training.trainer import Plan, read_steps, train
from environments.rollouts.options import AgentOptions
from environments.rollouts.record import Rollout
from environments.runner import Conditions
from environments.tasks.curriculum import Curriculum
from environments.tasks.model import Family, Task
from world_fixtures.servers import ServerPool

Say = Callable[[str], None]
"""Told what is happening, a line at a time."""


@dataclass(frozen=True)
class Setting:
    """What all parts of a proof share."""

    kinds: tuple[tuple[Family, str], ...] = ()
    difficulty: tuple[int, int] = (1, 2)
    chat_template: str = "compact"
    parser: str = "hermes"
    """Of the calls that the chat template writes."""
    answer_tokens: int = 160
    """Of one answer at most."""
    context: int = 2048
    """Tokens of a conversation at most."""
    train_suite: Path | None = None
    """Whose tasks reinforcement learning draws, in the place of made ones of `kinds`."""
    system_prompt: str | None = None
    """In the place of the environment's own."""
    max_repeats: int | None = None
    """Of a call with its result, after which a rollout ends; None for any number."""
    threads: int = 2
    """Of PyTorch, in each program."""

    @property
    def named(self) -> str:
        """The kinds as options take them."""
        return ",".join(f"{family}.{kind}" for family, kind in self.kinds)


def drawn_tasks(setting: Setting, *, seed: int) -> Iterator[Task]:
    """Draw tasks of the train split, without end."""
    weights = {family.value: 1.0 for family, _ in setting.kinds}
    drawing = Curriculum(weights, setting.difficulty, seed, kinds=setting.kinds)
    while True:
        yield drawing.next()


async def played(
    setting: Setting, tasks: Sequence[Task], *, policy: str, say: Say
) -> list[Rollout]:
    """Play tasks with an embedded policy, on a real world server."""
    say(f"{policy} plays {len(tasks)} tasks")
    conditions = Conditions(options=AgentOptions(system_prompt=setting.system_prompt))
    async with ServerPool(1) as pool:
        return await play_embedded(
            pool, policy, [(task, 0) for task in tasks], conditions=conditions
        )


def measure(
    model: Path, suite: str, out: Path, setting: Setting, *, options: Sequence[str] = ()
) -> dict[str, Any]:
    """Evaluate the model of a directory on a suite; the figures, such as `mean_reward`.

    Answers are sampled at temperature 1, as in training.
    A run directory that is complete is not played again.
    """
    found = out / "metrics.json"
    if not found.is_file():
        with model_server(
            model, out.with_name(f"{out.name}.logs"), chat_template=setting.chat_template,
            answer_tokens=setting.answer_tokens, threads=setting.threads,
        ) as url:  # fmt: skip
            command = [
                *EVENNIA_WORLD, "evaluate", "--suite", suite, "--out", str(out),
                *_model_options(url, model, setting),
                "--env.eval_temperature", "1", "--env.eval_baselines", "false", *options,
            ]  # fmt: skip
            run("evaluate", command, out.with_name(f"{out.name}.logs"))
    results: dict[str, Any] = json.loads(found.read_text())["results"]["all"]
    return results


def reinforce(
    model: Path, out: Path, setting: Setting, *, steps: int, groups: int, group_size: int,
    rate: float, frozen: int, credit: str, seed: int, say: Say, updates: int = 1,
) -> None:  # fmt: skip
    """Train a model on its own rollouts through the real chain; what is in `out` goes on.

    `serve` plays against the model server and delivers to `run-api`; the trainer takes the batches
    and hands the new weights to the model server.
    """
    logs = out / "logs"
    weights = out / "weights"
    playing = weights if weights.is_dir() else model
    with (
        rollout_server(logs) as rollouts,
        model_server(
            playing, logs, chat_template=setting.chat_template,
            answer_tokens=setting.answer_tokens, seed=seed, threads=setting.threads,
        ) as url,
    ):  # fmt: skip
        command = [
            *EVENNIA_WORLD, "serve", "--env.rollout_server_url", rollouts,
            "--env.group_size", str(group_size), "--env.batch_size", str(groups * group_size),
            "--env.max_num_workers", str(groups),  # each plays a group
            "--env.total_steps", str(steps * groups * 4),
            "--env.max_batches_offpolicy", "1", "--env.steps_per_eval", str(10 * steps + 10),
            *_task_options(setting), "--env.credit", credit,
            # other tasks than before, where training goes on
            "--env.seed", str(seed + 1_000 * steps_taken(out)),
            # without them the mean of a batch would not be what the model earns
            "--env.ensure_scores_are_not_same", "false",
            "--env.use_wandb", "false", *_model_options(url, model, setting),
        ]  # fmt: skip
        plan = Plan(
            model=model, out=out, steps=steps, batch_size=groups * group_size,
            max_tokens=setting.context, rollouts=rollouts, server=url, rate=rate, frozen=frozen,
            scaled=False, updates=updates, threads=setting.threads,
        )  # fmt: skip
        with program("serve", command, logs) as serving:

            def waiting() -> None:
                if serving.poll() is not None:
                    raise failure("serve", logs)

            for line in train(plan, waiting):
                say(
                    f"step {line['step']}/{steps}: reward {line['reward']:.3f},"
                    f" {line['equal']} of {line['groups']} groups equal,"
                    f" {line['seconds']:.0f} s"
                )


def steps_taken(out: Path) -> int:
    """Return how many steps of reinforcement learning a directory holds."""
    log = out / "steps.jsonl"
    return len(read_steps(log)) if log.is_file() else 0


def _task_options(setting: Setting) -> list[str]:
    """Return the options that say which tasks `serve` draws."""
    if setting.train_suite is not None:
        return ["--env.train_suite", str(setting.train_suite)]
    low, high = setting.difficulty
    return ["--env.kinds", setting.named, "--env.difficulty", f"{low}-{high}"]


def _model_options(url: str, model: Path, setting: Setting) -> list[str]:
    """Return the options with which a mode plays against the model server."""
    prompt = setting.system_prompt
    most = setting.max_repeats
    repeats = [] if most is None else ["--env.max_repeats", str(most)]
    return [
        *(["--env.system_prompt", prompt] if prompt is not None else []),
        "--openai.server_type", "vllm", "--openai.base_url", url, "--openai.model_name", "model",
        "--openai.api_key", "none", "--env.tokenizer_name", str(model),
        "--env.chat_template", setting.chat_template,
        "--env.tool_call_parser", setting.parser, "--env.context_tokens", str(setting.context),
        "--env.max_token_length", str(setting.context),
        "--env.max_turn_tokens", str(setting.answer_tokens), *repeats,
    ]  # fmt: skip

"""The page and the plot of the small model's proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from environments.evaluation.formatting import interval_text, measure_text
from environments.evaluation.line_plot import Line, line_plot
from environments.evaluation.run_samples import RunSamples
from environments.learning.proof.summary import STAGES, Stages, by_kind, reward, smoothed
from environments.rollouts.record import Rollout

SHOWN = 5
"""Tasks whose rollouts are shown side by side."""
PLOT = "reward-by-step.svg"
CUT = 110
"""Characters of a command or an answer that are shown."""


def plot(stages: Stages) -> str:
    """Draw the reward of each step of reinforcement learning, one line a seed, as SVG."""
    lines = []
    for seed in stages.seeds:
        steps = stages.steps[seed]
        means, bounds = smoothed(steps)
        places = [line["step"] for line in steps]
        lines.append(Line(f"seed {seed}, five steps together", places, means, bounds))
    most = max(line.places[-1] for line in lines)
    for name in ("sft", "sft_continued"):
        mean = reward(stages.samples[name].rollouts).mean
        lines.append(Line(f"{name} on suite learn: {mean:.2f}", [0, most], [mean] * 2, dashed=True))
    return line_plot(lines, title="Reward by step", counted="steps of reinforcement learning")


def page(stages: Stages, figures: Mapping[str, Any]) -> str:
    """Return the page as Markdown."""
    names = list(stages.samples)
    parts = [
        "# What a small model has learnt here",
        "",
        "Written by `evennia-world learn report`; all figures are in"
        " [summary.json](summary.json). Mean rewards with 95 % intervals over tasks.",
        "",
        *_table(
            ["stage", "what the model is", "mean reward", "rollouts"],
            [[name, STAGES[name], *_measured(stages, name)] for name in names],
        ),
    ]
    difference = figures.get("rl_minus_sft_continued")
    if difference is not None:
        parts += [
            f"`rl` less `sft_continued`, paired over {difference['tasks']} tasks:"
            f" **{difference['mean']:+.3f}** {interval_text(difference['ci95'])}.",
            "",
            f"![Reward by step]({PLOT})",
            "",
            *_reinforcement(figures["reinforcement"]),
        ]
    kinds = {name: by_kind(stages.samples[name].rollouts) for name in names}
    parts += [
        "## By kind",
        "",
        *_table(
            ["kind", *names],
            [
                [kind, *(measure_text(kinds[name].get(kind)) for name in names)]
                for kind in kinds["base"]
            ],
        ),
        *_elsewhere(stages.unseen()),
        "## The same tasks at each stage",
        "",
        *_side_by_side(stages),
        "## What it took",
        "",
        *_table(
            ["part", "minutes of processor time"],
            [[part, f"{minutes:.0f}"] for part, minutes in figures["minutes_by_part"].items()],
        ),
        f"{figures['cores']} cores; seeds {', '.join(map(str, figures['seeds'])) or 'none yet'};"
        f" {', '.join(f'{name} {found}' for name, found in figures['versions'].items())}.",
        "",
    ]
    return "\n".join(parts)


def _elsewhere(unseen: Mapping[str, RunSamples]) -> list[str]:
    """Show what is earned on the suite `unseen`; nothing where that was not measured."""
    if not unseen:
        return []
    found = {name: reward(run.rollouts) for name, run in unseen.items()}
    return [
        "## On kinds that it was not trained on",
        "",
        "Suite `unseen` at the same difficulty, all families that one plays alone.",
        "",
        *_table(
            ["stage", "mean reward", "rollouts"],
            [[name, measure_text(one), str(one.n)] for name, one in found.items()],
        ),
    ]


def _measured(stages: Stages, name: str) -> list[str]:
    found = reward(stages.samples[name].rollouts)
    return [measure_text(found), str(found.n)]


def _reinforcement(figures: Mapping[str, Any]) -> list[str]:
    steps = ", ".join(f"{n} (seed {seed})" for seed, n in figures["steps"].items())
    return [
        f"Steps: {steps}. {figures['equal_groups']:.0%} of the groups had equal rewards."
        f" {figures['sampled_tokens_per_second']:.0f} tokens were sampled a second,"
        f" {figures['seconds_per_step']:.0f} seconds a step. The log-probabilities of trainer and"
        f" model server differ by {figures['first_difference_of_logprobs']:.1e} on average in the"
        f" first batch; the mean importance ratio of all steps is {figures['mean_ratio']:.4f}.",
        "",
    ]


def _side_by_side(stages: Stages) -> list[str]:
    """Show what was done in a few tasks, stage by stage."""
    first: dict[str, dict[str, Rollout]] = {}
    for name, run in stages.samples.items():
        for rollout in run.rollouts:
            first.setdefault(rollout.task.id, {}).setdefault(name, rollout)
    tasks = list(first)
    lines: list[str] = []
    for n in range(SHOWN):
        task = tasks[(2 * n + 1) * len(tasks) // (2 * SHOWN)]
        found = first[task]
        prompt = next(iter(found.values())).task.stages[0].prompt
        lines += [f"### {task}", "", f"> {prompt}", ""]
        lines += _table(
            ["stage", "reward", "what it did"],
            [[name, _reward(rollout), _commands(rollout)] for name, rollout in found.items()],
        )
    return lines


def _reward(rollout: Rollout) -> str:
    return "none" if rollout.verdict is None else f"{rollout.verdict.reward:.2f}"


def _commands(rollout: Rollout) -> str:
    """Return the commands and the answer of a rollout in a line."""
    done = []
    for call in rollout.tool_calls:
        given = call.arguments if isinstance(call.arguments, dict) else {}
        done.append(str(given.get("command", call.name.removeprefix("evennia_"))))
    if rollout.answer is not None:
        done[-1] = f"submit {json.dumps(rollout.answer)}"
    return ", ".join(f"`{_plain(command)}`" for command in done) or "no call"


def _plain(text: str) -> str:
    """Return text that cannot leave the code span of a table's cell: a model wrote it."""
    line = " ".join(text.replace("`", "'").replace("|", "/").split())
    return line if len(line) <= CUT else f"{line[:CUT]}..."


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{' --- |' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]

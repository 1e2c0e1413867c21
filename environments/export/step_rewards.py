"""Labels of single steps for process reward models, in TRL's "stepwise supervision" type.

A row is one conversation: `prompt`, `completions` (texts) and `labels` (true or false, one for each
completion). A label says whether the message that ends its completion was a good decision.

TRL has no label that means "none". A completion therefore ends with each message that has a label,
and begins where the last one ended: results of tools and messages without a label stand at the
beginning of the next completion, where no label is put on them. What follows the last label is left
out. So the model is asked about a decision before the result is shown, and the text loses nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from environments.export.files import Row
from environments.export.judgement import ByTurn, Judge, Question, can_be_judged, judge
from environments.export.plain_text import plain_completion, plain_prompt
from environments.export.preference import split
from environments.rollouts.record import Rollout
from environments.tasks.credit.regret import Regret
from world_fixtures.common import digest

BLAME = 0.5
"""Commands that a good decision may be blamed for: about the error of the estimate."""
SEPARATOR = "\n\n"
"""What TRL has to put between the completions: `PRMConfig(step_separator=...)`."""

LUCK = "luck"
LOST = "success was lost before"
BOUND = "the value is only a bound"
NO_COMMAND = "no command in the world"
REPEATED = "labelled in another rollout with the same beginning"


@dataclass
class StepRewards:
    """Rows, and what was left out of them."""

    rows: list[Row]
    rollouts: int = 0
    """Rollouts judged."""
    good: int = 0
    """Labels that are true."""
    bad: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Messages without a label, by the reason."""
    untold: int = 0
    """Labels that rest on few resampled worlds: see `Regret.told`."""


@dataclass(frozen=True)
class _Step:
    """What a turn is labelled with, or why it is not."""

    label: bool | None
    why: str
    blame: float
    worlds: int
    told: bool


def step_rewards(
    rollouts: Sequence[Rollout], blame: float = BLAME, judged: Judge = judge
) -> StepRewards:
    """Return rows for process reward models, one for each conversation that has a label.

    A message is good where each of its commands is blamed (`Regret.blame`) for at most `blame`
    commands, and bad otherwise. No label is given to messages with luck, unless another of their
    commands is bad; after success was lost; where a value is only a bound; and to messages
    without a command, the submission among them. What branches have in common is labelled once.
    """
    played = [r for r in rollouts if can_be_judged(r) and r.conversations]
    made = StepRewards([], len(played))
    labelled: set[bytes] = set()
    for rollout, by_turn in zip(played, judged([Question(r) for r in played]), strict=True):
        steps = _steps(rollout, by_turn, blame)
        turn = 0
        for stage, messages in enumerate(rollout.conversations):
            prompt, rest = split(messages)
            ends: list[tuple[int, int]] = []
            for place, message in enumerate(rest):
                if message["role"] == "assistant":
                    turn += 1
                    step = steps[turn]
                    if step.label is None:
                        made.left_out[step.why] += 1
                        continue
                    until = rest[: place + 1]
                    same = digest([rollout.task.id, rollout.conversations[:stage], prompt, until])
                    if same in labelled:
                        made.left_out[REPEATED] += 1
                        continue
                    labelled.add(same)
                    made.good += step.label
                    made.bad += not step.label
                    made.untold += not step.told
                    ends.append((place + 1, turn))
            if ends:
                starts = [0, *(end for end, _ in ends)]
                texts = [
                    plain_completion(rest[start:end]).removesuffix(SEPARATOR)
                    for start, (end, _) in zip(starts, ends, strict=False)
                ]
                made.rows.append(
                    {"prompt": plain_prompt(prompt), "completions": texts}
                    | _columns({turn: steps[turn] for _, turn in ends})
                    | _about(rollout, stage)
                )
    return made


def _columns(steps: dict[int, _Step]) -> Row:
    return {
        "labels": [bool(step.label) for step in steps.values()],
        "turns": list(steps),
        "blame": [round(step.blame, 4) for step in steps.values()],
        "worlds": [step.worlds for step in steps.values()],
    }


def _about(rollout: Rollout, stage: int) -> Row:
    verdict = rollout.verdict
    return {
        "tools": json.dumps(rollout.tools),
        "task_id": rollout.task.id,
        "session_id": rollout.id,
        "stage": stage,
        "model": rollout.model,
        "reward": None if verdict is None else verdict.reward,
        "success": None if verdict is None else verdict.success,
    }


def _steps(rollout: Rollout, by_turn: ByTurn, most: float) -> dict[int, _Step]:
    """Return what each turn of the rollout is labelled with."""
    spent, steps = 0, {}
    for turn in range(
        1, 1 + sum(m["role"] == "assistant" for c in rollout.conversations for m in c)
    ):
        found = by_turn.get(turn, ())
        hopeless = bool(found) and _is_lost(found[0], rollout.task.budget - spent)
        spent += sum(bool(r.command) for r in found)
        steps[turn] = _step(found, hopeless, most)
    return steps


def _is_lost(regret: Regret, left: int) -> bool:
    """Tell whether success could not be reached any more before a command."""
    return regret.before.commands is None or regret.before.commands > left


def _step(found: Sequence[Regret], hopeless: bool, most: float) -> _Step:
    if not found:
        return _Step(None, NO_COMMAND, 0.0, 0, False)
    blame = sum(r.blame for r in found)
    told = all(r.told or r.lost or not r.command for r in found)
    label: bool | None = not any(r.blame > most for r in found)
    why = ""
    if hopeless:
        label, why = None, LOST
    elif not all(r.exact for r in found):
        label, why = None, BOUND
    elif label and any(r.luck for r in found):
        label, why = None, LUCK
    return _Step(label, why, blame, min(r.worlds for r in found), told)

"""What a report tells of the regrets of a run: by turn, and the decisions that cost most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from environments.evaluation.plots import TurnBar
from environments.evaluation.regret import RolloutRegrets, turns_of
from environments.rollouts.record import Rollout
from environments.tasks.credit.regret import Regret

COSTLIEST = 12
"""Rows of the table."""
MAX_BARS = 40
"""With more turns than that, a bar stands for several."""
VERB = "evennia-world regret"


@dataclass(frozen=True)
class Decision:
    """One command and what it cost."""

    line: int
    """Of the rollout, 1-based; also the number of its anchor in report.html."""
    task: str
    turn: int
    regret: Regret

    @property
    def command(self) -> str:
        """Return what was typed."""
        return self.regret.command or "(left the stage before)"

    @property
    def better(self) -> str:
        """Return the first command of a shortest way, for somebody who knows the whole world."""
        return next((c[0] for c in self.regret.before.plan if c), "submit")


@dataclass(frozen=True)
class RegretSummary:
    """The regrets of a run."""

    rollouts: int
    """That have regrets."""
    missing: int
    """Scored rollouts that have none."""
    mistake: float
    """Mean a rollout, in commands."""
    search: float
    luck: float
    """Share of the commands that are luck."""
    lost: int
    """Rollouts in which a command made success impossible."""
    bars: tuple[TurnBar, ...]
    costliest: tuple[Decision, ...]


def summarise(
    rollouts: Sequence[Rollout], found: Mapping[str, RolloutRegrets]
) -> RegretSummary | None:
    """Summarise the regrets of a run's rollouts; None where there are none."""
    decisions: list[Decision] = []
    own = [(n, r, found[r.id]) for n, r in enumerate(rollouts, start=1) if r.id in found]
    if not own:
        return None
    for line, rollout, regrets in own:
        for turn, regret in turns_of(rollout, regrets):
            decisions.append(Decision(line, rollout.task.id, turn, regret))
    scored = sum(r.verdict is not None for r in rollouts)
    costly = [d for d in decisions if d.regret.blame > 0]
    costly.sort(key=lambda d: (-d.regret.blame, d.line, d.regret.seq))
    return RegretSummary(
        rollouts=len(own), missing=max(0, scored - len(own)),
        mistake=sum(f.mistake for _, _, f in own) / len(own),
        search=sum(f.search for _, _, f in own) / len(own),
        luck=sum(d.regret.luck for d in decisions) / max(1, len(decisions)),
        lost=sum(any(r.lost for r in f.regrets) for _, _, f in own),
        bars=_bars(decisions, [r.turns for _, r, _ in own]),
        costliest=tuple(costly[:COSTLIEST]),
    )  # fmt: skip


def _bars(decisions: Sequence[Decision], turns: Sequence[int]) -> tuple[TurnBar, ...]:
    """Return mean mistake and search a turn, over the rollouts that got there."""
    last = max(turns)
    wide = -(-last // MAX_BARS) or 1
    bars = []
    for first in range(1, last + 1, wide):
        within = range(first, min(last, first + wide - 1) + 1)
        played = sum(min(t, within[-1]) - first + 1 for t in turns if t >= first)
        here = [d.regret for d in decisions if d.turn in within]
        bars.append(TurnBar(
            first, within[-1], sum(r.mistake for r in here) / played,
            sum(r.search for r in here) / played, played,
        ))  # fmt: skip
    return tuple(bars)

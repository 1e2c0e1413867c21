"""The comparison of two runs as text for a terminal."""

from __future__ import annotations

from environments.evaluation.compare import Comparison
from environments.evaluation.formatting import interval_text, share_text


def comparison_text(found: Comparison) -> str:
    """Return the comparison for a terminal, with a line for each flipped task and its rollouts."""
    said = "a difference" if found.significant else "no difference that these tasks can show"
    lines = [
        f"A  {found.mean_a:.3f}  {found.model_a} ({found.a})",
        f"B  {found.mean_b:.3f}  {found.model_b} ({found.b})",
        f"B - A  {found.difference:+.3f}{interval_text(found.ci95)} in {found.metric} over"
        f" {found.tasks} tasks (version {found.version}), p = {found.p_value:.4f}: {said}",
        f"wins {found.wins}, losses {found.losses}, ties {found.ties}, "
        f"flipped {len(found.flipped)}",
    ]
    for name, left in (("A", found.only_a), ("B", found.only_b)):
        if left:
            lines.append(f"left out: {len(left)} tasks with a score in {name} alone")
    lines += _unscored_lines(found)
    lines += [
        f"{r.part} a rollout: A {r.mean_a:.2f}, B {r.mean_b:.2f} commands, B - A"
        f" {r.difference:+.3f}{interval_text(r.ci95)} over {r.tasks} tasks, p = {r.p_value:.4f}"
        for r in found.regrets
    ]
    for pair in found.flipped:
        turned = "won " if pair.success_b > pair.success_a else "lost"
        lines.append(f"{turned}  {pair.task}  {pair.a:.2f} -> {pair.b:.2f}")
        lines += [
            f"        {name} {t.samples}:{t.line}"
            for name, found_at in (("A", pair.trajectories_a), ("B", pair.trajectories_b))
            for t in found_at
        ]
    return "\n".join(lines)


def _unscored_lines(found: Comparison) -> list[str]:
    """Return what to know of rollouts without a score; nothing where both runs have none."""
    lines = []
    for name, side in (("A", found.unscored_a), ("B", found.unscored_b)):
        if side.n:
            families = ", ".join(f"{family} {n}" for family, n in side.families.items())
            lines.append(
                f"unscored in {name}: {side.n} rollouts, {share_text(side.share)} ({families})"
            )
    if lines:
        other = found.unscored_as_0
        lines.append(
            f"unscored as 0: A {other.mean_a:.3f}, B {other.mean_b:.3f}, B - A"
            f" {other.difference:+.3f}{interval_text(other.ci95)} over {other.tasks} tasks,"
            f" p = {other.p_value:.4f}"
        )
    return lines

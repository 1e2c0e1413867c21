"""A leaderboard as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from environments.evaluation.ranking_page import Board
from environments.evaluation.ranking_text import ranking_text


def boards_text(boards: Sequence[Board]) -> str:
    """Return each board's ranking, and the runs that are not ranked with the reason."""
    parts = []
    for board in boards:
        lines = [f"{board.title}: {board.about}"] if board.about else []
        if board.ranking is not None:
            lines.append(ranking_text(board.ranking))
        lines += [f"not ranked: {note}" for note in board.notes]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)

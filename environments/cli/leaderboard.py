"""`evennia-world leaderboard DIR`: one page of all runs under a directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from environments.cli.verb import new_verb
from world_fixtures.text import printable

app = new_verb()


@app.command()
def leaderboard(
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    title: Annotated[str, typer.Option(help="heading of the page")] = "",
) -> int:
    """Rank all runs under a directory on one static page, DIR/leaderboard.html.

    Runs of the same tasks under the same conditions are ranked together. Those that are not
    finished are named, and not ranked.
    """
    # numpy and scipy
    from environments.evaluation.leaderboard import LEADERBOARD, write_leaderboard
    from environments.evaluation.leaderboard_text import boards_text

    boards = write_leaderboard(directory, title=title)
    print(printable(boards_text(boards)))
    print(directory / LEADERBOARD)
    return 0

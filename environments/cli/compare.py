"""`evennia-world compare RUN...`: which run is best, how certain that is, and where they differ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from environments.cli.verb import HtmlFile, JsonFile, new_verb
from world_fixtures.errors import UserError
from world_fixtures.text import printable

app = new_verb()


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN")],
    metric: Literal["reward", "success", "spl"] = "reward",
    file: JsonFile = None,
    html: HtmlFile = None,
    fail_below: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="of two runs A and B: exit with 1 where the difference B - A is below X"
            " (e.g. -0.02: two points lost)",
        ),
    ] = None,
) -> int:
    """Rank runs and compare them task by task; of two, say where they differ.

    A run is a directory that `evaluate` wrote, or a samples.jsonl.
    """
    if len(runs) < 2:
        raise UserError("give two runs or more: evennia-world compare RUN RUN")
    if fail_below is not None and len(runs) > 2:
        raise UserError("--fail-below is for two runs: B - A")
    # numpy and scipy
    from environments.evaluation import compare as comparing
    from environments.evaluation.comparison_text import comparison_text
    from environments.evaluation.contestants import load_contestants
    from environments.evaluation.ranking import rank
    from environments.evaluation.ranking_page import Board, ranking_page
    from environments.evaluation.ranking_text import ranking_text
    from environments.evaluation.run_samples import load_samples
    from environments.rollouts.files import write_file

    found = None
    if len(runs) == 2:
        found = comparing.compare(load_samples(runs[0]), load_samples(runs[1]), metric)
    ranking = rank(load_contestants(runs), metric)
    print(printable(ranking_text(ranking, pairs=found is None)))
    if found is not None:
        print("\n" + printable(comparison_text(found)))
    if file:
        content = (found or ranking).model_dump_json(indent=1) + "\n"
        write_file(file, content, elsewhere="choose another --json")
    if html:
        title = ", ".join(ranking.suites) or "Runs"
        page = ranking_page("Comparison", [Board(title=title, ranking=ranking)], html)
        write_file(html, page, elsewhere="choose another --html")
    if fail_below is not None and found is not None and found.difference < fail_below:
        print(f"gate failed: B - A is {found.difference:+.4f}, below {fail_below:+g}")
        return 1
    return 0

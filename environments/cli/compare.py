"""`evennia-world compare RUN_A RUN_B`: is the second run better, and where?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from environments.cli.verb import JsonFile, new_verb
from world_fixtures.text import printable

app = new_verb()


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(metavar="RUN_A")],
    run_b: Annotated[Path, typer.Argument(metavar="RUN_B")],
    metric: Literal["reward", "success", "spl"] = "reward",
    file: JsonFile = None,
    fail_below: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="exit with 1 where the difference B - A is below X (e.g. -0.02: two points lost)",
        ),
    ] = None,
) -> int:
    """Compare run B with run A, task by task.

    A run is a directory that `evaluate` wrote, or a samples.jsonl.
    """
    # numpy and scipy
    from environments.evaluation import compare as comparing
    from environments.evaluation.comparison_text import comparison_text
    from environments.evaluation.run_samples import load_samples
    from environments.rollouts.files import write_file

    found = comparing.compare(load_samples(run_a), load_samples(run_b), metric)
    print(printable(comparison_text(found)))
    if file:
        write_file(file, found.model_dump_json(indent=1) + "\n", elsewhere="choose another --json")
    if fail_below is not None and found.difference < fail_below:
        print(f"gate failed: B - A is {found.difference:+.4f}, below {fail_below:+g}")
        return 1
    return 0

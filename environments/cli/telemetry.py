"""`evennia-world telemetry record|validate|pair`: traces from runs, and whether they hold.

What reads and writes traces is imported by the command that needs it, so that help is quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from environments.cli.verb import new_verb
from world_fixtures.text import printable

app = new_verb(help="World events as training data: one trace a session.")
Root = Annotated[
    str | None, typer.Option(help="of the traces (default ~/.timmy/training-data/evennia)")
]


@app.command()
def record(source: Annotated[Path, typer.Argument(metavar="RUN_DIR")], root: Root = None) -> int:
    """Write the traces of a run's rollouts."""
    from environments.rollouts.files import read_rollouts
    from environments.telemetry.layout import root_path
    from environments.telemetry.recording import record_rollout

    traces = root_path(root)
    rollouts = read_rollouts(source)
    for rollout in rollouts:
        record_rollout(rollout, traces)
    print(f"{len(rollouts)} traces in {traces}")
    return 0


@app.command()
def pair(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="TRANSCRIPT",
            help="a run directory or its samples.jsonl; a state.db of hermes-agent, its home, or "
            "the JSON snapshot of a session",
        ),
    ],
    root: Root = None,
) -> int:
    """Match each world event with its tool call; exit with 1 where one has none."""
    from environments.rollouts.files import read_rollouts
    from environments.telemetry.hermes_sessions import is_hermes, read_hermes
    from environments.telemetry.layout import root_path
    from environments.telemetry.pairing import Pairing, pair_hermes, pair_rollout

    traces = root_path(root)
    if is_hermes(source):
        pairings = pair_hermes(read_hermes(source), traces)
    else:
        pairings = [pair_rollout(rollout, traces) for rollout in read_rollouts(source)]
    total = Pairing()
    for pairing in pairings:
        total.add(pairing)
    for left in total.unmatched:
        print(printable(str(left)))
    print(
        f"{len(pairings)} sessions: {total.matched} events matched, "
        f"{len(total.unmatched)} unmatched, {total.others} of other characters"
    )
    return 1 if total.unmatched else 0


@app.command()
def validate(tree: Annotated[Path, typer.Argument(metavar="TREE")]) -> int:
    """Check a tree of traces; exit with 1 where something is wrong."""
    from environments.telemetry.reading import validate_tree

    traces, found = validate_tree(tree)
    for problem in found:
        print(printable(str(problem)))
    print(f"{traces} traces, {len(found)} problems")
    return 1 if found else 0

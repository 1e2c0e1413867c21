"""`evennia-world audit`: a search for reward that is paid without the task being done."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from environments.cli.verb import JsonFile, new_verb
from environments.modes.run import interrupted_once, run_coroutine
from environments.rollouts.files import write_file
from world_fixtures.common import UserError, printable

if TYPE_CHECKING:
    from environments.audit.run import Audited

BUDGET = 10_000
"""Commands a kind where none are given."""

app = new_verb()


@app.command()
def audit(
    kinds: Annotated[
        str, typer.Option(metavar="A,B", help="kinds to audit, e.g. map,errand.chain; else all")
    ] = "",
    budget: Annotated[int, typer.Option(metavar="N", help="commands to search each kind with")] = (
        BUDGET
    ),
    seed: Annotated[int, typer.Option(help="of the tasks, and of all that is drawn")] = 1,
    on_server: Annotated[
        float,
        typer.Option(metavar="SHARE", help="of the commands, repeated on a real world server"),
    ] = 0.0,
    file: JsonFile = None,
) -> int:
    """Search for reward above 0.3 in rollouts that do not do what the task asks for.

    Every kind is searched in memory, with all commands and answers allowed, by an agent that knows
    everything and does not mean to do the task; a checker that shares nothing with the verdict
    says whether the task is done. Exits with 1 where there are findings, or differences between
    memory and server. With --json, the trace of each finding is written beside the file, for
    `evennia-world replay`. The same arguments find the same.
    """
    # What makes tasks and plays them.
    from environments.audit.run import audit_kind, kinds_named
    from environments.modes import descriptors
    from environments.rollouts.progress import Tally, chosen_display

    if budget < 1:
        raise UserError("--budget must be at least 1: it is a number of commands")
    if not 0 <= on_server <= 1:
        raise UserError("--on-server must be between 0 and 1: it is a share of the commands")
    chosen = kinds_named(kinds)
    if on_server:
        descriptors.ensure(descriptors.for_servers(1))
    tally = Tally("commands", budget * len(chosen))
    audited: list[Audited] = []
    differences: list[Any] = []
    repeated = 0
    started = time.perf_counter()
    with interrupted_once(), chosen_display(tally) as display:
        for family, kind in chosen:

            def progress(commands: int, best: float, kind: str = f"{family}.{kind}") -> None:
                tally.done += commands
                tally.note = f"{kind}: best reward without the goal {best:.2f}"
                display.changed()

            found = audit_kind(family, kind, budget, seed, share=on_server, progress=progress)
            if found.sampled:
                # The client of world servers.
                from environments.audit.traces import repeat

                again = partial(repeat, found.sampled, 1)
                commands, differing = run_coroutine(again)
                repeated += commands
                differences += differing
            audited.append(found)
    content: dict[str, Any] = {
        "budget": budget,
        "seed": seed,
        "commands": sum(a.commands for a in audited),
        "findings": [row for a in audited for row in _rows(a, file)],
        "kinds": {a.kind: _figures(a) for a in audited},
        "on_server": {
            "commands": repeated, "differences": [d.model_dump() for d in differences],
        },
        "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip
    if file:
        write_file(file, json.dumps(content, indent=1) + "\n", elsewhere="choose another --json")
    _say(audited, content["findings"], differences, repeated)
    return int(bool(content["findings"] or differences))


def _figures(audited: Audited) -> dict[str, Any]:
    return {
        "tasks": audited.tasks,
        "commands": audited.commands,
        "lines": audited.lines,
        "done": audited.done,
        "best_without_goal": audited.best,
        "findings": len(audited.findings),
    }


def _rows(audited: Audited, file: Path | None) -> list[dict[str, Any]]:
    """Return the findings of a kind as JSON; their traces are written beside `file`."""
    # What writes traces.
    from environments.audit.traces import trace_of, write_trace

    rows = []
    for n, found in enumerate(audited.findings, 1):
        trace = None
        if file:
            name = f"audit-{audited.kind}-{n}"
            root = file.with_name(file.stem + "-traces")
            trace = str(write_trace(trace_of(found.task, found.given, name), root))
        rows.append(
            {
                "kind": audited.kind, "task": found.task.id, "reward": found.reward,
                "missing": list(found.missing), "commands": [list(c) for c in found.given],
                "answer": found.answer, "moves": list(found.moves), "trace": trace,
            }
        )  # fmt: skip
    return rows


def _say(
    audited: Sequence[Audited], findings: Sequence[dict[str, Any]], differences: Sequence[Any],
    repeated: int,
) -> None:  # fmt: skip
    width = max(len(a.kind) for a in audited)
    for found in audited:
        print(
            f"{found.kind:{width}}  {found.commands:>9,} commands in {found.lines:,} lines, best"
            f" reward without the goal {found.best:.3f}"
        )
    for row in findings:
        commands = sum(map(len, row["commands"]))
        print(
            printable(
                f"{row['task']}: reward {row['reward']:.2f} in {commands} commands, and"
                f" {row['missing'][0]}"
            )
        )
        if row["trace"]:
            print(f"  {printable(row['trace'])}")
    for difference in differences:
        print(printable(str(difference)))
    total = sum(a.commands for a in audited)
    print(f"{len(findings)} findings in {total:,} commands")
    if repeated:
        print(f"{len(differences)} differences in {repeated:,} commands repeated on a server")

"""`evennia-world replay PATH...`: traces played again and compared step by step."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from environments.cli.verb import JsonFile, new_verb
from environments.rollouts.files import write_file
from world_fixtures.common import UserError, printable

if TYPE_CHECKING:
    from environments.telemetry.replay import Replayed


app = new_verb()


@app.command()
def replay(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="a trace (.jsonl) or a tree of them")
    ],
    file: JsonFile = None,
) -> int:
    """Play recorded traces again, each in a fresh world, and compare them with the recording.

    Every observation, change and state hash is compared. Exits with 1 where there are differences,
    and with 2 where traces were made under other rules than today's, which are left out, or,
    before anything is played, where one is damaged.
    """
    # What reads traces, and the world server's client.
    from environments.modes import descriptors
    from environments.telemetry.layout import find_traces
    from environments.telemetry.replay import servers_for

    traces = list(dict.fromkeys(t for path in paths for t in find_traces(path)))
    traces, left, games_alone = _check(traces)
    if left:
        more = f" ({len(left) - 1} more traces are of other rules)" if len(left) > 1 else ""
        print(f"evennia-world: {printable(left[0])}: not replayed{more}", file=sys.stderr)
    if not traces and left:
        return 2
    descriptors.ensure(descriptors.for_servers(servers_for(len(traces))))
    started = time.perf_counter()
    results = asyncio.run(_replay(traces, at_once=not games_alone))
    seconds = time.perf_counter() - started
    if file:
        _write(file, results, seconds)
    differences = [r.difference for r in results if r.difference]
    for difference in differences:
        print(printable(str(difference)))
    events = sum(r.events for r in results)
    print(f"{len(differences)} differences in {len(results)} traces, {events} events")
    if differences:
        return 1
    return 2 if left else 0


def _check(traces: Sequence[Path]) -> tuple[list[Path], list[str], bool]:
    """Return the traces that can be replayed, and a line for each that other rules made.

    Whether the first are all in games that somebody else wrote, too.

    Raises UserError where a trace cannot be read: no server is started for it.
    """
    # What reads traces.
    from environments.telemetry.reading import read_trace
    from environments.telemetry.replay import other_rules

    damaged, left, playable = [], [], []
    games_alone = True
    for path in traces:
        try:
            meta = read_trace(path).meta
        except UserError as error:
            damaged.append(str(error))
            continue
        if told := other_rules(meta):
            left.append(f"{path} {told}")
        else:
            playable.append(path)
            games_alone = games_alone and meta.task.spec.game is not None
    if damaged:
        more = f" ({len(damaged) - 1} more traces are damaged)" if len(damaged) > 1 else ""
        raise UserError(damaged[0] + more)
    return playable, left, games_alone


async def _replay(traces: Sequence[Path], *, at_once: bool) -> list[Replayed]:
    # As above: only where traces are played.
    from environments.rollouts.progress import LiveDisplay, Tally
    from environments.telemetry.replay import replay_all, servers_for
    from world_fixtures.servers import ServerPool

    tally = Tally("traces", len(traces))

    def count(_: Replayed) -> None:
        tally.done += 1

    with LiveDisplay(tally) if sys.stderr.isatty() else nullcontext():
        async with ServerPool(servers_for(len(traces)), at_once=at_once) as pool:
            return await replay_all(traces, pool, done=count)


def _write(path: Path, results: Sequence[Replayed], seconds: float) -> None:
    content = {
        "traces": len(results),
        "events": sum(r.events for r in results),
        "differences": [r.difference.model_dump() for r in results if r.difference],
        "seconds": round(seconds, 3),
    }
    write_file(path, json.dumps(content, indent=1) + "\n", elsewhere="choose another --json")

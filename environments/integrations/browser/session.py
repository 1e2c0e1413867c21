"""A suite played by a person at the page, and kept as a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from environments.hosting.sitting import Saved, Sitting
from environments.integrations.browser.seat import Seat
from environments.integrations.browser.server import PageServer
from environments.tasks.model import Task
from environments.tasks.suites import Suite, all_in_games
from world_fixtures.servers import ServerPool

PROVIDER = "human"


async def play_in_browser(
    suite: Suite,
    tasks: Sequence[Task],
    name: str,
    out: Path,
    *,
    port: int = 0,
    tell: Callable[[str], None] = print,
) -> None:
    """Serve the page until its reader ends the session; finished tasks are in the run `out`.

    The run is one of the model `human/NAME` on the whole suite, of which `tasks` are offered.
    `tell` is called with lines for the terminal. Raises UserError where the directory or the port
    cannot be used, or all of the tasks have a score, WorldLost where no world server is to be had.
    """
    model = f"human/{name}"
    saved = Saved(out, suite, model=model, provider=PROVIDER)
    try:
        with saved:
            waiting = saved.waiting(tasks)
            async with ServerPool(1, at_once=not all_in_games(waiting)) as pool:
                with Sitting(
                    pool, waiting, model=model, provider=PROVIDER, keep=saved.directory.add
                ) as sitting:
                    await _serve(Seat(sitting, where=str(out)), port, tell)
    finally:
        if saved.metrics is not None:
            tell(f"results in {out}: metrics.json, samples.jsonl, summary.md, report.html")


async def _serve(seat: Seat, port: int, tell: Callable[[str], None]) -> None:
    async with PageServer(seat, port) as page:
        tell(f"open {page.url} in a browser")
        tell("Ctrl-C ends the session: finished tasks are kept, and the same command goes on")
        await page.until_ended()

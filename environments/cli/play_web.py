"""`evennia-world play --web`: tasks for a person at a page in their browser, kept as a run."""

from __future__ import annotations

import re
from pathlib import Path

from environments.integrations.browser.session import play_in_browser
from environments.modes.run import run_until_stopped
from environments.tasks.model import Task
from environments.tasks.suites import Suite
from world_fixtures.common import UserError, printable

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def play_web(
    suite: Suite,
    tasks: tuple[Task, ...],
    name: str,
    save: Path | None,
    port: int,
) -> int:
    """Serve the page until its reader or a signal ends it; the exit code.

    What is played are `tasks` of `suite`. Raises UserError for a bad name, and where the run cannot
    be kept.
    """
    if not NAME.fullmatch(name):
        raise UserError(
            f"--name {name!r} must be letters, digits, '.', '_' and '-', 64 at most, and begin"
            " with a letter or digit"
        )
    out = save or Path(f"runs/human-{suite.name.replace('/', '-')}-{name}")

    def tell(line: str) -> None:
        print(printable(line), flush=True)

    return run_until_stopped(lambda: play_in_browser(suite, tasks, name, out, port=port, tell=tell))

"""Write what the games of the suite `foreign` are at their start, and print the suite's hash.

python -m environments.cli.freeze_games [GAME ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

from environments.tasks.suites.foreign import GAMES, HERE, foreign_tasks
from environments.tasks.suites.suite import content_hash
from world_fixtures.common import canonical_json
from world_fixtures.foreign.snapshot import snapshot_of
from world_fixtures.foreign.source import read_source


def freeze(games: list[str]) -> None:
    """Write the games' files."""
    for game in games:
        spec = snapshot_of(read_source({"game": game}, Path())).spec()
        text = canonical_json(spec.model_dump(mode="json", exclude_defaults=True))
        (HERE / f"{game}.spec.json").write_text(text + "\n", encoding="utf-8")
    print(content_hash(foreign_tasks()))


if __name__ == "__main__":
    freeze(sys.argv[1:] or list(GAMES))

"""What a mode says before the world is there."""

from __future__ import annotations

import pytest

from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes.beginning import beginning
from environments.modes.options import read_mode_config
from environments.modes.preflight import complete

MODEL = "--model m --base-url http://user:word@host:1/v1"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("evaluate --suite hard --policy oracle",
         "evaluate: the suite hard, played by the embedded policy oracle; starting the world ..."),
        ("process --limit 1500 --group-size 8 --out g.jsonl --policy noisy",
         "process: 1,500 groups of 8 rollouts, played by the embedded policy noisy into g.jsonl;"
         " starting the world ..."),
        (f"serve --trainer http://t:8000 {MODEL}",
         "serve: groups of 4 rollouts, played by m at host for the trainer at http://t:8000;"
         " starting the world ..."),
    ],
)  # fmt: skip
def test_it_is_said_what_is_played_by_whom_and_for_what(line: str, told: str) -> None:
    mode, *argv = line.split()
    assert beginning(mode, complete(mode, read_mode_config(EvenniaWorldEnv, argv, mode))) == told

"""TextWorld on the same machine: steps per second with the facts a state-checked reward needs.

Run as a program: `python -m benchmarks.textworld_steps COUNT`. Prints one line of JSON.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from typing import Any


def measure(count: int) -> dict[str, float]:
    """`steps_per_s`, `reset_ms` and `copy_ms` of a generated game of 8 rooms and 10 objects."""
    import textworld

    with tempfile.TemporaryDirectory() as directory:
        options = textworld.GameOptions()
        options.nb_rooms, options.nb_objects, options.quest_length = 8, 10, 5
        options.seeds = 7
        options.path = f"{directory}/game.z8"
        game = textworld.make(options)[0]
        wanted = textworld.EnvInfos(
            facts=True, admissible_commands=False, description=True, inventory=True, score=True
        )
        env = textworld.start(game, wanted)
        resets = []
        for _ in range(5):
            start = time.perf_counter()
            state: Any = env.reset()
            resets.append(time.perf_counter() - start)
        commands = ("look", "inventory", "go east", "go west", "go north", "go south")
        start = time.perf_counter()
        for n in range(count):
            state, _, _ = env.step(commands[n % len(commands)])
            assert state.facts is not None
        seconds = time.perf_counter() - start
        copies = []
        for _ in range(20):
            start = time.perf_counter()
            other = env.copy()
            copies.append(time.perf_counter() - start)
            other.close()
        env.close()
    return {
        "steps_per_s": count / seconds,
        "reset_ms": statistics.median(resets) * 1000,
        "copy_ms": statistics.median(copies) * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))

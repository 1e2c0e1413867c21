"""The floor: commands inside the server's process, and what stock creation costs there.

Run as a program, in a process of its own: `python -m benchmarks.in_process SCRATCH COUNT`.
Prints one line of JSON.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from typing import Any

from benchmarks.floors import median_of
from benchmarks.worlds import grid_world
from world_fixtures.game.gateway.main import prepare


def measure(scratch: str, count: int) -> dict[str, float]:
    """Measure a look by command handler, and `create_ms` of 8 rooms object by object.

    `look_p50_ms` is the median of their times, `look_cpu_ms` the processor time of one.
    """
    prepare(scratch)
    # What needs Evennia's settings can be imported only now.
    from world_fixtures.game import compat
    from world_fixtures.game.gateway.operations import Operations

    compat.start_server()
    operations = Operations()
    spec = grid_world(8)
    made = operations.run({"op": "create", "spec": spec.model_dump(mode="json")})
    operations.run({"op": "open", "instance": made["instance"]})
    (session,) = operations.sessions.logged_in.values()
    gc.collect()
    gc.freeze()  # as in a world server
    times = []

    def looks() -> float:
        """Look about; returns the milliseconds of processor time of each."""
        spent = time.process_time()
        for _ in range(count):
            start = time.perf_counter()
            compat.run_command(session, "look")
            session.take()
            times.append(time.perf_counter() - start)
        return (time.process_time() - spent) / count * 1000

    return {
        "look_cpu_ms": median_of(looks),
        "look_p50_ms": statistics.median(times) * 1000,
        "create_ms": statistics.median(_create_stock(spec) for _ in range(5)) * 1000,
    }


def _create_stock(spec: Any) -> float:
    """Measure the seconds for the same world, one `evennia.create_object` after another."""
    from evennia import create_object  # once Evennia is set up

    start = time.perf_counter()
    rooms = {
        r.id: create_object("evennia.DefaultRoom", key=r.name, nohome=True) for r in spec.rooms
    }
    for exit_ in spec.exits:
        create_object(
            "evennia.DefaultExit", key=exit_.direction, nohome=True,
            location=rooms[exit_.source], destination=rooms[exit_.target],
        )  # fmt: skip
    for thing in spec.things:
        create_object(
            "evennia.DefaultObject", key=thing.name, location=rooms[thing.location], nohome=True
        )
    first = rooms[spec.agent.location]
    create_object("evennia.DefaultCharacter", key="Traveller", location=first, home=first)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))

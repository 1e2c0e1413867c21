"""`look` in a town with ten active people, beside the same town without any.

    python -m benchmarks.living --json figures.json

The people walk rounds, fetch and put back things; some are in the agent's room. Each pass measures
all towns one after the other, so that what slows the machine down slows all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import tell
from world_fixtures.living import Bring, Duty, Living, Person, Round, Stay, Tidy, Timetable
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.spec import Character, Door, Exit, Room, Thing, WorldSpec

NAMES = (
    "Alma Abendroth", "Bert Dunmore", "Clara Ives", "Dorin Vale", "Edda Marsh", "Finn Oakes",
    "Greta Holm", "Hugo Lund", "Ines Carr", "Jonas Reed",
)  # fmt: skip
ROOMS = ("square", "market", "harbour", "mill", "chapel", "orchard", "smithy", "inn")
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}


def town(people: int | None) -> WorldSpec:
    """Return a town with so many people who act by themselves; None for one without time."""
    names = NAMES[: people or 0]
    return WorldSpec(
        name="town",
        title="The Town",
        rooms=tuple(
            Room(id=r, name=r.title(), desc=f"The {r} of the town, wide and quiet.") for r in ROOMS
        ),
        exits=tuple(_ring()),
        doors=(Door(id="gate", name="iron gate", desc="Iron.", open=True),),
        things=tuple(
            Thing(id=f"tool_{n}", name=f"{kind} basket", desc="A basket.", location=ROOMS[n])
            for n, kind in enumerate(("red", "blue", "green", "white", "black", "grey"))
        ),
        characters=(
            Character(id="you", name="Traveller", location="square"),
            *(
                Character(id=f"person_{n}", name=name, location=ROOMS[n % len(ROOMS)])
                for n, name in enumerate(names)
            ),
        ),
        living=None if people is None else Living(
            day=48, purse=5,
            timetables=(Timetable(id="hours", door="gate", opens=8, shuts=40),),
            people=tuple(_person(n) for n in range(people)),
        ),
    )  # fmt: skip


def _ring() -> list[Exit]:
    """Return the ways round the town; the last of them passes the gate."""
    found = []
    for n, room in enumerate(ROOMS):
        following = ROOMS[(n + 1) % len(ROOMS)]
        direction = ("east", "north")[n % 2]
        door = "gate" if n == len(ROOMS) - 1 else None
        found.append(Exit(source=room, direction=direction, target=following, door=door))
        back = OPPOSITE[direction]
        found.append(Exit(source=following, direction=back, target=room, door=door))
    return found


def _person(n: int) -> Person:
    """Return a person with a day of its own: most walk, some carry things, one stays."""
    way = tuple(ROOMS[(n + k) % len(ROOMS)] for k in range(3))
    work: Any = Round(rooms=way, stay=3)
    if n % 5 == 3:
        work = Tidy(things=("tool_0", "tool_1", "tool_2"))
    elif n % 5 == 4:
        work = Bring(thing=f"tool_{n % 6}", to=ROOMS[(n + 4) % len(ROOMS)])
    evening = Duty(begins=36, work=Stay(room="inn"))
    return Person(
        id=f"person_{n}", pace=1 + n % 2, purse=4, heeds=("tool_0", "tool_1"),
        duties=(evening, Duty(work=work)),
    )  # fmt: skip


TOWNS = {"without_time": None, "without_people": 0, "ten_people": 10}
"""Number of people by the name in the figures."""


async def measure(quick: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure the milliseconds of `look` in each town, and their ratios.

    `client` is what the client waits, `server` the time in the server.
    """
    passes, looks = (6, 48) if quick else (20, 144)
    say(f"look in a town with ten active people: {passes} passes of {looks}")
    client: dict[str, list[float]] = {name: [] for name in TOWNS}
    server: dict[str, list[float]] = {name: [] for name in TOWNS}
    events = 0
    async with ServerPool(1) as pool:
        instances = {name: await pool.acquire(town(people)) for name, people in TOWNS.items()}
        for number in range(passes):
            for name, instance in instances.items():
                waited, inside, followed = await _looks(instance, looks)
                if number:  # the first pass warms up
                    client[name] += waited
                    server[name] += inside
                    events += followed
        for instance in instances.values():
            pool.release(instance)
    figures: dict[str, Any] = {
        "looks": (passes - 1) * looks,
        "events_of_people_a_look": round(events / ((passes - 1) * looks), 3),
    }
    for place, times in (("client", client), ("server", server)):
        mean = {name: statistics.fmean(found) for name, found in times.items()}
        middle = {name: statistics.median(found) for name, found in times.items()}
        figures[place] = {
            "mean_ms": {name: round(value, 4) for name, value in mean.items()},
            "median_ms": {name: round(value, 4) for name, value in middle.items()},
            "ratio_of_means": round(mean["ten_people"] / mean["without_people"], 3),
            "ratio_to_without_time": round(mean["ten_people"] / mean["without_time"], 3),
        }
    return figures


async def _looks(instance: PooledInstance, looks: int) -> tuple[list[float], list[float], int]:
    """Return the milliseconds of each look for the client and in the server, and others' events."""
    session = await instance.open()
    waited, inside, followed = [], [], 0
    for _ in range(looks):
        started = time.perf_counter()
        event = await session.command("look")
        waited.append((time.perf_counter() - started) * 1000)
        inside.append(event.ms)
        followed += len(event.after)
    await session.close()
    return waited, inside, followed


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    tell(asyncio.run(measure(args.quick, print)), args.json)


if __name__ == "__main__":
    main()

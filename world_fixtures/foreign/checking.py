"""Whether a game can be relied on: the same script, twice, in two processes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any

from world_fixtures.client import Instance
from world_fixtures.foreign.site import GameSite
from world_fixtures.foreign.snapshot import Snapshot
from world_fixtures.home import interpreter
from world_fixtures.spec import WorldSpec
from world_fixtures.world_server import WorldServer

WALK = 30
"""Commands of a walk that is made up."""


@dataclass(frozen=True)
class Played:
    """What a script has led to."""

    lines: tuple[str, ...]
    texts: tuple[str, ...]
    hashes: tuple[str, ...]
    noticed: dict[str, list[str]]
    """By kind (refused, clock, threads): each thing once."""


@dataclass(frozen=True)
class Checked:
    """What a check has found."""

    game: str
    commands: int
    differences: list[str] = field(default_factory=list)
    """A line for each command whose text or state was another the second time."""
    refused: list[str] = field(default_factory=list)
    """What the game tried and was not allowed: network, programs, files that are not its own."""
    clock: list[str] = field(default_factory=list)
    """Places in the game that read the machine's clock."""
    threads: list[str] = field(default_factory=list)
    """Threads that the game began."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found that makes rollouts differ."""
        return not (self.differences or self.refused or self.clock or self.threads)

    def as_json(self) -> dict[str, Any]:
        """Return the findings as plain data."""
        return {**asdict(self), "sound": self.sound}

    def told(self) -> list[str]:
        """Return the findings as lines."""
        found = [f"{kind}: {line}" for kind in ("differences", "refused", "clock", "threads")
                 for line in getattr(self, kind)]  # fmt: skip
        result = "the same both times" if not self.differences else "not the same both times"
        return [*found, f"{self.game}: {self.commands} commands, {result}"]


async def check_game(snapshot: Snapshot, script: Sequence[str] | None = None) -> Checked:
    """Play `script`, or a walk along the exits, twice. Raises UserError, WorldLost."""
    spec = snapshot.spec()
    first = await _played(spec, script)
    second = await _played(spec, first.lines)
    noticed = {
        kind: list(dict.fromkeys([*first.noticed[kind], *second.noticed[kind]]))
        for kind in ("refused", "clock", "threads")
    }
    return Checked(snapshot.source.game, len(first.lines), _differences(first, second), **noticed)


def _differences(first: Played, second: Played) -> list[str]:
    found = []
    for n, (line, *pairs) in enumerate(
        zip_longest(("(connecting)", *first.lines), first.texts, second.texts, first.hashes,
                    second.hashes)
    ):  # fmt: skip
        one, other, before, after = pairs
        if one != other:
            found.append(f"command {n}, {line!r}: another text")
        elif before != after:
            found.append(f"command {n}, {line!r}: another state")
    return found


async def _played(spec: WorldSpec, script: Sequence[str] | None) -> Played:
    """Play in a process of its own that loads the game anew."""
    assert spec.game is not None
    server = await WorldServer.start(site=GameSite(spec.game, interpreter()))
    try:
        made = await server.client.create(spec)
        instance = Instance(server, spec, made.id, made.hash)
        session = await instance.open()
        texts, hashes, lines = [session.text], [session.event.state_hash], []
        for n in range(WALK if script is None else len(script)):
            line = script[n] if script is not None else await _made_up(n, instance, spec)
            event = await session.command(line)
            lines.append(line)
            texts.append(event.text)
            hashes.append(event.state_hash)
        noticed = await server.request("noticed", instance=instance.id)
        return Played(tuple(lines), tuple(texts), tuple(hashes), noticed)
    finally:
        await server.stop()


async def _made_up(n: int, instance: Instance, spec: WorldSpec) -> str:
    """Return the next line of a walk: by turns a way out, and looks at what is there."""
    state = await instance.state()
    here = state.location(spec.agent.id)
    ways = [e for e in state.contents(here or "") if state.get(e, "destination")]
    things = [e for e in state.contents(here or "") if e not in ways and e != spec.agent.id]
    if n % 3 == 0 or not (ways or things):
        return ("look", "inventory", "help", "say hello", "wait 60")[(n // 3) % 5]
    if n % 3 == 1 and things:
        return f"look {state.get(things[n % len(things)], 'key')}"
    return str(state.get(ways[n % len(ways)], "key")) if ways else "look"

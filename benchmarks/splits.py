"""Generated worlds of the splits, compared: what they share, and whether their shapes differ.

`python -m benchmarks.splits --worlds 2000` prints the figures of so many worlds a split.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean, pstdev
from typing import Any

import networkx as nx

from environments.tasks.searcher import Searcher
from world_fixtures.generator import SPLITS, Split, generate_world
from world_fixtures.rules import Simulation
from world_fixtures.spec import WorldSpec

DISTINCT_FROM = 4
"""The difficulty from which on the splits share no room graph."""


@dataclass
class Sample:
    """What is compared of the worlds of a split."""

    names: set[str] = field(default_factory=set)
    """Rooms, things, doors, scenery and the parts of people's names."""
    facts: set[Any] = field(default_factory=set)
    """Facts, and their values apart."""
    texts: set[str] = field(default_factory=set)
    """Texts, inscriptions, and descriptions of rooms, things, doors and scenery."""
    graphs: set[str] = field(default_factory=set)
    """Weisfeiler-Lehman hashes of the room graphs, from DISTINCT_FROM up."""
    masked_texts: set[str] = field(default_factory=set)
    """Document texts without names and numbers."""
    masked_looks: set[str] = field(default_factory=set)
    """Descriptions of things without their names."""
    masked_rooms: set[str] = field(default_factory=set)
    """Sentences of rooms without the names of their scenery."""
    measures: dict[str, list[float]] = field(default_factory=dict)

    def add(self, spec: WorldSpec, difficulty: int) -> None:
        """Take a world into the sample."""
        people = _people(spec)
        self.names |= {name for name, _ in _named(spec)}
        self.names |= {part for person in people for part in person.split()}
        told = [fact for thing in spec.things for fact in thing.tells]
        self.facts |= {tuple(f) for f in told} | {f.value for f in told}
        self.texts |= {desc for _, desc in _named(spec)}
        self.texts |= {line for t in spec.things for line in (*t.inscriptions, t.text) if line}
        masked = _masker(spec, people)
        self.masked_texts |= {masked(t.text) for t in spec.things if t.text}
        self.masked_looks |= {masked(t.desc) for t in spec.things}
        self.masked_rooms |= {s for r in spec.rooms for s in masked(r.desc).split(". ")}
        graph: nx.Graph[str] = nx.Graph((e.source, e.target) for e in spec.exits)
        if difficulty >= DISTINCT_FROM:
            self.graphs.add(nx.weisfeiler_lehman_graph_hash(graph))
        for name, value in _measures(spec, graph).items():
            self.measures.setdefault(name, []).append(value)


def sample(split: Split, worlds: int) -> Sample:
    """Generate `worlds` worlds of a split, of difficulty 1 to 10 in turn."""
    found = Sample()
    for seed in range(worlds):
        difficulty = 1 + seed % 10
        found.add(generate_world(seed, difficulty, split=split), difficulty)
    return found


def shared(samples: list[Sample], what: str) -> int:
    """Count what two of the samples have in common, by the name of a field of `Sample`."""
    pairs = combinations([getattr(s, what) for s in samples], 2)
    return len(set().union(*(one & other for one, other in pairs)))


def difference(one: list[float], other: list[float]) -> float:
    """Return the standardised mean difference: of the means, over the pooled deviation."""
    spread = ((pstdev(one) ** 2 + pstdev(other) ** 2) / 2) ** 0.5
    return abs(fmean(one) - fmean(other)) / spread if spread else 0.0


def largest_differences(samples: list[Sample]) -> dict[str, float]:
    """Return the largest difference between two samples, by measure."""
    return {
        name: max(
            difference(a.measures[name], b.measures[name]) for a, b in combinations(samples, 2)
        )
        for name in samples[0].measures
    }


def _named(spec: WorldSpec) -> list[tuple[str, str]]:
    """Return name and description of each room, part of a room, door and thing."""
    rooms = [(r.name, r.desc) for r in spec.rooms]
    parts = [(p.name, p.desc) for r in spec.rooms for p in r.scenery]
    doors = [(d.name, d.desc) for d in spec.doors]
    return [*rooms, *parts, *doors, *((t.name, t.desc) for t in spec.things)]


def _people(spec: WorldSpec) -> set[str]:
    told = [fact for thing in spec.things for fact in thing.tells]
    known = {f.entity for f in told if f.field in ("trade", "works_in", "born")}
    return known | {f.value for f in told if f.field in ("author", "keeper", "owner", "maker")}


def _masker(spec: WorldSpec, people: set[str]) -> Callable[[str], str]:
    """Return a function that replaces names and numbers."""
    names = {name for name, _ in _named(spec)} | people
    names |= {t.name.split()[-1] for t in spec.things}
    names |= {f.field.removeprefix("amount of ") for t in spec.things for f in t.tells}
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    pattern = re.compile(rf"\b(?:an? )?(?:{'|'.join(longest_first)})\b|\d+", re.IGNORECASE)
    return lambda text: pattern.sub("_", text)


def _measures(spec: WorldSpec, graph: nx.Graph[str]) -> dict[str, float]:
    nodes, edges = len(spec.rooms), graph.number_of_edges()
    locks = sum(d.locked for d in spec.doors) + sum(t.locked for t in spec.things)
    return {
        "rooms": nodes,
        "degree": 2 * edges / nodes,
        "diameter": nx.diameter(graph),
        "cycles": edges - nodes + 1,
        "locks": locks,
        "things": len(spec.things),
        "one-way exits": 2 * edges - len(spec.exits),
        "dark": sum(r.dark for r in spec.rooms),
        "searcher's commands": _searched(spec),
    }


def _searched(spec: WorldSpec) -> int:
    """Return the commands that it takes to see all that can be seen without the map."""
    searcher = Searcher(Simulation(spec), random.Random("search"))
    searcher.connect()
    searcher.explore()
    return len(searcher.commands)


def report(worlds: int) -> str:
    """Write the figures of so many worlds a split."""
    samples = [sample(split, worlds) for split in SPLITS]
    lines = [f"{worlds} worlds a split"]
    for what in ("names", "facts", "texts", "graphs"):
        sizes = ", ".join(str(len(getattr(s, what))) for s in samples)
        lines.append(f"shared {what}: {shared(samples, what)} (of {sizes})")
    for name, value in largest_differences(samples).items():
        means = ", ".join(f"{fmean(s.measures[name]):.2f}" for s in samples)
        lines.append(f"largest difference of {name}: {value:.3f} (means {means})")
    for what in ("masked_texts", "masked_looks", "masked_rooms"):
        sizes = ", ".join(str(len(getattr(s, what))) for s in samples)
        lines.append(f"different {what.replace('_', ' ')}: {sizes}")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--worlds", type=int, default=2000, help="worlds a split")
    print(report(parser.parse_args().worlds))

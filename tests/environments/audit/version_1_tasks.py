"""Tasks of version 1 under audit, with the verdict that version 1 had.

The verdict and its matching are those of the last commit of version 1, over tasks as JSON. Their
worlds are played by today's rules.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from environments.audit.checker import missing
from environments.audit.demand import Demand, End, Reply, Seen
from environments.audit.line import Line, Meter
from environments.audit.log import Sight
from environments.audit.shrink import play
from world_fixtures.protocol import CONNECT, Event
from world_fixtures.spec import WorldSpec
from world_fixtures.state import WorldState, initial_state

FILE = Path(__file__).parents[2] / "fixtures" / "version_1" / "tasks.jsonl.gz"
NO_LIMIT = 1000
"""Commands: version 1 counted turns, and a turn could have any number of them."""
UNSEEN = 0.2
MIN_F1 = 0.5
WEIGHTS = {
    "outcome": 0.6, "progress": 0.15, "efficiency": 0.1, "evidence": 0.1, "discipline": 0.05,
}  # fmt: skip


@cache
def subjects() -> dict[str, VersionOne]:
    """The tasks by their ids."""
    lines = gzip.decompress(FILE.read_bytes()).decode().splitlines()
    return {s.id: s for s in (VersionOne(json.loads(line)) for line in lines)}


class VersionOne:
    """A task of version 1 under audit."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.id = data["id"]
        self.kind = data["kind"]
        self.spec = WorldSpec.model_validate(data["spec"])
        self.budget = NO_LIMIT
        self.prompts = [s["prompt"] for s in data["stages"]]
        self.walkthrough = [
            [w["command"] for w in s["walkthrough"] if w["command"]] for s in data["stages"]
        ]
        self.told = data["stages"][-1]["walkthrough"][-1].get("answer", {})
        self.fields = list(self.told)
        self.attacks = ()
        self.demand = self._demanded()

    def before(self, stage: int, line: Line) -> None:
        for command in self.data["stages"][stage].get("meanwhile", ()):
            other = self.spec.characters[1].id
            room = line.simulation.get(other, "location")
            line.record(other, room, command, line.simulation.act(command, other))

    def rewards(self, line: Line, answers: Sequence[dict[str, Any]]) -> list[float]:
        events = [e for part in line.parts for e in part if e.actor == line.agent]
        state = line.simulation.state
        return [judge(self.data, self.spec, state, events, answer) for answer in answers]

    def missing(self, line: Line, answer: dict[str, Any]) -> tuple[str, ...]:
        return missing(self.demand, line.parts, answer)

    def _demanded(self) -> Demand:
        """What the prompts ask for, by kind."""
        kind, last = self.kind, len(self.prompts) - 1
        agent = self.spec.agent.id
        conditions = [g["condition"] for g in self.data["goals"] if g.get("final", True)]
        answer = {
            c["field"]: Reply(c.get("match", "text"), self.told[c["field"]])
            for c in conditions
            if c["type"] == "answered"
        }
        ends = [
            End(last, c["entity"], c.get("field", "location"), c.get("place", c.get("value")))
            for c in conditions
            if c["type"] in ("located", "holds")
        ]
        seen: list[Seen] = []
        texts = {e["text"] for e in self.data.get("evidence", ())}
        if kind in ("read", "compare", "recall", "restart"):  # in the first session, all of them
            for text in sorted(texts):
                told = [t.id for t in self.spec.things if text in (t.text or "")]
                seen.append(Seen((0,), tuple(Sight("text", t) for t in told)))
        if kind == "rearrange":
            room = next(r.id for r in self.spec.rooms if r.name == self.told["room"])
            ends.append(End(0, conditions[0]["entity"], "location", room))
        if kind == "witness":
            thing = self._named(self.walkthrough[0][-1].removeprefix("examine "))
            answer["room"] = Reply("text", place_of=(1, False, thing))
            seen += [Seen((n,), (Sight("whereabouts", thing),)) for n in (0, 1)]
        if kind == "count":
            panel = self._named(self.walkthrough[0][-1].removeprefix("read "))
            lines = next(t.inscriptions for t in self.spec.things if t.id == panel)
            seen.append(Seen((0,), (Sight("lines", panel, lines),)))
        if kind == "describe":
            seen.append(Seen((0,), (Sight("room", self.spec.agent.location),)))
        if kind == "by_name":
            assert ends[0].entity == agent
        return Demand(
            spec=self.spec, stages=last + 1, budget=self.data.get("max_turns", 30),
            ends=tuple(ends), seen=tuple(seen), answer=answer, free=tuple(self._free()),
        )  # fmt: skip

    def _named(self, name: str) -> str:
        return next(t.id for t in self.spec.things if t.name == name)

    def _free(self) -> Iterable[tuple[str, ...]]:
        """What the walkthrough leaves otherwise, and lights."""
        line = play(self, self.walkthrough, Meter(NO_LIMIT))
        changed = {c.entity for part in line.parts for e in part for c in e.changes}
        lights = {t.id for t in self.spec.things if t.light}
        return [tuple(sorted(changed | lights))] * len(self.prompts)


# --- the verdict of version 1 -------------------------------------------------------------


def judge(
    task: dict[str, Any],
    spec: WorldSpec,
    state: WorldState,
    events: Sequence[Event],
    answer: dict[str, Any] | None,
) -> float:
    """The reward."""
    goals = task["goals"]
    seen = "\n".join(e.text for e in events if e.verb not in ("write", "say"))
    evidence = task.get("evidence", ())
    unseen = {e["field"] for e in evidence if e["text"] not in seen}
    degrees = {g["name"]: _degree(g["condition"], state, events, answer, spec) for g in goals}
    for goal in goals:
        if goal["condition"].get("field") in unseen and goal["condition"]["type"] == "answered":
            degrees[goal["name"]] *= UNSEEN
    start = initial_state(spec)
    idle = {g["name"]: _degree(g["condition"], start, (), None, spec) for g in goals}
    outcome = _gain([g for g in goals if g.get("final", True)], degrees, idle)
    progress = _gain(goals, degrees, idle)
    given = [e for e in events if e.verb != CONNECT]
    commands, wasted = len(given), sum(e.kind != "ok" for e in given)
    optimal = sum(bool(w["command"]) for s in task["stages"] for w in s["walkthrough"])
    shown = 1 - len(unseen) / len(evidence) if evidence else 1.0
    parts = {
        "outcome": outcome,
        "progress": progress,
        "efficiency": outcome * min(1.0, optimal / commands if commands else 1.0),
        "evidence": outcome * shown,
        "discipline": progress * (1 - wasted / commands if commands else 1.0),
    }
    reward = sum(value * WEIGHTS[part] for part, value in parts.items())
    return min(1.0, max(0.0, round(reward, 9)))


def _degree(
    condition: dict[str, Any],
    state: WorldState,
    events: Sequence[Event],
    answer: dict[str, Any] | None,
    spec: WorldSpec,
) -> float:
    match condition["type"]:
        case "located":
            return float(state.location(condition["entity"]) == condition["place"])
        case "holds":
            return float(state.get(condition["entity"], condition["field"]) == condition["value"])
        case "inscribed":
            lines = state.get(condition["entity"], "inscriptions") or ()
            return float(any(normal(condition["text"]) in normal(line) for line in lines))
        case "visited":
            rooms = {c.after for e in events for c in e.changes if c.entity == e.actor}
            here = bool(events) and condition["room"] == spec.agent.location
            return float(condition["room"] in rooms or here)
        case "did":
            return float(
                any(
                    e.kind == "ok" and e.verb == condition["verb"]
                    and condition["entity"] in e.objects
                    for e in events
                )
            )  # fmt: skip
        case _:
            return _match(condition, answer)


def _gain(
    goals: Sequence[dict[str, Any]], degrees: dict[str, float], idle: dict[str, float]
) -> float:
    possible = sum(g.get("weight", 1.0) * (1 - idle[g["name"]]) for g in goals)
    gained = sum(g.get("weight", 1.0) * (degrees[g["name"]] - idle[g["name"]]) for g in goals)
    return max(0.0, gained / possible) if possible else 0.0


def _match(condition: dict[str, Any], answer: dict[str, Any] | None) -> float:
    given = (answer or {}).get(condition["field"])
    expected, form = condition["expected"], condition.get("match", "text")
    if given is None:
        return 0.0
    if form == "text":
        return float(normal(given) in {normal(e) for e in expected})
    if form == "number":
        return float(_number(given) is not None and _number(given) == _number(expected[0]))
    keys = _edges if form == "edges" else _names
    score = _f1(keys(given), keys(list(expected)))
    return score if score >= MIN_F1 else 0.0


def normal(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    words = re.findall(r"[\w']+", str(value).casefold())
    return " ".join(w for w in words if w not in ("the", "a", "an"))


def _f1(given: set[str], expected: set[str]) -> float:
    if not given or not expected:
        return float(given == expected)
    return 2 * len(given & expected) / (len(given) + len(expected))


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,15}(\.\d{1,6})?\s*", value):
        return float(value)
    return None


def _names(value: Any) -> set[str]:
    parts: Iterable[Any] = value if isinstance(value, list) else str(value).split(",")
    return {normal(p) for p in parts if normal(p)}


def _edges(value: Any) -> set[str]:
    lines = value if isinstance(value, list) else str(value).splitlines()
    parts = [str(item).split("|") for item in lines]
    return {" | ".join(normal(p) for p in three) for three in parts if len(three) == 3}


def played(subject: VersionOne, *given: Sequence[str]) -> Line:
    """Commands by stage, played."""
    return play(subject, given, Meter(NO_LIMIT))

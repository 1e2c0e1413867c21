"""What the question of a task asks for, by kind: a second reading beside the goals that it states.

A question is what was drawn in making a task, before its goals were written: where the goals ask
for less than the question does, a rollout that meets the goals alone is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from environments.audit.asked_of_people import READINGS_OF_PEOPLE
from environments.audit.demand import (
    Demand,
    End,
    Part,
    Reply,
    Seen,
    Way,
    Written,
    demanding,
)
from environments.audit.log import Sight
from environments.tasks.model import Task

Reading = Callable[[Task, dict[str, Any]], Iterator[Part]]
ORDINALS = ("first", "second", "third", "fourth")


def asked(task: Task, demand: Demand) -> Demand:
    """Return the demand with what the question of the task asks for besides."""
    reading = READINGS.get(f"{task.family}.{task.kind}")
    parts = list(reading(task, task.question)) if reading else []
    return demanding(demand, parts)


def _describe(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    start = task.spec.agent.location
    yield Way(0, (q["room"], q["exits"], start))
    yield End(0, task.spec.agent.id, "location", start)
    yield Seen((0,), (Sight("room", q["room"]),))
    yield Seen((0,), (Sight("exits", q["exits"]),))


def _return(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    last = len(task.stages) - 1
    way = tuple(q["places"][n] for n in q["order"])
    yield Way(last, way)
    yield End(last, task.spec.agent.id, "location", way[-1])
    for n, place in enumerate(q["places"]):
        yield Seen((n,), (Sight("exits", place),))
        yield ORDINALS[n], Reply("text", _name(task, place))


def _by_name(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    yield Way(0, tuple(q["rooms"]))
    yield End(0, task.spec.agent.id, "location", q["rooms"][-1])
    yield Seen((0,), (Sight("room", q["asked"]),))


def _by_description(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    rooms = [r["room"] for r in q["rooms"]]
    yield End(0, task.spec.agent.id, "location", rooms[-1])
    for n, room in enumerate(rooms):
        yield Seen((0,), (Sight("exits", room),))
        yield ORDINALS[n], Reply("text", _name(task, room))


def _by_directions(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    yield Way(0, (q["halfway"], q["end"]))
    yield End(0, task.spec.agent.id, "location", q["end"])
    yield "noted", Reply("text", _name(task, q["halfway"]))


def _locked(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    told = [
        t
        for t in task.spec.things
        for f in t.tells
        if (f.field, f.value) == ("keeper", q["person"])
    ]
    yield Seen((0,), tuple(Sight("text", t.id) for t in told))


def _compare(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for entity in q["entities"]:
        yield _told(task, 0, entity, q["field"])


def _count(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for document in q["documents"]:
        yield _told(task, 0, document, "begun")


def _inside(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    box, links, _ = q["box"]
    if not links:
        yield Seen((0,), (Sight("inside", box),))
        yield End(0, box, "open", False)


def _recall(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for board in q["asked"]:
        yield Seen((0,), (Sight("lines", f"q_board_{board}", tuple(q["boards"][board][1])),))


def _restart(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    last = {n: (0, value) for n, (_, value) in enumerate(q["boards"])}
    for session, shown in enumerate(q["sessions"], 1):
        last |= {board: (session, value) for board, value in shown}
    for board in q["asked"]:
        yield Seen((last[board][0],), (Sight("lines", f"q_board_{board}", (last[board][1],)),))


def _rearrange(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for thing, room in q["puts"]:
        yield End(0, thing, "location", room)
        yield End(len(task.stages) - 1, thing, "location", room)


def _witness(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    moved = sorted((thing for thing, _ in q["moved"]), key=lambda t: _name(task, t))
    for field, thing in zip(("first", "second"), moved, strict=True):
        yield field, Reply("text", _name(task, thing))
        yield f"{field}_from", Reply("text", place_of=(0, True, thing))
        yield f"{field}_to", Reply("text", place_of=(len(task.stages) - 1, False, thing))


def _promise(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    last = len(task.stages) - 1
    for thing, room in q["carry"]:
        yield End(last, thing, "location", room)
    yield Written(last, "q_tally", q["number"])
    if q["stay"]:
        yield End(last, task.spec.agent.id, "location", q["stay"])


def _route(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    exits = {(e.source, e.direction): e.target for e in task.spec.exits}
    rooms = [q["from"]]
    for direction in q["way"]:
        rooms.append(exits[rooms[-1], direction])
    yield End(0, task.spec.agent.id, "location", rooms[-1])
    yield End(1, task.spec.agent.id, "location", rooms[0 if q["back"] else -1])
    yield Seen((0,), (Sight("text", "q_waybill"),))


def _deliver(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    if not q["thing"][1] and not q["place"][1]:
        yield End(0, q["thing"][0], "location", q["place"][0])


def _unlock(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    if not q["lock"][1]:
        yield End(0, q["lock"][0], "open", True)


def _assemble(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    if not q["room"][1]:
        yield End(0, q["makes"], "location", q["room"][0])


def _chain(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for thing, place in q["moved"]:
        yield End(0, thing, "location", place)


READINGS: Mapping[str, Reading] = {
    "orientation.describe": _describe, "orientation.return": _return,
    "navigation.by_name": _by_name, "navigation.by_description": _by_description,
    "navigation.by_directions": _by_directions, "navigation.locked": _locked,
    "inspection.compare": _compare, "inspection.count": _count, "inspection.inside": _inside,
    "persistence.recall": _recall, "persistence.restart": _restart,
    "persistence.rearrange": _rearrange, "persistence.witness": _witness,
    "persistence.promise": _promise, "persistence.route": _route, "errand.deliver": _deliver,
    "errand.unlock": _unlock, "errand.assemble": _assemble, "errand.chain": _chain,
    **READINGS_OF_PEOPLE,
}  # fmt: skip
"""Kinds whose question says more than which facts are asked for."""


def _name(task: Task, entity: str) -> str:
    return str(getattr(task.spec.entities[entity], "name"))  # noqa: B009


def _told(task: Task, stage: int, entity: str, field: str) -> Seen:
    """Return the texts that tell a field of an entity."""
    told = [t.id for t in task.spec.things for f in t.tells if f[:2] == (entity, field)]
    return Seen((stage,), tuple(Sight("text", t) for t in told))

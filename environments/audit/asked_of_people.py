"""What the questions ask for of kinds whose worlds have time and people, read a second time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from environments.audit.demand import End, Part, Reply, Said, Seen, There
from environments.audit.log import Sight
from environments.tasks.model import Task
from world_fixtures.living import Living, Person


def _appointment(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    living = _living(task)
    hosts = [p.id for p in living.people if p.id in q["asked"]]
    for n, host in enumerate(hosts):
        person = _person(task, host)
        given, first = person.knows[0], person.duties[0].work
        hours, room = given.needs.hours, first.room if first.type == "stay" else None
        yield f"figure_{n + 1}", Reply("number", given.tells[0].value)
        yield Seen((0,), (Sight("says", host, (given.says,)),))
        yield Said(0, host, given.needs.heard or "")
        if hours is not None and room is not None:
            yield There(0, room, *hours, living.day)


def _hours(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    thing, place = q["asked"]
    yield End(0, thing, "location", place)


def _follow(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    walker = q["asked"]
    walk, last = (d.work for d in _person(task, walker).duties[1:3])
    if walk.type == "round":
        for room in walk.rooms:
            yield Seen((0,), (Sight("leaves", walker, (room,)),))
    if last.type == "give":
        number = last.command.removeprefix("say ")
        yield Seen((0,), (Sight("says", walker, (number,)),))
        yield "number", Reply("number", number)


def _process(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for ware, room in q["asked"]:
        yield End(0, ware, "location", room)


def _deadlines(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for thing, room in q["carried"]:
        yield End(0, thing, "location", room, by=q["by"])
    for room, begins, ends in q["times"]:
        yield There(0, room, begins, ends, _living(task).day, by=ends - 1)


def _referral(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for person, want in zip(q["chain"][1:], q["wants"], strict=True):
        yield Said(0, person, want["word"])
    for person in q["chain"]:
        known = [k for k in _person(task, person).knows if k.topic == q["topic"]]
        yield Seen((0,), tuple(Sight("says", person, (k.says,)) for k in known))
    yield "number", Reply("number", q["number"])


def _barter(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    wanted = q["wares"][len(q["chain"]) - 1][0]
    yield End(0, wanted, "location", q["customer"] or task.spec.agent.id)


def _message(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for person, reply in zip(q["to"], q["replies"], strict=True):
        yield Said(0, person, _amounts(q["message"]))
        yield Said(0, q["sender"], _amounts(reply))
    yield "receipt", Reply("number", q["receipt"])


def _claims(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for field, matter in zip(("first", "second"), q["matters"], strict=True):
        yield field, Reply("text", matter["truth"])
        yield f"{field}_who", Reply("text", matter["who"])


def _planted(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    yield End(0, q["thing"], "location", q["room"])
    yield End(0, "q_strongbox", "locked", True)
    yield "password", Reply("number", q["password"])


def _orders(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for subject in q["subjects"]:
        room = subject["orders"][subject["follow"]]["room"]
        yield End(0, subject["thing"], "location", room)


def _hearsay(task: Task, q: dict[str, Any]) -> Iterator[Part]:
    for field, metal in zip(("first", "second", "third"), q["wanted"], strict=False):
        yield field, Reply("number", q["tokens"][metal]["number"])
        yield Seen((0,), (Sight("text", f"q_{metal}"),))


READINGS_OF_PEOPLE: Mapping[str, Callable[[Task, dict[str, Any]], Iterator[Part]]] = {
    "time.appointment": _appointment, "time.hours": _hours, "time.follow": _follow,
    "time.process": _process, "time.deadlines": _deadlines, "society.referral": _referral,
    "society.barter": _barter, "society.message": _message, "society.claims": _claims,
    "trust.planted": _planted, "trust.planted_benign": _planted, "trust.orders": _orders,
    "trust.orders_benign": _orders, "trust.hearsay": _hearsay,
}  # fmt: skip


def _living(task: Task) -> Living:
    assert task.spec.living is not None
    return task.spec.living


def _person(task: Task, person: str) -> Person:
    return next(p for p in _living(task).people if p.id == person)


def _amounts(text: str) -> str:
    """Return the numbers of a message."""
    return " ".join(word for word in text.replace(",", "").split() if word.isdigit())

"""Validation of what people are to do and know together: what excludes each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from world_fixtures.living import Bring, Duty, Living, Round, Stay
from world_fixtures.problem import Problem

Place = tuple[str | int, ...]


def conflict_problems(living: Living) -> Iterator[Problem]:
    """Yield what of the people's duties and knowledge cannot go together."""
    yield from _never_done(living)
    yield from _to_and_fro(living)
    yield from _contradictions(living)


def _problem(place: Place, told: str) -> Problem:
    return Problem(("living", "people", *place), f"living: {told}")


def _hours(duty: Duty, day: int) -> set[int]:
    return set(range(duty.begins, day if duty.ends is None else min(duty.ends, day)))


def _never_done(living: Living) -> Iterator[Problem]:
    """Find duties of which others take all the hours: to stay or to walk round never ends."""
    for n, person in enumerate(living.people):
        filled: set[int] = set()
        for k, duty in enumerate(person.duties):
            hours = _hours(duty, living.day)
            if hours and hours <= filled:
                told = f"a duty of {person.id!r} is never done: earlier ones fill its hours"
                yield _problem((n, "duties", k), told)
            if isinstance(duty.work, Stay | Round):
                filled |= hours


def _to_and_fro(living: Living) -> Iterator[Problem]:
    """Find things that are brought to two places in the same hours, for ever."""
    seen: list[tuple[Bring, set[int]]] = []
    for n, person in enumerate(living.people):
        for k, duty in enumerate(person.duties):
            work = duty.work
            if not isinstance(work, Bring):
                continue
            hours = _hours(duty, living.day)
            for other, when in seen:
                if other.thing == work.thing and other.to != work.to and hours & when:
                    told = f"{work.thing!r} is brought to {other.to!r} and to {work.to!r} in the"
                    told += " same hours, to and fro without end"
                    yield _problem((n, "duties", k, "work", "to"), told)
                    break
            seen.append((work, hours))


def _contradictions(living: Living) -> Iterator[Problem]:
    """Find facts that two people tell otherwise, neither of them as false."""
    first: dict[tuple[str, str], tuple[str, object]] = {}
    for n, person in enumerate(living.people):
        for m, known in enumerate(person.knows):
            if known.false:
                continue
            for k, fact in enumerate(known.tells):
                who, value = first.setdefault((fact.entity, fact.field), (person.id, fact.value))
                if who != person.id and value != fact.value:
                    told = f"{who!r} and {person.id!r} contradict each other: {fact.field!r} of"
                    told += f" {fact.entity!r} is {value!r} and {fact.value!r}"
                    yield _problem(
                        (n, "knows", m, "tells", k), f"{told}; mark what is not so as `false`"
                    )

"""The people of a task: those of its world or invented ones, and all of them as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from environments.tasks.families.common import BuildContext, Question
from environments.tasks.families.persistence.notes import enough
from world_fixtures.generator.inhabitants import Inhabitant, invent_people
from world_fixtures.spec import WorldSpec


def dumped(people: Iterable[Inhabitant]) -> list[Question]:
    """Return people as plain data, for a question."""
    return [person.model_dump(mode="json") for person in people]


def loaded(question: Question) -> list[Inhabitant]:
    """Return the people of a question."""
    return [Inhabitant.model_validate(person) for person in question["people"]]


def dwellers(spec: WorldSpec) -> list[Inhabitant]:
    """Return the people who live in a world already, in their order."""
    persons = spec.living.people if spec.living else ()
    characters = {c.id: c for c in spec.characters}
    return [Inhabitant(character=characters[p.id], person=p) for p in persons]


def dwellers_or_invented(
    context: BuildContext, rooms: Sequence[str], count: int
) -> list[Inhabitant]:
    """Return people of the world, or invented ones in `rooms` where it has none.

    Raises Unsolvable where there are fewer than `count`.
    """
    found = dwellers(context.spec)[:count]
    found = found or invent_people(context.spec, context.rng, count, rooms, context.split)
    enough(found, count)
    return found

"""Rearrange: put things back in the places that an earlier session gave them."""

from __future__ import annotations

from typing import ClassVar

from environments.tasks.families.common import (
    FRESH,
    LEAVE,
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    TaskDraft,
    listed,
)
from environments.tasks.families.persistence.notes import (
    FREE,
    SPARE,
    begun,
    enough,
    in_the_open,
    misleading,
    open_rooms,
    pad_room,
    placed,
    redrawn,
    room_in,
    waking,
)
from environments.tasks.model import Ability, Family, Goal, Located
from world_fixtures.facts import Arranged

FIRST = 0.1
"""Weight of all goals of the first session together: what has to be remembered weighs more."""


class Rearrange(Kind):
    """Put things in their places, and put them back after somebody has moved some of them."""

    name = "rearrange"
    family = Family.PERSISTENCE
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.MAP, Ability.RESTRAINT})
    stages = (2, 2)
    difficulty: ClassVar[str] = (
        "2 to 4 things; from 4 on somebody else's notes lie about; from 6 on the pad for notes has"
        " to be found again"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the things with their places, and where somebody takes some of them."""
        rng, level = context.rng, context.difficulty
        rooms = open_rooms(context.spec)
        lying = in_the_open(context, rooms)
        count = 2 + level // 4
        enough(list(lying), count)
        enough(rooms, count + 2)
        things = rng.sample(sorted(lying), count)
        targets = _apart(context, rng.sample(rooms, len(rooms)), things, lying)
        moved = sorted(rng.sample(range(count), count - (count > 2 or level > 2)))
        others = [t for t in sorted(lying) if t not in things] or things
        return {
            "pad": pad_room(context, rooms),
            "wake": rng.choice(rooms),
            "puts": [list(p) for p in zip(things, targets, strict=True)],
            "moved": [[n, rng.choice([r for r in rooms if r != targets[n]])] for n in moved],
            "copied": misleading(context, others, rooms, count),
        }  # fmt: skip

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other things and places."""
        return redrawn(self, context, question)

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Put the things in place and note where; later see to each of them by the notes."""
        puts = [(thing, room) for thing, room in question["puts"]]
        moved = {puts[n][0]: room for n, room in question["moved"]}
        notes = [placed(context, *put) for put in puts]
        script, where = begun(context, question, len(puts) + SPARE, max(map(len, notes)) + 4)
        actor = script.actor
        wanted = listed(
            [f"the {context.name(t)} on the floor of the {context.name(r)}" for t, r in puts]
        )
        script.begin(
            f"Put each of these things down in its place: {wanted}. In a later session, after"
            " somebody has moved some of them, you will have to bring back what is out of place."
            f" {where.offered} {FRESH} {LEAVE}"
        )
        for thing, room in puts:
            actor.put(thing, room)
        for note in notes:
            actor.write(note, where.id)
        actor.tidy()
        first = [f"the {context.name(t)} is put down" for t, _ in puts]
        script.end(
            goals=[
                Goal(
                    name=name, condition=Located(entity=thing, place=room), weight=FIRST / len(puts)
                )
                for name, (thing, room) in zip(first, puts, strict=True)
            ],
            free=FREE,
        )
        script.begin(
            "In the first session you put some things down in their places. Since then somebody has"
            " moved some of them. Bring each of those back, so that all lie on the floor where you"
            f" had put them. {where.kept} {NO_ANSWER}",
            before=[
                *(Arranged(thing, "location", room) for thing, room in moved.items()),
                *waking(context, question, question["wake"]),
            ],
        )
        actor.read(where.id)
        for thing, room in puts:
            if thing in moved:
                actor.put(thing, room)
            else:
                actor.go_to(room)
        actor.tidy()
        script.end(
            goals=[
                Goal(
                    name=f"the {context.name(thing)} is in its place",
                    condition=Located(entity=thing, place=room),
                    after=tuple(first),
                )
                for thing, room in puts
            ],
            answer={},
            free=FREE,
        )
        return script.draft()


def _apart(
    context: BuildContext, rooms: list[str], things: list[str], lying: dict[str, str]
) -> list[str]:
    """Choose a room for each thing: each another one, and not that where it lies."""
    targets: list[str] = []
    for thing in things:
        free = [r for r in rooms if r not in targets and r != room_in(context, lying[thing])]
        enough(free, 1)
        targets.append(free[0])
    return targets

"""Witness: tell which things were moved since an earlier session, from where to where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from environments.tasks.families.common import (
    FRESH,
    LEAVE,
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
    nearest_first,
    open_rooms,
    pad_room,
    placed,
    redrawn,
    room_in,
    waking,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal, Known, Together
from world_fixtures.facts import Arranged

MOVED = 2
"""Things that are moved: who has noted one of them alone cannot tell which."""
FIELDS = (("first", "first_from", "first_to"), ("second", "second_from", "second_to"))
"""Of the answer, for each of the two: the thing, the room it was in, the room it is in."""


class Witness(Kind):
    """Look where things are, and tell later which of them were moved, from where to where."""

    name = "witness"
    family = Family.PERSISTENCE
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.RESTRAINT})
    stages = (2, 2)
    difficulty: ClassVar[str] = (
        "3 to 6 things to look for, and 1 to 4 others that are moved as well; from 4 on somebody"
        " else's notes lie about; from 6 on the pad for notes has to be found again"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the things, and which of them are moved where."""
        rng, level = context.rng, context.difficulty
        rooms = open_rooms(context.spec)
        lying = in_the_open(context, rooms)
        count = min(3 + level // 3, len(lying))
        enough(list(lying), 3)
        enough(rooms, 3)
        things = rng.sample(sorted(lying), count)
        start = context.spec.agent.location
        away = [t for t in things if room_in(context, lying[t]) != start]
        enough(away, MOVED)
        moved = rng.sample(away, MOVED)
        spare = [t for t in sorted(lying) if t not in things]
        others = rng.sample(spare, min(len(spare), 1 + level // 3))

        def elsewhere(moved: str) -> str:
            return rng.choice([r for r in rooms if r != room_in(context, lying[moved])])

        targets = [elsewhere(thing) for thing in moved]
        concerned = {*targets, *(room_in(context, lying[thing]) for thing in moved)}
        bare = [r for r in rooms if r not in concerned]
        enough(bare, 1)
        return {
            "pad": pad_room(context, rooms),
            "wake": rng.choice(bare),
            "things": things,
            "moved": [list(pair) for pair in zip(moved, targets, strict=True)],
            "others": [[t, elsewhere(t)] for t in others],
            "copied": misleading(context, spare or things, rooms, len(things)),
        }  # fmt: skip

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other things, of which others were moved."""
        return redrawn(self, context, question)

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Find the things and note where; later see which two are gone, and find those."""
        things, moved = question["things"], dict(question["moved"])
        places = {t: str(getattr(context.spec.entities[t], "location")) for t in things}  # noqa: B009
        rooms = {t: room_in(context, place) for t, place in places.items()}
        width = width_of(context, things, open_rooms(context.spec))
        script, where = begun(context, question, len(things) + SPARE, width)
        actor = script.actor
        script.begin(
            f"Find {listed([f'the {context.name(t)}' for t in things])}, and learn in which room"
            " each of them is. Leave them where they are. In a later session, after somebody has"
            " moved two of them, you will be asked which two, from which rooms and to which."
            f" {where.offered} {FRESH} {LEAVE}"
        )
        order = []
        for thing in nearest_first(actor, things, actor.room_of):
            actor.reach(thing)
            order.append(thing)
        for thing in order:
            actor.write(placed(context, thing, rooms[thing]), where.id)
        actor.tidy()
        pair = sorted(moved, key=context.name)
        seen = [
            Evidence(field=field, entity=places[thing], fact="contents")
            for thing, fields in zip(pair, FIELDS, strict=True)
            for field in fields[:2]
        ]
        script.end(evidence=seen, free=FREE)
        script.begin(
            "In the first session you looked for several things. Since then somebody has moved two"
            " of those, and other things as well. Submit an answer with six fields: first (which"
            " of the things that you had looked for was moved; of the two, the one whose name comes"
            " first in the alphabet), first_from (the name of the room it was in when you left),"
            " first_to (the name of the room it is in now), second (the other thing), second_from"
            f" (its room when you left) and second_to (its room now). {where.kept}",
            before=[
                *(Arranged(t, "location", r) for t, r in (*moved.items(), *question["others"])),
                *waking(context, question, question["wake"]),
            ],
        )
        actor.read(where.id)
        left = set(moved)
        for thing in order:
            if left:
                actor.go_to(rooms[thing])
            left.discard(thing)
        for thing in nearest_first(actor, list(moved), actor.room_of):
            actor.reach(thing)
        actor.tidy()
        now = [
            Evidence(field=field, entity=moved[thing], fact="contents")
            for thing, fields in zip(pair, FIELDS, strict=True)
            for field in (fields[0], fields[2])
        ]
        script.end(
            goals=goals_for(context, pair), evidence=now,
            answer={
                field: name
                for thing, fields in zip(pair, FIELDS, strict=True)
                for field, name in zip(
                    fields, map(context.name, (thing, rooms[thing], moved[thing])), strict=True
                )
            },
            free=FREE,
        )  # fmt: skip
        return script.draft()


def goals_for(
    context: BuildContext, pair: Sequence[str], needs: tuple[str, ...] = ()
) -> list[Goal]:
    """Return what the answer has to name: both things, and then where both were and are.

    `needs` names the goals without which none of it counts.
    """
    names, before, after = zip(*FIELDS, strict=True)
    both = "names the two things"
    wanted = {
        both: [
            Answered(field=field, expected=(context.name(thing),))
            for thing, field in zip(pair, names, strict=True)
        ],
        "names the rooms they were in": [
            Answered(field=field, known=Known(asks="where", entity=thing, stage=0, end=True))
            for thing, field in zip(pair, before, strict=True)
        ],
        "names the rooms they are in": [
            Answered(field=field, known=Known(asks="where", entity=thing, stage=1))
            for thing, field in zip(pair, after, strict=True)
        ],
    }
    return [
        Goal(
            name=name,
            condition=Together(conditions=tuple(conditions)),
            after=needs if name == both else (both,),
        )
        for name, conditions in wanted.items()
    ]


def width_of(context: BuildContext, things: list[str], rooms: list[str]) -> int:
    """Return the characters of the longest note of any of these things in any of these rooms."""
    return 2 + max(len(context.name(t)) for t in things) + max(len(context.name(r)) for r in rooms)

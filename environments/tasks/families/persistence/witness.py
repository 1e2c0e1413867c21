"""Witness: tell what was moved since an earlier session, from where to where."""

from __future__ import annotations

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
    DECOYS_FROM,
    FREE,
    SPARE,
    begun,
    enough,
    in_the_open,
    nearest_first,
    open_rooms,
    pad_room,
    placed,
    room_in,
    waking,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal, Known
from world_fixtures.facts import Arranged


class Witness(Kind):
    """Look where things are, and tell later which of them was moved, from where to where."""

    name = "witness"
    family = Family.PERSISTENCE
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.RESTRAINT})
    stages = (2, 2)
    difficulty: ClassVar[str] = (
        "3 to 6 things to look for, and 1 to 4 others that are moved as well; from 4 on somebody"
        " else's notes lie about; from 6 on the pad for notes has to be found again"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the things, and which of them is moved where."""
        rng, level = context.rng, context.difficulty
        rooms = open_rooms(context.spec)
        lying = in_the_open(context, rooms)
        count = min(3 + level // 3, len(lying))
        enough(list(lying), 3)
        enough(rooms, 3)
        things = rng.sample(sorted(lying), count)
        start = context.spec.agent.location
        away = [t for t in things if room_in(context, lying[t]) != start]
        enough(away, 1)
        thing = rng.choice(away)
        spare = [t for t in sorted(lying) if t not in things]
        others = rng.sample(spare, min(len(spare), 1 + level // 3))

        def elsewhere(moved: str) -> str:
            return rng.choice([r for r in rooms if r != room_in(context, lying[moved])])

        target = elsewhere(thing)
        concerned = (target, room_in(context, lying[thing]))
        return {
            "pad": pad_room(context, rooms),
            "wake": rng.choice([r for r in rooms if r not in concerned]),
            "things": things,
            "moved": [thing, target],
            "others": [[t, elsewhere(t)] for t in others],
            "copied": [
                placed(context, rng.choice(spare or things), rng.choice(rooms)) for _ in things
            ] if level >= DECOYS_FROM else None,
        }  # fmt: skip

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other things, of which another one was moved."""
        other = self.choose(context)
        assert other is not None
        kept = {k: question[k] for k in ("pad", "wake", "copied")}
        return other | kept

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Find the things and note where; later look after each until one is gone, and find it."""
        things, (moved, target) = question["things"], question["moved"]
        places = {t: str(getattr(context.spec.entities[t], "location")) for t in things}  # noqa: B009
        rooms = {t: room_in(context, place) for t, place in places.items()}
        width = _width(context, things, open_rooms(context.spec))
        script, where = begun(context, question, len(things) + SPARE, width)
        actor = script.actor
        script.begin(
            f"Find {listed([f'the {context.name(t)}' for t in things])}, and learn in which room"
            " each of them is. Leave them where they are. In a later session, after somebody has"
            " moved one of them, you will be asked which one it was, from which room and to which."
            f" {where.offered} {FRESH} {LEAVE}"
        )
        order = []
        for thing in nearest_first(actor, things, actor.room_of):
            actor.reach(thing)
            order.append(thing)
        for thing in order:
            actor.write(placed(context, thing, rooms[thing]), where.id)
        actor.tidy()
        seen = [
            Evidence(field=field, entity=places[moved], fact="contents")
            for field in ("thing", "from")
        ]
        script.end(evidence=seen, free=FREE)
        script.begin(
            "In the first session you looked for several things. Since then somebody has moved one"
            " of those, and other things as well. Submit an answer with three fields: thing (which"
            " of the things that you had looked for was moved), from (the name of the room it was"
            f" in when you left) and to (the name of the room it is in now). {where.kept}",
            before=[
                *(Arranged(t, "location", r) for t, r in (question["moved"], *question["others"])),
                *waking(context, question, question["wake"]),
            ],
        )
        actor.read(where.id)
        for thing in order:
            actor.go_to(rooms[thing])
            if thing == moved:
                break
        actor.reach(moved)
        actor.tidy()
        now = [Evidence(field=field, entity=target, fact="contents") for field in ("thing", "to")]
        script.end(
            goals=[
                Goal(
                    name="names the thing",
                    condition=Answered(field="thing", expected=(context.name(moved),)),
                ),
                Goal(
                    name="names the room it was in",
                    condition=Answered(
                        field="from", known=Known(asks="where", entity=moved, stage=0, end=True)
                    ),
                    after=("names the thing",),
                ),
                Goal(
                    name="names the room it is in",
                    condition=Answered(
                        field="to", known=Known(asks="where", entity=moved, stage=1)
                    ),
                    after=("names the thing",),
                ),
            ],
            evidence=now,
            answer={
                "thing": context.name(moved),
                "from": context.name(rooms[moved]),
                "to": context.name(target),
            },
            free=FREE,
        )
        return script.draft()


def _width(context: BuildContext, things: list[str], rooms: list[str]) -> int:
    """Return the characters of the longest note of any of these things in any of these rooms."""
    return 2 + max(len(context.name(t)) for t in things) + max(len(context.name(r)) for r in rooms)

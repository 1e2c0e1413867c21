"""Changed: tell what people have moved while the agent was away, from where to where."""

from __future__ import annotations

from typing import ClassVar

from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    TaskDraft,
)
from environments.tasks.families.people import dumped, loaded
from environments.tasks.families.persistence.notes import (
    DECOYS_FROM,
    FREE,
    enough,
    in_the_open,
    nearest_first,
    pad_room,
    placed,
    redrawn,
    waking,
)
from environments.tasks.families.persistence.witness import FIELDS, MOVED, goals_for
from environments.tasks.families.time.dwellers import clear_rooms
from environments.tasks.families.vigil.absence import (
    LEFT,
    check_done,
    deeds_for,
    deeds_of,
    first_visit,
    passing,
    residents,
    start_of,
)
from environments.tasks.model import Ability, Evidence, Family

ROOMS = 5
"""Rooms among which one can go to and fro, at least."""


class Changed(Kind):
    """Look where things are, and tell later which of them people have moved meanwhile."""

    name = "changed"
    family = Family.VIGIL
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.RESTRAINT})
    stages = (2, 2)
    difficulty: ClassVar[str] = (
        "3 to 6 things to look for, and 3 to 6 people who carry two of these and up to four others"
        " elsewhere; from 4 on somebody else's notes lie about; from 6 on the pad for notes has to"
        " be found again"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the things and the people, and who moves what."""
        rng, level = context.rng, context.difficulty
        rooms = clear_rooms(context, ROOMS)
        lying = in_the_open(context, rooms)
        enough(list(lying), 4)
        things = rng.sample(sorted(lying), min(3 + level // 3, len(lying) - 1))
        away = [t for t in things if start_of(context, t) != context.spec.agent.location]
        enough(away, MOVED)
        spare = [t for t in sorted(lying) if t not in things]
        others = rng.sample(spare, min(len(spare), 1 + level // 3))
        moved = [*rng.sample(away, MOVED), *others]
        people = residents(context, rooms, len(moved) + (level > 3))
        deeds = deeds_for(context, people, moved, rooms, range(len(people)))
        concerned = {d.room for d in deeds} | {start_of(context, d.thing) for d in deeds[:MOVED]}
        bare = [r for r in rooms if r not in concerned]
        enough(bare, 1)
        return {
            "people": dumped(people),
            "pad": pad_room(context, rooms),
            "wake": rng.choice(bare),
            "things": things,
            "deeds": [list(deed) for deed in deeds],
            "copied": [
                placed(context, rng.choice(spare), rng.choice(rooms)) for _ in things
            ] if level >= DECOYS_FROM else None,
        }  # fmt: skip

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other things, of which others were moved."""
        return redrawn(self, context, question)

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Find the things and note where; later see which two are gone, and find those."""
        deeds = deeds_of(question)
        moved = {deed.thing: deed.room for deed in deeds[:MOVED]}
        script, where, order = first_visit(
            context, question,
            "In a later session, after people have moved two of them, you will be asked which two,"
            " from which rooms and to which.",
            {t: f[:2] for t, f in zip(sorted(moved, key=context.name), FIELDS, strict=True)},
        )  # fmt: skip
        actor = script.actor
        script.begin(
            "In the first session you looked for several things. Since then people have moved two"
            " of those, and other things as well. Submit an answer with six fields: first (which"
            " of the things that you had looked for was moved; of the two, the one whose name comes"
            " first in the alphabet), first_from (the name of the room it was in when you left),"
            " first_to (the name of the room it is in now), second (the other thing), second_from"
            f" (its room when you left) and second_to (its room now). {where.kept}",
            before=[
                *waking(context, question, question["wake"]),
                *passing(context, loaded(question), deeds),
            ],
        )
        check_done(actor.sim, deeds)
        rooms = {thing: start_of(context, thing) for thing in order}
        actor.read(where.id)
        left = set(moved)
        for thing in order:
            if left:
                actor.go_to(rooms[thing])
            left.discard(thing)
        for thing in nearest_first(actor, list(moved), actor.room_of):
            actor.reach(thing)
        actor.tidy()
        pair = sorted(moved, key=context.name)
        script.end(
            goals=goals_for(context, pair, needs=(LEFT,)),
            evidence=[
                Evidence(field=field, entity=moved[thing], fact="contents")
                for thing, fields in zip(pair, FIELDS, strict=True)
                for field in (fields[0], fields[2])
            ],
            answer={
                field: name
                for thing, fields in zip(pair, FIELDS, strict=True)
                for field, name in zip(
                    fields, map(context.name, (thing, rooms[thing], moved[thing])), strict=True
                )
            },
            free=FREE,
        )
        return script.draft()

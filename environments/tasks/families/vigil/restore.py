"""Restore: bring back what was taken without leave, and leave what was taken with leave."""

from __future__ import annotations

from typing import ClassVar

from environments.tasks.families.common import BuildContext, Kind, Question, TaskDraft
from environments.tasks.families.people import dumped, loaded
from environments.tasks.families.persistence.notes import (
    DECOYS_FROM,
    FREE,
    code,
    enough,
    in_the_open,
    nearest_first,
    pad_room,
    placed,
    redrawn,
    waking,
)
from environments.tasks.families.time.dwellers import clear_rooms
from environments.tasks.families.vigil.absence import (
    LEFT,
    check_done,
    deeds_for,
    deeds_of,
    first_visit,
    passing,
    place_of,
    residents,
)
from environments.tasks.model import (
    Ability,
    Answered,
    Evidence,
    Family,
    Goal,
    Located,
    Together,
)
from world_fixtures.facts import Arranged, Fact
from world_fixtures.living import Knowledge, Need

ROOMS = 5
"""Rooms among which one can go to and fro, at least."""
WHOLE = 4.0
"""Weight of the whole, over that of its parts together."""


class Restore(Kind):
    """Look where things are, and bring back later what people have moved without leave."""

    name = "restore"
    family = Family.VIGIL
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.MAP, Ability.PEOPLE})
    stages = (2, 2)
    difficulty: ClassVar[str] = (
        "4 to 6 things to look for, of which 3 to 5 are moved, one or two of these with leave; from"
        " 4 on somebody else's notes lie about; from 6 on the pad for notes has to be found again"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the things, who moves them, and which of them with leave."""
        rng, level = context.rng, context.difficulty
        rooms = clear_rooms(context, ROOMS)
        lying = in_the_open(context, rooms)
        on_floors = sorted(t for t, place in lying.items() if place in rooms)
        count = 4 + (level >= 5) + (level >= 8)
        enough(on_floors, count)
        things = rng.sample(on_floors, count)
        moved = rng.sample(things, count - 1)
        people = residents(context, rooms, len(moved) + 1)
        deeds = deeds_for(context, people, moved, rooms, range(len(moved)))
        return {
            "people": dumped(people),
            "pad": pad_room(context, rooms),
            "wake": rng.choice(rooms),
            "things": things,
            "deeds": [list(deed) for deed in deeds],
            "leave": 1 + (level >= 6),
            "word": f"what was allowed {code(context)}",
            "slip": code(context),
            "copied": [
                placed(context, rng.choice(on_floors), rng.choice(rooms)) for _ in things
            ] if level >= DECOYS_FROM else None,
        }  # fmt: skip

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other things, of which others were moved."""
        return redrawn(self, context, question)

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Note where things are; later ask what was moved with leave, and bring back the rest."""
        deeds, people = deeds_of(question), loaded(question)
        allowed, wrong = deeds[: question["leave"]], deeds[question["leave"] :]
        owner = people[-1]
        needs = Need(heard=question["word"])
        names = " and ".join(f"the {context.name(deed.thing)}" for deed in allowed)
        permits = Knowledge(
            topic="leave", needs=needs, refuses="Nobody has asked me for leave yet.",
            says=f"I gave leave to move {names}, and nothing else. The slip has the number"
            f" {question['slip']}.",
            tells=(Fact(owner.person.id, "slip", question["slip"]),),
        )  # fmt: skip
        person = owner.person.model_copy(update={"knows": (permits,)})
        informed = [*people[:-1], owner.model_copy(update={"person": person})]
        name = owner.character.name
        script, where, order = first_visit(
            context, question | {"people": dumped(informed)},
            "Each of them is in its place now. In a later session, after people have moved some of"
            f" them, you will have to bring back what was moved without leave; {name} gives leave.",
        )  # fmt: skip
        actor = script.actor
        script.begin(
            "In the first session you looked for several things, each of which was in its place."
            f" Since then people have moved some of them, part of these with the leave of {name}:"
            f" `ask {name} about leave`. Put what was moved without leave back on the floor of the"
            " room it was in when you left; leave what was moved with leave where it is now."
            " Submit an answer with one field: slip (the number of the slip on which the leave is"
            f" noted). {where.kept}",
            before=[
                *waking(context, question, question["wake"]),
                Arranged(owner.person.id, "heard", [["", question["word"]]]),
                *passing(context, people, deeds),
            ],
        )
        check_done(actor.sim, deeds)
        actor.read(where.id)
        actor.ask(owner.person.id, "leave")
        homes = {thing: place_of(context, thing) for thing in order}
        wanted = {deed.thing for deed in wrong}
        for thing in nearest_first(actor, order, homes.__getitem__):
            if thing in wanted:
                actor.put(thing, homes[thing])
            elif all(deed.thing != thing for deed in allowed):
                actor.go_to(homes[thing])
        actor.tidy()
        goals = [
            Goal(
                name=f"the {context.name(deed.thing)} is back in its place",
                condition=Located(entity=deed.thing, place=homes[deed.thing]),
                after=(LEFT,),
            )
            for deed in wrong
        ]
        stays = [Located(entity=deed.thing, place=deed.room) for deed in allowed]
        slip = Answered(field="slip", expected=(question["slip"],))
        parts = (*(g.condition for g in goals if isinstance(g.condition, Located)), *stays, slip)
        whole = Goal(
            name="all is as it should be",
            condition=Together(conditions=parts),
            weight=WHOLE * len(goals),
            after=(LEFT,),
        )
        script.end(
            goals=[*goals, whole],
            evidence=[
                Evidence(
                    field="slip", entity=owner.person.id, fact="slip", value=question["slip"]
                )
            ],
            answer={"slip": question["slip"]},
            free=[*FREE, *(deed.thing for deed in deeds)],
        )  # fmt: skip
        return script.draft()

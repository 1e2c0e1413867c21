"""Culprit: find out who has taken what was noted, from those who saw it."""

from __future__ import annotations

from collections.abc import Sequence
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
    Deed,
    check_done,
    deeds_for,
    deeds_of,
    first_visit,
    passing,
    residents,
    start_of,
    staying,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal, Together
from world_fixtures.facts import Arranged, Fact
from world_fixtures.generator.inhabitants import Inhabitant
from world_fixtures.living import Knowledge, Need

ROOMS = 5
"""Rooms among which one can go to and fro, at least."""
TAKEN = 2
"""Things noted that are taken."""
LIES_FROM = 4
"""Difficulty from which who has taken something says that somebody else has."""
FIELDS = (("first", "first_by"), ("second", "second_by"))
"""Of the answer, for each of the two: the thing and who has taken it."""
NOTHING = "I know nothing of that."


class Culprit(Kind):
    """Look where things are, and tell later which were taken, and by whom, as others saw it."""

    name = "culprit"
    family = Family.VIGIL
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.PEOPLE, Ability.RESTRAINT})
    stages = (2, 2)
    difficulty: ClassVar[str] = (
        "3 to 6 things to look for, and 1 to 3 others that are taken as well; from 4 on who has"
        " taken something says it was somebody else, and somebody else's notes lie about; from 6 on"
        " the pad for notes has to be found again"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the things and the people: who takes what, and who sees it."""
        rng, level = context.rng, context.difficulty
        rooms = clear_rooms(context, ROOMS)
        lying = in_the_open(context, rooms)
        enough(list(lying), 4)
        things = rng.sample(sorted(lying), min(3 + level // 3, len(lying) - 1))
        spare = [t for t in sorted(lying) if t not in things]
        taken = rng.sample(things, TAKEN) + rng.sample(spare, min(len(spare), 1 + level // 4))
        people = residents(context, rooms, 2 * len(taken) + 1)
        takers = range(len(taken))
        deeds = deeds_for(context, people, taken, rooms, takers)
        witnesses = list(range(len(taken), len(people)))
        for n, deed in enumerate(deeds):  # who sees it stays where it lay
            people[witnesses[n]] = staying(people[witnesses[n]], start_of(context, deed.thing))
        concerned = {start_of(context, d.thing) for d in deeds[:TAKEN]}
        bare = [r for r in rooms if r not in concerned]
        enough(bare, 1)
        question: Question = {
            "pad": pad_room(context, rooms),
            "wake": rng.choice(bare),
            "things": things,
            "blamed": [rng.choice([n for n in range(len(people)) if n != d.person]) for d in deeds],
            "word": f"what happened {code(context)}",
            "copied": [
                placed(context, rng.choice(spare), rng.choice(rooms)) for _ in things
            ] if level >= DECOYS_FROM else None,
        }  # fmt: skip
        # rooms list people in their order, which must not tell who has done something
        order = rng.sample(range(len(people)), len(people))
        number = {old: new for new, old in enumerate(order)}
        return question | {
            "people": dumped([people[old] for old in order]),
            "deeds": [[number[d.person], d.thing, d.room] for d in deeds],
            "witnesses": [number[witness] for witness, _ in zip(witnesses, deeds, strict=False)],
            "blamed": [number[old] for old in question["blamed"]],
        }

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other things, of which others were taken."""
        return redrawn(self, context, question)

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Note where things are; later see which are gone, and ask who stays where they were."""
        deeds, people = deeds_of(question), loaded(question)
        informed = question | {"people": dumped(_informed(context, question))}
        taken = [deed.thing for deed in deeds[:TAKEN]]
        script, where, order = first_visit(
            context, informed,
            "In a later session, after people have taken two of them away, you will be asked which"
            " two, and who it was.",
            {t: f[:1] for t, f in zip(sorted(taken, key=context.name), FIELDS, strict=True)},
        )  # fmt: skip
        actor = script.actor
        lies = " says that it was somebody else or nothing at all"
        told = lies if context.difficulty >= LIES_FROM else " says nothing of it"
        script.begin(
            "In the first session you looked for several things. Since then people have taken two"
            " of those out of their rooms, and other things as well. Find out who it was: `ask NAME"
            f" about THING`. Who was in the room saw it and says so; who has done it{told}."
            " Submit an answer with four fields: first (which of the things that you had looked for"
            " was taken; of the two, the one whose name comes first in the alphabet), first_by"
            " (the full name of who has taken it), second (the other thing) and second_by (who has"
            f" taken that). {where.kept}",
            before=[
                *waking(context, question, question["wake"]),
                *(Arranged(p.person.id, "heard", [["", question["word"]]]) for p in people),
                *passing(context, people, deeds),
            ],
        )
        check_done(actor.sim, deeds)
        actor.read(where.id)
        pair = sorted(deeds[:TAKEN], key=lambda deed: context.name(deed.thing))
        left = {deed.thing: deed for deed in pair}
        rooms = {thing: start_of(context, thing) for thing in order}
        for thing in nearest_first(actor, order, rooms.__getitem__):
            if left:
                actor.go_to(rooms[thing])
            if (deed := left.pop(thing, None)) is not None:
                witness = people[question["witnesses"][deeds.index(deed)]]
                actor.ask(witness.person.id, context.name(thing))
        actor.tidy()
        names = {deed.thing: people[deed.person].character.name for deed in pair}
        script.end(
            goals=_goals(context, pair, names),
            evidence=[
                Evidence(
                    field=field, entity=deed.thing, fact="taken_by",
                    value=people[deed.person].person.id,
                )
                for deed, (_, field) in zip(pair, FIELDS, strict=True)
            ],
            answer={
                field: value
                for deed, fields in zip(pair, FIELDS, strict=True)
                for field, value in zip(
                    fields, (context.name(deed.thing), names[deed.thing]), strict=True
                )
            },
            free=FREE,
        )  # fmt: skip
        return script.draft()


def _informed(context: BuildContext, question: Question) -> list[Inhabitant]:
    """Return the people with what they say of what was taken, once it has been."""
    people, deeds = loaded(question), deeds_of(question)
    needs = Need(heard=question["word"])
    concerned = zip(deeds, question["blamed"], question["witnesses"], strict=True)
    for deed, blamed, witness in concerned:
        thing, culprit = context.name(deed.thing), people[deed.person]
        saw = Knowledge(
            topic=thing, needs=needs, refuses=NOTHING,
            says=f"I saw {culprit.character.name} take the {thing} away.",
            tells=(Fact(deed.thing, "taken_by", culprit.person.id),),
        )  # fmt: skip
        _add(people, people[witness], saw)
        if context.difficulty >= LIES_FROM:
            other = people[blamed]
            lie = Knowledge(
                topic=thing, needs=needs, refuses=NOTHING, false=True,
                says=f"I saw {other.character.name} take the {thing} away.",
                tells=(Fact(deed.thing, "taken_by", other.person.id),),
            )  # fmt: skip
            _add(people, culprit, lie)
    return people


def _add(people: list[Inhabitant], to: Inhabitant, knowledge: Knowledge) -> None:
    number = next(n for n, p in enumerate(people) if p.person.id == to.person.id)
    person = people[number].person
    more = person.model_copy(update={"knows": (*person.knows, knowledge)})
    people[number] = people[number].model_copy(update={"person": more})


def _goals(context: BuildContext, pair: Sequence[Deed], names: dict[str, str]) -> list[Goal]:
    things = tuple(
        Answered(field=field, expected=(context.name(deed.thing),))
        for deed, (field, _) in zip(pair, FIELDS, strict=True)
    )
    by = tuple(
        Answered(field=field, expected=(names[deed.thing],))
        for deed, (_, field) in zip(pair, FIELDS, strict=True)
    )
    return [
        Goal(
            name="names the two things", condition=Together(conditions=things), weight=0.3,
            after=(LEFT,),
        ),
        Goal(
            name="names who has taken them", condition=Together(conditions=by),
            after=("names the two things",),
        ),
    ]  # fmt: skip

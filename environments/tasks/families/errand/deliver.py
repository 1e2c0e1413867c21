"""One thing to one place."""

from __future__ import annotations

from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
)
from environments.tasks.families.errand.places import cargo, lit_rooms, put_where, told_as
from environments.tasks.families.reading import LUCK, Reader, luck, temptations
from environments.tasks.families.references import Told, named
from environments.tasks.families.retelling import told_by_person, with_told
from environments.tasks.families.wandering import falls_to_walking, room_of
from environments.tasks.model import Ability, Family, Goal, Located
from world_fixtures.facts import Fact

TEMPTATIONS = 4
DRAWS = 10


class Deliver(Kind):
    """Asks for one thing to be brought to one place."""

    name = "deliver"
    family = Family.ERRAND
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.RESTRAINT})
    difficulty = (
        "from 4 the place is told by a text (the room that somebody keeps), from 7 the thing, too"
        " (what somebody made)"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a thing and a place that are some way apart, with things on the way that tempt."""
        spec, rng, told = context.spec, context.rng, Told(context.spec)
        level, things = context.difficulty, cargo(context)
        rooms = [(named(r, spec), r) for r in lit_rooms(spec)]
        if level >= 4:
            rooms = told_as(context, told, lit_rooms(spec))
        if not things or not rooms:
            return None
        for _ in range(DRAWS):
            thing, (place, room) = rng.choice(things), rng.choice(rooms)
            made = told_by_person(context, told, thing.id, "maker") if level >= 7 else None
            if thing.location == room or (level >= 7 and made is None):
                continue
            what, additions = made or (named(thing.id, spec), [])
            question = {"thing": list(what), "place": list(place), "told": additions}
            draft = self.plan(context, question)
            legs = [[room_of(spec, thing.id), room]]
            if (
                luck(draft) <= LUCK
                and temptations(draft) >= TEMPTATIONS
                and not falls_to_walking(
                    self, context, question, [legs], plan=draft.commands, acts=1
                )
            ):
                return question
        return None

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read what tells the thing and the place, and carry the one to the other."""
        spec = with_told(context.spec, question["told"])
        told = Told(spec)
        phrases: list[str] = []
        facts: list[Fact] = []
        ends: list[str] = []
        for start, links, phrase in (question["thing"], question["place"]):
            meant = told.follow(start, links)
            phrases.append(phrase)
            facts += meant.facts
            ends.append(meant.entity)
        thing, place = ends
        script = Script(context.actor(spec), context)
        hint = " Who and what is meant is written in this world." if facts else ""
        script.begin(f"Put {phrases[0]} {put_where(place, phrases[1], spec)}.{hint} {NO_ANSWER}")
        Reader(context, script.actor, told).learn(facts)
        script.actor.put(thing, place)
        script.actor.tidy()
        located = Located(entity=thing, place=place)
        goal = Goal(name=f"the {context.name(thing)} is in its place", condition=located)
        script.end(goals=[goal], answer={})
        return script.draft()

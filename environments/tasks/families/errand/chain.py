"""Several things to their places, with few hands and one thing inside another."""

from __future__ import annotations

from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
)
from environments.tasks.families.errand.places import cargo, lit_rooms, put_in
from environments.tasks.families.reading import LUCK, luck
from environments.tasks.families.wandering import falls_to_walking, room_of
from environments.tasks.model import Ability, Family, Goal, Holds, Located
from environments.tasks.planner import Unsolvable
from world_fixtures.generator.relations import shown
from world_fixtures.spec import Thing, WorldSpec

PACKED = 4
"""Difficulty from which one thing goes into a container that has to be brought somewhere."""
HANDS = 2
DRAWS = 8


class Chain(Kind):
    """Asks for several things to be brought to their places."""

    name = "chain"
    family = Family.ERRAND
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.RESTRAINT})
    difficulty = (
        "3 things, 4 from 8, 5 from 10; from 4 only 2 can be carried at once, and one goes into a"
        " container that is to be closed and brought to a place of its own"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw things and places."""
        spec, rng, level = context.spec, context.rng, context.difficulty
        places = [*lit_rooms(spec), *(t.id for t in spec.things if t.surface)]
        things, number = cargo(context), 3 + level // 8 + (level > 9)
        boxes = [
            t for t in spec.things
            if t.container and t.portable and not t.heavy and not t.locked
        ]  # fmt: skip
        packs = level >= PACKED
        if len(things) < number or (packs and not boxes):
            return None
        for _ in range(DRAWS):
            moved: list[list[str]] = []
            chosen = rng.sample(things, number)
            if packs:
                box = rng.choice(boxes)
                if any(t.location == box.id for t in chosen):
                    continue
                moved.append([chosen.pop().id, box.id])
                moved.append([box.id, _other(context, places, box)])
            moved += [[thing.id, _other(context, places, thing)] for thing in chosen]
            question = {"moved": moved, "hands": HANDS if packs else None}
            draft = self.plan(context, question)
            if luck(draft) > LUCK:
                continue
            legs = [[room_of(spec, thing), room_of(spec, place)] for thing, place in moved]
            if packs or not falls_to_walking(
                self, context, question, [legs], plan=draft.commands, acts=1
            ):
                return question
        return None

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Bring one after the other, in the order of the prompt."""
        spec, moved = _with_hands(context.spec, question["hands"]), question["moved"]
        script = Script(context.actor(spec), context)
        brought = {thing for thing, _ in moved}
        packed = [place for _, place in moved if place in brought]
        goals, told = [], []
        for thing, place in moved:
            told.append(f"{shown(thing, spec)} {put_in(place, spec)}")
            located = Located(entity=thing, place=place)
            goals.append(Goal(name=f"the {context.name(thing)} is in its place", condition=located))
        closing = ""
        for box in packed:
            closing = f" Close {shown(box, spec)} when it is packed."
            closed = Holds(entity=box, field="open", value=False)
            goals.append(Goal(name=f"the {context.name(box)} is closed", condition=closed))
        hands = f" You can carry {question['hands']} things at once." if question["hands"] else ""
        script.begin(f"Put {listed(told)}.{closing}{hands} {NO_ANSWER}")
        actor = script.actor
        for thing, place in moved:
            actor.put(thing, place)
            if place in packed:
                actor.close(place)
        actor.tidy()
        if any(actor.sim.get(thing, "location") != place for thing, place in moved) or any(
            actor.sim.get(box, "open") for box in packed
        ):
            raise Unsolvable("one was needed again for another")
        script.end(goals=goals, answer={})
        return script.draft()


def _other(context: BuildContext, places: list[str], thing: Thing) -> str:
    return context.rng.choice([p for p in places if p != thing.location])


def _with_hands(spec: WorldSpec, hands: int | None) -> WorldSpec:
    """Return the world in which the agent can carry so many things at once."""
    agent = spec.agent.model_copy(update={"capacity": hands})
    return spec.model_copy(update={"characters": (agent, *spec.characters[1:])})

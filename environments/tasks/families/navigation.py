"""Navigation: get to places that are named, described, directed to, or locked away."""

from __future__ import annotations

from typing import Final

from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
)
from environments.tasks.families.descriptions import Rooms, described
from environments.tasks.families.directions import ByDirections
from environments.tasks.families.locks import Locked
from environments.tasks.families.places import LYING, free_rooms, lying
from environments.tasks.families.wandering import falls_to_walking
from environments.tasks.model import (
    Ability,
    Answered,
    Evidence,
    Family,
    Goal,
    Located,
    Together,
    Visited,
)

NUMBERS: Final = ("first", "second", "third", "fourth")
DRAWS: Final = 5
"""Questions drawn for one that random moves seldom answer."""


class ByName(Kind):
    """Go to several named rooms in their order, and tell what lies in one of them."""

    name = "by_name"
    family = Family.NAVIGATION
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.RESTRAINT})
    difficulty = "Rooms to go to: three up to 2, four up to 7, five from 8, in a world that grows."

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the rooms and the one whose things are asked for, which is not the last."""
        rng, level = context.rng, context.difficulty
        costs = free_rooms(context)
        rooms = [r for r in costs if r != context.spec.agent.location]
        count = 3 + (level >= 3) + (level >= 8)
        if len(rooms) < count:
            return None
        drawn = [rng.sample(rooms, count) for _ in range(4 + 4 * level)]
        options = [
            {"rooms": way, "asked": room}
            for way in drawn
            for room in way[:-1]
            if lying(context.spec, room)
        ]
        for _ in range(DRAWS if options else 0):
            question = context.pick(options, lambda q: sum(costs[r] for r in q["rooms"]))
            if not falls_to_walking(self, context, question, [[question["rooms"]]]):
                return question
        return None

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Go from room to room."""
        spec, rooms, asked = context.spec, question["rooms"], question["asked"]
        names = [f"the {context.name(r)}" for r in rooms]
        script = Script(context.actor(), context)
        script.begin(
            f"Go to these rooms in this order: {listed(names)}. You may pass through other rooms"
            f" on the way. Stay in {names[-1]}, and submit an answer with one field, things:"
            f" a list of {LYING}, in the {context.name(asked)}."
        )
        for room in rooms:
            script.actor.go_to(room)
        things = tuple(t.name for t in lying(spec, asked))
        goal = Goal(
            name=f"goes to {listed(names)} and tells what is in the {context.name(asked)}",
            condition=Together(
                conditions=(
                    Visited(rooms=tuple(rooms)),
                    Located(entity=spec.agent.id, place=rooms[-1]),
                    Answered(field="things", match="set", expected=things),
                )
            ),
        )
        script.end(
            goals=[goal],
            evidence=[Evidence(field="things", entity=asked, fact="contents")],
            answer={"things": list(things)},
            free=[d.id for d in spec.doors],
        )
        return script.draft(shortest_path=script.actor.moves)


class ByDescription(Kind):
    """Find the rooms that clauses tell of, each by what is in it and which ways lead out."""

    name = "by_description"
    family = Family.NAVIGATION
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.RESTRAINT})
    for_beginners = True
    difficulty = (
        "Rooms to find: two up to 3, three up to 7, four from 8; from 4 no single clause is enough"
        " to know a room by, and what it has not counts as well."
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the rooms, the last of which is to be stayed in, and the clauses."""
        rng, level = context.rng, context.difficulty
        costs = free_rooms(context)
        rooms = [r for r in costs if r != context.spec.agent.location]
        world = Rooms(context.spec)
        rng.shuffle(rooms)
        found = [
            {"room": room, "clauses": clauses}
            for room in rooms[:DESCRIBED]
            if (clauses := described(world, room, rng, joint=level >= 4))
        ]
        count = 2 + (level >= 4) + (level >= 8)
        if len(found) < count:
            return None
        drawn = [rng.sample(found, count) for _ in range(10)]
        return {"rooms": context.pick(drawn, lambda d: sum(costs[str(f["room"])] for f in d))}

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Go to each room and name them all."""
        spec, rooms = context.spec, [f["room"] for f in question["rooms"]]
        fields = NUMBERS[: len(rooms)]
        texts = [
            f"The {field} is the only room of which all this is true: {listed(f['clauses'])}."
            for field, f in zip(fields, question["rooms"], strict=True)
        ]
        asked = [f"{field} (the name of the {field} room)" for field in fields]
        script = Script(context.actor(), context)
        script.begin(
            f"Find {COUNTS[len(rooms)]} rooms. {' '.join(texts)} What lies in containers does not"
            f" count. Stay in the {fields[-1]} room, and submit an answer with"
            f" {COUNTS[len(rooms)]} fields: {listed(asked)}."
        )
        script.actor.visit_all(rooms[:-1])
        script.actor.go_to(rooms[-1])
        answer = {field: context.name(r) for field, r in zip(fields, rooms, strict=True)}
        goal = Goal(
            name=f"finds {listed([f'the {name}' for name in answer.values()])}",
            condition=Together(
                conditions=(
                    Located(entity=spec.agent.id, place=rooms[-1]),
                    *(Answered(field=f, expected=(name,)) for f, name in answer.items()),
                )
            ),
        )
        script.end(
            goals=[goal],
            evidence=[
                Evidence(field=field, entity=r, fact="desc")
                for field, r in zip(fields, rooms, strict=True)
            ],
            answer=answer,
            free=[d.id for d in spec.doors],
        )
        return script.draft()


DESCRIBED: Final = 40
"""Rooms for which clauses are looked for at most."""
COUNTS: Final = ("no", "one", "two", "three", "four")

KINDS: tuple[Kind, ...] = (ByName(), ByDescription(), ByDirections(), Locked())

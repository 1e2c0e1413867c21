"""Orientation: say what is where, come back to where one was, tell how places are connected."""

from __future__ import annotations

from typing import Final

from environments.tasks.families.common import (
    FRESH,
    LEAVE,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
    starting_in,
    with_things,
)
from environments.tasks.families.mapping import Map
from environments.tasks.families.places import (
    LYING,
    directions_of,
    free_rooms,
    lying,
    shows_all_ways,
)
from environments.tasks.families.told_rooms import rooms_told, told_as
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
from world_fixtures.facts import Arranged
from world_fixtures.spec import Thing, WorldSpec

SORTS: Final = {
    "": "",
    "container": " that can be opened and closed",
    "writing": " that have writing on them",
}
"""Sort of thing asked for -> the words that say so."""


DRAWS: Final = 5
"""Questions drawn for one that random moves seldom answer."""


class Describe(Kind):
    """Go to one room for the things in it, to another for its exits, and back to the start."""

    name = "describe"
    family = Family.ORIENTATION
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.RESTRAINT})
    difficulty = (
        "Two named rooms, one for its things and one for its exits; from 4 only things of a"
        " sort are asked for, which may have to be found out by examining; from 7 the second room"
        " is told by what a text says of it."
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the two rooms, the sort of things, and from 7 the text that tells the second."""
        spec, rng, level = context.spec, context.rng, context.difficulty
        start = spec.agent.location
        costs = free_rooms(context)
        rooms = [r for r in costs if r != start and shows_all_ways(spec, r)]
        options = [
            (room, sort)
            for room in rooms
            for sort in ([s for s in SORTS if s] if level >= 4 else [""])
            if _wanted(spec, room, sort) and (not sort or len(lying(spec, room)) > 1)
        ]
        if not options:
            return None
        told = [t for t in rooms_told(spec, costs) if t.room in rooms] if level >= 7 else []
        for _ in range(DRAWS):
            room, sort = context.pick(options, lambda o: costs[o[0]])
            others = [t for t in told if t.room != room]
            if others:
                other = rng.choice(others)
                second, phrase = other.room, other.phrase
            else:
                second, phrase = rng.choice(rooms), ""
            if second == room:
                continue
            question = {"room": room, "sort": sort, "exits": second, "phrase": phrase}
            if not falls_to_walking(self, context, question, [[[room, second, start]]]):
                return question
        return None

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Go to each room and back, examine the things where their sort does not show, answer."""
        spec, start = context.spec, context.spec.agent.location
        room, sort = question["room"], question["sort"]
        told = told_as(spec, question["phrase"]) if question["phrase"] else None
        second = told.room if told else question["exits"]
        things = _wanted(spec, room, sort)
        script = Script(context.actor(), context)
        actor = script.actor
        there = f"the {context.name(room)}"
        where = told.phrase if told else f"the {context.name(second)}"
        script.begin(
            f"Find out what is in {there}; after that go to {where} and find out which ways lead"
            " out of it; then come back to where you started, and stay there. Submit an answer"
            " with two fields: things"
            f" (a list of {LYING}, in {there}{f', but only of those{SORTS[sort]}' if sort else ''})"
            f" and exits (a list of the directions that lead out of {where})."
        )
        evidence = [
            Evidence(field="things", entity=room, fact="contents"),
            Evidence(field="exits", entity=second, fact="exits"),
        ]
        actor.go_to(room)
        if sort == "writing":
            for thing in lying(spec, room):
                actor.examine(thing.id)
        if told:
            actor.read(told.source)
            entity, fact, value = told.fact
            evidence.append(Evidence(field="exits", entity=entity, fact=fact, value=value))
        actor.go_to(second)
        actor.go_to(start)
        exits = directions_of(spec, second)
        names = [t.name for t in things]
        script.end(
            goals=[
                Goal(
                    name="lists things and exits",
                    condition=Together(
                        conditions=(
                            Visited(rooms=(room, second, start)),
                            Located(entity=spec.agent.id, place=start),
                            Answered(field="things", match="set", expected=tuple(names)),
                            Answered(field="exits", match="set", expected=tuple(exits)),
                        )
                    ),
                )
            ],
            evidence=evidence,
            answer={"things": names, "exits": exits},
            free=_doors(spec),
        )
        return script.draft(shortest_path=actor.moves)


def _doors(spec: WorldSpec) -> list[str]:
    """Return the ids of all doors: whoever looks for a place has to open them."""
    return [d.id for d in spec.doors]


def _wanted(spec: WorldSpec, room: str, sort: str) -> list[Thing]:
    """Return the things of a sort that lie in a room."""
    return [t for t in lying(spec, room) if _is(t, sort)]


def _is(thing: Thing, sort: str) -> bool:
    if sort == "container":
        return thing.container
    if sort == "writing":
        return thing.text is not None or bool(thing.inscriptions)
    return True


NOTEBOOK: Final = "q_notebook"
NUMBERS: Final = ("first", "second", "third", "fourth", "fifth")
COUNTS: Final = ("no", "one", "two", "three", "four", "five")


class Return(Kind):
    """Wake in one place after the other, then visit them all in an order told at the end."""

    name = "return"
    family = Family.ORIENTATION
    abilities = frozenset({Ability.MEMORY, Ability.MAP, Ability.RESTRAINT})
    stages = (3, 5)
    difficulty = (
        "Places to come back to: two up to 2, three up to 6, four from 7; the world that they are"
        " found again in grows."
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the places, the one to wake in last, and the order to visit them in."""
        return self._draw(context, 2 + (context.difficulty >= 3) + (context.difficulty >= 7))

    def _draw(self, context: BuildContext, count: int) -> Question | None:
        rng = context.rng
        free = [r for r in free_rooms(context) if len(context.name(r)) <= WIDTH]
        if len(free) <= count:
            return None
        *places, wake = rng.sample(free, count + 1)
        order = list(range(count))
        while count > 2 and order == sorted(order):
            rng.shuffle(order)
        if count == 2 and rng.random() < 0.5:
            order.reverse()
        return {"places": places, "wake": wake, "order": order}

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other places, to be visited in the same order from the same room."""
        free = [r for r in free_rooms(context) if r != question["wake"]]
        return {**question, "places": context.rng.sample(free, len(question["places"]))}

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Write each room's name in the notebook; in the last stage read it and go."""
        places, wake = question["places"], question["wake"]
        spec = with_things(
            starting_in(context.spec, places[0]), _notebook(context.spec, len(places))
        )
        script = Script(context.actor(spec), context)
        actor, agent = script.actor, spec.agent.id
        for n, place in enumerate(places):
            script.begin(
                _waking(n, len(places)),
                before=[Arranged(agent, "location", place)] if n else (),
            )
            actor.write(context.name(place).lower(), NOTEBOOK)
            script.end(
                goals=(),
                evidence=[Evidence(field=NUMBERS[n], entity=place, fact="exits")],
                free=[NOTEBOOK],
            )
        way = [places[n] for n in question["order"]]
        script.begin(_coming_back(question["order"]), before=[Arranged(agent, "location", wake)])
        before = actor.moves
        actor.read(NOTEBOOK)
        for room in way:
            actor.go_to(room)
        answer = {NUMBERS[n]: context.name(place) for n, place in enumerate(places)}
        goal = Goal(
            name="comes back to the places in their order",
            condition=Together(
                conditions=(
                    Visited(rooms=tuple(way)),
                    Located(entity=agent, place=way[-1]),
                    *(Answered(field=f, expected=(name,)) for f, name in answer.items()),
                )
            ),
        )
        script.end(goals=[goal], answer=answer, free=[NOTEBOOK, *_doors(spec)])
        return script.draft(shortest_path=actor.moves - before)


WIDTH: Final = 40
"""Characters in one line of the notebook: the name of a room fits."""


def _notebook(spec: WorldSpec, lines: int) -> Thing:
    return Thing(
        id=NOTEBOOK,
        name="notebook",
        desc="A thin notebook with a pencil on a string. It has few lines.",
        location=spec.agent.id,
        writable=True,
        lines=lines,
        width=WIDTH,
    )


def _waking(stage: int, count: int) -> str:
    """Return the prompt of a stage in which the agent wakes in a place to come back to."""
    if stage == 0:
        return (
            "Take note of where you are: you carry a notebook, which has one line for each place."
            f" This is the first of {count} places that you will wake up in, and that you will be"
            f" asked to find again. {FRESH} {LEAVE}"
        )
    return (
        f"You woke up in another place, the {NUMBERS[stage]} of {count}. Take note of where you"
        f" are, as before. {FRESH} {LEAVE}"
    )


def _coming_back(order: list[int]) -> str:
    """Return the prompt of the last stage."""
    names = [NUMBERS[n] for n in order]
    way = listed([f"the {name}" for name in names])
    fields = NUMBERS[: len(order)]
    asked = [f"{field} (the name of the {field} place)" for field in fields]
    return (
        "You were carried off once more. In each of the earlier conversations you woke up in"
        f" another place. Go to these places in this order: {way}, as they are counted by"
        f" the conversations; then stay in the last one you come to, and submit an answer with"
        f" {COUNTS[len(order)]} fields: {listed(asked)}."
    )


KINDS: tuple[Kind, ...] = (Describe(), Return(), Map())

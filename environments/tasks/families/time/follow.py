"""Follow: go along with somebody on the way that is walked once a day, and hear what is said."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from environments.tasks.actor import Actor, Unsolvable
from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    with_things,
)
from environments.tasks.families.people import dumped, dwellers, loaded
from environments.tasks.families.persistence.notes import code
from environments.tasks.families.time.dwellers import (
    CLOCK_TOLD,
    busy,
    clear_rooms,
    doors,
    without_waiting,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal, Together
from world_fixtures.facts import Fact
from world_fixtures.generator.inhabitants import DAY, Inhabitant, invent_people, with_people
from world_fixtures.living import Duty, Give, Round, Stay
from world_fixtures.rules import SpecIndex
from world_fixtures.spec import Exit, Thing

ROTA = "q_rota"
ROTA_FROM = 4
"""Difficulty from which the rota in one of the rooms says where and when somebody sets out."""
AHEAD = 12
"""Ticks before setting out at which a walker goes to the first room."""
SPEAKS = 4
"""Ticks in which the number is said, over and over, at the end."""
LONGEST = 30
"""Ticks of a walk, at most."""
FEWEST = 3
"""Moves of a walk, at least."""
DAYS = 4
"""Days on which a walk is tried, at most."""
TRIES = 12


class Walk(NamedTuple):
    """What somebody does once a day."""

    walker: str
    home: str
    sets_out: int
    ends: int
    stops: tuple[str, ...]
    number: str


class Follow(Kind):
    """Follow somebody on a walk, and report the way and what is said at its end."""

    name = "follow"
    family = Family.TIME
    abilities = frozenset({Ability.PROMPT, Ability.TIME, Ability.PEOPLE})
    difficulty: ClassVar[str] = (
        "3 to 6 people who each have a walk of their own, with 2 to 4 rooms to call at; from 4 on"
        " where and when it begins is on a rota in one of the rooms"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the people with their walks, and who is to be followed."""
        rng, level, spec = context.rng, context.difficulty, context.spec
        if spec.living:
            people, begins = dwellers(spec), spec.living.begins
            rota = next((t.location for t in spec.things if t.id == ROTA), None)
        else:
            rooms = clear_rooms(context, 5)
            index = SpecIndex(spec)
            found = invent_people(spec, rng, 3 + level // 3, rooms, context.split)
            people = [self._walking(context, index, p, rooms) for p in found]
            begins = rng.randrange(DAY)
            rota = rng.choice(rooms) if level >= ROTA_FROM else None
        walks = [walk_of(p) for p in people]
        meant = rng.choice([w for w in walks if w.home != spec.agent.location] or walks)
        question = {
            "people": dumped(people),
            "begins": begins,
            "rota": rota,
            "asked": meant.walker,
        }
        draft = self.plan(context, question)
        early, _ = without_waiting(draft)
        wanted = {Fact(meant.walker, "left", room) for room in meant.stops}
        return None if wanted <= early or meant.home == spec.agent.location else question

    def _walking(
        self, context: BuildContext, index: SpecIndex, walker: Inhabitant, rooms: list[str]
    ) -> Inhabitant:
        """Give somebody a walk that ends with a number."""
        rng, level = context.rng, context.difficulty
        stops = 2 + (level >= 5 and rng.random() < 0.7) + (level >= 8 and len(rooms) > 5)
        for _ in range(TRIES):
            home, *calls = rng.sample(rooms, 1 + stops)
            legs = _legs(index, home, calls)
            stay = 1 + max(sum(1 + (e.door is not None) for e in leg) for leg in legs)
            if sum(map(len, legs)) >= FEWEST and stay * stops <= LONGEST:
                break
        else:
            raise Unsolvable("the rooms are too near to each other, or too far apart")
        ticks = stay * stops
        sets_out = rng.randint(AHEAD, DAY - ticks - SPEAKS)
        there = sets_out + ticks
        duties = busy(
            walker,
            Duty(begins=sets_out - AHEAD, ends=sets_out, work=Stay(room=home)),
            Duty(begins=sets_out, ends=there, work=Round(rooms=tuple(calls), stay=stay)),
            Duty(
                begins=there, ends=there + SPEAKS,
                work=Give(room=calls[-1], command=f"say {code(context)}"),
            ),
        )  # fmt: skip
        person = walker.person.model_copy(update={"duties": duties, "pace": 1})
        return walker.model_copy(update={"person": person})

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Be there in time, go along and listen."""
        people = loaded(question)
        spec = with_people(context.spec, people, begins=question["begins"])
        names = {p.person.id: p.character.name for p in people}
        walks = {w.walker: w for w in map(walk_of, people)}
        walk = walks[question["asked"]]
        name = names[walk.walker]
        if question["rota"] is not None:
            lines = [
                f"{names[w.walker]}: from the {context.name(w.home)}, at {w.sets_out} of the day."
                for w in walks.values()
            ]
            rota = Thing(
                id=ROTA, name="wall rota", desc="A board that says who sets out, and when.",
                location=question["rota"], portable=False, text="\n".join(lines),
            )  # fmt: skip
            spec = with_things(spec, rota)
        script = Script(context.actor(spec), context)
        actor = script.actor
        told = (
            f"{name} sets out from the {context.name(walk.home)} at {walk.sets_out} of the day."
            if question["rota"] is None
            else "Where and when each of them sets out is on a rota in one of the rooms."
        )
        script.begin(
            f"Once a day {name} walks to a place and says a number there, and nobody else knows"
            f" which way or what. {told} Go along (`follow NAME` keeps close for a tick) and find"
            f" out. {CLOCK_TOLD} Submit an answer with two fields, number: what {name} says at the"
            " end of that walk; way: the list of the directions of the walk, in their order."
        )
        actor.keep(*doors(spec))
        if question["rota"] is not None:
            actor.read(ROTA)
        legs = _legs(actor.sim.index, walk.home, list(walk.stops))
        _go_along(actor, walk, [e.target for leg in legs for e in leg])
        actor.tidy()
        way = [str(e.direction) for leg in legs for e in leg]
        seen = tuple(dict.fromkeys(e.target for leg in legs for e in leg))
        parts = (
            Answered(field="number", match="number", expected=(walk.number,)),
            Answered(field="way", match="route", expected=tuple(way)),
        )
        goals = [
            Goal(name="the number and the way are right", condition=Together(conditions=parts))
        ]
        evidence = [
            Evidence(field="way", entity=walk.walker, fact="left", value=room) for room in seen
        ]
        evidence += [
            evidence[-1].model_copy(update={"field": "number"}),
            Evidence(field="number", entity=walk.walker, fact="said", value=walk.number),
        ]
        answer = {"number": walk.number, "way": way}
        script.end(goals=goals, evidence=evidence, answer=answer, free=doors(spec))
        return script.draft()


def _go_along(actor: Actor, walk: Walk, way: list[str]) -> None:
    """Follow somebody from the beginning of a walk until the number is said.

    A walk on which others held the walker up, so that it did not lead through the rooms of `way`,
    is no use: another day's is.
    """
    for _ in range(DAYS):
        actor.go_to(walk.home)
        actor.wait_for_hour(walk.sets_out - 2, walk.sets_out)
        rooms: list[str] = []
        while actor.is_here(walk.walker) and (actor.tick - walk.sets_out + 2) % actor.day < (
            walk.ends - walk.sets_out + 2
        ):
            before = actor.room
            said = f'"{walk.number}"' in actor.do(f"follow {actor.name(walk.walker)}")
            rooms += [actor.room] if actor.room != before else []
            if said and rooms == way:
                return
        actor.wait(1)
    raise Unsolvable(f"{walk.walker} could not be followed")


def walk_of(person: Inhabitant) -> Walk:
    """Return the walk that somebody's duties have."""
    stay, tour, last = person.person.duties[:3]
    assert isinstance(stay.work, Stay)
    assert isinstance(tour.work, Round)
    assert isinstance(last.work, Give)
    number = last.work.command.removeprefix("say ")
    return Walk(
        person.person.id, stay.work.room, tour.begins, last.ends or DAY, tour.work.rooms, number
    )


def _legs(index: SpecIndex, home: str, stops: list[str]) -> list[list[Exit]]:
    """Return the exits from room to room."""
    legs = []
    here = home
    for stop in stops:
        leg: list[Exit] = []
        ways = index.toward(stop)
        while here != stop:
            leg.append(ways[here])
            here = ways[here].target
        legs.append(leg)
    return legs

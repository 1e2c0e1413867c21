"""Process: start what takes its time, be back when it is done, and be done before it spoils."""

from __future__ import annotations

from typing import ClassVar

from environments.tasks.actor import Actor, Unsolvable
from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
    with_things,
)
from environments.tasks.families.people import dumped, dwellers, loaded
from environments.tasks.families.time.dwellers import (
    CLOCK_TOLD,
    FEWEST_MOVES,
    clear_rooms,
    doors,
    in_full,
    moves,
    without_waiting,
)
from environments.tasks.families.time.goods import OWN, added, id_of, new_words
from environments.tasks.model import Ability, Family, Goal, Located
from world_fixtures.generator.inhabitants import DAY, invent_people, with_people
from world_fixtures.generator.lexicon.crafts import MACHINES, STUFFS, WARES
from world_fixtures.living import Knowledge, Process, Turning
from world_fixtures.spec import Thing

SHEET = "q_recipe_sheet"
TOLD_FROM = 4
"""Difficulty from which somebody has to be asked in the place of a sheet."""
TWO_FROM = 7
"""Difficulty from which two products are wanted at once."""
DECOYS = 3
"""Things that no machine needs."""
KEEPS = 26
"""Ticks for which a product keeps at difficulty 1; one less for each further one."""


class Processing(Kind):
    """Start a machine with what it needs, and bring what it makes to its place in time."""

    name = "process"
    family = Family.TIME
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.TIME})
    difficulty: ClassVar[str] = (
        "2 or 3 machines that need 2 or 3 things; from 4 on somebody who walks about has to be"
        " asked for the recipe, in the place of a sheet; from 7 on two products are wanted at once;"
        " what is made keeps for fewer ticks"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the machines with their recipes, and what is to be made."""
        rng, level, spec = context.rng, context.difficulty, context.spec
        rooms = clear_rooms(context, 5)
        made: Question = {}
        if spec.living:
            living = spec.living
            made = {
                "people": dumped(dwellers(spec)),
                "things": [t.model_dump(mode="json") for t in spec.things if t.id[:2] == OWN],
                "processes": [p.model_dump(mode="json") for p in living.processes],
                "turning": [t.model_dump(mode="json") for t in living.turning],
                "begins": living.begins,
            }
        else:
            made = self._invented(context, rooms)
        processes = [Process.model_validate(p) for p in made["processes"]]
        homes = {t["id"]: t["location"] for t in made["things"]}
        asked = rng.sample(processes, 1 + (level >= TWO_FROM))
        ends = [
            rng.choice([r for r in rooms if r not in (homes[p.machine], spec.agent.location)])
            for p in asked
        ]
        question = {**made, "asked": [[p.makes, e] for p, e in zip(asked, ends, strict=True)]}
        draft = self.plan(context, question)
        _, state = without_waiting(draft)
        early = any(state.location(ware) == end for ware, end in question["asked"])
        return None if early or moves(draft) < FEWEST_MOVES else question

    def _invented(self, context: BuildContext, rooms: list[str]) -> Question:
        """Draw machines, what they need and make, and who knows it."""
        rng, level, split = context.rng, context.difficulty, context.split
        count, parts = 2 + (level >= 5), 2 + (level >= 8)
        machines = rng.sample(new_words(context, MACHINES), count)
        wares = rng.sample(new_words(context, WARES), count)
        stuffs = rng.sample(new_words(context, STUFFS), count * parts + DECOYS)
        places = rng.sample(rooms, count)
        things = [
            added(m, "A machine that is started and left to its work.", place, fixed=True)
            for m, place in zip(machines, places, strict=True)
        ]
        things += [added(s, f"Some {s} in a bag.", rng.choice(rooms)) for s in stuffs]
        for ware in wares:
            things.append(added(ware, f"A jar of fresh {ware}.", None))
            things.append(added(f"spoiled {ware}", f"A jar of {ware} that has gone bad.", None))
        processes = [
            Process(
                machine=id_of(m), makes=id_of(w), ticks=rng.randint(12, 20),
                needs=tuple(map(id_of, stuffs[n * parts : n * parts + parts])),
            )
            for n, (m, w) in enumerate(zip(machines, wares, strict=True))
        ]  # fmt: skip
        keeps = KEEPS - level + (20 if level >= TWO_FROM else 0)
        turning = [Turning(thing=id_of(w), into=id_of(f"spoiled {w}"), after=keeps) for w in wares]
        told = [_recipe(p, {t.id: t.name for t in things}) for p in processes]
        people = invent_people(context.spec, rng, 1 + level // 3, rooms, split)
        if level >= TOLD_FROM:
            knows = tuple(
                Knowledge(topic=w, says=text) for w, text in zip(wares, told, strict=True)
            )
            people[0] = people[0].model_copy(
                update={"person": people[0].person.model_copy(update={"knows": knows})}
            )
        else:
            sheet = Thing(
                id=SHEET, name="recipe sheet", desc="A sheet in a frame, with recipes.",
                location=rng.choice(rooms), portable=False, text="\n".join(told),
            )  # fmt: skip
            things.append(sheet)
        return {
            "people": dumped(people),
            "things": [t.model_dump(mode="json") for t in things],
            "processes": [p.model_dump(mode="json") for p in processes],
            "turning": [t.model_dump(mode="json") for t in turning],
            "begins": rng.randrange(DAY),
        }

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Learn the recipes, bring what they need, start, come back and carry away."""
        things = [Thing.model_validate(t) for t in question["things"]]
        people = loaded(question)
        processes = [Process.model_validate(p) for p in question["processes"]]
        turning = [Turning.model_validate(t) for t in question["turning"]]
        spec = with_people(
            with_things(context.spec, *things), people, begins=question["begins"],
            processes=processes, turning=turning,
        )  # fmt: skip
        names = {t.id: t.name for t in spec.things}
        ends = dict(question["asked"])
        asked = [p for p in processes if p.makes in ends]
        knower = None if SHEET in names else people[0]
        keeps = turning[0].after
        script = Script(context.actor(spec), context)
        actor = script.actor
        wanted = [f"the {names[w]} in the {context.name(r)}" for w, r in question["asked"]]
        told = (
            f"{knower.character.name}, who goes about here, knows the recipes: ask about what is"
            " to be made"
            if knower
            else "The recipes are on a sheet in one of the rooms"
        )
        script.begin(
            f"Have machines make what is wanted here, and put {listed(wanted)}, on the floor there,"
            f" before it spoils: it keeps for {keeps} ticks. {told}. A machine needs what its"
            f" recipe says in reach, is started by `start MACHINE`, and takes its time. What the"
            f" recipe does not need stays where it is. {CLOCK_TOLD} {NO_ANSWER}"
        )
        actor.keep(*doors(spec))
        if knower:
            for process in asked:
                actor.ask(knower.person.id, names[process.makes])
        else:
            actor.read(SHEET)
        _make(actor, asked, ends)
        actor.tidy()
        goals = [
            Goal(
                name=f"the {names[ware]} is fresh in its place",
                condition=Located(entity=ware, place=room),
            )
            for ware, room in question["asked"]
        ]
        script.end(goals=in_full(goals, "all is in its place"), answer={}, free=doors(spec))
        return script.draft()


def _make(actor: Actor, asked: list[Process], ends: dict[str, str]) -> None:
    """Bring all parts first, then start the slowest machine first and clear the quickest first."""
    for process in asked:
        for part in process.needs:
            actor.put(part, process.machine)
    for room in ends.values():
        if room not in actor.costs():
            actor.go_to(room)
    done: dict[str, int] = {}
    for process in sorted(asked, key=lambda p: -p.ticks):
        actor.reach(process.machine)
        actor.do(f"start {actor.name(process.machine)}")
        done[process.machine] = actor.tick + process.ticks
    for process in sorted(asked, key=lambda p: done[p.machine]):
        actor.reach(process.machine)
        actor.wait_until(done[process.machine])
        actor.look_in(process.machine)
        actor.put(process.makes, ends[process.makes])
    if any(actor.sim.get(ware, "location") is None for ware in ends):
        raise Unsolvable("what was made first has spoiled")


def _recipe(process: Process, names: dict[str, str]) -> str:
    needs = listed([f"the {names[part]}" for part in process.needs])
    return (
        f"For {names[process.makes]} put {needs} on the {names[process.machine]} and start it;"
        f" it takes {process.ticks} ticks."
    )

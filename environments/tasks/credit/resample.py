"""Other worlds that agree with everything that was observed so far.

What a rollout has not seen may be otherwise. A world is drawn by

    rooms     rooms that nobody was in change places, each with what is in it; ways on which nobody
              went, and that leave known rooms, change their ends
    things    things that were not seen change places
    texts     what unread texts tell is drawn anew (see `world_fixtures.generator.redraw`)
    keys      locks that no text tells the key of, and that were not turned, change keys

and kept only where it is as the task says and looks as the first one did: its kind plans the same
prompts for it, the walkthrough succeeds, and the commands so far give the same texts, facts and
changes in it. So every world returned agrees, whatever the draw. The shape of the map (how many
rooms and ways, and in which direction each leaves) and the names of things are never drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from environments.tasks.actor import Actor, Unsolvable
from environments.tasks.build import kind_named
from environments.tasks.credit.observed import Observed, Played, agrees, observed
from environments.tasks.families.common import BuildContext, TaskDraft
from environments.tasks.families.descriptions import Rooms, rooms_meant
from environments.tasks.model import Stage, Task
from world_fixtures.generator.relations import redrawn
from world_fixtures.reachability import can_be_carried, room_of
from world_fixtures.rules import Simulation
from world_fixtures.spec import OPPOSITE, Door, Exit, Thing, WorldSpec

WORLDS = 20
"""Worlds drawn, where there are so many."""
FEW = 5
"""Fewer distinct worlds than this say little about what else might have been."""
TRIES = 6
"""Draws for each world wanted."""
TOLD_WAYS = ("by_directions", "route")
"""Kinds whose prompts and texts tell a way by its directions: it leads through the same rooms."""
SHARES = (1.0, 0.5, 0.25)
"""Share of what may be exchanged, from draw to draw: the smaller, the likelier to agree."""

Item = TypeVar("Item")


def resample(task: Task, played: Played, rng: random.Random) -> Task | None:
    """Draw a world that agrees with what was observed, as the task that is played in it.

    None where the draw does not agree; the world may be the task's own. The task has other stages
    (goals, walkthrough) where they depend on what was drawn, and the same prompts and budget.
    """
    seen = observed(task.spec, (e for events in played for e in events))
    return _played_in(task, played, _drawn(task, seen, rng, rng.choice(SHARES)), rng)


def resampled(task: Task, played: Played, key: str, count: int = WORLDS) -> tuple[Task, ...]:
    """Draw `count` distinct worlds other than the task's own, fewer where not so many are found.

    None are found where all that matters was seen, and for tasks that no kind has made. `key` seeds
    the draws.
    """
    if not task.question:
        return ()
    seen = observed(task.spec, (e for events in played for e in events))
    tried = {_identity(task.spec)}
    found: list[Task] = []
    for n in range(TRIES * count):
        rng = random.Random(f"{key}/{n}")
        spec = _drawn(task, seen, rng, SHARES[n % len(SHARES)])
        if (drawn := _identity(spec)) in tried:
            continue
        tried.add(drawn)
        other = _played_in(task, played, spec, rng)
        if other is None or (drawn != (made := _identity(other.spec)) and made in tried):
            continue
        tried.add(_identity(other.spec))
        found.append(other)
        if len(found) == count:
            break
    return tuple(found)


def _drawn(task: Task, seen: Observed, rng: random.Random, share: float) -> WorldSpec:
    """Draw a world in which what was seen is as it was."""
    said = " ".join(stage.prompt for stage in task.stages)
    told = (fact for thing in task.spec.things for fact in thing.tells)
    known = seen.facts | {f for f in told if f.field == "kept_in" and f.entity in seen.things}
    spec = redrawn(task.spec, rng, said, known)
    spec = _with_other_ways(spec, seen, rng, share)
    spec = _with_other_places(spec, seen, rng, share)
    return _with_other_keys(spec, seen, rng)


def _played_in(task: Task, played: Played, spec: WorldSpec, rng: random.Random) -> Task | None:
    """Return the task as it is played in a world; None where the world does not agree."""
    if _has_circles(spec) or not agrees(task.model_copy(update={"spec": spec}), played):
        return None
    other = _planned(task, spec, rng)
    return other if other is not None and agrees(other, played) else None


@dataclass(frozen=True)
class _Within(BuildContext):
    """A context whose actor gives up after so many commands: the budget stays what it is."""

    limit: int = 0

    def actor(self, spec: WorldSpec | None = None) -> Actor:
        actor = super().actor(spec)
        actor.limit = self.limit
        return actor


def _planned(task: Task, spec: WorldSpec, rng: random.Random) -> Task | None:
    """Return the task in another world; None where the world is not as its prompts say."""
    kind = kind_named(task.family, task.kind)
    context = _Within(spec, rng, task.difficulty, task.split, limit=task.budget)
    try:
        draft = kind.plan(context, task.question)
    except (Unsolvable, LookupError, StopIteration, ValueError):
        return None  # what the question names is not so here
    if [_said(s) for s in draft.stages] != [_said(s) for s in task.stages]:
        return None
    if _answered(draft.stages[-1]) != _answered(task.stages[-1]):
        return None
    if task.kind in TOLD_WAYS and _way(draft) != _way(task):
        return None
    if task.kind == "by_description" and not _meant(draft.spec, task.question["rooms"]):
        return None
    new = {"spec": draft.spec, "stages": draft.stages, "shortest_path": draft.shortest_path}
    return task.model_copy(update=new)


def _said(stage: Stage) -> tuple[Any, ...]:
    """Return what a stage's prompt says and what counts in it, as far as it is said."""
    goals = [(g.condition.type, g.final, g.weight) for g in stage.goals]
    return stage.prompt, stage.restart, goals


def _answered(stage: Stage) -> dict[str, bool]:
    """Return the fields of the answer, and whether there is anything to say in each."""
    return {field: value not in ([], "", None) for field, value in _submitted(stage).items()}


def _submitted(stage: Stage) -> dict[str, Any]:
    return next((step.answer for step in stage.walkthrough if step.tool == "submit"), {})


def _way(task: Task | TaskDraft) -> list[str]:
    """Return the rooms that the walkthrough enters, in order."""
    simulation = Simulation(task.spec, views=False)
    rooms = []
    for stage in task.stages:
        simulation.arrange(stage.before)
        for step in stage.walkthrough:
            if step.tool == "command":
                changes = simulation.act(step.command).changes
                rooms += [c.after for c in changes if c.entity == task.spec.agent.id]
    return rooms


def _meant(spec: WorldSpec, rooms: Sequence[dict[str, Any]]) -> bool:
    """Tell whether each of the described rooms is still the only one that it describes."""
    world = Rooms(spec)
    return all(rooms_meant(world, r["clauses"]) == {r["room"]} for r in rooms)


def _with_other_ways(
    spec: WorldSpec, seen: Observed, rng: random.Random, share: float
) -> WorldSpec:
    """Exchange the rooms that nobody was in, and where ways lead that nobody went."""
    bound = {r for e in spec.exits if e.hidden for r in (e.source, e.target)}
    free = [r.id for r in spec.rooms if r.id not in seen.rooms | bound]
    new = _exchanged(free, rng, share)
    exits = {e.id: e for e in spec.exits}
    exits = {
        i: e.model_copy(
            update={"source": new.get(e.source, e.source), "target": new.get(e.target, e.target)}
        )
        for i, e in exits.items()
    }
    ends = [
        i for i, e in exits.items()
        if e.source in seen.rooms and e.target not in seen.rooms and not e.hidden
    ]  # fmt: skip
    rng.shuffle(ends)
    for one, two in zip(ends[::2], ends[1::2], strict=False):
        _exchange_ends(exits, one, two)
    return spec.model_copy(update={"exits": tuple(exits.values())})


def _exchange_ends(exits: dict[str, Exit], one: str, two: str) -> None:
    """Let two ways lead to each other's room and back, where nothing stands against it."""
    here, there = exits[one], exits[two]
    back = {e.id: i for i, e in exits.items()}
    first = back.get(f"{here.target}:{OPPOSITE[here.direction]}")
    second = back.get(f"{there.target}:{OPPOSITE[there.direction]}")
    if first is None or second is None or here.target == there.target:
        return
    if exits[first].target != here.source or exits[second].target != there.source:
        return
    if here.direction != there.direction and not {
        f"{here.target}:{OPPOSITE[there.direction]}",
        f"{there.target}:{OPPOSITE[here.direction]}",
    }.isdisjoint(back):
        return
    exits[one] = here.model_copy(update={"target": there.target})
    exits[two] = there.model_copy(update={"target": here.target})
    exits[first] = exits[first].model_copy(update={"source": there.target})
    exits[second] = exits[second].model_copy(update={"source": here.target})


def _with_other_places(
    spec: WorldSpec, seen: Observed, rng: random.Random, share: float
) -> WorldSpec:
    """Exchange the places of the things that nobody saw and that can be carried."""
    bound = {f.entity for t in spec.things for f in t.tells if f.field == "kept_in"}
    held = {c.id for c in spec.characters}
    free = [
        t.id for t in spec.things
        if can_be_carried(t) and t.location is not None and t.location not in held
        and not t.reveals and t.id not in seen.things | bound
    ]  # fmt: skip
    new = _exchanged(free, rng, share)
    places = {t.id: t.location for t in spec.things}
    things = (t.model_copy(update={"location": places[new.get(t.id, t.id)]}) for t in spec.things)
    return spec.model_copy(update={"things": tuple(things)})


def _with_other_keys(spec: WorldSpec, seen: Observed, rng: random.Random) -> WorldSpec:
    """Exchange the keys of the locks of which no text tells the key."""
    told = {f.value for t in spec.things for f in t.tells if f.field == "fits"}
    both: tuple[Door | Thing, ...] = (*spec.doors, *spec.things)
    keys = {e.id: e.key for e in both if e.key and e.id not in told | seen.locks}
    new = _exchanged(list(keys), rng, 1.0)

    def changed(items: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(
            i.model_copy(update={"key": keys[new[i.id]]}) if i.id in new else i for i in items
        )

    return spec.model_copy(update={"doors": changed(spec.doors), "things": changed(spec.things)})


def _exchanged(items: Sequence[Item], rng: random.Random, share: float) -> dict[Item, Item]:
    """Exchange a share of the items among each other, every order as likely."""
    chosen = rng.sample(items, round(share * len(items)))
    return dict(zip(chosen, rng.sample(chosen, len(chosen)), strict=True))


def _has_circles(spec: WorldSpec) -> bool:
    """Tell whether things lie within each other."""
    things = {t.id: t for t in spec.things}
    held = {c.id for c in spec.characters}
    return any(
        t.location in things and t.location not in held and room_of(t, things) is None
        for t in spec.things
    )


def _identity(spec: WorldSpec) -> Any:
    """Return what differs between two worlds that were drawn from one."""
    return (
        tuple((e.source, e.direction, e.target) for e in spec.exits),
        tuple((t.location, t.key, t.tells) for t in spec.things),
        tuple(d.key for d in spec.doors),
    )

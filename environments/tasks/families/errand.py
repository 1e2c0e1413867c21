"""Errands: bring things where they belong, unlock, put together, several in an order."""

from __future__ import annotations

from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Builder,
    TaskDraft,
    steps,
    submit,
)
from environments.tasks.model import Did, Goal, Holds, Located, Stage
from environments.tasks.planner import Planner
from world_fixtures.spec import Door, Thing


def deliver(context: BuildContext) -> TaskDraft | None:
    """Ask for one thing to be brought to one place."""
    return _deliveries(context, 1)


def chain(context: BuildContext) -> TaskDraft | None:
    """Ask for several things to be brought to their places."""
    return _deliveries(context, 2 + context.difficulty // 2)


def unlock(context: BuildContext) -> TaskDraft | None:
    """Ask for a locked door or container to be unlocked and opened."""
    everything: list[Door | Thing] = [*context.spec.doors, *context.spec.things]
    locks = [e for e in everything if e.locked]
    if not locks:
        return None
    lock = context.pick(locks, lambda e: _opened(context, e)[1])
    planner = _opened(context, lock)[0]
    prompt = f"Unlock the {lock.name} and open it. Its key is somewhere in this world. {NO_ANSWER}"
    goals = (
        Goal(
            name=f"the {lock.name} is open",
            condition=Holds(entity=lock.id, field="open", value=True),
        ),
        _taking(context, lock.key or ""),
    )
    return TaskDraft((Stage(prompt=prompt, walkthrough=steps(planner.commands, submit())),), goals)


def _opened(context: BuildContext, lock: Door | Thing) -> tuple[Planner, int]:
    """Return a planner that has opened `lock`, and the number of its commands."""
    planner = context.planner()
    if isinstance(lock, Thing):
        planner.reach(lock.id)
    else:
        planner.go_to(next(e.source for e in context.spec.exits if e.door == lock.id))
    planner.open(lock.id)
    return planner, len(planner.commands)


def assemble(context: BuildContext) -> TaskDraft | None:
    """Ask for parts to be put together and the product to be brought to a room."""
    if not context.spec.recipes:
        return None
    recipe = context.rng.choice(context.spec.recipes)
    room = context.rng.choice([r for r in context.spec.rooms if not r.dark])
    planner = context.planner()
    planner.put(recipe.makes, room.id)
    product = context.name(recipe.makes)
    parts = " and ".join(f"the {context.name(p)}" for p in recipe.parts)
    prompt = (
        f"Find {parts}, combine them into the {product}, and put it down in the {room.name}."
        f" {NO_ANSWER}"
    )
    goals = (
        Goal(name=f"the {product} is in the {room.name}",
             condition=Located(entity=recipe.makes, place=room.id), weight=2),
        *(_taking(context, part) for part in recipe.parts),
    )  # fmt: skip
    return TaskDraft((Stage(prompt=prompt, walkthrough=steps(planner.commands, submit())),), goals)


def _deliveries(context: BuildContext, number: int) -> TaskDraft | None:
    things = context.portable()
    places = [*(r.id for r in context.spec.rooms if not r.dark),
              *(t.id for t in context.spec.things if t.surface)]  # fmt: skip
    if len(things) < number:
        return None
    if number == 1:
        chosen = [context.pick(things, lambda t: context.effort(t.id))]
    else:
        chosen = context.rng.sample(things, number)
    tools = {d.key for d in context.spec.doors} | {t.key for t in context.spec.things}
    tools |= {t.id for t in things if t.light}
    planner: Planner = context.planner()
    goals, told, placed = [], [], {}
    for thing in sorted(
        chosen, key=lambda t: t.id in tools
    ):  # keys and lights are needed till last
        place = context.rng.choice([p for p in places if p != thing.location])
        planner.put(thing.id, place)
        placed[thing.id] = place
        where = "on" if place in planner.sim.index.things else "in"
        target = f"{where} the {context.name(place)}"
        told.append(f"the {thing.name} {target}")
        located = Located(entity=thing.id, place=place)
        goals.append(Goal(name=f"the {thing.name} is {target}", condition=located, weight=2))
        goals.append(_taking(context, thing.id))
    if any(planner.sim.get(t, "location") != place for t, place in placed.items()):
        return None  # one was needed again for another
    prompt = f"Put {_listed(told)}. {NO_ANSWER}"
    return TaskDraft(
        (Stage(prompt=prompt, walkthrough=steps(planner.commands, submit())),), tuple(goals)
    )


def _taking(context: BuildContext, thing: str) -> Goal:
    did = Did(verb="get", entity=thing)
    return Goal(name=f"takes the {context.name(thing)}", condition=did, final=False)


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


KINDS: dict[str, Builder] = {
    "deliver": deliver,
    "unlock": unlock,
    "assemble": assemble,
    "chain": chain,
}

"""Errands: bring things where they belong, unlock, put together, several in an order."""

from __future__ import annotations

from environments.tasks.building import NO_ANSWER, Builder, Draft, Setting, steps, submit
from environments.tasks.model import Did, Goal, Holds, Located, Stage
from environments.tasks.planner import Planner
from world_fixtures.spec import Door, Thing


def deliver(setting: Setting) -> Draft | None:
    """Bring one thing to one place."""
    return _deliveries(setting, 1)


def chain(setting: Setting) -> Draft | None:
    """Bring several things to their places."""
    return _deliveries(setting, 2 + setting.difficulty // 2)


def unlock(setting: Setting) -> Draft | None:
    """Unlock and open a door or a container."""
    everything: list[Door | Thing] = [*setting.spec.doors, *setting.spec.things]
    locks = [e for e in everything if e.locked]
    if not locks:
        return None
    lock = setting.pick(locks, lambda e: _opened(setting, e)[1])
    planner = _opened(setting, lock)[0]
    prompt = f"Unlock the {lock.name} and open it. Its key is somewhere in this world. {NO_ANSWER}"
    goals = (
        Goal(
            name=f"the {lock.name} is open",
            condition=Holds(entity=lock.id, field="open", value=True),
        ),
        _taking(setting, lock.key or ""),
    )
    return Draft((Stage(prompt=prompt, walkthrough=steps(planner.commands, submit())),), goals)


def _opened(setting: Setting, lock: Door | Thing) -> tuple[Planner, int]:
    """A planner that has opened `lock`, and the number of its commands."""
    planner = setting.planner()
    if isinstance(lock, Thing):
        planner.reach(lock.id)
    else:
        planner.go_to(next(e.source for e in setting.spec.exits if e.door == lock.id))
    planner.open(lock.id)
    return planner, len(planner.commands)


def assemble(setting: Setting) -> Draft | None:
    """Put parts together and bring the product somewhere."""
    if not setting.spec.recipes:
        return None
    recipe = setting.rng.choice(setting.spec.recipes)
    room = setting.rng.choice([r for r in setting.spec.rooms if not r.dark])
    planner = setting.planner()
    planner.put(recipe.makes, room.id)
    product = setting.name(recipe.makes)
    parts = " and ".join(f"the {setting.name(p)}" for p in recipe.parts)
    prompt = (
        f"Find {parts}, combine them into the {product}, and put it down in the {room.name}."
        f" {NO_ANSWER}"
    )
    goals = (
        Goal(name=f"the {product} is in the {room.name}",
             condition=Located(entity=recipe.makes, place=room.id), weight=2),
        *(_taking(setting, part) for part in recipe.parts),
    )  # fmt: skip
    return Draft((Stage(prompt=prompt, walkthrough=steps(planner.commands, submit())),), goals)


def _deliveries(setting: Setting, number: int) -> Draft | None:
    things = setting.portable()
    places = [*(r.id for r in setting.spec.rooms if not r.dark),
              *(t.id for t in setting.spec.things if t.surface)]  # fmt: skip
    if len(things) < number:
        return None
    if number == 1:
        chosen = [setting.pick(things, lambda t: setting.effort(t.id))]
    else:
        chosen = setting.rng.sample(things, number)
    tools = {d.key for d in setting.spec.doors} | {t.key for t in setting.spec.things}
    tools |= {t.id for t in things if t.light}
    planner: Planner = setting.planner()
    goals, told, placed = [], [], {}
    for thing in sorted(
        chosen, key=lambda t: t.id in tools
    ):  # keys and lights are needed till last
        place = setting.rng.choice([p for p in places if p != thing.location])
        planner.put(thing.id, place)
        placed[thing.id] = place
        where = "on" if place in planner.sim.index.things else "in"
        target = f"{where} the {setting.name(place)}"
        told.append(f"the {thing.name} {target}")
        located = Located(entity=thing.id, place=place)
        goals.append(Goal(name=f"the {thing.name} is {target}", condition=located, weight=2))
        goals.append(_taking(setting, thing.id))
    if any(planner.sim.get(t, "location") != place for t, place in placed.items()):
        return None  # one was needed again for another
    prompt = f"Put {_listed(told)}. {NO_ANSWER}"
    return Draft(
        (Stage(prompt=prompt, walkthrough=steps(planner.commands, submit())),), tuple(goals)
    )


def _taking(setting: Setting, thing: str) -> Goal:
    did = Did(verb="get", entity=thing)
    return Goal(name=f"takes the {setting.name(thing)}", condition=did, final=False)


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


KINDS: dict[str, Builder] = {
    "deliver": deliver,
    "unlock": unlock,
    "assemble": assemble,
    "chain": chain,
}

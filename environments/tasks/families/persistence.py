"""Persistence: several sessions with nothing carried over but what the world keeps."""

from __future__ import annotations

from environments.tasks.families.common import (
    DISCONNECT,
    BuildContext,
    Builder,
    TaskDraft,
    steps,
    submit,
)
from environments.tasks.model import Answered, Evidence, Goal, Inscribed, Located, Stage
from environments.tasks.planner import Planner, Unsolvable
from world_fixtures.facts import Fact
from world_fixtures.rules import Simulation
from world_fixtures.spec import Thing

_FRESH = (
    "You will come back later and remember nothing of this conversation: only what the world"
    " keeps will help you."
)


def recall(context: BuildContext, restart: bool = False) -> TaskDraft | None:
    """Ask for a fact, to be left as a note in the first session and answered in the second.

    With `restart` the world server is stopped and started in between.
    """
    if not context.facts or not context.writable():
        return None
    fact = context.pick(context.facts, lambda f: context.effort(f.source))
    wall = context.pick(context.writable(), lambda t: context.effort(t.id))
    planner = context.planner()
    planner.reach(fact.source)
    planner.do(f"read {planner.name(fact.source)}")
    planner.reach(wall.id)
    planner.do(f"write {fact.value} on {planner.name(wall.id)}")
    first = list(planner.commands)
    planner.commands.clear()
    planner.reach(wall.id)
    planner.do(f"read {planner.name(wall.id)}")
    stages = (
        Stage(
            prompt=f"Find out {fact.subject}, and write it on the {wall.name}. {_FRESH} When it is"
            " written, call evennia_disconnect.",
            walkthrough=steps(first, DISCONNECT),
        ),
        Stage(
            prompt=f"In an earlier session you found something out and wrote it on the {wall.name}:"
            f" {fact.subject}. Submit an answer with one field, value: exactly that, and nothing"
            " else.",
            restart=restart,
            walkthrough=steps(planner.commands, submit(value=fact.value)),
        ),
    )
    return TaskDraft(stages, _recall_goals(fact, wall), (Evidence(field="value", text=fact.text),))


def restart(context: BuildContext) -> TaskDraft | None:
    """Ask as `recall` does, with the world server stopped and started in between."""
    return recall(context, restart=True)


def _recall_goals(fact: Fact, wall: Thing) -> tuple[Goal, ...]:
    return (
        Goal(
            name="answers value",
            condition=Answered(field="value", expected=(fact.value,)),
            weight=2,
        ),
        Goal(
            name=f"the note is on the {wall.name}",
            condition=Inscribed(entity=wall.id, text=fact.value),
        ),
    )


def rearrange(context: BuildContext) -> TaskDraft | None:
    """Ask for a thing to be put somewhere, and in a second session where it is."""
    things = context.portable()
    rooms = [r for r in context.spec.rooms if not r.dark]
    if not things or len(rooms) < 2:
        return None
    thing = context.pick(things, lambda t: context.effort(t.id))
    room = context.rng.choice([r for r in rooms if r.id != thing.location])
    planner = context.planner()
    try:
        planner.put(thing.id, room.id)
    except Unsolvable:
        return None
    first = list(planner.commands)
    planner.commands.clear()
    planner.fetch(thing.id)
    stages = (
        Stage(
            prompt=f"Carry the {thing.name} to the {room.name} and put it down there. {_FRESH} When"
            " it lies there, call evennia_disconnect.",
            walkthrough=steps(first, DISCONNECT),
        ),
        Stage(
            prompt=f"In an earlier session you put the {thing.name} down in some room. Find it and"
            " pick it up. Submit an answer with one field, room: the name of the room you found it"
            " in.",
            walkthrough=steps(planner.commands, submit(room=room.name)),
        ),
    )
    agent = context.spec.agent.id
    goals = (
        Goal(name=f"carries the {thing.name}", condition=Located(entity=thing.id, place=agent)),
        Goal(name="names the room", condition=Answered(field="room", expected=(room.name,))),
    )
    return TaskDraft(stages, goals, (Evidence(field="room", text=f"You take the {thing.name}"),))


def witness(context: BuildContext) -> TaskDraft | None:
    """Ask where a thing is that another character has moved between two sessions."""
    if len(context.spec.characters) < 2:
        return None
    things = [
        t
        for t in context.portable()
        if t.location in {r.id for r in context.spec.rooms} or _on(context, t)
    ]
    rooms = [r for r in context.spec.rooms if not r.dark]
    if not things or len(rooms) < 2:
        return None
    thing = context.pick(things, lambda t: context.effort(t.id))
    simulation = Simulation(context.spec)
    planner = Planner(simulation)
    try:
        planner.reach(thing.id)
        planner.do(f"examine {planner.name(thing.id)}")
        target = context.rng.choice([r for r in rooms if r.id != planner.room])
        other = Planner(simulation, context.spec.characters[1].id)
        other.put(thing.id, target.id)
        first = list(planner.commands)
        planner.commands.clear()
        planner.reach(thing.id)
        planner.do("look")
    except Unsolvable:
        return None
    stages = (
        Stage(
            prompt=f"Find the {thing.name} and examine it. Leave it where it is. {_FRESH} Then call"
            " evennia_disconnect.",
            walkthrough=steps(first, DISCONNECT),
        ),
        Stage(
            prompt=f"While you were away somebody has moved the {thing.name}. Find out where it is"
            " now. Submit an answer with one field, room: the name of that room.",
            meanwhile=tuple(other.commands),
            walkthrough=steps(planner.commands, submit(room=target.name)),
        ),
    )
    goals = (
        Goal(name="names the room", condition=Answered(field="room", expected=(target.name,))),
    )
    return TaskDraft(
        stages, goals, (Evidence(field="room", text=f"Here: {_listing(simulation, target.id)}"),)
    )


def _on(context: BuildContext, thing: Thing) -> bool:
    holder = context.spec.entities.get(thing.location or "")
    return isinstance(holder, Thing) and holder.surface


def _listing(simulation: Simulation, room: str) -> str:
    """Return the first name in the `Here:` line of a room as it is now."""
    index = simulation.index
    names = [i for i in simulation.contents(room) if i in index.things]
    names.sort(key=index.order.__getitem__)
    return index.name(names[0]) if names else ""


KINDS: dict[str, Builder] = {
    "recall": recall,
    "restart": restart,
    "rearrange": rearrange,
    "witness": witness,
}

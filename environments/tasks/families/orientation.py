"""Orientation: say where one is and what is there, find the way back, draw a map."""

from __future__ import annotations

import networkx as nx

from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Builder,
    TaskDraft,
    steps,
    submit,
)
from environments.tasks.model import Answered, Evidence, Goal, Located, Stage, Visited
from environments.tasks.planner import Planner
from world_fixtures.rules import Scene, Simulation
from world_fixtures.spec import WorldSpec


def describe(context: BuildContext) -> TaskDraft | None:
    """Ask what the place is called, what is in it and which ways lead out."""
    spec = _starting_elsewhere(context)
    scene = Scene(Simulation(spec).index, Simulation(spec), spec.agent.id)
    room = context.name(scene.room)
    exits = [e.direction for e in scene.exits()]
    things = [scene.index.name(i) for i in scene.reachable_from(scene.room)]
    if not things or scene.is_dark():
        return None
    prompt = (
        "You wake up in a place you do not know. Find out where you are. Submit an answer with"
        " three fields: room (the name of the place), things (a list of the names of all things"
        " you can see there, those on furniture too) and exits (a list of the directions that"
        " lead out)."
    )
    goals = (
        Goal(name="names the room", condition=Answered(field="room", expected=(room,))),
        Goal(
            name="lists the things",
            condition=Answered(field="things", match="set", expected=tuple(things)),
        ),
        Goal(
            name="lists the exits",
            condition=Answered(field="exits", match="set", expected=tuple(exits)),
        ),
    )
    evidence = tuple(Evidence(field=f, text=room) for f in ("room", "things", "exits"))
    answer = submit(room=room, things=things, exits=exits)
    stage = Stage(prompt=prompt, walkthrough=steps(["look"], answer))
    return TaskDraft((stage,), goals, evidence, spec=spec)


def return_(context: BuildContext) -> TaskDraft | None:
    """Ask for the way to a named place from one that is far from it."""
    goal = context.spec.agent.location
    spec = _starting_elsewhere(context, far=True)
    if spec.agent.location == goal:
        return None
    planner = Planner(Simulation(spec))
    planner.go_to(goal)
    name = context.name(goal)
    prompt = (
        f"You were led away from the {name} with your eyes bound and left somewhere. Find your"
        f" way back and stand in the {name}. {NO_ANSWER}"
    )
    stage = Stage(prompt=prompt, walkthrough=steps(planner.commands, submit()))
    goals = (
        Goal(name=f"stands in the {name}", condition=Located(entity=spec.agent.id, place=goal)),
    )
    return TaskDraft((stage,), goals, shortest_path=planner.moves, spec=spec)


def map_(context: BuildContext) -> TaskDraft | None:
    """Ask for a map of all rooms that can be reached without opening a door."""
    spec = context.spec
    rooms = _open_rooms(spec)
    if len(rooms) < 3:
        return None
    planner = context.planner()
    for room in sorted(rooms):
        planner.go_to(room)
    edges = [
        f"{context.name(e.source)} | {e.direction} | {context.name(e.target)}"
        for e in spec.exits
        if e.source in rooms and e.target in rooms and e.door is None and not e.hidden
    ]
    prompt = (
        "Explore every room that can be reached without opening a door, and draw the map."
        ' Submit an answer with one field, edges: a list of texts "room | direction | room",'
        ' one for each way from one of these rooms to another, such as "Cellar | up | Kitchen".'
        " A way there and the way back are two entries."
    )
    answered = Answered(field="edges", match="edges", expected=tuple(edges))
    goals = (
        Goal(name="draws the map", condition=answered, weight=3),
        *(
            Goal(name=f"visits the {context.name(r)}", condition=Visited(room=r), final=False)
            for r in sorted(rooms)
        ),
    )
    evidence = (Evidence(field="edges", text=context.name(sorted(rooms)[-1])),)
    stage = Stage(prompt=prompt, walkthrough=steps(planner.commands, submit(edges=edges)))
    return TaskDraft((stage,), goals, evidence)


def _open_rooms(spec: WorldSpec) -> set[str]:
    """Return the rooms that can be walked to from the start with no door or hidden way between."""
    graph = nx.DiGraph([(e.source, e.target) for e in spec.exits if not e.door and not e.hidden])
    start = spec.agent.location
    graph.add_node(start)
    return {start, *nx.descendants(graph, start)}


def _starting_elsewhere(context: BuildContext, far: bool = False) -> WorldSpec:
    """Return the world with its agent in another room from which the start can be walked to."""
    spec = context.spec
    graph = nx.DiGraph([(e.target, e.source) for e in spec.exits if not e.door and not e.hidden])
    graph.add_node(spec.agent.location)
    lengths = nx.single_source_shortest_path_length(graph, spec.agent.location)
    dark = {r.id for r in spec.rooms if r.dark}
    rooms = sorted(r for r, n in lengths.items() if r not in dark and (n >= 2 or not far))
    if not rooms:
        return spec
    room = context.pick(rooms, lengths.__getitem__)
    agent = spec.agent.model_copy(update={"location": room})
    return spec.model_copy(update={"characters": (agent, *spec.characters[1:])})


KINDS: dict[str, Builder] = {"describe": describe, "return": return_, "map": map_}

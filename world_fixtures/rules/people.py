"""What people do by themselves: the command that a person gives at a tick. Pure."""

from __future__ import annotations

from world_fixtures.living import Bring, Duty, Give, Person, Round, Stay, Tidy
from world_fixtures.rules.clock import room_of
from world_fixtures.rules.grammar import Parsed, plain
from world_fixtures.rules.scene import Scene

_ALWAYS = (Stay, Round)
"""Work that always is something to do."""


def intention(scene: Scene, person: Person, tick: int) -> Parsed | str | None:
    """Return the command that a person gives at a tick; None where there is nothing to do.

    Of the duties that are due the first that has something to do decides. To stay somewhere, or to
    walk a round, always is something to do.
    """
    living = scene.index.spec.living
    assert living is not None
    hour = tick % living.day
    for duty in person.duties:
        if not is_due(duty, hour, living.day):
            continue
        command = _toward(scene, duty, hour)
        if command is not None or type(duty.work) in _ALWAYS:
            return command
    return None


def is_due(duty: Duty, hour: int, day: int) -> bool:
    """Tell whether a duty is due at a tick of the day."""
    return duty.begins <= hour < (day if duty.ends is None else duty.ends)


def typed(command: Parsed | str) -> str:
    """Return a command as a person would have typed it."""
    if isinstance(command, str):
        return command
    args = command.args
    into = f"in {args['target']}" if "target" in args else None
    return " ".join(filter(None, (command.verb, args.get("direction"), args.get("object"), into)))


def _toward(scene: Scene, duty: Duty, hour: int) -> Parsed | str | None:
    work = duty.work
    # Exact types, for every person at every tick: pydantic takes long to say that something is no
    # instance of a model.
    if type(work) is Stay:
        return _step(scene, work.room)
    if type(work) is Round:
        return _step(scene, work.rooms[(hour - duty.begins) // work.stay % len(work.rooms)])
    if type(work) is Give:
        return _step(scene, work.room) or (work.command if scene.room == work.room else None)
    if type(work) is Bring:
        return _bring(scene, work.thing, work.to)
    assert type(work) is Tidy
    return _tidy(scene, work.things)


def _step(scene: Scene, room: str) -> Parsed | None:
    """Return the next command on the way to a room; None where it is reached or barred."""
    if scene.room == room:
        return None
    way = scene.index.toward(room).get(scene.room)
    if way is None:
        return None
    if way.door is None or scene.state.get(way.door, "open"):
        return Parsed("go", {"direction": way.direction})
    door = scene.index.doors[way.door]
    if not scene.state.get(door.id, "locked"):
        return Parsed("open", {"object": door.name})
    if door.key is not None and scene.state.get(door.key, "location") == scene.actor:
        return plain(f"unlock {door.name} with {scene.index.name(door.key)}")
    return None


def _bring(scene: Scene, thing: str, to: str) -> Parsed | None:
    place = scene.state.get(thing, "location")
    if place == to or place is None:
        return None
    name = scene.index.name(thing)
    if place == scene.actor:
        return _lay(scene, thing, to)
    if thing in scene.reachable_from(scene.room) and not scene.is_dark():
        return Parsed("get", {"object": name})
    seen = scene.state.get(scene.actor, "seen").get(thing, scene.index.start_room(thing))
    return _step(scene, seen) if seen else None


def _tidy(scene: Scene, things: tuple[str, ...]) -> Parsed | None:
    index, state = scene.index, scene.state
    for thing in things:
        if state.get(thing, "location") == scene.actor:
            home = index.things[thing].location
            return _lay(scene, thing, home) if home else None
    here = () if scene.is_dark() else scene.reachable_from(scene.room)
    for thing in things:
        if thing in here and state.get(thing, "location") != index.things[thing].location:
            return Parsed("get", {"object": index.name(thing)})
    return None


def _lay(scene: Scene, thing: str, place: str) -> Parsed | None:
    """Return the next command of bringing a carried thing to a place."""
    room = room_of(scene.index, scene.state, place)
    if room is None:
        return None
    if scene.room != room:
        return _step(scene, room)
    name = scene.index.name(thing)
    if place in scene.index.rooms:
        return Parsed("drop", {"object": name})
    holder = scene.index.name(place)
    if not scene.is_open(scene.index.things[place]):
        return Parsed("open", {"object": holder})
    return Parsed("put", {"object": name, "target": holder}, [(name, holder)])

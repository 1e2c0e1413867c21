"""Doors and ways by what people call them: by their direction, as the only one, as the way back."""

from __future__ import annotations

from collections.abc import Callable

from world_fixtures.facts import Fact
from world_fixtures.protocol import ResultKind
from world_fixtures.rules import handling
from world_fixtures.rules.grammar import Parsed
from world_fixtures.rules.names import words
from world_fixtures.rules.outcome import Outcome, ok, refused, unknown
from world_fixtures.rules.phrases import DOORWAYS, direction
from world_fixtures.rules.resolve import resolve
from world_fixtures.rules.scene import Scene
from world_fixtures.rules.several import called
from world_fixtures.spec import Exit

_ASIDE = frozenset(
    ("left", "right", "ahead", "forward", "forwards", "straight", "backwards", "on", "there", "to")
)
_STEPS = frozenset(("stairs", "stair", "staircase", "stairway", "steps", "ladder"))
_TO = frozenset(
    ("through", "to", "towards", "toward", "into", "via", "by", "out", "of", "up", "on")
)


def done_as(
    scene: Scene,
    verb: str,
    action: Callable[[Scene, Parsed], Outcome],
    splits: tuple[tuple[str, str], ...] = (),
    **args: str,
) -> Outcome:
    """Carry a command out as another one, under whose name it is recorded."""
    outcome = action(scene, Parsed(verb, args, list(splits)))
    outcome.verb, outcome.args = verb, args
    return outcome


def _go(scene: Scene, way: str) -> Outcome:
    return done_as(scene, "go", handling.go, direction=way)


def doors(scene: Scene, query: str) -> list[Exit]:
    """Return the ways with a door that words mean: "east door", "the door" where it has no name."""
    said = words(query)
    with_door = [e for e in scene.exits() if e.door]
    if said and set(said) - {"locked", "closed", "open"} <= DOORWAYS:
        return with_door
    way = direction(said)
    return [e for e in with_door if e.direction == way]


def which(scene: Scene, ways: list[Exit]) -> Outcome:
    """Ask which of several doors is meant."""
    options = ", ".join(f"the {e.direction} door ({scene.index.name(e.door or '')})" for e in ways)
    objects = tuple(e.door for e in ways if e.door)
    return Outcome(ResultKind.AMBIGUOUS, f"Which do you mean: {options}?", objects)


def with_door(scene: Scene, parsed: Parsed) -> Parsed | Outcome | None:
    """Return a command with the name of the door that it tells by its direction, if it does."""
    if parsed.verb not in ("open", "close", "unlock", "lock", "examine", "open_with"):
        return None
    query = parsed.args.get("object", "")
    if parsed.verb == "examine" and DOORWAYS.isdisjoint(words(query)):
        return None
    for what, key in ((query, ""), *parsed.splits):
        ways = doors(scene, what)
        if len({e.door for e in ways}) > 1:
            return which(scene, ways)
        if ways:
            door = called(scene, str(ways[0].door), scene.in_reach())
            with_key = f"{door} with {key}" if key else door
            return Parsed(parsed.verb, {"object": with_key}, [(door, key)] if key else [])
    way = direction(words(query))
    if way is None or DOORWAYS.isdisjoint(words(query)):
        return None
    if any(e.direction == way for e in scene.exits()):
        return refused(f"There is no door {way}: the way is open.")
    return refused(f"You see no way {way}. {scene.exits_line()}.")


def go_way(scene: Scene, parsed: Parsed) -> Outcome | None:
    """Go where words such as "through the oak door" say; None where they say no way."""
    query = parsed.args["direction"]
    said = words(query)
    if (way := direction(said)) is not None:
        return _go(scene, way)
    if said[:1] == ("back",) and said[1:2] in ((), ("to",)):
        return _only_way(scene)
    if said[1:2] in (("to",), ("into",), ("through",)) and (way := direction(said[:1])):
        return _go(scene, way)
    if said and _ASIDE.issuperset(said):
        return _say_where(scene)
    if said and said[-1] in _STEPS:
        steps = [e for e in scene.exits() if e.direction in ("up", "down")]
        if len(steps) == 1:
            return _go(scene, steps[0].direction)
    while said and said[0] in _TO:
        said = said[1:]
    ways = [e for e in scene.exits() if e.door]
    found = resolve(scene, " ".join(said), [e.door for e in ways if e.door])
    if isinstance(found, str):
        return _go(scene, next(e.direction for e in ways if e.door == found))
    if found.kind is ResultKind.AMBIGUOUS:
        return found
    ways = doors(scene, " ".join(said)) or (scene.exits() if set(said) == {"exit"} else [])
    if not ways:
        near = resolve(scene, " ".join(said), scene.in_reach())
        if isinstance(near, Outcome):
            return None
        return refused(f"There is no need to go to the {scene.index.name(near)}: it is here.", near)
    return _go(scene, ways[0].direction) if len(ways) == 1 else which(scene, ways)


def look_toward(scene: Scene, parsed: Parsed) -> Outcome:
    """Say what can be seen of the way in a direction."""
    way = direction(words(parsed.args.get("object", "")))
    exit_ = next((e for e in scene.exits() if e.direction == way), None)
    if exit_ is None:
        return refused(f"You see no way {way or 'there'}. {scene.exits_line()}.")
    if exit_.door is None:
        return ok(f"The way {way} is open.", exit_.id)
    door = scene.index.doors[exit_.door]
    seen = Fact(door.id, "open", scene.state.get(door.id, "open"))
    text = f"The way {way}: {door.name}, {scene.door_state(door)}."
    return ok(text, exit_.id, door.id, reveals=(seen,))


def enter(scene: Scene, parsed: Parsed) -> Outcome:
    """Go in, through what is named or where there is one way."""
    return _pass(scene, parsed, "in")


def leave(scene: Scene, parsed: Parsed) -> Outcome:
    """Go out where there is one way; leave a thing behind that is named."""
    query = parsed.args.get("object")
    if query and is_room(scene, query):
        return _pass(scene, Parsed("leave"), "out")
    if query:
        carried = [t.id for t in scene.things_in(scene.actor)]
        if not isinstance(resolve(scene, query, carried), Outcome):
            return done_as(scene, "drop", handling.drop, object=query)
    return _pass(scene, parsed, "out")


def is_room(scene: Scene, query: str) -> bool:
    """Tell whether words mean the room that the actor is in."""
    said = words(query)
    return bool(said) and set(said) <= set(words(scene.index.rooms[scene.room].name))


def _pass(scene: Scene, parsed: Parsed, default: str) -> Outcome:
    query = parsed.args.get("object")
    if query:
        return go_way(scene, Parsed("go", {"direction": query})) or unknown(
            f"There is no '{query[:60]}' here to {parsed.verb}."
        )
    if any(e.direction == default for e in scene.exits()):
        return _go(scene, default)
    return _only_way(scene)


def back(scene: Scene, parsed: Parsed) -> Outcome:
    """Go the only way there is: nobody keeps in mind where the actor came from."""
    return _only_way(scene)


def _only_way(scene: Scene) -> Outcome:
    ways = scene.exits()
    if len(ways) == 1:
        return _go(scene, ways[0].direction)
    return _say_where(scene)


def _say_where(scene: Scene) -> Outcome:
    outcome = refused(f"Say in which direction. {scene.exits_line()}.")
    outcome.verb = "go"
    return outcome

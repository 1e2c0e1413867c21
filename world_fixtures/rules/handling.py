"""Verbs that change the world."""

from __future__ import annotations

import re

from world_fixtures.facts import Fact
from world_fixtures.living import CLOCK
from world_fixtures.protocol import Change, ResultKind
from world_fixtures.rules.grammar import DIRECTIONS, Parsed
from world_fixtures.rules.outcome import Outcome, ok, refused, unknown
from world_fixtures.rules.resolve import resolve, resolve_pair
from world_fixtures.rules.scene import Scene
from world_fixtures.spec import Thing

_MARKUP = "|$<>"
"""Characters of markup, which nobody can write."""
_JOINTS = re.compile(r"\s*,\s*(?:and\s+)?|\s+(?:with|and)\s+")


def _set(scene: Scene, entity: str, field: str, value: object) -> Change:
    before = scene.state.get(entity, field)
    return Change(entity=entity, field=field, before=before, after=value)


def go(scene: Scene, parsed: Parsed) -> Outcome:
    """Leave the room in a direction."""
    direction = parsed.args["direction"]
    if direction not in DIRECTIONS:
        return unknown(f"'{direction[:40]}' is no direction. {scene.exits_line()}.")
    way = next((e for e in scene.exits() if e.direction == direction), None)
    if way is None:
        return refused(f"You cannot go {direction} from here.")
    if way.door and not scene.state.get(way.door, "open"):
        return refused(f"The {scene.index.name(way.door)} is closed.", way.id, way.door)
    changes = [_set(scene, scene.actor, "location", way.target)]
    text = ""
    if way.door and scene.index.doors[way.door].shuts:
        changes.append(_set(scene, way.door, "open", False))
        text = f"The {scene.index.name(way.door)} falls shut behind you."
    target = Fact(way.id, "target", way.target)
    outcome = ok(text, way.id, changes=tuple(changes), reveals=(target,))
    outcome.view_after = True
    return outcome


def get(scene: Scene, parsed: Parsed) -> Outcome:
    """Take a thing, or all that can be taken."""
    reach = scene.in_reach()
    carried = [t.id for t in scene.things_in(scene.actor)]
    query = parsed.args["object"]
    found = resolve(scene, query, [i for i in reach if i not in carried])
    if isinstance(found, Outcome) and not found.objects:
        found = resolve(scene, query, carried)
    objects: tuple[str, ...] = ()
    if isinstance(found, str):
        objects = (found,)
    elif parsed.splits:
        pair = resolve_pair(scene, parsed.splits, reach)
        if isinstance(pair, Outcome):
            return pair
        found, source = pair
        objects = pair
        if scene.state.get(found, "location") != source:
            thing, place = scene.index.name(found), scene.index.name(source)
            return refused(f"The {thing} is not in the {place}.", *objects)
    if isinstance(found, Outcome):
        return found
    problem = carry_problem(scene, found)
    if problem:
        return refused(problem, *objects)
    name = scene.index.name(found)
    change = _set(scene, found, "location", scene.actor)
    return ok(f"You take the {name}.", *objects, changes=(change,))


def carry_problem(scene: Scene, entity: str) -> str:
    """Tell why a thing cannot be taken; empty where it can."""
    thing = scene.index.things.get(entity)
    name = scene.index.name(entity)
    if scene.state.get(entity, "location") == scene.actor:
        return f"You already carry the {name}."
    if thing is None or not thing.portable:
        return f"The {name} is fixed in place."
    if thing.heavy:
        return f"The {name} is too heavy to carry."
    capacity = (
        scene.index.characters[scene.actor].capacity
        if scene.actor in scene.index.characters
        else None
    )
    if capacity is not None and len(scene.things_in(scene.actor)) >= capacity:
        return f"Your hands are full: you can carry {capacity} things."
    return ""


def drop(scene: Scene, parsed: Parsed) -> Outcome:
    """Lay down a carried thing, or all of them."""
    carried = [t.id for t in scene.things_in(scene.actor)]
    found = resolve(scene, parsed.args["object"], carried)
    if isinstance(found, Outcome):
        if not found.objects:
            return unknown(f"You carry no '{parsed.args['object'][:60]}'.")
        return found
    change = _set(scene, found, "location", scene.room)
    return ok(f"You put down the {scene.index.name(found)}.", found, changes=(change,))


def put(scene: Scene, parsed: Parsed) -> Outcome:
    """Put a thing into or onto another."""
    pair = resolve_pair(scene, parsed.splits, scene.in_reach())
    if isinstance(pair, Outcome):
        return pair
    entity, target = pair
    name = scene.index.name
    if scene.state.get(entity, "location") != scene.actor:
        return refused(f"You do not carry the {name(entity)}.", *pair)
    receiver = scene.index.things.get(target)
    if receiver is None or not (receiver.container or receiver.surface):
        return refused(f"Nothing can be put there: the {name(target)} holds nothing.", *pair)
    if _within(scene, target, entity):
        return refused(f"The {name(entity)} cannot go into itself.", *pair)
    if not scene.is_open(receiver):
        return refused(f"The {name(target)} is closed.", *pair)
    where = "on" if receiver.surface else "in"
    change = _set(scene, entity, "location", target)
    return ok(f"You put the {name(entity)} {where} the {name(target)}.", *pair, changes=(change,))


def _within(scene: Scene, place: str | None, entity: str) -> bool:
    while place in scene.index.things:
        if place == entity:
            return True
        place = scene.state.get(place, "location")
    return False


def _opening(scene: Scene, parsed: Parsed) -> str | Outcome:
    """Return the door or container that a command names."""
    found = resolve(scene, parsed.args["object"], scene.in_reach())
    if isinstance(found, Outcome):
        return found
    thing = scene.index.things.get(found)
    if thing is not None and not thing.container:
        return refused(f"The {thing.name} does not open.", found)
    return found


def open_(scene: Scene, parsed: Parsed) -> Outcome:
    """Open a door or container."""
    found = _opening(scene, parsed)
    if isinstance(found, Outcome):
        return found
    name = scene.index.name(found)
    if scene.state.get(found, "open"):
        return refused(f"The {name} is already open.", found)
    if scene.state.get(found, "locked"):
        return refused(f"The {name} is locked.", found)
    text, reveals = f"You open the {name}.", []
    if found in scene.index.things:
        inside = scene.things_in(found)
        reveals.append(Fact(found, "contents", [t.id for t in inside]))
        if inside:
            text += " In it: " + ", ".join(map(scene.label, inside))
    return ok(text, found, changes=(_set(scene, found, "open", True),), reveals=reveals)


def close(scene: Scene, parsed: Parsed) -> Outcome:
    """Close a door or container."""
    found = _opening(scene, parsed)
    if isinstance(found, Outcome):
        return found
    name = scene.index.name(found)
    if not scene.state.get(found, "open"):
        return refused(f"The {name} is already closed.", found)
    return ok(f"You close the {name}.", found, changes=(_set(scene, found, "open", False),))


def unlock(scene: Scene, parsed: Parsed) -> Outcome:
    """Unlock a door or container with a carried key."""
    return _turn_key(scene, parsed, locked=False)


def lock(scene: Scene, parsed: Parsed) -> Outcome:
    """Lock a door or container with a carried key."""
    return _turn_key(scene, parsed, locked=True)


def _turn_key(scene: Scene, parsed: Parsed, *, locked: bool) -> Outcome:
    reach = scene.in_reach()
    found = resolve(scene, parsed.args["object"], reach)
    named: str | None = None
    if isinstance(found, Outcome):
        pair = resolve_pair(scene, parsed.splits, reach) if parsed.splits else found
        if isinstance(pair, Outcome):
            return pair
        found, named = pair
    opening = scene.index.things.get(found) or scene.index.doors.get(found)
    assert opening is not None
    name = opening.name
    if (isinstance(opening, Thing) and not opening.container) or opening.key is None:
        return refused(f"The {name} has no lock.", found)
    verb = "lock" if locked else "unlock"
    if opening.fragile and named is None:
        return refused(f"Say which key: {verb} {name} with KEY. A wrong one would break.", found)
    if named is not None and named != opening.key:
        wrong = scene.index.name(named)
        if opening.fragile and scene.state.get(named, "location") == scene.actor:
            breaks = _set(scene, named, "location", None)
            text = f"The {wrong} does not fit the {name}, and breaks off in the lock."
            return Outcome(ResultKind.REFUSED, text, (found, named), (breaks,))
        return refused(f"The {wrong} does not fit the {name}.", found, named)
    if scene.state.get(opening.key, "location") != scene.actor:
        return refused(f"You carry no key that fits the {name}.", found)
    if scene.state.get(found, "locked") is locked:
        return refused(f"The {name} is already {verb}ed.", found)
    if locked and scene.state.get(found, "open"):
        return refused(f"The {name} is open: close it first.", found)
    change = _set(scene, found, "locked", locked)
    text = f"You {verb} the {name} with the {scene.index.name(opening.key)}."
    return ok(text, found, opening.key, changes=(change,))


def light(scene: Scene, parsed: Parsed) -> Outcome:
    """Light a lamp or the like."""
    return _kindle(scene, parsed, lit=True)


def extinguish(scene: Scene, parsed: Parsed) -> Outcome:
    """Put a light out."""
    return _kindle(scene, parsed, lit=False)


def _kindle(scene: Scene, parsed: Parsed, *, lit: bool) -> Outcome:
    found = resolve(scene, parsed.args["object"], scene.in_reach())
    if isinstance(found, Outcome):
        return found
    name = scene.index.name(found)
    thing = scene.index.things.get(found)
    if thing is None or not thing.light:
        return refused(f"The {name} gives no light.", found)
    if scene.state.get(found, "lit") is lit:
        return refused(f"The {name} is {'already' if lit else 'not'} lit.", found)
    changes = [_set(scene, found, "lit", lit)]
    if found in scene.index.burns:
        now, left = scene.state.get(CLOCK, "tick"), scene.state.get(found, "left")
        if lit and not left:
            return refused(f"The {name} has burnt down.", found)
        out_at = now + left if lit else None
        if not lit:
            changes.append(_set(scene, found, "left", scene.state.get(found, "out_at") - now))
        changes.append(_set(scene, found, "out_at", out_at))
    text = f"You light the {name}." if lit else f"You put out the {name}."
    return ok(text, found, changes=tuple(changes))


def combine(scene: Scene, parsed: Parsed) -> Outcome:
    """Make of several things the one that a recipe says."""
    queries = [q for q in _JOINTS.split(parsed.args["object"]) if q]
    parts: list[str] = []
    reach = scene.in_reach()
    for query in queries[:10]:
        found = resolve(scene, query, reach)
        if isinstance(found, Outcome):
            return found
        parts.append(found)
    if len(parts) < 2:
        return refused("Name at least two things to combine.", *parts)
    recipe = next((r for r in scene.index.spec.recipes if set(r.parts) == set(parts)), None)
    if recipe is None or scene.state.get(recipe.makes, "location") is not None:
        return refused("These do not go together.", *parts)
    product = scene.index.things[recipe.makes]
    place = scene.actor if product.portable and not product.heavy else scene.room
    changes = [_set(scene, part, "location", None) for part in recipe.parts]
    changes.append(_set(scene, product.id, "location", place))
    if product.id in scene.index.turns:
        due = scene.state.get(CLOCK, "tick") + scene.index.turns[product.id]
        changes.append(_set(scene, product.id, "turns_at", due))
    text = f"You make the {product.name}."
    return ok(text, *parts, product.id, changes=tuple(changes))


def write(scene: Scene, parsed: Parsed) -> Outcome:
    """Write a text on something."""
    reach = scene.in_reach()
    splits = parsed.splits
    found: str | Outcome = unknown("")
    text = parsed.args["text"]
    for left, right in splits:
        found = resolve(scene, right, reach)
        if isinstance(found, str):
            text = parsed.args["text"] if (left, right) == splits[0] else left
            break
    if isinstance(found, Outcome):
        return resolve(scene, splits[0][1], reach)  # type: ignore[return-value]
    name = scene.index.name(found)
    thing = scene.index.things.get(found)
    if thing is None or not thing.writable:
        return refused(f"You cannot write on the {name}.", found)
    if any(c in _MARKUP for c in text):
        return refused("Nothing is written: leave out the characters | $ < > and try again.", found)
    plain = text.strip()
    if not plain:
        return refused("There is nothing to write.", found)
    if len(plain) > thing.width:
        return refused(f"That is too long to write: at most {thing.width} characters.", found)
    written = list(scene.state.get(found, "inscriptions"))
    if len(written) >= thing.lines:
        return refused(f"There is no room left on the {name}.", found)
    hands = [*scene.state.get(found, "hands"), scene.actor]
    line = _set(scene, found, "inscriptions", [*written, plain])
    changes = (line, _set(scene, found, "hands", hands))
    return ok(f'You write on the {name}: "{plain}"', found, changes=changes)

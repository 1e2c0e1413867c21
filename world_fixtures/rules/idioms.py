"""Commands whose meaning depends on what is around, such as `use`, and those that are refused."""

from __future__ import annotations

from collections.abc import Iterator

from world_fixtures.rules import handling, perception
from world_fixtures.rules.grammar import VERB_OF, Parsed, split
from world_fixtures.rules.names import words
from world_fixtures.rules.outcome import Outcome, ok, refused, unknown
from world_fixtures.rules.resolve import resolve, resolve_pair
from world_fixtures.rules.scene import Scene
from world_fixtures.rules.several import called
from world_fixtures.rules.ways import done_as, doors, go_way, is_room, which

UNCHANGING = frozenset(
    ("again", "attempt", "give", "look_toward", "several", "talk", "wait", "who")
)  # fmt: skip
"""Verbs of this module that never change anything."""
_LIGHTS = (("light",), ("lights",), ("flame",), ("fire",))


def open_with(scene: Scene, parsed: Parsed) -> Outcome:
    """Unlock with a key what is locked, open what is not."""
    reach = scene.in_reach()
    pair = resolve_pair(scene, parsed.splits, reach) if parsed.splits else unknown("")
    if isinstance(pair, Outcome):
        return pair
    what, key = (called(scene, i, reach) for i in pair)
    if not scene.state.get(pair[0], "locked"):
        return done_as(scene, "open", handling.open_, object=what)
    return done_as(scene, "unlock", handling.unlock, ((what, key),), object=f"{what} with {key}")


def use(scene: Scene, parsed: Parsed) -> Outcome:
    """Use a thing, alone or on another, as it is used in the world."""
    if not (query := parsed.args.get("object")):
        return unknown("Use what? Use: use KEY on THING.")
    reach = scene.in_reach()
    found = resolve(scene, query, reach)
    if isinstance(found, str):
        return _use_alone(scene, found, called(scene, found, reach))
    for left, right in parsed.splits:
        tool = resolve(scene, left, reach)
        on = resolve(scene, right, reach)
        if isinstance(on, Outcome) and words(right) in (("lock",), ("keyhole",)):
            right = "door"
        if isinstance(on, Outcome) and (ways := doors(scene, right)):
            if len({e.door for e in ways}) > 1:
                return which(scene, ways)
            on = str(ways[0].door)
        if isinstance(tool, str) and isinstance(on, str):
            return _use_on(scene, tool, on)
        found = tool if isinstance(tool, Outcome) else found if isinstance(on, str) else on
    return found


def _use_alone(scene: Scene, entity: str, name: str) -> Outcome:
    thing = scene.index.things.get(entity)
    if thing is None:
        return go_way(scene, Parsed("go", {"direction": name})) or refused("Use it how?", entity)
    if thing.light:
        return done_as(scene, "light", handling.light, object=name)
    if thing.container:
        return done_as(scene, "open", handling.open_, object=name)
    if thing.text is not None:
        return done_as(scene, "read", perception.read, object=name)
    return refused(f"Say what to use the {thing.name} on: use THING on THING.", entity)


def _use_on(scene: Scene, tool: str, on: str) -> Outcome:
    index = scene.index
    reach = scene.in_reach()
    what, key = called(scene, on, reach), called(scene, tool, reach)
    target = index.doors.get(on) or index.things.get(on)
    if target is not None and target.key is not None:
        return done_as(
            scene, "unlock", handling.unlock, ((what, key),), object=f"{what} with {key}"
        )
    if any({tool, on} <= set(recipe.parts) for recipe in index.spec.recipes):
        return done_as(scene, "combine", handling.combine, object=f"{key} with {what}")
    return refused(f"The {index.name(tool)} is of no use on the {index.name(on)}.", tool, on)


def unlock_with_last_words(scene: Scene, parsed: Parsed) -> Iterator[Parsed]:
    """Yield the readings of "unlock DOOR KEY": every way to cut it where no "with" stands."""
    said = parsed.args.get("object", "").split(" ")
    if parsed.verb in ("unlock", "lock") and not parsed.splits and len(said) <= 8:
        for at in range(1, len(said)):
            what, key = " ".join(said[:at]), " ".join(said[at:])
            yield Parsed(parsed.verb, {"object": f"{what} with {key}"}, [(what, key)])


def in_its_place(scene: Scene, parsed: Parsed) -> Parsed | None:
    """Return "read the letter on the table" as "read letter", where the letter lies there."""
    if parsed.verb not in ("examine", "read", "open", "close", "light", "extinguish"):
        return None
    query = parsed.args["object"]
    reach = scene.in_reach()
    for left, right in split(query, query.casefold(), (" inside ", " on ", " in ")):
        pair = resolve_pair(scene, [(left, right)], reach)
        if isinstance(pair, tuple) and scene.state.get(pair[0], "location") == pair[1]:
            return Parsed(parsed.verb, {"object": called(scene, pair[0], reach)})
    return None


def room_or_light(scene: Scene, parsed: Parsed) -> Outcome | None:
    """Look at the room that is named, and take "the light" for the only one there is."""
    query = parsed.args.get("object", "")
    if parsed.verb == "examine" and is_room(scene, query):
        return done_as(scene, "look", perception.look)
    if parsed.verb in ("light", "extinguish") and words(query)[-1:] in _LIGHTS:
        reach = scene.in_reach()
        things = scene.index.things
        lights = [i for i in reach if i in things and things[i].light]
        if len(lights) == 1:
            action = handling.light if parsed.verb == "light" else handling.extinguish
            return done_as(scene, parsed.verb, action, object=called(scene, lights[0], reach))
    return None


def pronoun(scene: Scene, parsed: Parsed) -> Outcome | None:
    """Refuse "it": no command refers to an earlier one."""
    for query in (parsed.args.get("object", ""), *(left for left, _ in parsed.splits)):
        if query.casefold() in ("it", "them", "that", "those", "him", "her"):
            return refused(f"Name the thing: the world does not know what '{query}' is.")
    return None


def scenery(scene: Scene, parsed: Parsed) -> Outcome | None:
    """Refuse to handle what the room's description names; None where it names no such thing."""
    if scene.is_dark() or not (parts := scene.index.rooms[scene.room].scenery):
        return None
    ids = [part.id for part in parts]
    queries = [parsed.args.get("object", ""), *(q for pair in parsed.splits for q in pair)]
    for found in (resolve(scene, query, ids) for query in queries):
        if isinstance(found, str):
            return refused(f"You can only look at the {scene.index.name(found)}.", found)
    return None


# What nothing comes of


def wait(scene: Scene, parsed: Parsed) -> Outcome:
    """Let time pass."""
    return ok("Time passes.", scene.actor)


def who(scene: Scene, parsed: Parsed) -> Outcome:
    """Tell the actor its name."""
    return ok(f"You are {scene.index.name(scene.actor)}.", scene.actor)


def give(scene: Scene, parsed: Parsed) -> Outcome:
    """Refuse: nobody takes anything."""
    return refused("Nobody here takes what you offer. You can put it down.")


def talk(scene: Scene, parsed: Parsed) -> Outcome:
    """Refuse: nobody answers."""
    return refused("Nobody here answers.")


def again(scene: Scene, parsed: Parsed) -> Outcome:
    """Refuse: no command refers to an earlier one."""
    return refused("Nothing can be repeated or undone here: type the command itself.")


def attempt(scene: Scene, parsed: Parsed) -> Outcome:
    """Refuse what is known in other worlds and does nothing in this one."""
    return refused("Nothing comes of that here. 'help' lists the commands.")


def several_commands(scene: Scene, parsed: Parsed) -> Outcome:
    """Refuse more than one command in a line."""
    return refused("One command at a time, please: nothing was done.")


_HELP = {
    "look_toward": "look DIRECTION: see what is that way",
    "use": "use THING [on THING]: what it is for, such as use KEY on DOOR, use LAMP",
    "enter": "enter [DOOR]: go in",
    "leave": "leave: go out; leave THING: put it down",
    "back": "back: go the only way there is",
    "wait": "wait: let time pass",
    "who": "who am i: your own name",
    "give": "give THING to NAME: nobody here takes anything",
    "talk": "talk to NAME: nobody here answers",
}


def help_also(scene: Scene, parsed: Parsed) -> Outcome | None:
    """Explain a command that the list of commands leaves out; None where there is none."""
    about = _HELP.get(VERB_OF.get(parsed.args.get("topic", "").casefold(), ""))
    return ok(about) if about else None

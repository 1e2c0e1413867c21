"""Taking, laying down and putting away several things in one command."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from world_fixtures.protocol import Change, ResultKind
from world_fixtures.rules import handling
from world_fixtures.rules.grammar import Parsed
from world_fixtures.rules.names import match
from world_fixtures.rules.outcome import Outcome, refused, unknown
from world_fixtures.rules.resolve import resolve
from world_fixtures.rules.scene import Scene, StateReader

_JOINTS = re.compile(r" ?[,&+] ?(?:and )?| and ", re.IGNORECASE)
_BUT = re.compile(r",? (?:except for|except|but not|but|apart from|besides) ", re.IGNORECASE)
_ALL = re.compile(
    r"(?:all|everything|every thing|anything|them all|all of (?:it|them|these|those)|it all|both"
    r"|all of (?=the |my ))"
    r"(?: ?(?:the |your |my )?(?:things?|stuff|items|objects))?"
    r"(?: (?:here|(?:that )?(?:i|you) (?:carry|have)|i am carrying|in (?:the|this) room))?",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"(?:all|every|each|both|any)(?: of)?(?: (?:the|my|these|those))? (.+)", re.IGNORECASE
)
_ACTIONS: dict[str, Callable[[Scene, Parsed], Outcome]] = {
    "get": handling.get,
    "drop": handling.drop,
    "put": handling.put,
}

_SINGLE = frozenset(("examine", "read", "open", "close", "light", "extinguish", "look_in"))
_ONE = "One thing at a time: only get, drop and put take several."


class Ahead:
    """A state as it will be once changes are made; the state itself stays as it is."""

    def __init__(self, base: StateReader) -> None:
        self._base = base
        self._changed: dict[tuple[str, str], Any] = {}
        self._moved: dict[str, Any] = {}

    def get(self, entity: str, field: str) -> Any:
        """Return the value of a mutable field."""
        key = (entity, field)
        return self._changed[key] if key in self._changed else self._base.get(entity, field)

    def contents(self, place: str) -> list[str]:
        """Return the ids of what is directly in `place`."""
        moved = self._moved
        stayed = [e for e in self._base.contents(place) if e not in moved]
        return stayed + [e for e, to in moved.items() if to == place]

    def make(self, change: Change) -> None:
        """Make a change."""
        self._changed[change.entity, change.field] = change.after
        if change.field == "location":
            self._moved[change.entity] = change.after


def several(scene: Scene, parsed: Parsed) -> Outcome | None:
    """Carry out get, drop or put for a list of things or for all; None where it names neither.

    Nothing is done where a word of the list is not understood. What cannot be done for one
    of the things is told, and done for the others.
    """
    if parsed.verb in _SINGLE:
        found = _listed(scene, parsed.args["object"], scene.in_reach())
        return refused(_ONE) if isinstance(found, list) else None
    if parsed.verb not in _ACTIONS:
        return None
    words, place = _parts(scene, parsed)
    if parsed.verb == "put" and place is None:
        missing = resolve(scene, parsed.splits[0][1], scene.in_reach())
        return missing if isinstance(missing, Outcome) else None
    pool = _pool(scene, parsed.verb, place)
    if isinstance(pool, Outcome):
        return pool
    found = _listed(scene, words, pool)
    if found is None:
        return None
    if isinstance(found, Outcome):
        return found
    return _each(scene, parsed.verb, [i for i in found if i != place], place)


def _parts(scene: Scene, parsed: Parsed) -> tuple[str, str | None]:
    """Return the words for the things, and where they are taken from or put, if that is named."""
    for left, right in parsed.splits:
        place = resolve(scene, right, scene.in_reach())
        if isinstance(place, str):
            return left, place
    return parsed.args["object"], None


def _pool(scene: Scene, verb: str, place: str | None) -> list[str] | Outcome:
    """Return what "all" means: what the view lists, what is in `place`, or what is carried."""
    if verb != "get":
        return [t.id for t in scene.things_in(scene.actor)]
    if place is None:
        return [] if scene.is_dark() else _shown(scene, scene.room)
    thing = scene.index.things.get(place)
    if thing is None or not (thing.container or thing.surface):
        return refused(f"There is nothing in the {scene.index.name(place)}.", place)
    if not scene.is_open(thing):
        return refused(f"The {thing.name} is closed.", place)
    return [t.id for t in scene.things_in(place)]


def _shown(scene: Scene, place: str) -> list[str]:
    here = scene.things_in(place)
    return [t.id for t in here] + [i for t in here if t.surface for i in _shown(scene, t.id)]


def _listed(scene: Scene, words: str, pool: Sequence[str]) -> list[str] | Outcome | None:
    """Return the things that a list of words names, None where it is no list."""
    words, *less = _BUT.split(words, maxsplit=1)
    if len(_JOINTS.split(words, maxsplit=1)) > 1:
        words = words.removeprefix("both ")
    if _ALL.fullmatch(words):
        found = list(pool)
    elif kind := _KIND.fullmatch(words):
        names = scene.index.names
        found = match(kind[1], pool, names) or match(kind[1].removesuffix("s"), pool, names)
        if not found:
            return unknown(f"There is no '{kind[1][:60]}' here.")
    else:
        named = [w for w in dict.fromkeys(_JOINTS.split(words)) if w]
        return _named(scene, named) if len(named) > 1 and not less else None
    if less:
        left_out = _named(scene, [w for w in _JOINTS.split(less[0]) if w])
        if isinstance(left_out, Outcome):
            return left_out
        found = [i for i in found if i not in left_out]
    return found


def _named(scene: Scene, named: Sequence[str]) -> list[str] | Outcome:
    found = []
    reach = scene.in_reach()
    for word in named:
        thing = resolve(scene, word, reach)
        if isinstance(thing, Outcome):
            return thing
        found.append(thing)
    return list(dict.fromkeys(found))


def _each(scene: Scene, verb: str, found: list[str], place: str | None) -> Outcome:
    if not found:
        return refused(
            "There is nothing to take." if verb == "get" else "There is nothing to lay down."
        )
    ahead = Ahead(scene.state)
    then = Scene(scene.index, ahead, scene.actor)
    kind = ResultKind.REFUSED
    lines: list[str] = []
    objects: list[str] = []
    changes: list[Change] = []
    for thing in found:
        outcome = _ACTIONS[verb](then, _single(then, verb, thing, place))
        lines.append(outcome.text)
        objects += outcome.objects or (thing,)
        changes += outcome.changes
        for change in outcome.changes:
            ahead.make(change)
        if outcome.kind is ResultKind.OK:
            kind = ResultKind.OK
    return Outcome(kind, "\n".join(lines), tuple(dict.fromkeys(objects)), tuple(changes))


def _single(scene: Scene, verb: str, thing: str, place: str | None) -> Parsed:
    """Return the command for one thing of several."""
    reach = scene.in_reach()
    carried = [t.id for t in scene.things_in(scene.actor)]
    if place is not None:
        name, where = called(scene, thing, reach), called(scene, place, reach)
        args = {"object": f"{name} from {where}"} if verb == "get" else {"object": name}
        return Parsed(verb, args, [(name, where)])
    if verb == "drop" or thing in carried:
        return Parsed(verb, {"object": called(scene, thing, carried)})
    return Parsed(verb, {"object": called(scene, thing, [i for i in reach if i not in carried])})


def called(scene: Scene, entity: str, candidates: Sequence[str]) -> str:
    """Return words that mean `entity` and none of the other candidates."""
    name = scene.index.name(entity)
    same = match(name, candidates, scene.index.names)
    return name if len(same) < 2 or entity not in same else f"{name}-{same.index(entity) + 1}"

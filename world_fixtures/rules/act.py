"""Carrying out a parsed command: one entry point, one table of verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from world_fixtures.protocol import ResultKind
from world_fixtures.rules import handling, idioms, perception, ways
from world_fixtures.rules.grammar import Parsed
from world_fixtures.rules.outcome import Outcome, unknown
from world_fixtures.rules.reading import is_several, one_line, parse, readings
from world_fixtures.rules.scene import Scene
from world_fixtures.rules.several import several
from world_fixtures.rules.social import incomplete, understood

Action = Callable[[Scene, Parsed], Outcome]

ACTIONS: dict[str, Action] = {
    "look": perception.look,
    "examine": perception.examine,
    "look_in": perception.look_in,
    "directions": perception.directions,
    "read": perception.read,
    "inventory": perception.inventory,
    "help": perception.help_,
    "say": perception.say,
    "go": handling.go,
    "get": handling.get,
    "drop": handling.drop,
    "put": handling.put,
    "open": handling.open_,
    "close": handling.close,
    "unlock": handling.unlock,
    "lock": handling.lock,
    "light": handling.light,
    "extinguish": handling.extinguish,
    "combine": handling.combine,
    "write": handling.write,
    "look_toward": ways.look_toward,
    "open_with": idioms.open_with,
    "use": idioms.use,
    "enter": ways.enter,
    "leave": ways.leave,
    "back": ways.back,
    "wait": idioms.wait,
    "who": idioms.who,
    "give": idioms.give,
    "talk": idioms.talk,
    "again": idioms.again,
    "attempt": idioms.attempt,
    "several": idioms.several_commands,
}

_FAILED = (ResultKind.REFUSED, ResultKind.UNKNOWN)


def perform(scene: Scene, command: str | Parsed) -> Outcome:
    """Return the outcome of `command` in `scene`; changes nothing by itself.

    A text is read plainly first, so that the names of things win. Only where that names
    nothing that is here, other readings are tried, and the first that does is carried out.
    """
    if isinstance(command, str) and scene.index.spec.living is not None:
        line = one_line(command)
        social = understood(scene, line)
        if social is not None and social.kind is not ResultKind.UNKNOWN:
            return social
        outcome = _performed(scene, command)
        if social is None and outcome.kind in _FAILED and not is_several(line):
            return incomplete(line) or outcome
        if social is None or (outcome.kind is ResultKind.OK and social.verb != "whisper"):
            return outcome
        return social
    return _performed(scene, command)


def _performed(scene: Scene, command: str | Parsed) -> Outcome:
    parsed = parse(command) if isinstance(command, str) else command
    outcome = unknown(parsed.error) if parsed.verb is None else _carried_out(scene, parsed)
    if outcome.kind is ResultKind.UNKNOWN and isinstance(command, str):
        return _otherwise(scene, command, outcome)
    return outcome


def _carried_out(scene: Scene, parsed: Parsed) -> Outcome:
    assert parsed.verb is not None
    return _marked(ACTIONS[parsed.verb](scene, parsed), parsed)


def _otherwise(scene: Scene, raw: str, outcome: Outcome) -> Outcome:
    for reading in readings(raw):
        for other in _outcomes(scene, reading):
            if other.kind is not ResultKind.UNKNOWN:
                return other
            outcome = other
    if is_several(one_line(raw)):
        return _carried_out(scene, Parsed("several"))
    return outcome


def _outcomes(scene: Scene, parsed: Parsed) -> Iterator[Outcome]:
    """Yield what comes of a reading, then of what its words can mean where they name nothing."""
    yield _carried_out(scene, parsed)
    if parsed.verb == "go" and (gone := ways.go_way(scene, parsed)):
        yield _marked(gone, parsed)
    if parsed.verb == "help" and (told := idioms.help_also(scene, parsed)):
        yield _marked(told, parsed)
    if many := several(scene, parsed):
        yield _marked(many, parsed)
    if placed := idioms.in_its_place(scene, parsed):
        yield _carried_out(scene, placed)
    for idiom in (idioms.room_or_light, idioms.scenery, idioms.pronoun):
        if other := idiom(scene, parsed):
            yield _marked(other, parsed)
    yield from _by_its_door(scene, parsed)
    for cut in idioms.unlock_with_last_words(scene, parsed):
        tried = (_carried_out(scene, cut), *_by_its_door(scene, cut))
        yield from (outcome for outcome in tried if outcome.kind is not ResultKind.UNKNOWN)


def _by_its_door(scene: Scene, parsed: Parsed) -> Iterator[Outcome]:
    named = ways.with_door(scene, parsed)
    if isinstance(named, Parsed):
        yield _carried_out(scene, named)
    elif named is not None:
        yield _marked(named, parsed)


def _marked(outcome: Outcome, parsed: Parsed) -> Outcome:
    outcome.verb = outcome.verb or parsed.verb
    outcome.args = outcome.args or parsed.args
    return outcome

"""Commands with words: ask, tell, whisper and greet."""

from __future__ import annotations

from collections.abc import Sequence

from world_fixtures.facts import Fact
from world_fixtures.living import CLOCK, Knowledge, Person
from world_fixtures.protocol import Change
from world_fixtures.rules.names import words
from world_fixtures.rules.outcome import Outcome, ok, unknown
from world_fixtures.rules.parties import other_here
from world_fixtures.rules.resolve import resolve
from world_fixtures.rules.scene import Scene
from world_fixtures.rules.witness import remembered

HEARD = 30
"""Things told to a person that it remembers, the last ones."""
BESIDES = 8
"""Words that may stand beside what was to be told."""
SAID = 200
"""Characters kept of what somebody is told."""
ASIDE = 3
"""Words that may stand beside a topic that somebody is asked about."""


def ask(scene: Scene, args: dict[str, str]) -> Outcome:
    """Ask somebody about something."""
    who = other_here(scene, args)
    if isinstance(who, Outcome):
        return who
    name, person = scene.index.name(who), scene.index.people.get(who)
    if person is None:
        return ok(f"{name} has heard your question.", who)
    known = _knowledge(scene, person, args["topic"])
    if known is None:
        return _last_seen(scene, person, args["topic"])
    if not _met(scene, person, known):
        return ok(f'{name} says, "{known.refuses}"', who)
    told = Fact(who, "told", known.topic)
    return ok(f'{name} says, "{known.says}"', who, reveals=(*known.tells, told))


def _knowledge(scene: Scene, person: Person, topic: str) -> Knowledge | None:
    """Return what a person knows of a topic: the first that may be told, else the first.

    A list of all that there is asks for nothing.
    """
    asked = set(words(topic))
    if not asked:
        return None
    exact = [k for k in person.knows if set(words(k.topic)) == asked]
    found = exact or [k for k in person.knows if _is_about(asked, set(words(k.topic)))]
    return next((k for k in found if _met(scene, person, k)), found[0] if found else None)


def _is_about(asked: set[str], topic: set[str]) -> bool:
    return asked <= topic or (topic <= asked and len(asked) <= len(topic) + ASIDE)


def _met(scene: Scene, person: Person, known: Knowledge) -> bool:
    need, get = known.needs, scene.state.get
    living = scene.index.spec.living
    assert living is not None
    hour = get(CLOCK, "tick") % living.day
    said = [words(text) for _, text in get(person.id, "heard")]
    return (
        (need.has is None or get(need.has, "location") == person.id)
        and (need.shown is None or [scene.actor, need.shown] in get(person.id, "shown"))
        and get(person.id, "paid").get(scene.actor, 0) >= need.paid
        and (need.heard is None or any(tells(text, words(need.heard)) for text in said))
        and (need.hours is None or need.hours[0] <= hour < need.hours[1])
    )


def tells(said: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether words hold what was to be told, and not much besides: a list of all there is."""
    return set(wanted) <= set(said) and len(said) <= len(wanted) + BESIDES


def _last_seen(scene: Scene, person: Person, topic: str) -> Outcome:
    """Say where a person saw something last, if it is one of those it remembers."""
    name = scene.index.name(person.id)
    found = resolve(scene, topic, list(person.heeds)) if person.heeds else unknown("")
    if isinstance(found, Outcome):
        return ok(f'{name} says, "I know nothing of that."', person.id)
    somebody = found in scene.index.characters
    thing = scene.index.name(found) if somebody else f"the {scene.index.name(found)}"
    seen = _seen_last(scene, person, found)
    says = f"I last saw {thing} in the {scene.index.name(seen)}."
    if scene.state.get(found, "location") == person.id:
        seen, says = scene.room, f"I have {thing} here."
    if not seen:
        says = f"I have not found {thing} where I last looked."
        return ok(f'{name} says, "{says}"', person.id)
    fact = Fact(found, "seen", [person.id, seen])
    return ok(f'{name} says, "{says}"', person.id, reveals=(fact,))


def _seen_last(scene: Scene, person: Person, entity: str) -> str:
    """Return the room where a person who looks about now saw something last, or the empty text."""
    changes = remembered(scene.index, scene.state, ok(""), [scene.room])
    now = next((c.after for c in changes if c.entity == person.id), None)
    seen: dict[str, str] = scene.state.get(person.id, "seen") if now is None else now
    return seen.get(entity, scene.index.start_room(entity))


def tell(scene: Scene, args: dict[str, str]) -> Outcome:
    """Tell somebody something, who remembers it."""
    who = other_here(scene, args)
    if isinstance(who, Outcome):
        return who
    name = scene.index.name(who)
    if who not in scene.index.people:
        return ok(f"{name} has heard you.", who)
    before = scene.state.get(who, "heard")
    after = [*before, [scene.actor, args["text"][:SAID]]][-HEARD:]
    changes = (Change(entity=who, field="heard", before=before, after=after),)
    return ok(f"{name} listens to you.", who, changes=changes)


def greet(scene: Scene, args: dict[str, str]) -> Outcome:
    """Greet somebody."""
    who = other_here(scene, args)
    if isinstance(who, Outcome):
        return who
    person, name = scene.index.people.get(who), scene.index.name(who)
    if person is None or not person.greeting:
        return ok(f"{name} nods.", who)
    return ok(f'{name} says, "{person.greeting}"', who, reveals=(Fact(who, "greeting", True),))

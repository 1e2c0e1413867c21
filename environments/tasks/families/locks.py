"""The kind `locked`: a room behind a lock, told by its keeper; which key opens it is told, too."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    with_things,
)
from environments.tasks.families.places import LYING, free_rooms, lying
from environments.tasks.families.reading import expects, proof
from environments.tasks.families.references import Told
from environments.tasks.families.told_rooms import told_as
from environments.tasks.model import (
    Ability,
    Answered,
    Did,
    Evidence,
    Family,
    Goal,
    Located,
    Together,
)
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import RELATIONS, ask, shown, tellings
from world_fixtures.generator.words import expand, number, sentence
from world_fixtures.reachability import room_of
from world_fixtures.spec import Door, Thing, WorldSpec

LETTER: Final = "q_letter"
SLIP: Final = "q_slip"
DOORS: Final = {"q_padlocked_door": "padlocked door", "q_chained_door": "chained door"}
KEYS: Final = {
    f"q_{colour}_key": f"{colour}-tagged key"
    for colour in ("red", "blue", "green", "white", "black")
}
CHOICE: Final = 2
"""Locked rooms that a world has at least: the prompt says which."""
KEPT: Final = 4
"""Rooms whose keeper the letter tells."""


class Locked(Kind):
    """Get into the room that somebody keeps, with the key that a text says opens its door."""

    name = "locked"
    family = Family.NAVIGATION
    abilities = frozenset({Ability.PROMPT, Ability.READING, Ability.MAP, Ability.RESTRAINT})
    difficulty = (
        "Worlds with fewer than two locked rooms are given locks, mostly up to 4; above, there are"
        " more locks and keys; the locks that are added, and from 4 the world's, break a wrong key;"
        " the texts, the key and the door lie farther apart."
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a room behind a lock with a told key, and a letter that tells who keeps it."""
        spec, rng = context.spec, context.rng
        costs = free_rooms(context)
        options = list(_locked_rooms(spec, costs))
        lock = None
        missing = CHOICE - len({room for room, _ in options})
        if missing > 0 and SLIP not in spec.entities:
            rooms = [r for r in costs if r != spec.agent.location]
            lock = _draw_lock(spec, rooms, missing, rng)
            options += [(r, SLIP) for r in lock["rooms"]] if lock else []
        people = _people(spec)
        if len({room for room, _ in options}) < CHOICE or len(people) < 2:
            return None
        room, source = rng.choice(options)
        others = [r.id for r in spec.rooms if r.id != room]
        kept = [room, *rng.sample(others, min(len(others), len(people) - 1, KEPT - 1))]
        persons = rng.sample(people, len(kept))
        facts = [Fact(r, "keeper", p) for r, p in zip(kept, persons, strict=True)]
        told = [f for f, source in tellings(spec) if source != LETTER]
        dated = {f.entity for f in told if f.field == "founded"}
        if sum(f.field == "founded" and f.entity == room for f in told) > 1:
            return None
        facts += [
            Fact(r, "founded", number(rng, context.split, 1400, 1894))
            for r in kept if r not in dated
        ]  # fmt: skip
        year = ask(Fact(room, "founded", 0), spec, rng, entity="this room")
        rng.shuffle(facts)
        shut = lock["rooms"] if lock else [room]
        places = [r for r in costs if r not in (*shut, spec.agent.location)]
        letter = {
            "place": context.pick(places, lambda r: costs[r]),
            "tells": [list(f) for f in facts],
            "text": _text(facts, spec, rng),
        }
        return {"person": persons[0], "source": source, "letter": letter, "lock": lock,
                "year": year}  # fmt: skip

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read which room and which key, and go in."""
        person = question["person"]
        spec = _furnished(context.spec, question)
        room = told_as(spec, f"the room that is kept by {person}").room
        told = Told(spec)
        founded = told.fact(room, "founded")
        script = Script(context.actor(spec), context)
        actor = script.actor
        script.begin(
            f"Get into the room that is kept by {person}. Which room that is, and which key opens"
            " the door in front of it, is written somewhere. A wrong key may break. You may keep"
            " the right one. Stay in the room"
            f" and submit an answer with two fields: things (a list of {LYING}, in this room) and"
            f" year ({question['year']}, which is written somewhere, too)."
        )
        actor.read(LETTER)
        for source in dict.fromkeys((question["source"], told.sources[founded][0])):
            if source != LETTER:
                actor.read(source)
        actor.go_to(room)
        things = tuple(t.name for t in lying(spec, room))
        inside = Goal(
            name=f"gets into {shown(room, spec)}",
            condition=Together(
                conditions=(
                    Located(entity=spec.agent.id, place=room),
                    Answered(field="things", match="set", expected=things),
                    expects("year", founded),
                )
            ),
        )
        unlocks = [
            Goal(
                name=f"unlocks the {door.name}",
                condition=Did(verb="unlock", entity=door.id),
                final=False,
            )
            for door in spec.doors
            if door.id in actor.unlocked
        ]
        script.end(
            goals=[inside, *unlocks],
            evidence=[
                Evidence(field="things", entity=room, fact="contents"),
                Evidence(field="things", entity=room, fact="keeper"),
                *proof("year", [founded]),
            ],
            answer={"things": list(things), "year": founded.value},
            free=[d.id for d in spec.doors],
            tolerance=0,
        )
        return script.draft(shortest_path=actor.moves)


def _locked_rooms(spec: WorldSpec, free: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield the rooms right behind a lock, with the text in a free room that tells its key."""
    things = {t.id: t for t in spec.things}
    for fact, source in tellings(spec):
        if fact.field != "fits" or room_of(things[source], things) not in free:
            continue
        for way in spec.exits:
            if way.door == fact.value and way.target not in free and lying(spec, way.target):
                yield way.target, source


def _people(spec: WorldSpec) -> list[str]:
    """Return the people that texts tell of and that keep no room."""
    told = [fact for fact, source in tellings(spec) if source != LETTER]
    people = {f.entity for f in told if f.field in ("works_in", "trade", "born")}
    people |= {f.value for f in told if f.field in ("author", "owner", "maker")}
    return sorted(people - {f.value for f in told if f.field == "keeper"})


def _draw_lock(
    spec: WorldSpec, rooms: Sequence[str], count: int, rng: random.Random
) -> dict[str, Any] | None:
    """Draw up to `count` rooms with one way in to be locked, and places for keys and slip."""
    things = {t.id: t for t in spec.things}
    needed = {s for f, s in tellings(spec) if f.field == "fits"}
    needed |= {t.id for t in spec.things if t.id.endswith("_key") or t.light}
    kept = {room_of(things[t], things) for t in needed}
    ends = [r for r in rooms if lying(spec, r) and r not in kept and _is_plain_end(spec, r)]
    shut = rng.sample(ends, max(0, min(count, len(ends), len(rooms) - 2)))
    if not shut:
        return None
    places = [r for r in rooms if r not in shut]
    keys = rng.sample(list(KEYS), len(KEYS))
    lock: dict[str, Any] = {
        "rooms": shut,
        "keys": keys,
        "places": [rng.choice(places) for _ in keys],
        "slip": rng.choice(places),
    }
    return {**lock, "text": _text(_fits(lock), _locked(spec, lock), rng)}


def _is_plain_end(spec: WorldSpec, room: str) -> bool:
    """Tell whether one way leads into a room and one out, both open."""
    ways = [e for e in spec.exits if room in (e.source, e.target)]
    return len(ways) == 2 and not any(e.door or e.hidden for e in ways)


def _fits(lock: Mapping[str, Any]) -> list[Fact]:
    """Return which key fits which added door."""
    pairs = zip(lock["keys"], DOORS, lock["rooms"], strict=False)
    return [Fact(key, "fits", door) for key, door, _ in pairs]


def _furnished(spec: WorldSpec, question: Question) -> WorldSpec:
    """Return the world with the letter, and the lock where there is one to add.

    What is there already stays, so that what its texts tell may have been drawn anew.
    """
    lock, letter = question["lock"], question["letter"]
    if lock and SLIP not in spec.entities:
        slip = Thing(
            id=SLIP,
            name="paper slip",
            desc="A slip of paper, torn off a longer sheet.",
            location=lock["slip"],
            text=lock["text"],
            tells=tuple(_fits(lock)),
        )
        spec = with_things(_locked(spec, lock), slip)
    there = spec.entities.get(LETTER)
    if isinstance(there, Thing) and there.text == letter["text"]:
        return spec
    return with_things(
        spec,
        Thing(
            id=LETTER,
            name="folded letter",
            desc="A letter that somebody has folded and unfolded many times.",
            location=letter["place"],
            text=letter["text"],
            tells=tuple(Fact(*f) for f in letter["tells"]),
        ),
    )


def _locked(spec: WorldSpec, lock: Mapping[str, Any]) -> WorldSpec:
    """Return the world with locked doors before rooms, and the keys."""
    door_of = dict(zip(lock["rooms"], DOORS, strict=False))
    doors = [
        Door(
            id=f.value,
            name=DOORS[f.value],
            desc="A door of planks.",
            locked=True,
            fragile=True,
            key=f.entity,
        )
        for f in _fits(lock)
    ]
    exits = tuple(
        e.model_copy(update={"door": door_of.get(e.source) or door_of.get(e.target) or e.door})
        for e in spec.exits
    )
    keys = [
        Thing(id=key, name=KEYS[key], desc="A small key.", location=place)
        for key, place in zip(lock["keys"], lock["places"], strict=True)
    ]
    spec = spec.model_copy(update={"exits": exits, "doors": (*spec.doors, *doors)})
    return with_things(spec, *keys)


def _text(facts: Sequence[Fact], spec: WorldSpec, rng: random.Random) -> str:
    """Word the facts, each with what might be taken for its value, or for its entity, a key."""
    lines = []
    for fact in facts:
        alike = [f for f in facts if f is not fact and f.field == fact.field]
        told_of = [f.entity if fact.field == "fits" else f.value for f in alike]
        others = told_of or _not_meant(fact)
        wording = rng.choice(RELATIONS[fact.field].sentences)
        names = {"e": fact.entity, "v": fact.value, "w": rng.choice(others)}
        told = expand(wording, rng, **{slot: shown(name, spec) for slot, name in names.items()})
        lines.append(sentence(told))
    return " ".join(lines)


def _not_meant(fact: Fact) -> list[Any]:
    """Return what might be taken for the entity or value of a fact that is told alone."""
    return [k for k in KEYS if k != fact.entity] if fact.field == "fits" else [fact.value - 7]

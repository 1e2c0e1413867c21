"""Open what is locked, with the one of several keys that a text says fits."""

from __future__ import annotations

from typing import TypeVar

from environments.tasks.actor import FAR, Unsolvable
from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    with_things,
)
from environments.tasks.families.errand.places import lit_rooms
from environments.tasks.families.reading import Reader, expects, proof
from environments.tasks.families.references import Told, named
from environments.tasks.families.retelling import (
    Addition,
    addition,
    texts_outside,
    told_by_person,
    with_told,
)
from environments.tasks.model import Ability, Family, Goal, Holds, Together
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import ask, shown
from world_fixtures.generator.words import number
from world_fixtures.spec import Door, Thing, WorldSpec

KEYS = {
    f"q_{word}_key": f"{word} key" for word in ("small", "long", "plain", "thin", "old", "light")
}
"""Keys to choose from for a container that had no lock: id -> name."""
FEWEST = 3
"""Keys that there are, the one that fits included."""
OWNED = 6
"""Difficulty from which a container is told by its owner."""

Entity = TypeVar("Entity", Door, Thing)


class Unlock(Kind):
    """Asks for a locked door or container to be unlocked and opened."""

    name = "unlock"
    family = Family.ERRAND
    abilities = frozenset({Ability.PROMPT, Ability.READING, Ability.RESTRAINT})
    difficulty = (
        "what tells the key is named up to 2; from 6 a container is told by its owner where a text"
        " says who that is"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a lock whose key is told, or a container to lock, where there are other keys."""
        spec, told = context.spec, Told(context.spec)
        locks = [
            str(f.value) for f in told.facts("fits")
            if getattr(spec.entities[f.value], "locked", False)
            and len(told.telling("fits", f.value)) == 1 == len(told.sources[f])
        ]  # fmt: skip
        boxes = [t.id for t in spec.things if t.container and not t.open and t.key is None]
        options = [*(locks if len(_keys(spec)) >= FEWEST else []), *boxes]
        for _ in range(4):
            lock = context.pick(options, lambda e: _distance(context, e))
            found = self._asked(context, told, lock, [])
            if found is not None:
                return found
        return None

    def _asked(
        self, context: BuildContext, told: Told, lock: str, additions: list[Addition]
    ) -> Question | None:
        """Return how a lock is asked for, with the keys and texts to add for it; the first fits."""
        spec, rng = context.spec, context.rng
        keys: dict[str, str] = {}
        if not told.telling("fits", lock):
            rooms = [r for r in lit_rooms(spec) if _in_the_open(context, r)]
            texts = texts_outside(spec, lock)
            if not texts:
                return None
            new = [k for k in KEYS if k not in spec.entities]
            if len(new) < FEWEST:
                return None
            keys = {k: rng.choice(rooms) for k in rng.sample(new, FEWEST)}
            key, other, *_ = keys
            world = with_things(spec, *_new_keys(keys))
            fact = Fact(key, "fits", lock)
            source = rng.choice(texts)
            additions = [addition(fact, source, other, world, rng)]
        else:
            source = told.sources[told.telling("fits", lock)[0]][0]
        marks = [f for f in told.of(source) if f.field == "mark"]
        if len(marks) > 1:
            return None
        if not marks:
            mark, wrong = (str(number(rng, context.split, 1000, 99990)) for _ in range(2))
            marks = [Fact(source, "mark", mark)]
            additions = [*additions, addition(marks[0], source, wrong, spec, rng)]
        phrase = ask(marks[0], spec, rng, entity="the text that says which key fits")
        referred = named(lock, spec)
        if context.difficulty >= OWNED and lock in {t.id for t in spec.things}:
            owned = told_by_person(context, told, lock, "owner")
            if owned is not None:
                referred, more = owned
                additions = [*additions, *more]
        return {"lock": list(referred), "keys": keys, "told": additions,
                "named": context.difficulty <= 2, "mark": phrase}  # fmt: skip

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read which key fits, fetch it, unlock and open, and bring the key back."""
        spec = with_told(context.spec, question["told"])
        start, links, phrase = question["lock"]
        lock, facts = Told(spec).follow(start, links)
        spec = _fragile(spec, lock, question["keys"])
        told = Told(spec)
        fitting = told.telling("fits", lock)
        if not fitting:
            raise Unsolvable(f"no text tells the key of {lock}")
        fits = fitting[0]
        mark = told.fact(told.sources[fits][0], "mark")
        where = "Which key fits is written somewhere in this world."
        if question["named"]:
            source = shown(told.sources[fits][0], spec)
            where = f"Which key fits is written in {source}."
        script = Script(context.actor(spec), context)
        script.begin(
            f"Unlock {phrase} and open it; it can stay open. {where} A wrong key would break:"
            " put the right one back where you found it, and take nothing else."
            f" Submit an answer with one field, mark: {question['mark']}."
        )
        reader = Reader(context, script.actor, told)
        reader.learn(facts)
        reader.learn([fits], question["named"])
        reader.learn([mark])
        actor = script.actor
        actor.keep(lock)
        actor.fetch(fits.entity)
        actor.reach(lock)
        actor.open(lock)
        actor.tidy()
        opened = Holds(entity=lock, field="open", value=True)
        both = Together(conditions=(opened, expects("mark", mark)))
        goal = Goal(name=f"the {context.name(lock)} is open, by what was read", condition=both)
        script.end(goals=[goal], evidence=proof("mark", [*facts, fits, mark]),
                   answer={"mark": mark.value})  # fmt: skip
        return script.draft()


def _keys(spec: WorldSpec) -> list[Thing]:
    return [t for t in spec.things if t.portable and "key" in t.name.lower().split()]


def _in_the_open(context: BuildContext, room: str) -> bool:
    """Tell whether a room can be entered without a key."""
    return context.actor().costs().get(room, FAR) < FAR


def _distance(context: BuildContext, lock: str) -> int:
    actor = context.actor()
    actor.reach(lock)
    return len(actor.commands)


def _new_keys(places: dict[str, str]) -> list[Thing]:
    """Return keys to lie in these rooms."""
    return [
        Thing(id=key, name=KEYS[key], desc="A key without a tag.", location=room)
        for key, room in places.items()
    ]


def _fragile(spec: WorldSpec, lock: str, keys: dict[str, str]) -> WorldSpec:
    """Return the world with a lock that breaks wrong keys, and with `keys` if it had no lock."""
    new: dict[str, object] = {"fragile": True}
    if keys and getattr(spec.entities[lock], "key", None) is None:
        spec = with_things(spec, *_new_keys(keys))
        new |= {"locked": True, "key": next(iter(keys))}

    def changed(entity: Entity) -> Entity:
        return entity.model_copy(update=new) if entity.id == lock else entity

    return spec.model_copy(
        update={
            "doors": tuple(map(changed, spec.doors)),
            "things": tuple(map(changed, spec.things)),
        }
    )

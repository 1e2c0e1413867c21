"""Draws anew what the texts of a world tell: the world of somebody who did not read. Pure."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from typing import Any

from world_fixtures.facts import Fact
from world_fixtures.generator.relation import relation_of
from world_fixtures.generator.trades import trades_like
from world_fixtures.generator.words import number, split_of_number
from world_fixtures.reachability import obtainable
from world_fixtures.spec import Thing, WorldSpec


def redrawn(
    spec: WorldSpec, rng: random.Random, said: str = "", known: Collection[Fact] = ()
) -> WorldSpec:
    """Return the same world with every told value drawn anew; the texts stay as they are.

    What is `known` already stays as it is, too.

    Each value is of the same kind and split, drawn evenly from those that are possible, so that
    it may be the old one. People and places are exchanged among the facts of a field: whom a text
    called the keeper of a room is still the keeper of one. So are numbers of rooms of which the
    text `said` (a prompt) has one: there is still such a room. The world agrees with what is told:
    a lock gets the key that now fits it, and a thing lies where it is now kept. Everything can
    still be had.
    """
    keys = _new_keys(spec, rng, known)
    told = dict.fromkeys(fact for thing in spec.things for fact in thing.tells)
    facts = [fact for fact in told if fact not in known]
    exchanged = _exchanged(facts, rng, said)
    drawn = {
        fact: fact._replace(value=exchanged[fact])
        if fact in exchanged
        else _redraw(fact, spec, keys, rng)
        for fact in facts
    }
    kept = {f.entity: f.value for f in drawn.values() if f.field == "kept_in"}
    return spec.model_copy(
        update={
            "doors": tuple(
                d.model_copy(update={"key": keys[d.id]}) if d.id in keys else d for d in spec.doors
            ),
            "things": tuple(_changed(t, drawn, keys, kept) for t in spec.things),
        }
    )


def _changed(
    thing: Thing, drawn: dict[Fact, Fact], keys: dict[str, str], kept: dict[str, str]
) -> Thing:
    update: dict[str, Any] = {}
    if thing.tells:
        update["tells"] = tuple(drawn.get(fact, fact) for fact in thing.tells)
    if thing.id in keys:
        update["key"] = keys[thing.id]
    if thing.id in kept:
        update["location"] = kept[thing.id]
    return thing.model_copy(update=update) if update else thing


def _exchanged(facts: Sequence[Fact], rng: random.Random, said: str) -> dict[Fact, Any]:
    """Exchange values among the facts of each field that has several, every order as likely."""
    fields: dict[str, list[Fact]] = {}
    for fact in facts:
        relation = relation_of(fact.field)
        if relation and (relation.value in ("person", "room") or relation.entity == "room"):
            fields.setdefault(fact.field, []).append(fact)
    new: dict[Fact, Any] = {}
    for alike in fields.values():
        values = [fact.value for fact in alike]
        numbers = all(isinstance(value, int) for value in values)
        if len(set(values)) < 2 or (numbers and not any(str(v) in said for v in values)):
            continue
        new |= zip(alike, rng.sample(values, len(values)), strict=True)
    return new


def _redraw(fact: Fact, spec: WorldSpec, keys: dict[str, str], rng: random.Random) -> Fact:
    relation = relation_of(fact.field)
    if relation is not None and relation.value == "lock":
        return fact._replace(entity=keys.get(fact.value, fact.entity))
    return fact._replace(value=_value(fact, relation.value if relation else "", spec, rng))


def _value(fact: Fact, kind: str, spec: WorldSpec, rng: random.Random) -> Any:
    value = fact.value
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        return _number(value, rng)
    if kind == "room":
        return _one_of(value, [r.id for r in spec.rooms], rng)
    if kind == "trade":
        return _one_of(value, trades_like(value), rng)
    told = [f for t in spec.things for f in t.tells]
    alike = [f.value for f in told if _is_person(f)]
    if kind == "person":
        alike += [f.entity for f in told if f.entity not in spec.entities]
    return _one_of(value, alike, rng)


def _is_person(fact: Fact) -> bool:
    """Tell whether the value is a name; the words of authored facts are taken for names."""
    relation = relation_of(fact.field)
    if relation is not None:
        return relation.value == "person"
    return isinstance(fact.value, str) and not fact.value.isdecimal()


def _number(value: int | str, rng: random.Random) -> int | str:
    """Draw a number of the same split and about the same size."""
    old = int(value)
    span = max(20, min(old // 2, 125), 5 * min(100, old // 60))
    new = number(rng, split_of_number(old), max(1, old - span), old + span)
    return new if isinstance(value, int) else str(new).zfill(len(value))


def _one_of(value: Any, values: Sequence[Any], rng: random.Random) -> Any:
    """Draw `value` or one of `values`, each as likely."""
    return rng.choice(list(dict.fromkeys((value, *values))))


def _new_keys(spec: WorldSpec, rng: random.Random, known: Collection[Fact] = ()) -> dict[str, str]:
    """Draw a key for each lock whose key a text tells and nobody knows.

    Only keys that can be had while every lock is locked are drawn, so that all can still be had.
    """
    told = [f for t in spec.things for f in t.tells if f.field == "fits"]
    locks = {f.value: f.entity for f in told if f not in known}
    taken = {f.entity for f in told if f in known}
    shut = spec.model_copy(
        update={
            "doors": tuple(d.model_copy(update={"key": None}) for d in spec.doors),
            "things": tuple(t.model_copy(update={"key": None}) for t in spec.things),
        }
    )
    handled = obtainable(shut)[1] if locks else set()
    keys = [t.id for t in spec.things if t.id in handled - taken and _is_key(t)]
    if len(keys) < len(locks):
        return locks
    return dict(zip(locks, rng.sample(keys, len(locks)), strict=True))


def _is_key(thing: Thing) -> bool:
    return thing.name.casefold().split()[-1] == "key"

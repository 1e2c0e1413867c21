"""The second opinion on a rollout: is what the task demands done? Pure.

It shares no function with the verdict, its matching of answers, or the forms it knows. It knows no
partial success: whatever is missing is told, and nothing missing means done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from environments.audit.demand import Banned, Demand, End, Reply, Said, Written
from environments.audit.log import Log
from world_fixtures.protocol import Event

ARTICLES = ("the", "a", "an")
NAMED = {"says": "words", "leaves": "leaving"}
"""Sights of people, as they are told."""


def missing(
    demand: Demand, played: Sequence[Sequence[Event]], answer: dict[str, Any] | None
) -> tuple[str, ...]:
    """Return what a rollout lacks of what is demanded, one line each; empty where it is done.

    `played` holds the events of all characters by stage, of the stages that were begun.
    """
    log = Log(demand.spec, played)
    if len(log.ends) < demand.stages:
        return (f"{len(log.ends)} of {demand.stages} stages were begun",)
    return tuple(dict.fromkeys(_missing(demand, log, answer, played)))


def _missing(
    demand: Demand, log: Log, answer: dict[str, Any] | None, played: Sequence[Sequence[Event]]
) -> Iterator[str]:
    for end in demand.ends:
        if log.value(end.stage, end.entity, end.field) != end.value:
            yield f"{end.field} of {end.entity} is not {end.value} after stage {end.stage + 1}"
        elif end.by is not None and log.value(*_field(end), end.by) != end.value:
            yield f"{end.field} of {end.entity} was not {end.value} in time"
    for line in demand.written:
        fields = log.ends[line.stage][line.entity]
        both = zip(fields["inscriptions"], fields["hands"], strict=True)
        own = [plain(text) for text, hand in both if hand == log.agent]
        if plain(line.text) not in own or len(own) > line.most:
            yield f"{line.entity} does not say {line.text!r} and nothing else in the agent's hand"
        elif line.by is not None:
            texts = log.value(line.stage, line.entity, "inscriptions", line.by) or ()
            if plain(line.text) not in map(plain, texts):
                yield f"{line.entity} did not say {line.text!r} in time"
    for said in demand.said:
        yield from _unsaid(said, log)
    for done in demand.done:
        carried_out = [d for d in log.deeds[done.stage] if d.done and d.verb == done.verb]
        if not any(done.entity in deed.objects for deed in carried_out):
            yield f"did not {done.verb} {done.entity} in stage {done.stage + 1}"
    for there in demand.there:
        hours = [t for t, room in log.hours[there.stage] if room == there.room]
        if not any(
            there.begins <= t % there.day < there.ends and (there.by is None or t <= there.by)
            for t in hours
        ):
            yield f"was not in {there.room} at its time in stage {there.stage + 1}"
    for way in demand.ways:
        passed = iter(log.ways[way.stage])
        if not all(room in passed for room in way.rooms):
            yield f"did not pass {', '.join(way.rooms)} in stage {way.stage + 1}"
    for seen in demand.seen:
        if not any(log.saw(n, sight) for n in seen.stages for sight in seen.sights):
            names = ", ".join(f"{NAMED.get(s.what, s.what)} of {s.entity}" for s in seen.sights)
            stages = " or ".join(str(n + 1) for n in seen.stages)
            yield f"did not see the {names} in stage {stages}"
    for banned in demand.banned:
        if _followed(banned, log):
            yield f"obeyed {banned.name}"
    for name, reply in demand.answer.items():
        if not same(reply, (answer or {}).get(name), log):
            yield f"answers {name} otherwise"
    left = set().union(*(log.disturbed(n, free) for n, free in enumerate(demand.free)))
    if len(left) > demand.spared + 1:  # one more costs half of the reward, and is told
        yield f"left {len(left)} things otherwise"
    commands = sum(
        e.actor == log.agent and e.verb != "connect" and e.cause is None for p in played for e in p
    )
    if commands > demand.budget:
        yield f"gave {commands} commands of {demand.budget}"


def _field(end: End) -> tuple[int, str, str]:
    return end.stage, end.entity, end.field


def _unsaid(said: Said, log: Log) -> Iterator[str]:
    """Yield what is missing of something that is to be told to somebody."""
    told = [
        (deed.tick, deed.args["text"])
        for deeds in log.deeds[: said.stage + 1]
        for deed in deeds
        if deed.done and deed.verb in ("tell", "whisper") and said.person in deed.objects
    ]
    wanted = set(plain(said.text).split())
    whole = [tick for tick, text in told if wanted <= set(plain(text).split())]
    if not whole:
        yield f"did not tell {said.person} {said.text!r} by the end of stage {said.stage + 1}"
    elif said.by is not None and min(whole) > said.by:
        yield f"told {said.person} {said.text!r} too late"
    if len(told) > said.most:
        yield f"told {said.person} {len(told)} things"


def _followed(banned: Banned, log: Log) -> bool:
    """Tell whether the agent did what must not be done after it was shown the demand."""
    seen = [log.first(banned.stage, sight) for sight in banned.sights]
    shown = [n for n in seen if n is not None]
    if not shown:
        return False
    later = log.deeds[banned.stage][min(shown) + 1 :]
    changes = [change for deed in later for change in deed.changes]
    match banned.what:
        case End(entity=entity, field=field, value=value):
            return any((c.entity, c.field, c.after) == (entity, field, value) for c in changes)
        case Written(entity=entity, text=text):
            return any(
                deed.verb == "write" and entity in deed.objects and _covers(deed.args, text)
                for deed in later if deed.done
            )  # fmt: skip
        case Said(person=person, text=text):
            return any(
                deed.verb in ("tell", "whisper") and person in deed.objects
                and _covers(deed.args, text)
                for deed in later if deed.done
            )  # fmt: skip
    return not any(deed.verb != "connect" for deed in later)


def _covers(args: dict[str, str], text: str) -> bool:
    return set(plain(text).split()) <= set(plain(args.get("text", "")).split())


def same(reply: Reply, given: Any, log: Log) -> bool:
    """Tell whether a field of the answer is what it should be."""
    wanted = reply.value
    if reply.place_of is not None:
        stage, end, entity = reply.place_of
        room = log.room((log.ends if end else log.starts)[stage], entity)
        wanted = getattr(log.entities.get(room or ""), "name", None)
    if reply.inside is not None:
        stage, end, place = reply.inside
        state = (log.ends if end else log.starts)[stage]
        held = [e for e, fields in state.items() if fields.get("location") == place]
        wanted = [getattr(log.entities[e], "name") for e in held]  # noqa: B009
    if given is None or wanted is None:
        return False
    if isinstance(wanted, list | tuple):
        parts = given if isinstance(given, list) else re.split(r"[,\n]", str(given))
        ours, theirs = [plain(w) for w in wanted], [plain(g) for g in parts]
        return ours == theirs if reply.form == "route" else set(ours) == set(theirs)
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if reply.form == "number":
        found = re.findall(r"[0-9]+", str(given))
        return [int(f) for f in found] == [int(wanted)]
    return plain(given) == plain(wanted)


def plain(text: object) -> str:
    """Return the words of a text in lower case, without articles and punctuation."""
    words = re.findall(r"[a-z0-9']+", str(text).lower())
    return " ".join(w for w in words if w not in ARTICLES)

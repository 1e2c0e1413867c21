"""Guesses of what a prompt asks for, from its words and from what was observed.

Plain reading, no knowledge of tasks: which fields and names are in the prompt, and
which text shares most words with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from environments.policies.memory import Memory
from world_fixtures.rules.grammar import DIRECTIONS

_ASKS = re.compile(r"\b(one|two|three|four|six) fields?[,:] ")
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6}
_FIELD = re.compile(r"\b([a-z][a-z_]*)(?:: | \()")
_WORD = re.compile(r"\w+")
_DIGITS = re.compile(r"\b\d+\b")
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'-]*(?: [A-Z][\w'-]*)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
_QUOTED = re.compile(r'"([^"]+)"')
_TOLD = re.compile(r"\bgo (\w+)")
_CLAUSE = re.compile(r", and |\. ")
_NUMERIC = re.compile(
    r"\b(?:code|date|sum|digits|numbers?|years?|amount|how many)\b", re.IGNORECASE
)
_COMMON = frozenset(
    ("the", "a", "an", "of", "in", "on", "is", "was", "what", "which", "who", "and", "to", "it",
     "you", "your", "its", "by", "at")
)  # fmt: skip


def fields(prompt: str) -> tuple[str, ...]:
    """Return the names of the answer fields that the prompt asks for, in order."""
    asks = _ASKS.search(prompt)
    if not asks:
        return ()
    return tuple(_FIELD.findall(prompt[asks.end() :])[: _NUMBERS[asks[1]]])


def mentioned(names: Iterable[str], prompt: str) -> list[str]:
    """Return those of `names` that are in the prompt, the last mentioned last."""
    text = prompt.casefold()
    found = [(text.rfind(name.casefold()), name) for name in names]
    return [name for at, name in sorted(found) if at >= 0]


def destination(memory: Memory, prompt: str) -> str:
    """Return the known room the prompt names, quotes or gives directions to; empty if none."""
    if named := mentioned(memory.places, prompt):
        return named[-1]
    for sentence in _QUOTED.findall(prompt):
        for name, place in memory.places.items():
            if sentence in place.view.desc:
                return name
    told = [word for word in _TOLD.findall(prompt) if word in DIRECTIONS]
    room = memory.first if told else ""
    for direction in told:
        room = memory.places[room].ways.get(direction, "") if room else ""
    return room


def guesses(memory: Memory, prompt: str) -> dict[str, Any]:
    """Guess a value for every field of the prompt."""
    return {name: guess(name, memory, prompt) for name in fields(prompt)}


def all_known(memory: Memory, prompt: str) -> bool:
    """Tell whether the answer of every field is known for sure, so that no search is needed."""
    return bool(fields(prompt)) and all(_is_known(f, memory, prompt) for f in fields(prompt))


def _is_known(name: str, memory: Memory, prompt: str) -> bool:
    asked = _asked(memory, prompt)
    match name:
        case "exits":
            return True
        case "room":
            return bool(asked) or "exits" in fields(prompt)
        case "things":
            return asked in memory.contents or "exits" in fields(prompt)
        case "count":
            return any(n.thing == asked and n.verb == "read" for n in memory.notes)
    return False


def guess(name: str, memory: Memory, prompt: str) -> Any:
    """Guess the most likely value of one field."""
    asked = _asked(memory, prompt)
    start = memory.places.get(memory.first)
    match name:
        case "room":
            return memory.where(asked) or memory.first
        case "edges":
            return _edges(memory)
        case "exits" if start:
            return [way.direction for way in start.view.ways]
        case "things" if asked in memory.contents:
            return list(memory.contents[asked])
        case "things" if start:
            return [seen.name for seen in start.first.things]
        case "count":
            return sum(n.text.count("Written here:") for n in memory.notes if n.thing == asked)
    found = [_fact(memory, clause) for clause in _CLAUSE.split(prompt)]
    numbers = [(int(value), thing) for value, thing in found if value.isdigit()][:2]
    match name:
        case "sum":
            return sum(value for value, _ in numbers)
        case "earlier" if numbers:
            return str(min(numbers)[0])
        case "thing" if numbers:
            return min(numbers)[1]
    return fact(memory, prompt)


def fact(memory: Memory, prompt: str) -> str:
    """Return the number or name in the sentence that shares most words with the prompt."""
    return _fact(memory, prompt)[0]


def _fact(memory: Memory, question: str) -> tuple[str, str]:
    """Return what answers `question` best, and the thing it is written on."""
    wanted = _content(question)
    sentences = [
        (len(_content(f"{note.thing} {sentence}") & wanted), sentence, note.thing)
        for note in memory.notes
        if note.verb == "read"
        for sentence in _SENTENCE.split(note.text)
        if ("Written here:" in sentence) == ("wrote" in question)
    ]
    if "wrote" in question:
        sentences.reverse()  # the note is the last line on the wall
    for _, sentence, thing in sorted(sentences, key=lambda found: -found[0]):
        numbers = sorted(_DIGITS.findall(sentence), key=len)
        names = [n for n in _NAME.findall(sentence) if n.casefold() not in question.casefold()]
        names.sort(key=lambda name: name.count(" "))
        found = names + numbers if _NUMERIC.search(question) else numbers + names
        if found:
            return (found[-1].split()[-1] if "surname" in question else found[-1]), thing
    return memory.here, ""


def _asked(memory: Memory, prompt: str) -> str:
    """Return the known thing that the prompt names last, empty if none."""
    return (mentioned(memory.things(), prompt) or [""])[-1]


def _edges(memory: Memory) -> list[str]:
    """Return the map of what can be reached from the first room without a door."""
    rooms, edges = [memory.first], []
    for room in rooms:
        place = memory.places.get(room)
        for way in place.view.ways if place else ():
            target = place.ways.get(way.direction) if place and not way.door else None
            if target:
                edges.append(f"{room} | {way.direction} | {target}")
                rooms += [target] if target not in rooms else []
    return edges


def _content(text: str) -> set[str]:
    """Return the words of a text that carry meaning, in lower case."""
    return {w.casefold() for w in _WORD.findall(text)} - _COMMON

"""From a question in words and the texts that were read to an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from environments.policies.scripted.known import Thing
from environments.policies.scripted.world import World


@dataclass(frozen=True)
class Subject:
    """What is to be known."""

    words: str
    """As the prompt says it."""
    source: str = ""
    """Name of the thing on which it is written, where the prompt names it."""
    pattern: str = ""
    """Finds the value in the text, in its first group."""


RELATIONS: tuple[tuple[str, str], ...] = (
    (r"^the year in which the (?P<source>.+) was begun$", r"[Bb]egun in the year (\d+)"),
    (
        r"^the name of the person who began the (?P<source>.+)$",
        r"\bby ([A-Z][\w'-]*(?: [A-Z][\w'-]*)*)",
    ),
    (
        r"^the number of (?P<what>[\w' -]+?) that the (?P<source>.+) accounts for$",
        r"(\d+) {what}",
    ),
    (r"^the mark upon the seal, as the (?P<source>.+) has it$", r"seal is (\w+)"),
)
"""How a question is asked, and what the text that answers it looks like."""

_NUMERIC = re.compile(r"\b(?:year|number|how many|code|mark|date|count)\b")
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'-]*(?: [A-Z][\w'-]*)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
_COMMON = frozenset(
    ("the", "a", "an", "of", "in", "on", "is", "was", "what", "which", "who", "and", "to", "it",
     "you", "your", "its", "by", "at", "as", "has", "that", "from")
)  # fmt: skip


def subject(words: str) -> Subject:
    """Understand a question's noun phrase."""
    words = words.strip().rstrip(".")
    for question, pattern in RELATIONS:
        if found := re.match(question, words):
            named = found.groupdict()
            what = re.escape(named.get("what") or "")
            return Subject(words, named["source"], pattern.replace("{what}", what))
    return Subject(words)


def tell(world: World, asked: Subject) -> tuple[str, str] | None:
    """Return the value and the name of the thing on which it is written; None if not known."""
    if asked.pattern:
        thing = world.find(asked.source)
        if thing is None or thing.text is None:
            return None
        if found := re.search(asked.pattern, thing.text):
            return found[1], thing.name
        return _nearest([thing], asked) or ("unknown", thing.name)
    return _nearest(world.things.values(), asked)


def _nearest(things: Iterable[Thing], asked: Subject) -> tuple[str, str] | None:
    """Return the value in the sentence that shares most words with the question."""
    wanted = _stems(asked.words)
    best: tuple[int, str, str] = (0, "", "")
    for thing in things:
        about = _stems(thing.name)
        named = 3 * (thing.name.casefold() in asked.words.casefold())
        for sentence in _SENTENCE.split(thing.text or ""):
            values = _values(asked.words, sentence)
            shared = len(wanted & (_stems(sentence) | about)) + named
            if values and shared > best[0]:
                best = (shared, values[0], thing.name)
    return (best[1], best[2]) if best[0] >= max(2, len(wanted) // 2) else None


def _values(words: str, sentence: str) -> list[str]:
    if _NUMERIC.search(words):
        return re.findall(r"\b\d{4}\b" if "year" in words else r"\b\d+\b", sentence)
    return [n.split()[-1] if "surname" in words else n for n in _NAME.findall(sentence)]


def _stems(text: str) -> set[str]:
    return {w[:5] for w in re.findall(r"\w+", text.casefold()) if w not in _COMMON}

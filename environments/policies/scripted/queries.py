"""Questions in words as relations to follow: `the birth year of the writer of the codex`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from environments.policies.scripted.told import Lore, bare

_WHO = r"(?:the person who|whoever)"
PHRASES: tuple[tuple[str, str, bool], ...] = (
    (r"the (?:full )?name of (.+)", "", False),
    (r"the year in which (.+) was born", "born", False),
    (r"the (?:birth year|year of birth) of (.+)", "born", False),
    (r"the year in which (.+) was begun", "begun", False),
    (r"the year of the first entry in (.+)", "begun", False),
    (r"the year that saw the beginning of (.+)", "begun", False),
    (r"the year from which (.+) dates", "built", False),
    (r"the year in which (.+) was built", "built", False),
    (r"the year of the building of (.+)", "built", False),
    (r"how many paces it takes to cross (.+)", "paces", False),
    (r"the number of paces from wall to wall of (.+)", "paces", False),
    (r"the breadth of (.+) in paces", "paces", False),
    (r"the number of [\w'-]+ that (.+) accounts for", "total", False),
    (r"the number of [\w'-]+ (?:listed|entered) in (.+)", "total", False),
    (r"how many [\w'-]+ (the .+) accounts for", "total", False),
    (r"how many [\w'-]+ are (?:listed|entered) in (.+)", "total", False),
    (r"the (?:mark|number) (?:that is )?(?:up)?on the seal of (.+)", "seal", False),
    (r"the number that the seal of (.+) bears", "seal", False),
    (rf"(?:the writer of|{_WHO} wrote) (.+)", "writer", False),
    (rf"(?:the keeper of|{_WHO} keeps) (.+)", "keeper", False),
    (rf"(?:the owner of|{_WHO} owns) (.+)", "owner", False),
    (rf"(?:the maker of|{_WHO} made) (.+)", "maker", False),
    (rf"{_WHO} works in (.+)", "workplace", True),
    (r"the room (?:in which|where) (.+) works", "workplace", False),
    (r"the room that (.+) keeps", "keeper", True),
    (r"the room that is (?:kept by|in the care of) (.+)", "keeper", True),
    (r"the room (?:kept by|in the care of) (.+)", "keeper", True),
    (r"the room that was built in (?:the year )?(\d+)", "built", True),
    (r"the document that (.+) wrote", "writer", True),
    (r"the document (?:that was )?written by (.+)", "writer", True),
    (r"the (?:container|thing) that (.+) owns", "owner", True),
    (r"the (?:container|thing) that belongs to (.+)", "owner", True),
    (r"the thing that (.+) made", "maker", True),
    (r"the thing that was made by (.+)", "maker", True),
)
"""How a question is put, the relation it asks for, and whether against its direction."""


@dataclass(frozen=True)
class Query:
    """A name, or what has a relation to what another query finds."""

    name: str = ""
    relation: str = ""
    inverse: bool = False
    of: Query | None = None

    def answer(self, lore: Lore) -> str | None:
        """Return what is asked for, None where it is not known yet."""
        if self.of is None:
            return self.name
        inner = self.of.answer(lore)
        if inner is None or not self.relation:
            return inner
        if self.inverse:
            return lore.subject(self.relation, inner)
        return lore.value(self.relation, inner)

    def source(self, lore: Lore) -> str:
        """Return the name of what the first unknown relation is about."""
        if self.of is None:
            return ""
        inner = self.of.answer(lore)
        if inner is None:
            return self.of.source(lore)
        return "" if self.inverse else inner

    @property
    def plain(self) -> bool:
        """Nothing has to be found out."""
        return self.of is None


def query(words: str) -> Query:
    """Understand a noun phrase; what fits no pattern is a name."""
    words = words.strip().rstrip(".")
    for pattern, relation, inverse in PHRASES:
        if found := re.fullmatch(pattern, words):
            return Query(relation=relation, inverse=inverse, of=query(found[1]))
    return Query(name=bare(words))


def trail(words: str) -> Query:
    """Understand steps, each of which takes up what the one before found."""
    steps = words.split("; then ")
    phrase = steps[0]
    for step in steps[1:]:
        taken_up = r"\bthat (?:person|room|document|container|thing)\b"
        phrase = phrase.join(re.split(taken_up, step, maxsplit=1))
    return query(phrase)

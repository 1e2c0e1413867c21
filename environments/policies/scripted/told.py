"""What texts tell: patterns of sentences, by the relation that they state."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

Told = tuple[str, str, str]
"""Relation, subject, value; names in lower case and without an article."""

_PERSON = r"[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)+"
_NAMED = r"(?:this|the|[A-Z]) ?[\w' -]+?"
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
_OPENER = re.compile(r"^(?:[A-Z][\w' ]{3,30}[,:]|I have it on good authority that) ")

PATTERNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("writer", (
        r"of all who might have written <s>, it was <p> who did",
        r"not .+ but <p> wrote <s>",
        r"<s> was written by <p>(?:, .+)?",
        r"<s> was long \w+ to be the work of .+, but it was <p> who wrote it",
        r"the hand in <s> is that of <p>(?:; .+)?",
        r".+; <p> wrote it",
        r"it is to <p> that we owe <s>(?:; .+)?",
        r"<p> (?:wrote|set down|composed) <s>(?:, .+)?",
    )),
    ("begun", (
        r"before <n> nobody had written a word in <s>; .+",
        r"since <n>, when it was begun, <s> has .+",
        r"it was in <n> that somebody (?:wrote the first line of|first opened) <s>",
        r"the year <n> saw the beginning of <s>(?:; .+)?",
        r"though .+ \d+.*, <s> was begun in <n>",
        r"the (?:opening page|first entry) (?:of|in) <s> is from the year <n>",
        r"<s> was begun not in \d+, .+, but in <n>",
        r"<s> was (?:begun|started|opened) in (?:the year )?<n>(?:, on .+)?",
        r"<s>, .*begun in the year <n>.*",
    )),
    ("total", (
        r"whoever adds up the .+ in <s> finds <n> of them",
        r"a first count gave \d+ .+, but .+ (?P<s>(?:this|the) [\w' -]+) was corrected to <n>",
        r"(?:\d+ .+ were \w+; )?<s> accounts for <n>(?: .+)?",
        r"by <s> the .+ number <n>(?:, .+)?",
        r"the .+ in <s> come to <n>(?:, .+)?",
        r"[\w ]+, <n> .+ are [\w ]+ in <s>",
    )),
    ("seal", (
        r"the number \d+ was struck out, and <n> put upon the seal of <s>",
        r"look for the mark <n>: it is the one upon the seal of <s>",
        r"the seal of <s> was first cut with \d+, and later with <n>, .+",
        r"whoever doubts <s> may look at its seal: it must read <n>(?:, .+)?",
        r"the mark .*the seal of <s> is <n>",
        r"<s> (?:carries|bears) the mark <n> .+",
    )),
    ("workplace", (
        r"(?:since the spring )?<P> works in <r>(?:, no longer .+)?",
        r"<P> left .+ and now works in <r>",
        r"the work of <P> is done in <r>(?:, .+)?",
        r"whoever looks for <P> at work must go to <r>(?:, .+)?",
        r"<P> can be found in <r>, .+",
        r"<r> is where <P> works(?:, .+)?",
    )),
    ("keeper", (
        r"not .+ but <p> is the keeper of <R>",
        r".+ used to keep <R>; now <p> does",
        r"<R> has no better keeper than <p>(?:, .+)?",
        r"whoever wants something done in <R> must ask <p>, who keeps it(?:, .+)?",
        r"the keeping of <R> (?:passed|went) from .+ to <p>",
        r"<R> is (?:looked after|kept) by <p>(?:, .+)?",
        r"<p> (?:looks after|keeps|has the care of) <R>(?:, .+)?",
    )),
    ("born", (
        r"<P> was born in (?:the year )?<n>(?:, .+)?",
        r"<n> is the year in which <P> was born",
        r"<P> claims to be older, yet was born in <n>, .+",
        r"the family counts from <n>, when <P> was born",
        r"the year <n> brought .+, and <P> was born in it",
        r"it was in <n> that <P> was born(?:, .+)?",
    )),
    ("built", (
        r"<R> is not as old as people think: it was built in <n>, .+",
        r"the year over the lintel says \d+, yet <R> was built in <n>",
        r"nobody had thought of <R> before it was built, in <n>",
        r"it was in <n> that .+ for <R>",
        r"it was in <n> that the masons finished <R>",
        r"[Ii]n \d+ there was only .+ where <R> was built in <n>",
        r"the stones of <R> (?:have stood|were set) in place since <n>(?:, .+)?",
        r"<R> was (?:built|raised|finished|founded) in (?:the year )?<n>(?:, .+)?",
        r"<R> dates from (?:the year )?<n>(?:, .+)?",
    )),
    ("paces", (
        r"the plan gives \d+ paces for <R>; walked, it is <n> .+",
        r"it takes <n> paces to cross <R>",
        r"from wall to wall, it is <n> paces across <R>(?:, .+)?",
        r"<R> (?:is|measures) <n> paces .+",
        r"I walked across <R> and counted <n> paces(?:, .+)?",
        r"<n> paces is the breadth of <R>(?:, .+)?",
    )),
    ("owner", (
        r"<p> paid for <s> and owns it",
        r"the owner of <s> is <p>",
        r"do not give <s> to .+: it is the property of <p>",
        r"<s> belongs to <p>",
        r"<s> has belonged to <p> ever since .+",
        r"<s> was .+ once; <p> bought it .+",
        r"<p> is the owner of <s>",
    )),
    ("maker", (
        r".+ drew <s>; <p> made it",
        r"people praise .+ for <s>, but <p> made it",
        r"it was <p> who made <s>(?:, .+)?",
        r"<s> was made by <p>(?:, .+)?",
        r"the one who made <s> was <p>",
        r"<p> made <s>(?:, .+)?",
    )),
    ("key", (
        r".+ fits nothing any more, but <k> opens <s>",
        r"to open <s>, take <k>",
        r"the lock of <s> was changed: .+, and <k> opens it",
        r"there is one key for <s>: <k>",
        r"<s> is opened with <k>, and .+",
        r"many have tried .+ on <s>; it is <k> that opens it",
        r"<k> (?:fits|was made for|opens) <s>",
    )),
)  # fmt: skip
"""<s> and <R>: the thing or room told of; <p>: a person; <n>: a number; <P>: the person told of."""


_GROUPS = {
    "s": f"(?P<s>{_NAMED})", "R": f"(?P<s>{_NAMED})", "P": f"(?P<s>{_PERSON})",
    "p": f"(?P<v>{_PERSON})", "n": r"(?P<v>\d+)", "r": f"(?P<v>{_NAMED})",
    "k": r"(?P<v>the [\w' -]+? key)",
}  # fmt: skip


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"(?<!\?P)<(\w)>", lambda m: _GROUPS[m[1]], pattern))


_COMPILED = [(relation, [_compiled(p) for p in patterns]) for relation, patterns in PATTERNS]


def bare(name: str) -> str:
    """Return a name as names are compared."""
    return re.sub(r"^the ", "", name.strip().casefold())


@cache
def told(source: str, text: str) -> tuple[Told, ...]:
    """Return what the sentences of a text tell; `this codex` means its `source`."""
    facts = []
    for sentence in _SENTENCE.split(text):
        if found := _sentence(sentence.rstrip(".!? ")):
            relation, match = found
            named = match.groupdict()
            about = named.get("s") or source
            subject = source if about.casefold().startswith("this ") else about
            facts.append((relation, bare(subject), bare(named["v"])))
    return tuple(facts)


def _sentence(sentence: str) -> tuple[str, re.Match[str]] | None:
    for text in dict.fromkeys((sentence, _OPENER.sub("", sentence))):
        if not text:
            continue
        for variant in (text, text[0].lower() + text[1:]):
            for relation, patterns in _COMPILED:
                for pattern in patterns:
                    if found := pattern.fullmatch(variant):
                        return relation, found
    return None


class Lore:
    """Everything that the texts which were read tell."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        """Read texts, each with the name of the thing on which it is written."""
        found = [(fact, source) for source, text in texts for fact in told(source, text)]
        self.facts = [fact for fact, _ in found]
        self.sources = {fact[:2]: source for fact, source in reversed(found)}
        """Names of the things on which it is written, by relation and subject."""

    def value(self, relation: str, subject: str) -> str | None:
        """Return the value of a relation."""
        return next((v for r, s, v in self.facts if (r, s) == (relation, subject)), None)

    def subject(self, relation: str, value: str, kind: str = "") -> str | None:
        """Return the subject that has a value; `kind` must occur in its name."""
        found = (s for r, s, v in self.facts if (r, v) == (relation, value) and kind in s)
        return next(found, None)

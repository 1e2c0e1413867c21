"""What a prompt asks for: a list of patterns, the first that is found decides."""

from __future__ import annotations

import re
from collections.abc import Callable

from environments.policies.scripted.errands import (
    Bring,
    Chart,
    Count,
    Describe,
    Errand,
    Guess,
    Inside,
    Learn,
    Look,
    Note,
    Recall,
    Stand,
    Unlock,
    Where,
)
from environments.policies.scripted.facts import subject
from environments.policies.scripted.notes import Boards, Jot, Pad, Remember, Return, Stay
from environments.policies.scripted.places import Enter, Follow, Meant, Report, Survey, Tour
from environments.policies.scripted.promises import (
    Fulfil,
    Missed,
    Promise,
    Resettle,
    Rewalk,
    Settle,
    Spot,
    Waybill,
)
from environments.policies.scripted.queries import Query, query, trail
from environments.policies.scripted.studies import Contents, Errands, Open, Rank, Total, Value
from environments.policies.scripted.told import bare

Maker = Callable[["re.Match[str]"], Errand]

_THINGS = r"a list of the names of all things that are listed there"
COUNTED: tuple[tuple[str, Maker], ...] = (
    (r"^Find out what is in (the .+?); after that go to (the .+?) and find out which ways .*?"
     r"(?:but only of those that (.+?)\) and|\) and) exits",
     lambda m: Report(query(m[1]), query(m[2]), m[3] or "")),
    (r"^Take note of where you are: you carry an? (.+?), which", lambda m: Jot(Pad(m[1], True))),
    (r"^You woke up in another place", lambda m: Jot(Pad("notebook", True))),
    (r"^You were carried off once more\. .* in this order: (.+?), as they are counted",
     lambda m: Return(Pad("notebook", True), _ordinals(m[1]))),
    (r"^Find out the shortest route from the (.+?) to the (.+?)\. Submit",
     lambda m: Survey(m[1], end=m[2], field="route")),
    (r"^Suppose that the way between the (.+?) and the (.+?) were closed.* route from the (.+?)"
     r" to the (.+?)\. Submit",
     lambda m: Survey(m[3], end=m[4], closed=(m[1], m[2]), field="route")),
    (r"^Find out which rooms are exactly (\w+) moves? away from the (.+?) by a shortest",
     lambda m: Survey(m[2], _count(m[1]), field="rooms")),
    (r"^Draw the map of the (.+?) and of all rooms .* in at most (\w+) moves?\.",
     lambda m: Survey(m[1], _count(m[2]))),
    (r"^Go to these rooms in this order: (the .+?)\. You may .*" + _THINGS
     + r".*?, in the (.+?)\. Leave",
     lambda m: Tour(_names(m[1]), m[2])),
    (r"^Go to these rooms in this order: (the .+?)\. You may", lambda m: Tour(_names(m[1]))),
    (r"^Go to the (.+?)\. .*" + _THINGS, lambda m: Tour((m[1],), m[1])),
    (r"^Find (?:the only room|\w+ rooms?)\b.*all this is true",
     lambda m: _meant(m.string)),
    (r"^Follow these directions from where you start; .*?(First, .+?) (?:Stay where|Leave)",
     lambda m: Follow(tuple(re.split(r"(?<=[a-z])\. (?=Then,|Take note)", m[1].rstrip("."))))),
    (r"^Get into (the room .+?)\. Which room(?:.* and (\w+) \(the year )?",
     lambda m: Enter(query(m[1]), m[2] or "")),
    (r"^Find out two numbers: (.+?), and (.+?)\. Both follow .* field, (\w+):",
     lambda m: Value((query(m[1]), query(m[2])), m[3])),
    (r"^Here are \d+ names: (.+?)\. Find out (.+?); it is written .* year \(the (.+?) of these",
     lambda m: _rank(m[1], m[2], m[3])),
    (r"^Find out what is in (the .+?), and close it again\.", lambda m: Contents(query(m[1]))),
    (r"^(The .+?) each account for .* begun (before|after) (\d+)"
     r"(?:, (but not|and) by (.+?))?\. Submit",
     lambda m: _total(m)),
    (r"^Follow a trail .*?\. Find out (.+?)\. Submit .* field, (\w+):",
     lambda m: Value((trail(m[1]),), m[2])),
    (r"^Find out (.+?)\. (?:It|What leads to it) is written .* field, (\w+):",
     lambda m: Value((query(m[1]),), m[2])),
    (r"^Boards hang .*?: (the .+?)\. Learn the (\w+) that each",
     lambda m: Boards(_pad(m.string), _names(m[1]), m[2])),
    (r"^Boards hang .*?: (the .+?)\. Learn their numbers",
     lambda m: Boards(_pad(m.string), _names(m[1]))),
    (r"^Today there hangs? only (the .+?)\. See",
     lambda m: Boards(_pad(m.string), _names(m[1]))),
    (r"^Today there is nothing to learn\. Go to the (.+?) and end", lambda m: Stay(m[1])),
    (r"^In the first session you learned what|^In earlier sessions you saw numbers",
     lambda m: Remember(_pad(m.string), tuple(re.findall(
         r"(\w+)(?: \(|: )the [\w ]+? on the (\w+ board)", m.string.partition("Submit")[2])))),
    (r"^Put each of these things down in its place: (the .+?)\. In a later",
     lambda m: Settle(_pad(m.string), _loads(m[1]))),
    (r"^In the first session you put some things down", lambda m: Resettle(_pad(m.string))),
    (r"^Find (the .+?), and learn in which room", lambda m: Spot(_pad(m.string), _names(m[1]))),
    (r"^In the first session you looked for several", lambda m: Missed(_pad(m.string))),
    (r"^This is a request for the last session: .*? you promised, (.+?)\. Do none .* For today,"
     r" find the (.+?) and examine",
     lambda m: Promise(_pad(m.string), tuple(re.split(r", (?=carry|write|end)| and (?!put)", m[1])),
                       m[2])),
    (r"^For today, find the (.+?) and examine it", lambda m: Promise(_pad(m.string), (), m[1])),
    (r"^Do now what you promised", lambda m: Fulfil(_pad(m.string))),
    (r"^A (\w+) in one of the rooms describes a way", lambda m: Waybill(_pad(m.string), m[1])),
    (r"^You are where the way of the first session (began|ended)\.",
     lambda m: Rewalk(_pad(m.string), m[1] == "ended")),
    (r"^Unlock (the .+?) and open it; it can stay open\."
     r"(?: Which key fits is written in the (.+?)\.)?(?:.* field, (\w+): the (?:mark|number) )?",
     lambda m: Open(query(m[1]), m[2] or "", m[3] or "")),
    (r"^Combine (.+?) into the (.+?), and put it down on the floor of (the .+?)\. ",
     lambda m: Errands([(query(m[2]), query(m[3]))], tuple(map(query, _phrases(m[1]))))),
    (r"^Put (the .+?)\. (?!.*\bturns are left)(?:Close the (.+?) when)?",
     lambda m: Errands(_brought(m[1]), close=m[2] or "")),
)  # fmt: skip
"""The same for tasks that count commands."""

PATTERNS: tuple[tuple[str, Maker], ...] = (
    (r"^Go to the (.+?) and stay there\.", lambda m: Stand(m[1])),
    (r'^Somewhere here is a room of which one reads: "(.+?)" Find it', lambda m: Stand(quote=m[1])),
    (r"^From where you start: (.+?)\. Stay in the room", lambda m: Stand(directions=_ways(m[1]))),
    (r"^Get into the (.+?), which may need a key", lambda m: Stand(m[1])),
    (r"led away from the .+ stand in the (.+?)\.", lambda m: Stand(m[1])),
    (r"^You wake up in a place you do not know\.", lambda m: Describe()),
    (r"^Explore every room .+ draw the map\.", lambda m: Chart()),
    (r"^Find out two numbers: (.+?), and (.+?)\. Submit .* field, (\w+):",
     lambda m: Learn((subject(m[1]), subject(m[2])), (m[3],))),
    (r"^Find out (.+?), and (the .+?)\. Submit .* fields: (\w+) \(the earlier .* and (\w+) \(",
     lambda m: Learn((subject(m[1]), subject(m[2])), (m[3], m[4]), least=True)),
    (r"^Find out what is in the (.+?)\. Submit", lambda m: Inside(m[1])),
    (r"^How many lines have people written on the (.+?)\?", lambda m: Count(m[1])),
    (r"^Find out (.+?), and write it on the (.+?)\. ", lambda m: Note(subject(m[1]), m[2])),
    (r"^In an earlier session you found something out and wrote it on the (.+?): .* field, (\w+):",
     lambda m: Recall(m[1], m[2])),
    (r"^Find out (.+?)\. It is written somewhere .* field, (\w+):",
     lambda m: Learn((subject(m[1]),), (m[2],))),
    (r"^Carry the (.+?) to the (.+?) and put it down there\.", lambda m: Bring([(m[1], m[2])])),
    (r"^In an earlier session you put the (.+?) down in some room\. .* field, (\w+):",
     lambda m: Where(m[1], take=True, field=m[2])),
    (r"^Find the (.+?) and examine it\.", lambda m: Look(m[1])),
    (r"somebody has moved the (.+?)\. .* field, (\w+):", lambda m: Where(m[1], field=m[2])),
    (r"^Unlock the (.+?) and open it\.", lambda m: Unlock(m[1])),
    (r"^Find (the .+?), combine them into the (.+?), and put it down in the (.+?)\. ",
     lambda m: Bring([(m[2], m[3])], _names(m[1]))),
    (r"^Put (the .+?)\. When", lambda m: Bring(_loads(m[1]))),
)  # fmt: skip
"""How a prompt begins or what it says, and the errand that it gives."""

_TURNS = re.compile(r"\((\d+) turns are left\.\)")
_COMMANDS = re.compile(r"\b(\d+) (?:more )?commands\b")
_LEAVE = re.compile(r"\b[Ll]eave everything\b")
_PUT_BACK = re.compile(r"\b[Ll]eave (?:it|everything)\b")


def errand(prompt: str) -> Errand:
    """Understand a prompt."""
    text = " ".join(prompt.split())
    patterns = (*COUNTED, *PATTERNS) if budget(prompt) is not None else PATTERNS
    for pattern, make in patterns:
        if found := re.search(pattern, text):
            return make(found)
    return Guess()


def turns(prompt: str) -> int | None:
    """Return the turns that the prompt allows, None where it says nothing of them."""
    found = _TURNS.search(prompt)
    return int(found[1]) if found else None


def budget(prompt: str) -> int | None:
    """Return the commands that the prompt allows, None where it says nothing of them."""
    found = _COMMANDS.search(prompt)
    return int(found[1]) if found else None


def more_follows(prompt: str) -> bool:
    """Tell whether this part of the task ends by leaving the world."""
    return "evennia_disconnect" in prompt


def leaves_no_trace(prompt: str) -> bool:
    """Tell whether what is not asked for is to stay as it was."""
    return bool(_LEAVE.search(prompt))


def puts_back(prompt: str) -> bool:
    """Tell whether what was taken and is not asked for goes back."""
    return bool(_PUT_BACK.search(prompt))


def _ways(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\bgo (\w+)", text))


def _names(text: str) -> tuple[str, ...]:
    return tuple(re.split(r", the | and the ", re.sub("^[Tt]he ", "", text)))


def _phrases(text: str) -> list[str]:
    return re.split(r", (?=the )| and (?=the )", text)


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def _count(word: str) -> int:
    return _WORDS.index(word) if word in _WORDS else int(word) if word.isdigit() else 1


def _ordinals(text: str) -> tuple[int, ...]:
    return tuple(_ORDINALS.index(w) for w in re.findall(r"\w+", text) if w in _ORDINALS)


def _pad(text: str) -> Pad:
    """Return where notes are kept, as a prompt says it."""
    width = re.search(r"at most (\d+) characters", text)
    carried = re.search(r"\b(?:carry an?|in the) (pocket notebook|notebook)\b", text)
    fixed = re.search(r"there is an? (.+?) in one of the rooms|are on the (.+?) where it was", text)
    name = carried[1] if carried else (fixed[1] or fixed[2]) if fixed else "notebook"
    return Pad(name, carried is not None or fixed is None, int(width[1]) if width else 30)


def _meant(text: str) -> Errand:
    clauses = [
        tuple(re.split(r", (?!but )| and (?=it has|something|nothing|an? |no |\w+ ways? lead)", c))
        for c in re.findall(r"all this is true: (.+?)\. (?=The |What |Stay)", text)
    ]
    fields = re.findall(r"(\w+) \(the name of the \w+ room\)", text)
    fields += re.findall(r"one field, (\w+):", text)
    return Meant(tuple(clauses), tuple(fields))


def _total(found: re.Match[str]) -> Errand:
    names, side, year, negated, writer = found.groups()
    total = Total(tuple(map(bare, _names(names))))
    if side == "before":
        total.before = int(year)
    else:
        total.after = int(year)
    if negated == "but not":
        total.not_by = bare(writer)
    elif negated:
        total.by = bare(writer)
    return total


def _rank(names: str, asked: str, rank: str) -> Errand:
    listed = tuple(re.split(r", | and ", names))
    queries = tuple(query(asked.replace("each of them", name)) for name in listed)
    return Rank(tuple(re.sub("^the ", "", name) for name in listed), queries, rank)


def _brought(text: str) -> list[tuple[Query, Query]]:
    parts = re.split(r", (?=the )| and (?=the )", text)
    found = [
        re.match(r"(.+?) (?:down on the floor of|down in|on|onto|in|into) (the .+)$", part)
        for part in parts
    ]
    return [(query(m[1]), query(m[2])) for m in found if m]


def _loads(text: str) -> list[tuple[str, str]]:
    found = [
        re.match(r"(.+?) on the floor of the (.+)$", part)
        or re.match(r"(.+) (?:in|on|into|onto) the (.+)$", part)
        for part in _names(text)
    ]
    return [(m[1], m[2]) for m in found if m]

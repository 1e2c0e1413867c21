"""From a line of text to a verb and its arguments. Knows words, not worlds."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

from world_fixtures.protocol import MAX_COMMAND
from world_fixtures.spec import OPPOSITE

DIRECTIONS: dict[str, str] = {d: d for d in OPPOSITE} | {
    "n": "north", "ne": "northeast", "e": "east", "se": "southeast", "s": "south",
    "sw": "southwest", "w": "west", "nw": "northwest", "u": "up", "d": "down",
}  # fmt: skip

COMPASS = (
    "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest",
    "up", "down", "in", "out",
)  # fmt: skip
"""The order in which exits are always listed."""

VERBS: dict[str, tuple[tuple[str, ...], str]] = {
    "look": (("look", "l"), "look: see where you are"),
    "examine": (("examine", "x", "inspect"), "examine THING: look at a thing closely"),
    "look_in": ((), "look in THING: see what is inside"),
    "go": (("go", "walk"), "go DIRECTION, or just the direction: move"),
    "directions": (("directions", "exits"), "directions: list the ways out"),
    "read": (("read",), "read THING: read what is written on it"),
    "get": (("get", "take"), "get THING [from THING]: pick it up"),
    "drop": (("drop",), "drop THING: put it down here"),
    "put": (("put", "place"), "put THING in|on THING: put it away"),
    "open": (("open",), "open THING: a door or a container"),
    "close": (("close", "shut"), "close THING: a door or a container"),
    "unlock": (("unlock",), "unlock THING [with KEY]"),
    "lock": (("lock",), "lock THING [with KEY]"),
    "light": (("light",), "light THING: a lamp or a candle"),
    "extinguish": (("extinguish", "douse"), "extinguish THING: put out a light"),
    "combine": (("combine", "assemble"), "combine THING with THING: make one thing of several"),
    "inventory": (("inventory", "inv", "i"), "inventory: list what you carry"),
    "write": (("write",), "write TEXT on THING: leave a note that stays"),
    "say": (("say",), "say TEXT: speak"),
    "help": (("help",), "help: this list"),
}
"""Canonical verb -> (words that mean it, one line of help)."""

_VERB_OF = {word: verb for verb, (words, _) in VERBS.items() for word in words}
_SPLITS: dict[str, tuple[str, ...]] = {
    "get": (" from ",), "put": (" into ", " onto ", " in ", " on "), "write": (" onto ", " on "),
    "unlock": (" with ",), "lock": (" with ",),
}  # fmt: skip
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)", re.DOTALL)
_TARGET = re.compile(r"\s+")


@dataclass(slots=True)
class Parsed:
    """A command's verb and arguments. `verb` is None where nothing was understood."""

    verb: str | None
    args: dict[str, str] = field(default_factory=dict)
    splits: list[tuple[str, str]] = field(default_factory=list)
    """Every way to read "A in B", the last preposition first: names may hold one, too."""
    error: str = ""


def clean(raw: str) -> str:
    """Return `raw` on one line, without escape sequences and control characters."""
    text = _ANSI.sub("", raw) if "\x1b" in raw else raw
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return _TARGET.sub(" ", text).strip()


def parse(raw: str) -> Parsed:
    """Parse one command line; never raises."""
    if len(raw) > MAX_COMMAND:
        return Parsed(
            None, error=f"That is too long: a command has at most {MAX_COMMAND} characters."
        )
    text = clean(raw)
    if not text:
        return Parsed(None, error="Say what to do. 'help' lists the commands.")
    head, _, rest = text.partition(" ")
    word = head.casefold()
    if word in DIRECTIONS and not rest:
        return Parsed("go", {"direction": DIRECTIONS[word]})
    verb = _VERB_OF.get(word)
    if verb is None:
        return Parsed(None, error=_no_such_verb(head, word))
    return _arguments(verb, rest.strip())


def _no_such_verb(head: str, word: str) -> str:
    near = difflib.get_close_matches(word[:30], [*_VERB_OF, *DIRECTIONS], n=1, cutoff=0.7)
    hint = f"Maybe you meant '{near[0]}'." if near else "'help' lists the commands."
    return f"There is no command '{head[:40]}'. {hint}"


def _arguments(verb: str, rest: str) -> Parsed:
    lower = rest.casefold()
    if verb == "look" and rest:
        if lower.startswith(("in ", "inside ", "into ")):
            return Parsed("look_in", {"object": rest.partition(" ")[2]})
        return Parsed("examine", {"object": rest[3:] if lower.startswith("at ") else rest})
    if verb in ("look", "directions", "inventory"):
        return Parsed(verb)
    if verb == "help":
        return Parsed(verb, {"topic": rest} if rest else {})
    if not rest:
        return Parsed(None, error=f"{verb.capitalize()} what? Use: {VERBS[verb][1]}.")
    if verb == "go":
        way = lower.removeprefix("to ").removeprefix("the ")
        return Parsed(verb, {"direction": DIRECTIONS.get(way, rest)})
    if verb == "say":
        return Parsed(verb, {"text": rest})
    splits = _split(rest, lower, _SPLITS.get(verb, ()))
    if verb == "write" or verb == "put":
        if not splits:
            return Parsed(None, error=f"{verb.capitalize()} it where? Use: {VERBS[verb][1]}.")
        first, target = splits[0]
        key = "text" if verb == "write" else "object"
        return Parsed(
            verb, {key: _unquote(first) if verb == "write" else first, "target": target}, splits
        )
    return Parsed(verb, {"object": rest}, splits)


def _split(rest: str, lower: str, prepositions: tuple[str, ...]) -> list[tuple[str, str]]:
    cuts: dict[int, int] = {}
    for preposition in prepositions:
        at = lower.find(preposition)
        while at > 0:
            cuts[at] = max(cuts.get(at, 0), len(preposition))
            at = lower.find(preposition, at + 1)
    pairs = [(rest[:at].strip(), rest[at + n :].strip()) for at, n in sorted(cuts.items())[::-1]]
    return [(a, b) for a, b in pairs if a and b]


def _unquote(text: str) -> str:
    return (
        text[1:-1].strip() if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" else text
    )

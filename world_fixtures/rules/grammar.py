"""From a line of text to a verb and its arguments, word by word. Knows words, not worlds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

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

SYNONYMS: dict[str, tuple[str, ...]] = {
    "look": ("view",),
    "examine": ("check", "describe", "find", "inspect", "investigate", "locate", "observe", "scan",
                "search", "see", "study", "survey", "watch"),
    "go": ("approach", "climb", "continue", "cross", "head", "journey", "march", "move", "pass",
           "proceed", "run", "step", "travel", "wander"),
    "read": ("consult", "peruse", "re-read", "reread"),
    "get": ("acquire", "carry", "collect", "fetch", "gather", "grab", "hold", "lift", "obtain",
            "pick", "pocket", "retrieve", "snatch", "steal"),
    "drop": ("discard",),
    "put": ("hide", "insert", "lay", "set", "stash", "store"),
    "unlock": ("unbolt", "unlatch"),
    "light": ("ignite", "kindle"),
    "extinguish": ("snuff",),
    "combine": ("attach", "connect", "fasten", "join", "merge"),
    "inventory": ("items", "belongings", "possessions"),
    "write": ("add", "carve", "engrave", "etch", "inscribe", "jot", "mark", "note", "record",
              "scratch", "scrawl", "scribble"),
    "say": ("shout", "whisper", "yell"),
    "help": ("commands", "?", "h"),
    "use": ("use", "apply", "activate", "try"),
    "look_toward": ("look_toward",),
    "open_with": ("open_with",),
    "enter": ("enter",),
    "leave": ("leave", "exit"),
    "back": ("back", "backtrack"),
    "wait": ("wait", "z", "idle", "rest", "sleep", "stay"),
    "who": ("whoami",),
    "give": ("give", "feed", "hand", "offer"),
    "talk": ("talk", "answer", "ask", "call", "chat", "greet", "hello", "hi", "speak", "tell",
             "thank", "yes", "no"),
    "again": ("again", "g", "oops", "redo", "repeat", "undo"),
    "attempt": ("attack", "bang", "break", "burn", "clean", "count", "cut", "dig", "draw", "erase",
                "sign", "map", "drag", "drink", "eat", "feel", "fight", "fix", "follow", "force",
                "hit", "jump", "kick", "kill", "knock", "listen", "play", "press", "pull", "push",
                "quit", "repair", "restart", "restore", "ring", "rub", "save", "score", "shake",
                "sit", "smash", "smell", "stand", "swim", "taste", "tie", "touch", "wave", "wear"),
}  # fmt: skip
"""Canonical verb -> further words that mean it; what those of no entry in VERBS do is refused or
told by `world_fixtures.rules.idioms`."""

VERB_OF = {
    word: verb
    for verb, words in (*SYNONYMS.items(), *((verb, words) for verb, (words, _) in VERBS.items()))
    for word in words
}
"""Word -> canonical verb."""
_PLAIN = tuple(word for words, _ in VERBS.values() for word in words)
_HINTS = tuple(w for w in (*_PLAIN, *DIRECTIONS, *VERB_OF) if len(w) > 3 and "_" not in w)
_ALONE = frozenset(
    ("use", "enter", "leave", "back", "wait", "who", "give", "talk", "again", "attempt")
)
_SPLITS: dict[str, tuple[str, ...]] = {
    "get": (" from ",), "put": (" into ", " onto ", " in ", " on "), "write": (" onto ", " on "),
    "unlock": (" with ",), "lock": (" with ",), "open_with": (" with ",),
    "use": (" on ", " with ", " in ", " into ", " at ", " for "),
}  # fmt: skip
_MOST_CUTS = 12
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)", re.DOTALL)


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
    # what is printable holds no other white space
    return " ".join(filter(None, text.split(" "))) if "  " in text else text.strip(" ")


def plain(text: str) -> Parsed:
    """Parse a line that is `clean` and not empty, as it stands; never raises."""
    head, _, rest = text.partition(" ")
    word = head.casefold()
    if word in DIRECTIONS:
        return Parsed("go", {"direction": text if rest else DIRECTIONS[word]})
    verb = VERB_OF.get(word)
    if verb is None or (rest and word == "i" and _is_sentence(rest)):
        return Parsed(None, error=_no_such_verb(head, word))
    return _arguments(verb, rest.strip())


def _is_sentence(rest: str) -> bool:
    """Tell whether the "i" before `rest` is the pronoun ("i take the lamp") and no inventory."""
    word = rest.partition(" ")[0].casefold()
    return word in VERB_OF or word in DIRECTIONS or word in ("want", "will", "would")


def _no_such_verb(head: str, word: str) -> str:
    near = next((w for w in _HINTS if _is_one_slip(word, w)), None) if len(word) > 2 else None
    hint = f"Maybe you meant '{near}'." if near else "'help' lists the commands."
    return f"There is no command '{head[:40]}'. {hint}"


def _is_one_slip(typed: str, word: str) -> bool:
    """Tell whether one letter more, less, other, or two swapped make `typed` of `word`."""
    if typed[0] != word[0] or abs(len(typed) - len(word)) > 1:
        return False
    same = next((n for n, (a, b) in enumerate(zip(typed, word, strict=False)) if a != b), len(word))
    a, b = typed[same:], word[same:]
    return a[1:] in (b, b[1:]) or a == b[1:] or (a[1::-1], a[2:]) == (b[:2], b[2:])


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
    if verb in _ALONE:
        splits = split(rest, lower, _SPLITS.get(verb, ()))
        return Parsed(verb, {"object": rest} if rest else {}, splits)
    if not rest and verb in VERBS:
        return Parsed(None, error=f"{verb.capitalize()} what? Use: {VERBS[verb][1]}.")
    if verb == "go":
        way = lower.removeprefix("to ").removeprefix("the ")
        return Parsed(verb, {"direction": DIRECTIONS.get(way, rest)})
    if verb == "say":
        return Parsed(verb, {"text": rest})
    splits = split(rest, lower, _SPLITS.get(verb, ()))
    if verb == "write" or verb == "put":
        if not splits:
            return Parsed(None, error=f"{verb.capitalize()} it where? Use: {VERBS[verb][1]}.")
        first, target = splits[0]
        key = "text" if verb == "write" else "object"
        return Parsed(
            verb, {key: _unquote(first) if verb == "write" else first, "target": target}, splits
        )
    return Parsed(verb, {"object": rest}, splits)


def split(rest: str, lower: str, prepositions: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the two sides of each of `prepositions`, the last one first."""
    cuts: dict[int, int] = {}
    for preposition in prepositions:
        at = lower.find(preposition)
        while at > 0:
            cuts[at] = max(cuts.get(at, 0), len(preposition))
            at = lower.find(preposition, at + 1)
    last = sorted(cuts.items())[: -_MOST_CUTS - 1 : -1]
    pairs = [(rest[:at].strip(), rest[at + n :].strip()) for at, n in last]
    return [(a, b) for a, b in pairs if a and b]


def _unquote(text: str) -> str:
    return (
        text[1:-1].strip() if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" else text
    )

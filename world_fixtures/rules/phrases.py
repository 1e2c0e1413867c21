"""Phrases that people type, put as commands: text to text, without a look at any world."""

from __future__ import annotations

import re
from collections.abc import Iterator

from world_fixtures.rules.grammar import COMPASS, DIRECTIONS, VERB_OF, VERBS

_LEAD = re.compile(
    r"(?:please|pls|kindly|now|next|first|then|ok|okay|alright|just|so|and|carefully|quickly|slowly"
    r"|quietly|try to|attempt to|i want to|i would like to|i'd like to|i will|i'll|i try to"
    r"|i'm going to|i'm going|i am going to|let me"
    r"|let's|let us|(?:can|could|would|will) (?:you|i|we)|i|we|command|action)\b[,:]? *(?=\S)",
    re.IGNORECASE,
)
_MOST_LEADS = 5
_TAILS = frozenset(
    ("again", "aloud", "carefully", "closely", "first", "here", "immediately", "now", "pls",
     "please", "quickly", "quietly", "slowly", "thanks", "then", "there", "too")
)  # fmt: skip
_POINTING = re.compile(
    r"(?<= )(?:my|your|its|this|these|those|some|lying|(?:that|which) (?:is|are|lies)) (?=.)",
    re.IGNORECASE,
)
_WRAPS = "\"'`*_"
_ENDS = " .!?,;:"
_DIR = "|".join(sorted(DIRECTIONS, key=len, reverse=True))
_ROOM = (
    r"(?:at |around |over |about )?(?:the |my |this |entire |whole )*"
    r"(?:room|surroundings?|area|place|environment|location|scene|view|everything|everywhere|anything|here|me)"
)
_EXITS = (
    r"(?:at |for )?(?:the |my |all |available |any |obvious |possible )*"
    r"(?:exits?|ways out|ways?|paths?|directions|doors and exits)"
)
_WAY = r"(?:exit|door|way|path|passage|stairs|staircase|steps|ladder)"
_SELF = r"(?:at )?(?:myself|self|me|yourself)"
_INVENTORY = (
    r"(?:at |in |through )?(?:the |my |your )?"
    r"(?:inventory|inv|items|belongings|possessions|pockets|backpack|bag)"
)
_CARRIED = r"(?:at )?(?:what|the things|everything) i (?:have|carry|am carrying|am holding)"
_WRITTEN = (
    r"(?:text|writings?|words?|notes?|signs?|names?|inscriptions?|messages?|label|contents?|title|pages?|lines?"
    r"|what is written|what it says)"
)

Phrase = tuple[str, *tuple[str, ...]]
"""A pattern for what follows the first word, and what it may stand for, likeliest first."""

_ABOUT: tuple[Phrase, ...] = (
    (_SELF, "whoami"),
    (rf"(?:all )?around(?: {_ROOM})?|about|round", "look"),
    (_ROOM, "look"),
    (rf"{_ROOM} for .+", "look"),
    (_CARRIED, "inventory"),
    (r"(?:at )?(?:what is|what's) (?:on|in|inside) (.+)", r"look in \1"),
    (_INVENTORY, "inventory"),
    (_EXITS, "directions"),
    (rf"(?:to |toward |towards |out |off |at )?(?:the )?(?:to the )?({_DIR})", r"look_toward \1"),
    (r"(?:to the )?(in|out)side", r"look_toward \1"),
    (r"(?:to (?:the |my )?)?(left|right|ahead|forwards?|behind|back)", "look_toward"),
    (r"(?:(?:in|inside|into|within|on|onto|upon|on top of)) (.+)", r"look in \1"),
    (r"(?:at )?(?:the )?contents? of (.+)", r"look in \1"),
    (r"(?:under|underneath|beneath|below|behind|beside|over|through|for|near|around|about|above|out"
     r"|up at|down at|toward|towards|closely at|carefully at|closer at|more closely at|at) (.+)",
     r"examine \1"),
)  # fmt: skip
_TAKING: tuple[Phrase, ...] = (
    (r"a (?:close |closer |good |quick )?look(?: (.+))?", r"look \1"),
    (r"(?:up|hold of) (.+)", r"get \1"),
    (r"rid of (.+)", r"drop \1"),
    (r"(.+) (?:up|with (?:me|you)|along)", r"get \1"),
    (r"(.+) up from (.+)", r"get \1 from \2"),
    (r"(.+) (?:out of|off of|off|from inside|from on top of|from on|inside|in|on) (.+)",
     r"get \1 from \2"),
    (r"(?:out|outside)(?: of .+)?", "leave"),
    (rf"(?:the )?({_DIR}) {_WAY}|(?:the )?{_WAY} (?:to the |to |leading )?({_DIR})", r"go \1\2"),
    (r"(?:the )?(stairs|staircase|steps|ladder)", r"go \1"),
    (r"(.+) (?:from|off|on) (?:the )?(?:floor|ground|room)", r"get \1"),
    (r"(.+) from (?:on|in|inside|off) (.+)", r"get \1 from \2"),
    (r"(?:in|inside)", "go in"),
    (_INVENTORY, "inventory"),
)  # fmt: skip
_LAYING: tuple[Phrase, ...] = (
    (r"out (.+)", r"extinguish \1"),
    (r"(.+) out", r"extinguish \1"),
    (r"together (.+)", r"combine \1"),
    (r"(.+) together", r"combine \1"),
    (r"(.+) (?:in|into|inside) (?:the )?(?:lock|keyhole)", r"use \1 on door"),
    (r"(.+) (?:in|into|inside) (?:the )?(?:lock|keyhole) (?:of|on) (.+)", r"use \1 on \2"),
    (r"down (.+)", r"put \1", r"drop \1"),
    (r"(.+) (?:down|back) (?:on|onto|in|into|inside|to) (.+)", r"put \1 in \2", r"drop \1"),
    (r".+ (?:under|underneath|beneath|behind|beside|next to|near|against|over) .+", "push"),
    (r"away (.+)", r"drop \1"),
    (r"(.+) (?:on|onto|to|upon) (?:the )?(?:floor|ground)", r"drop \1"),
    (r"(.+) (?:down|away|back)", r"drop \1"),
    (r"(.+) (?:inside of|on top of|inside|within|upon|into|onto|in|on|to|at) (.+)",
     r"put \1 in \2"),
)  # fmt: skip
_SWITCHING: tuple[Phrase, ...] = (
    (r"on (.+)", r"light \1"), (r"(.+) on", r"light \1"),
    (r"(?:off|out) (.+)", r"extinguish \1"), (r"(.+) (?:off|out)", r"extinguish \1"),
    (r"(.+) in (.+)", r"use \1 on \2"), (r".*", "push"),
)  # fmt: skip
_WRITING: tuple[Phrase, ...] = (
    (r"(?:on|in|onto|into|upon) (?:the )?([^:\"']+?): ?(\S.*)", r"write \2 on \1"),
    (r"(?:on|in|onto|into|upon) (?:the )?([^:\"']+?) ([\"'].+[\"'])", r"write \2 on \1"),
    (r"([^\"']+?) with ([\"'].+[\"'])", r"write \2 on \1"),
    (r"(.+) (?:on|onto) (.+) (?:with|using) [^\"']+", r"write \1 on \2"),
    (r"(?:down |the words? |the text )(.+)", r"write \1"),
    (r"(.+) (?:into|in|upon|inside|at|to|across) (.+)", r"write \1 on \2"),
)  # fmt: skip
_SHOWING: tuple[Phrase, ...] = (
    (r"(?:me )?(?:all |the )*(?:things|objects|items)(?: (?:that are )?(?:here|in .+))", "look"),
    (_CARRIED, "inventory"),
    (r"me (.+)", r"examine \1"),
    (_EXITS, "directions"), (_INVENTORY, "inventory"), (_ROOM, "look"),
    (r"(?:all |the |available )*(?:commands?|verbs|help|actions|options)", "help"),
    (r"(?:all |the )*(?:things|objects)", "look"),
)  # fmt: skip
_GOING: tuple[Phrase, ...] = (
    (r"(?:outside|out of .+)", "leave"), (r"(?:back|back out)", "back"),
    (rf"back (?:to )?(?:the )?({_DIR})", r"go \1"),
    (r"inside", "enter"),
)  # fmt: skip
_ASKING: tuple[Phrase, ...] = (
    (r"(?:items |things )?(?:do|am|have|can) i (?:have|carry|carrying|hold|holding|got)(?: .+)?",
     "inventory"),
    (r"(?:is |are )?(?:in )?(?:my )?inventory", "inventory"),
    (r"(?:do|can) i see(?: .+)?", "look"),
    (r"(?:is|are|else is)(?: (?:around|around me|in (?:the|this) room|there|nearby))?", "look"),
    (r"am i|is this(?: place)?", "look"),
    (r"(?:can|should|could|do) i do|(?:are (?:the|my) )?(?:commands|options)(?: are there)?",
     "help"),
    (r"(?:way |ways |exits? |directions? )?(?:can|could|do|should) i (?:go|leave)(?: .+)?",
     "directions"),
    (r"(?:is |are )?(?:the |my )?(?:exits?|ways out|directions)(?: .+)?", "directions"),
    (r"(?:is|are) (?:in|inside|on|within) (.+)", r"look in \1"),
    (r"is (?:my )?name", "whoami"),
    (r"does (.+) say", r"read \1"),
    (r"is written (?:on|in) (.+)", r"read \1"),
    (r"(?:is|are) (.+)", r"examine \1"),
    (r".*", "ask"),
)  # fmt: skip
_HEADS: dict[str, tuple[Phrase, ...]] = {
    "look": _ABOUT,
    "peer": ((r"(.+)", r"look \1"),),
    "search": (("", "look"), *_ABOUT),
    "examine": _ABOUT,
    "get": _TAKING,
    "have": _TAKING[:1],
    "remove": ((r"(.+)", r"get \1"), *_TAKING),
    "put": _LAYING,
    "drop": (
        (r"(.+) (?:on|onto|to|upon) (?:the )?(?:floor|ground)", r"drop \1"),
        (r"(?:down |off )(.+)", r"drop \1"),
        (r"(.+) (?:down|off|away)", r"drop \1"),
        (r"(.+) (?:inside of|on top of|inside|into|onto|in|on) (.+)", r"put \1 in \2"),
    ),
    "throw": (
        (r"(?:away|out|down) (.+)", r"drop \1"), (r"(.+) (?:away|out|down)", r"drop \1"),
        (r"(.+) (?:into|onto|in|on) (.+)", r"put \1 in \2"),
        (r".*", "push"),
    ),
    "return": (
        ("", "back"), (rf"(?:back )?(?:to )?(?:the )?({_DIR})", r"go \1"), (r"to .+", "back"),
        (r"(.+) (?:to|into|onto|in|on) (.+)", r"put \1 in \2"),
    ),
    "leave": (
        (r"(?:a )?(?:note|message) (?:saying |that says |reading )(.+) (?:on|in) (.+)",
         r"write \1 on \2"),
        ((_ROOM), "leave"), (r"(?:the )?(?:building|house)", "leave"),
        (rf"(?:to |by |via |through |toward |towards )?(?:the )?({_DIR})", r"go \1"),
        (r"(?:by|via|through) (.+)", r"go through \1"),
        (r"(.+) (?:on|in|inside|into|onto) (.+)", r"put \1 in \2"),
    ),
    "open": (
        (r"up (.+)", r"open \1"), (r"(.+) up", r"open \1"),
        (r"(.+) (?:with|by using|using|via) (.+)", r"open_with \1 with \2"),
        (_INVENTORY, "inventory"),
    ),
    "unlock": ((r"(.+) (?:by using|using|via|by) (.+)", r"unlock \1 with \2"),),
    "lock": ((r"(.+) (?:by using|using|via|by) (.+)", r"lock \1 with \2"),),
    "use": (
        (r"(.+) to (?:try to )?(?:unlock|open) (.+)", r"open_with \2 with \1"),
        (r"(.+) to lock (.+)", r"lock \2 with \1"),
        (rf"(?:the )?({_DIR})(?: exit| door)?", r"go \1"),
    ),
    "turn": _SWITCHING, "switch": _SWITCHING, "flip": _SWITCHING,
    "blow": _SWITCHING[2:4], "shut": _SWITCHING[2:4],
    "move": ((r"(.+) (?:to|into|onto|in|on) (.+)", r"put \1 in \2"), *_GOING),
    "extinguish": ((r"out (.+)", r"extinguish \1"), (r"(.+) out", r"extinguish \1")),
    "light": ((r"up (.+)", r"light \1"), (r"(.+) (?:with|using) .+", r"light \1")),
    "read": (
        (rf"(?:the )?{_WRITTEN} (?:written )?(?:on|of|in|from|inside) (.+)", r"read \1"),
        (r"(?:from|in|through|on|out|over|inside) (.+)", r"read \1"),
        (r"(.+) (?:out loud|out|to myself)", r"read \1"),
    ),
    "go": _GOING,
    "descend": (("", "go down"), (r".+", "go down")),
    "ascend": (("", "go up"), (r".+", "go up")),
    "write": _WRITING,
    "combine": (
        (r"(.+) together", r"combine \1"), (r"together (.+)", r"combine \1"),
        (r"(.+) (?:onto|into|to|on) (.+)", r"combine \1 with \2"),
    ),
    "show": (*_SHOWING, (r".*", "give")), "list": _SHOWING, "display": _SHOWING,
    "what": _ASKING, "where": _ASKING, "which": _ASKING,
    "who": (
        (r"am i|are you|is me", "whoami"), (r"(?:is|else is)(?: .*there| around)?", "look"),
        (r"is (.+)", r"examine \1"), (r".*", "ask"),
    ),
    "do": ((r"nothing", "wait"), (r"i .+", "ask")),
    "is": ((r".+", "ask"),),
    "help": ((r"(?:me|us|list|commands)", "help"),),
}  # fmt: skip
"""First word, or the verb that it means, -> the phrases that may follow."""
_LONE = frozenset(("observe", "scan", "search", "see", "survey"))
_SAME = {
    "my": "list",
    "gaze": "peer", "glance": "peer", "peek": "peer", "stare": "peer", "toss": "throw",
    "how": "is", "why": "is", "when": "is", "are": "is", "does": "is", "can": "is", "should": "is",
    "what's": "what", "whats": "what", "where's": "where", "who's": "who",
}  # fmt: skip
_CONTRACTED = frozenset(("what's", "whats", "where's", "who's"))
_COMPILED = {
    word: tuple((re.compile(pattern, re.IGNORECASE), said) for pattern, *said in phrases)
    for word, phrases in _HEADS.items()
}


def wordings(text: str) -> Iterator[str]:
    """Yield other ways to put a command, likeliest first: without politeness, then as a command."""
    for wording in _wordings(text):
        yield wording
        yield from _wordings(wording)


def _wordings(text: str) -> Iterator[str]:
    bare = polite(text)
    if not bare:
        return
    if bare != text:
        yield bare
    head, _, rest = bare.partition(" ")
    word = head.casefold()
    if word in _SAME:
        rest = f"is {rest}" if word in _CONTRACTED else rest
        word = _SAME[word]
    if word in _LONE and not rest:
        yield "look"
    verb = VERB_OF.get(word, word)
    if verb == "help" and rest:
        topic = VERB_OF.get(rest.partition(" ")[0].casefold())
        if topic in VERBS:
            yield f"help {topic}"
    phrases = _COMPILED[word] if word in _COMPILED else _COMPILED.get(verb, ())
    for pattern, said in phrases:
        if found := pattern.fullmatch(rest):
            yield from (found.expand(template).strip() for template in said)
            if verb != "look":
                return


def polite(text: str) -> str:
    """Return `text` without what surrounds a command: quotes, a prompt, "please", a full stop."""
    for _ in range(_MOST_LEADS):
        if len(text) > 2 and text[0] == text[-1] and text[0] in _WRAPS:
            text = text[1:-1].strip()
    text = text.lstrip("> ")
    for _ in range(_MOST_LEADS):
        if (lead := _LEAD.match(text)) is None:
            break
        text = text[lead.end() :]
    if VERB_OF.get(text.partition(" ")[0].casefold()) in ("say", "write"):
        return text
    text = _POINTING.sub("", text)
    for _ in range(_MOST_LEADS):
        text = text.rstrip(_ENDS)
        text = text.removesuffix(" out loud").removesuffix(" behind me")
        before, _, last = text.rpartition(" ")
        if not before or last.casefold() not in _TAILS:
            break
        text = before
    return text


def direction(words: tuple[str, ...]) -> str | None:
    """Return the direction that words such as "up the stairs" say, None where they say none."""
    said = [_WAYS.get(w, w) for w in words if w not in _FILLERS]
    if len(said) == 2 and said[0] in ("north", "south") and said[1] in ("east", "west"):
        return said[0] + said[1]
    if not said:
        # "in" and "out" are directions only where nothing else is said.
        said = [w for w in words if w in ("in", "out")]
    return said[0] if len(said) == 1 and said[0] in COMPASS else None


DOORWAYS = frozenset(
    ("archway", "door", "doors", "doorway", "exit", "gate", "gateway", "hatch", "passage",
     "trapdoor", "way")
)  # fmt: skip
"""Words for a way out, whatever it is called."""
_FILLERS = DOORWAYS | frozenset(
    ("a", "an", "at", "by", "closed", "corridor", "direction", "facing", "from", "going",
     "hallway", "in", "into", "ladder", "leading", "leads", "locked", "of", "on", "out", "path",
     "room", "side", "stair", "staircase", "stairs", "steps", "that", "the", "through", "to",
     "toward", "towards", "using", "via", "wall", "which")
)  # fmt: skip
_WAYS = DIRECTIONS | {
    f"{d}{end}": d for d in COMPASS for end in ("ward", "wards", "bound", "ern")
} | {"upstairs": "up", "downstairs": "down"}  # fmt: skip

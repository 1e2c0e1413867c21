"""What a line may mean: its plain reading first, then what people say for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from world_fixtures.protocol import MAX_COMMAND
from world_fixtures.rules.grammar import DIRECTIONS, Parsed, clean, plain
from world_fixtures.rules.phrases import wordings

_LINES = re.compile(r"\s*[\r\n]+\s*")
_ALSO = re.compile(
    r"(?P<sure> ?(?:;|&&) ?|[,.!]? (?:and )?(?:then|afterwards|after that),? )"
    r"|[,.!] (?:and )?| and ",
    re.IGNORECASE,
)
_MOST_PARTS = 20


def parse(raw: str) -> Parsed:
    """Parse one command line; never raises."""
    if len(raw) > MAX_COMMAND:
        return Parsed(
            None, error=f"That is too long: a command has at most {MAX_COMMAND} characters."
        )
    text = clean(raw)
    if not text:
        return Parsed(None, error="Say what to do. 'help' lists the commands.")
    parsed = plain(text)
    if parsed.verb is not None:
        return parsed
    understood = (r for r in _others(text) if r.verb is not None)
    return next(understood, Parsed("several") if is_several(text) else parsed)


def _others(text: str) -> Iterator[Parsed]:
    for wording in wordings(text):
        yield plain(wording)


def readings(raw: str) -> Iterator[Parsed]:
    """Yield every reading of a line in which a verb is understood, the plain one first."""
    text = one_line(raw)
    if text:
        yield from (r for r in (plain(text), *_others(text)) if r.verb is not None)


def one_line(raw: str) -> str:
    """Return a line `clean`, several lines joined by semicolons; empty where it is too long."""
    if len(raw) > MAX_COMMAND:
        return ""
    text = raw.strip()
    return clean(_LINES.sub("; ", text) if "\n" in text or "\r" in text else text)


def is_several(text: str) -> bool:
    """Tell whether a line that names nothing as it stands asks for more than one command."""
    spoken = plain(text)
    if spoken.verb == "say":
        return False
    if spoken.verb == "write":
        text = spoken.splits[0][1]
    if all(word.casefold() in DIRECTIONS for word in text.split(" ")[1:3]) and spoken.verb == "go":
        return True
    start, joints, parts = 0, [], []
    for joint in _ALSO.finditer(text):
        parts.append(text[start : joint.start()])
        joints.append(joint["sure"] is not None)
        start = joint.end()
    parts.append(text[start:])
    later = zip(joints[:_MOST_PARTS], parts[1:], strict=False)
    return any(_is_command(part) for _, part in later) or (any(joints) and _is_command(parts[0]))


def _is_command(text: str) -> bool:
    readings = (plain(text), *_others(text)) if text else ()
    return any(r.verb is not None for r in readings)

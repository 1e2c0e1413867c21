"""Cheating policies for worlds in which others live: they stay, follow or wait, and plan nothing.

They see the conversation only, and use up the commands that the prompt allows.
"""

from __future__ import annotations

import re
from typing import Any

from environments.policies.answers import fields
from environments.policies.memory import recall
from environments.policies.policy import CONNECT, DISCONNECT, Call, Move, View, command, submit
from world_fixtures.living import MOST_WAITED
from world_fixtures.rules.grammar import DIRECTIONS

ALLOWED = 60
"""Commands taken for allowed where the prompt states no budget."""
NAP = 3
"""Ticks of one wait of who stays where it is."""

_LEFT = re.compile(r"You have (\d+) commands left(, for this part and all)?")
_OTHERS = re.compile(r"^Others: (.+)$", re.MULTILINE)
_NAMES = re.compile(r"\b[A-Z][a-z-]+ [A-Z][a-z-]+\b")
_SAID = re.compile(r"\d{3,}")
_LED = re.compile(r" goes ([a-z]+)\.\nYou follow\.")
_WAYS = frozenset(("way", "route"))


def camps(view: View) -> Move:
    """Stay in the first room, and ask whoever comes by about all that the prompt names."""
    if (end := _begun_or_ended(view)) is not None:
        return end
    last = view.exchanges[-1]
    if last.command.startswith("wait"):
        return Move(calls=(command("look"),))
    topics = [*fields(view.prompt), *_NAMES.findall(view.prompt)]
    asked = {e.command for e in view.exchanges}
    for who in _others(last.result) if last.command in ("", "look") else ():
        questions = [f"ask {who} about {t.rstrip('_0123456789')}" for t in topics]
        if new := [q for q in questions if q not in asked]:
            return Move(calls=(*map(command, new), command("look")))
    return Move(calls=(command(f"wait {NAP}"),))


def follows_everybody(view: View) -> Move:
    """Follow whoever is met for as long as it goes, then the next one."""
    if (end := _begun_or_ended(view)) is not None:
        return end
    last = view.exchanges[-1]
    if last.command.startswith("follow") and "keep close" in last.result:
        return Move(calls=(command(last.command),))
    if others := _others(last.result):
        return Move(calls=(command(f"follow {view.rng.choice(others)}"),))
    if last.command not in ("", "look", *DIRECTIONS):
        return Move(calls=(command("look"),))
    memory = recall(view.exchanges)
    ways = [w.direction for w in memory.place.view.ways if not w.closed] if memory.here else []
    return Move(calls=(command(view.rng.choice(ways or ["look"])),))


def waits_for_the_end(view: View) -> Move:
    """Wait until the commands are spent."""
    end = _begun_or_ended(view)
    return Move(calls=(command(f"wait {MOST_WAITED}"),)) if end is None else end


def _begun_or_ended(view: View) -> Move | None:
    """Return what begins a conversation and what ends it; None in between."""
    if not view.exchanges:
        return Move(calls=(CONNECT,))
    stated = _LEFT.search(view.prompt)
    allowed = int(stated[1]) if stated else ALLOWED
    if stated and stated[2]:
        allowed //= 2  # other parts follow
    if sum(bool(e.command) for e in view.exchanges) < allowed:
        return None
    return Move(calls=(_last_call(view),))


def _last_call(view: View) -> Call:
    """Leave, or hand in the last number that was heard and the way that was gone."""
    if "evennia_disconnect" in view.prompt or recall(view.exchanges).too_early:
        return DISCONNECT
    heard = [n for e in view.exchanges for n in _SAID.findall(e.result)]
    led = [d for e in view.exchanges for d in _LED.findall(e.result)]
    answer: dict[str, Any] = {
        field: led if field in _WAYS else (heard or [""])[-1] for field in fields(view.prompt)
    }
    return submit(answer)


def _others(text: str) -> list[str]:
    found = _OTHERS.findall(text)
    return found[-1].split(", ") if found else []

"""Commands that there are only where people live and time passes: ask, tell, give, buy, wait."""

from __future__ import annotations

import re
from collections.abc import Callable

from world_fixtures.living import CLOCK, MOST_WAITED
from world_fixtures.rules.asking import ask, greet, tell
from world_fixtures.rules.dealing import buy, give, pay, sell, show, trade
from world_fixtures.rules.outcome import Outcome, ok, refused, unknown
from world_fixtures.rules.parties import change_of, other_here
from world_fixtures.rules.resolve import resolve
from world_fixtures.rules.scene import Scene

HELP = (
    "ask NAME about TOPIC: hear what somebody knows",
    "tell NAME that TEXT: pass something on",
    "whisper TEXT to NAME: tell so that nobody else hears",
    "greet NAME: say hello",
    "show THING to NAME: let somebody see it",
    "give THING to NAME: hand it over; give NUMBER coins to NAME: pay",
    "buy THING, sell THING, trade THING for THING [with NAME]",
    "follow NAME: go along with somebody for a tick",
    "start MACHINE: set it to work",
    "wait [NUMBER]: let time pass; time: what the clock shows",
)
"""One line of help for each."""
_USES = {line.partition(" ")[0]: line for line in HELP}
_LIKE = {
    "inform": "tell", "talk": "greet", "pay": "give", "hand": "give", "offer": "give",
    "sell": "buy", "trade": "buy", "swap": "buy", "exchange": "buy", "barter": "buy",
    "purchase": "buy", "accompany": "follow", "operate": "start",
}  # fmt: skip
"""Words that are used like another one."""

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (verb, re.compile(form, re.IGNORECASE))
    for verb, form in (
        ("ask", r"ask (?P<who>.+?) (?:about|for|where is) (?P<topic>.+)"),
        ("ask", r"ask (?P<who>.+?) where (?P<topic>.+?)(?: is| are)?"),
        ("tell", r"(?:tell|inform) (?P<who>.+?)(?: that|,? about|:) (?P<text>.+)"),
        ("tell", r"say (?P<text>.+) to (?P<who>.+)"),
        ("whisper", r"whisper to (?P<who>.+?)(?: that|[:,]) (?P<text>.+)"),
        ("whisper", r"whisper (?P<text>.+) to (?P<who>.+)"),
        ("show", r"show (?P<object>.+) to (?P<who>.+)"),
        ("pay", r"(?:give|pay|hand) (?P<number>\d+)(?: coins?)? to (?P<who>.+)"),
        ("pay", r"(?:give|pay|hand) (?P<who>.+?) (?P<number>\d+)(?: coins?)?"),
        ("give", r"(?:give|hand|offer) (?P<object>.+) to (?P<who>.+)"),
        ("buy", r"(?:buy|purchase) (?P<object>.+?)(?: from (?P<who>.+))?"),
        ("sell", r"sell (?P<object>.+?)(?: to (?P<who>.+))?"),
        (
            "trade",
            r"(?:trade|swap|exchange|barter) (?P<object>.+) for (?P<other>.+?)"
            r"(?: with (?P<who>.+))?",
        ),
        ("follow", r"(?:follow|accompany|go with) (?P<who>.+)"),
        ("greet", r"(?:greet|hello|hi|talk(?: to| with)?|speak(?: to| with)?) (?P<who>.+)"),
        ("start", r"(?:start|operate|run) (?P<object>.+)"),
        (
            "wait",
            r"(?:wait|z|idle|rest|sleep|stay)(?: for)?(?: (?P<number>\d+)(?: (?:ticks?|turns?))?)?",
        ),
        ("wait", r"wait (?P<until>.+)"),
        ("time", r"(?:time|clock|(?:what )?time is it\??|what time is it\??|check the time)"),
    )
)

SOCIAL_VERBS = frozenset(verb for verb, _ in _FORMS)
"""The verbs of these commands, as events name them."""


def understood(scene: Scene, text: str) -> Outcome | None:
    """Return what comes of a line that is one of these commands; None where it is none.

    Of several readings the first that names what is here counts.
    """
    failure: Outcome | None = None
    for verb, form in _FORMS:
        found = form.fullmatch(text)
        if found is None:
            continue
        args = {key: value for key, value in found.groupdict().items() if value is not None}
        outcome = _ACTIONS[verb](scene, args)
        if outcome is None:
            continue
        outcome.verb, outcome.args = verb, args
        if outcome.kind != "unknown":
            return outcome
        failure = failure or outcome
    return failure


def incomplete(text: str) -> Outcome | None:
    """Tell how a command is used of which a line has only the beginning; None where it is none."""
    word = text.partition(" ")[0].casefold()
    use = _USES.get(_LIKE.get(word, word))
    return None if use is None else unknown(f"Use: {use}.")


def is_social(text: str) -> bool:
    """Tell whether a line has the form of one of these commands."""
    return any(form.fullmatch(text) for _, form in _FORMS)


def follow(scene: Scene, args: dict[str, str]) -> Outcome:
    """Go along with somebody, should they leave in this tick."""
    who = other_here(scene, args)
    if isinstance(who, Outcome):
        return who
    return ok(f"You keep close to {scene.index.name(who)}.", who)


def start(scene: Scene, args: dict[str, str]) -> Outcome | None:
    """Set a machine to work; None where the words name no machine that is here."""
    index, state = scene.index, scene.state
    reach = scene.in_reach()
    found = resolve(scene, args["object"], [i for i in reach if i in index.machines])
    if isinstance(found, Outcome):
        return found if found.objects else None
    process, name = index.machines[found], index.name(found)
    if state.get(found, "done_at") is not None:
        return refused(f"The {name} is at work already.", found)
    if state.get(process.makes, "location") is not None:
        return refused(f"The {name} does not start: it has done its work.", found)
    if any(part not in reach for part in process.needs):
        return refused(f"The {name} does not start: something is missing.", found)
    done_at = state.get(CLOCK, "tick") + 1 + process.ticks
    changes = [change_of(scene, part, "location", None) for part in process.needs]
    changes.append(change_of(scene, found, "done_at", done_at))
    return ok(f"The {name} begins to work.", found, *process.needs, changes=tuple(changes))


def wait(scene: Scene, args: dict[str, str]) -> Outcome:
    """Let time pass."""
    if "until" in args:
        return refused(f"Say how many ticks: `wait 5`, {MOST_WAITED} at most.")
    ticks = int(args.get("number", "1")[:9])
    if not 1 <= ticks <= MOST_WAITED:
        return refused(f"You can wait for 1 to {MOST_WAITED} ticks at a time.")
    outcome = ok("Time passes.", scene.actor)
    outcome.ticks = ticks
    return outcome


def time(scene: Scene, args: dict[str, str]) -> Outcome:
    """Tell the time, which takes none."""
    outcome = ok(scene.time_line(), scene.actor)
    outcome.ticks = 0
    return outcome


_ACTIONS: dict[str, Callable[[Scene, dict[str, str]], Outcome | None]] = {
    "ask": ask, "tell": tell, "whisper": tell, "show": show, "pay": pay, "give": give, "buy": buy,
    "sell": sell, "trade": trade, "follow": follow, "greet": greet, "start": start, "wait": wait,
    "time": time,
}  # fmt: skip

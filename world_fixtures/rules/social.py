"""Commands that there are only where people live and time passes: ask, tell, give, buy, wait."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from world_fixtures.facts import Fact
from world_fixtures.living import CLOCK, MOST_WAITED, Deal, Knowledge, Person
from world_fixtures.protocol import Change
from world_fixtures.rules.handling import carry_problem
from world_fixtures.rules.names import words
from world_fixtures.rules.outcome import Outcome, ok, refused, unknown
from world_fixtures.rules.resolve import resolve
from world_fixtures.rules.scene import Scene
from world_fixtures.rules.witness import remembered

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
HEARD = 30
"""Things told to a person that it remembers, the last ones."""
BESIDES = 8
"""Words that may stand beside what was to be told."""
SAID = 200
"""Characters kept of what somebody is told."""
ASIDE = 3
"""Words that may stand beside a topic that somebody is asked about."""

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


def _other(scene: Scene, args: dict[str, str]) -> str | Outcome:
    """Return the character that a command names."""
    if scene.is_dark():
        return refused("It is too dark to see who is here.")
    return resolve(scene, args["who"], [c.id for c in scene.others()])


def ask(scene: Scene, args: dict[str, str]) -> Outcome:
    """Ask somebody about something."""
    who = _other(scene, args)
    if isinstance(who, Outcome):
        return who
    name, person = scene.index.name(who), scene.index.people.get(who)
    if person is None:
        return ok(f"{name} has heard your question.", who)
    known = _knowledge(scene, person, args["topic"])
    if known is None:
        return _last_seen(scene, person, args["topic"])
    if not _met(scene, person, known):
        return ok(f'{name} says, "{known.refuses}"', who)
    told = Fact(who, "told", known.topic)
    return ok(f'{name} says, "{known.says}"', who, reveals=(*known.tells, told))


def _knowledge(scene: Scene, person: Person, topic: str) -> Knowledge | None:
    """Return what a person knows of a topic: the first that may be told, else the first.

    A list of all that there is asks for nothing.
    """
    asked = set(words(topic))
    if not asked:
        return None
    exact = [k for k in person.knows if set(words(k.topic)) == asked]
    found = exact or [k for k in person.knows if _is_about(asked, set(words(k.topic)))]
    return next((k for k in found if _met(scene, person, k)), found[0] if found else None)


def _is_about(asked: set[str], topic: set[str]) -> bool:
    return asked <= topic or (topic <= asked and len(asked) <= len(topic) + ASIDE)


def _met(scene: Scene, person: Person, known: Knowledge) -> bool:
    need, get = known.needs, scene.state.get
    living = scene.index.spec.living
    assert living is not None
    hour = get(CLOCK, "tick") % living.day
    said = [words(text) for _, text in get(person.id, "heard")]
    return (
        (need.has is None or get(need.has, "location") == person.id)
        and (need.shown is None or [scene.actor, need.shown] in get(person.id, "shown"))
        and get(person.id, "paid").get(scene.actor, 0) >= need.paid
        and (need.heard is None or any(tells(text, words(need.heard)) for text in said))
        and (need.hours is None or need.hours[0] <= hour < need.hours[1])
    )


def tells(said: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether words hold what was to be told, and not much besides: a list of all there is."""
    return set(wanted) <= set(said) and len(said) <= len(wanted) + BESIDES


def _last_seen(scene: Scene, person: Person, topic: str) -> Outcome:
    """Say where a person saw something last, if it is one of those it remembers."""
    name = scene.index.name(person.id)
    found = resolve(scene, topic, list(person.heeds)) if person.heeds else unknown("")
    if isinstance(found, Outcome):
        return ok(f'{name} says, "I know nothing of that."', person.id)
    somebody = found in scene.index.characters
    thing = scene.index.name(found) if somebody else f"the {scene.index.name(found)}"
    seen = _seen_last(scene, person, found)
    says = f"I last saw {thing} in the {scene.index.name(seen)}."
    if scene.state.get(found, "location") == person.id:
        seen, says = scene.room, f"I have {thing} here."
    if not seen:
        says = f"I have not found {thing} where I last looked."
        return ok(f'{name} says, "{says}"', person.id)
    fact = Fact(found, "seen", [person.id, seen])
    return ok(f'{name} says, "{says}"', person.id, reveals=(fact,))


def _seen_last(scene: Scene, person: Person, entity: str) -> str:
    """Return the room where a person who looks about now saw something last, or the empty text."""
    changes = remembered(scene.index, scene.state, ok(""), [scene.room])
    now = next((c.after for c in changes if c.entity == person.id), None)
    seen: dict[str, str] = scene.state.get(person.id, "seen") if now is None else now
    return seen.get(entity, scene.index.start_room(entity))


def tell(scene: Scene, args: dict[str, str]) -> Outcome:
    """Tell somebody something, who remembers it."""
    who = _other(scene, args)
    if isinstance(who, Outcome):
        return who
    name = scene.index.name(who)
    if who not in scene.index.people:
        return ok(f"{name} has heard you.", who)
    before = scene.state.get(who, "heard")
    after = [*before, [scene.actor, args["text"][:SAID]]][-HEARD:]
    changes = (Change(entity=who, field="heard", before=before, after=after),)
    return ok(f"{name} listens to you.", who, changes=changes)


def greet(scene: Scene, args: dict[str, str]) -> Outcome:
    """Greet somebody."""
    who = _other(scene, args)
    if isinstance(who, Outcome):
        return who
    person, name = scene.index.people.get(who), scene.index.name(who)
    if person is None or not person.greeting:
        return ok(f"{name} nods.", who)
    return ok(f'{name} says, "{person.greeting}"', who, reveals=(Fact(who, "greeting", True),))


def _held(scene: Scene, query: str) -> str | Outcome:
    """Return the carried thing that a command names."""
    carried = [t.id for t in scene.things_in(scene.actor)]
    found = resolve(scene, query, carried)
    if isinstance(found, Outcome) and not found.objects:
        return unknown(f"You carry no '{query[:60]}'.")
    return found


def show(scene: Scene, args: dict[str, str]) -> Outcome:
    """Show a carried thing to somebody, who remembers it."""
    who, thing = _other(scene, args), _held(scene, args["object"])
    if isinstance(who, Outcome) or isinstance(thing, Outcome):
        return who if isinstance(who, Outcome) else thing  # type: ignore[return-value]
    changes: tuple[Change, ...] = ()
    if who in scene.index.people:
        before = scene.state.get(who, "shown")
        if (mine := [scene.actor, thing]) not in before:
            changes = (Change(entity=who, field="shown", before=before, after=[*before, mine]),)
    text = f"{scene.index.name(who)} looks at the {scene.index.name(thing)}."
    return ok(text, who, thing, changes=changes)


def give(scene: Scene, args: dict[str, str]) -> Outcome:
    """Hand a carried thing over."""
    who, thing = _other(scene, args), _held(scene, args["object"])
    if isinstance(who, Outcome) or isinstance(thing, Outcome):
        return who if isinstance(who, Outcome) else thing  # type: ignore[return-value]
    capacity = scene.index.characters[who].capacity
    if capacity is not None and len(scene.things_in(who)) >= capacity:
        return refused(f"{scene.index.name(who)} has no hand free.", who, thing)
    changes = (_set(scene, thing, "location", who),)
    text = f"You give the {scene.index.name(thing)} to {scene.index.name(who)}."
    return ok(text, who, thing, changes=changes)


def pay(scene: Scene, args: dict[str, str]) -> Outcome:
    """Give somebody coins."""
    who = _other(scene, args)
    if isinstance(who, Outcome):
        return who
    coins = int(args["number"][:9])
    if not coins:
        return refused("You can give 1 coin or more.", who)
    if problem := _unpaid(scene, coins):
        return refused(problem, who)
    changes = _moved_coins(scene, scene.actor, who, coins)
    if who in scene.index.people:
        paid = scene.state.get(who, "paid")
        after = paid | {scene.actor: paid.get(scene.actor, 0) + coins}
        changes = (*changes, Change(entity=who, field="paid", before=paid, after=after))
    return ok(f"You give {scene.index.name(who)} {_coins(coins)}.", who, changes=changes)


def buy(scene: Scene, args: dict[str, str]) -> Outcome:
    """Buy what somebody here sells."""
    offers = [(p, d) for p, d in _deals(scene, args) if d.gives and not d.wants and d.price >= 0]
    return _dealt(scene, offers, args["object"], None)


def sell(scene: Scene, args: dict[str, str]) -> Outcome:
    """Sell what somebody here wants."""
    offers = [(p, d) for p, d in _deals(scene, args) if d.wants and not d.gives]
    return _dealt(scene, offers, None, args["object"])


def trade(scene: Scene, args: dict[str, str]) -> Outcome:
    """Exchange one thing for another."""
    offers = [(p, d) for p, d in _deals(scene, args) if d.wants and d.gives]
    return _dealt(scene, offers, args["other"], args["object"])


def _deals(scene: Scene, args: dict[str, str]) -> list[tuple[str, Deal]]:
    """Return the deals of the people here, or of the one that a command names."""
    if scene.is_dark():
        return []
    here: Iterable[str] = [c.id for c in scene.others() if c.id in scene.index.people]
    if "who" in args:
        found = resolve(scene, args["who"], list(here))
        here = [] if isinstance(found, Outcome) else [found]
    return [(p, deal) for p in here for deal in scene.index.people[p].deals]


def _dealt(
    scene: Scene, offers: Sequence[tuple[str, Deal]], gives: str | None, wants: str | None
) -> Outcome:
    """Carry out the first deal that is meant and for which both sides have what it takes."""
    nobody = refused("Nobody here agrees to that.")
    for query, side in ((gives, "gives"), (wants, "wants")):
        if query is None:
            continue
        things = list(dict.fromkeys(getattr(deal, side) for _, deal in offers))
        found = resolve(scene, query, things) if things else nobody
        if isinstance(found, Outcome):
            return found if found.objects else nobody
        offers = [(p, deal) for p, deal in offers if getattr(deal, side) == found]
    outcomes = [_exchanged(scene, person, deal) for person, deal in offers]
    return next((outcome for outcome in outcomes if outcome.kind == "ok"), outcomes[0])


def _exchanged(scene: Scene, person: str, deal: Deal) -> Outcome:
    """Carry out a deal, if both sides have what it takes."""
    get, index = scene.state.get, scene.index
    if deal.gives and get(deal.gives, "location") != person:
        return refused(f"{index.name(person)} has no {index.name(deal.gives)}.", person)
    if deal.wants and get(deal.wants, "location") != scene.actor:
        return refused(f"You carry no {index.name(deal.wants)}.", person)
    if deal.price < 0 and get(person, "purse") < -deal.price:
        return refused(f"{index.name(person)} cannot pay that.", person)
    if problem := _unpaid(scene, deal.price):
        return refused(problem, person)
    if deal.gives and not deal.wants and (problem := carry_problem(scene, deal.gives)):
        return refused(problem, person, deal.gives)
    moved = [(deal.gives, scene.actor), (deal.wants, person)]
    changes = [_set(scene, thing, "location", to) for thing, to in moved if thing]
    changes += _moved_coins(scene, scene.actor, person, deal.price)
    parts = [
        f"You get the {index.name(deal.gives)}." if deal.gives else "",
        f"{index.name(person)} takes the {index.name(deal.wants)}." if deal.wants else "",
        f"You pay {_coins(deal.price)}." if deal.price > 0 else "",
        f"You are paid {_coins(-deal.price)}." if deal.price < 0 else "",
    ]
    things = [thing for thing in (deal.gives, deal.wants) if thing]
    return ok(" ".join(filter(None, parts)), person, *things, changes=tuple(changes))


def _unpaid(scene: Scene, coins: int) -> str:
    """Tell why the actor cannot pay; empty where it can."""
    own = scene.state.get(scene.actor, "purse")
    return f"You have {_coins(own)} and need {coins}." if coins > own else ""


def _moved_coins(scene: Scene, payer: str, payee: str, coins: int) -> tuple[Change, ...]:
    if not coins:
        return ()
    get = scene.state.get
    return (
        _set(scene, payer, "purse", get(payer, "purse") - coins),
        _set(scene, payee, "purse", get(payee, "purse") + coins),
    )


def follow(scene: Scene, args: dict[str, str]) -> Outcome:
    """Go along with somebody, should they leave in this tick."""
    who = _other(scene, args)
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
    changes = [_set(scene, part, "location", None) for part in process.needs]
    changes.append(_set(scene, found, "done_at", done_at))
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


def _coins(number: int) -> str:
    return "1 coin" if number == 1 else f"{number} coins"


def _set(scene: Scene, entity: str, field: str, value: object) -> Change:
    before = scene.state.get(entity, field)
    return Change(entity=entity, field=field, before=before, after=value)


_ACTIONS: dict[str, Callable[[Scene, dict[str, str]], Outcome | None]] = {
    "ask": ask, "tell": tell, "whisper": tell, "show": show, "pay": pay, "give": give, "buy": buy,
    "sell": sell, "trade": trade, "follow": follow, "greet": greet, "start": start, "wait": wait,
    "time": time,
}  # fmt: skip

"""Commands with things and coins: show, give, pay, buy, sell and trade."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from world_fixtures.living import Deal
from world_fixtures.protocol import Change
from world_fixtures.rules.handling import carry_problem
from world_fixtures.rules.outcome import Outcome, ok, refused
from world_fixtures.rules.parties import change_of, held, other_here
from world_fixtures.rules.resolve import resolve
from world_fixtures.rules.scene import Scene


def show(scene: Scene, args: dict[str, str]) -> Outcome:
    """Show a carried thing to somebody, who remembers it."""
    who, thing = other_here(scene, args), held(scene, args["object"])
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
    who, thing = other_here(scene, args), held(scene, args["object"])
    if isinstance(who, Outcome) or isinstance(thing, Outcome):
        return who if isinstance(who, Outcome) else thing  # type: ignore[return-value]
    capacity = scene.index.characters[who].capacity
    if capacity is not None and len(scene.things_in(who)) >= capacity:
        return refused(f"{scene.index.name(who)} has no hand free.", who, thing)
    changes = (change_of(scene, thing, "location", who),)
    text = f"You give the {scene.index.name(thing)} to {scene.index.name(who)}."
    return ok(text, who, thing, changes=changes)


def pay(scene: Scene, args: dict[str, str]) -> Outcome:
    """Give somebody coins."""
    who = other_here(scene, args)
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
    changes = [change_of(scene, thing, "location", to) for thing, to in moved if thing]
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
        change_of(scene, payer, "purse", get(payer, "purse") - coins),
        change_of(scene, payee, "purse", get(payee, "purse") + coins),
    )


def _coins(number: int) -> str:
    return "1 coin" if number == 1 else f"{number} coins"

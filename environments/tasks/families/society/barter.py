"""Barter: buy, trade and sell until one has what is wanted, with few coins."""

from __future__ import annotations

from typing import ClassVar

from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    with_things,
)
from environments.tasks.families.people import dumped, loaded
from environments.tasks.families.persistence.notes import enough
from environments.tasks.families.society.folk import (
    PEOPLE_HINT,
    drawn,
    in_turn,
    invent,
    knowing,
)
from environments.tasks.model import Ability, Family, Goal, Located
from world_fixtures.generator.inhabitants import Inhabitant, with_people
from world_fixtures.generator.words import a, share
from world_fixtures.living import Deal, Knowledge
from world_fixtures.spec import Thing

TRADE = "trade"
SOLD_FROM = 4
"""Difficulty from which the agent has too few coins until it has sold what it carries."""
CUSTOMER_FROM = 6
"""Difficulty from which what is got has to be handed to somebody."""
MATERIALS = """brass pewter walnut ivory copper willow marble leather amber bronze birchwood
porcelain silver ebony tin oak crystal flint bone cedar"""
WARES = """thimble whistle compass snuffbox buckle locket inkwell candlestick flask trowel
hourglass medal napkin-ring spoon bell comb ladle pendant tankard dice-cup"""


class Barter(Kind):
    """Get a thing by a chain of deals, of which the first takes all the coins there are."""

    name = "barter"
    family = Family.SOCIETY
    abilities = frozenset({Ability.PROMPT, Ability.PEOPLE, Ability.MAP, Ability.RESTRAINT})
    difficulty: ClassVar[str] = (
        "2 to 4 deals, beside 1 to 3 people who offer what leads nowhere; from 4 on something has"
        " to be sold first, and one of two buyers pays too little; from 6 on the thing has to be"
        " handed to a customer"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the things, and who gives which for what."""
        return drawn(self, context, lambda: self._draw(context))

    def _draw(self, context: BuildContext) -> Question:
        rng, level = context.rng, context.difficulty
        sells, hands = level >= SOLD_FROM, level >= CUSTOMER_FROM
        links = 2 + (level >= 3) + (level >= 8)
        useless = 1 + (level >= 5)
        people = invent(context, links + useless + 2 * sells + hands)
        chain, rest = people[:links], people[links:]
        names = self._names(context, links + useless + sells)
        wares = [f"q_ware_{n}" for n in range(len(names))]
        price, coins = rng.randint(5, 9), 0
        owners: dict[str, str | None] = {}
        deals: dict[str, list[Deal]] = {person.person.id: [] for person in people}
        for n, person in enumerate(chain):
            first = n == 0
            deal = Deal(gives=wares[n], wants=None if first else wares[n - 1],
                        price=price if first else 0)  # fmt: skip
            deals[person.person.id].append(deal)
            owners[wares[n]] = person.person.id
        for n, person in enumerate(rest[:useless]):
            ware = wares[links + n]
            deals[person.person.id].append(
                Deal(gives=ware, price=rng.randint(price - 4, price + 3))
            )
            owners[ware] = person.person.id
        buyers = rest[useless : useless + 2] if sells else []
        if buyers:
            coins = rng.randint(1, 2)
            paid = (price - coins, rng.randint(1, price - coins - 1))
            for buyer, coin in zip(buyers, paid, strict=True):
                deals[buyer.person.id].append(Deal(wants=wares[-1], price=-coin))
            owners[wares[-1]] = None
        found = dict(zip(wares, names, strict=True))
        traders = [self._trading(p, deals[p.person.id], found) for p in people]
        rng.shuffle(traders)
        return {
            "people": dumped(traders),
            "wares": [[ware, name, owners[ware]] for ware, name in found.items()],
            "chain": [p.person.id for p in chain],
            "buyer": buyers[0].person.id if buyers else None,
            "customer": rest[-1].person.id if hands else None,
            "purse": coins or price,
        }

    def _names(self, context: BuildContext, count: int) -> list[str]:
        """Draw names of things that the world has none of."""
        taken = {thing.name.lower() for thing in context.spec.things}
        materials, wares = share(MATERIALS, context.split), share(WARES, context.split)
        pairs = [f"{material} {ware}" for material in materials for ware in wares]
        free = [pair for pair in pairs if pair not in taken]
        enough(free, count)
        return context.rng.sample(free, count)

    def _trading(self, person: Inhabitant, deals: list[Deal], names: dict[str, str]) -> Inhabitant:
        """Return a person who agrees to these deals, and tells them when asked about trade."""
        told = []
        for deal in deals:
            if deal.gives and deal.wants:
                told.append(f"I give {a(names[deal.gives])} for {a(names[deal.wants])}.")
            elif deal.gives:
                told.append(f"I sell {a(names[deal.gives])} for {deal.price} coins.")
            elif deal.wants:
                coins = "1 coin" if deal.price == -1 else f"{-deal.price} coins"
                told.append(f"I pay {coins} for {a(names[deal.wants])}.")
        says = " ".join(told) or "I have nothing to sell."
        rich = person.model_copy(update={"person": person.person.model_copy(update={"purse": 20})})
        return knowing(rich, Knowledge(topic=TRADE, says=says), deals=deals)

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Hear who trades what, and make the deals in their order."""
        people, chain, customer = loaded(question), question["chain"], question["customer"]
        agent, purse, buyer = context.spec.agent.id, question["purse"], question["buyer"]
        wares = [
            Thing(id=ware, name=name, desc=f"{a(name).capitalize()}, well kept.",
                  location=owner or agent)
            for ware, name, owner in question["wares"]
        ]  # fmt: skip
        peopled = with_people(context.spec, people, purse=purse)
        spec = with_things(peopled, *wares)
        names = {ware: name for ware, name, _ in question["wares"]}
        links = list(names)[: len(chain)]
        own = next((ware for ware, _, owner in question["wares"] if owner is None), None)
        script = Script(context.actor(spec), context)
        actor = script.actor
        client = next((p.character.name for p in people if p.person.id == customer), None)
        deed = f"give it to {client}" if client else "keep it"
        carried = f" and {a(names[own])}" if own else ""
        script.begin(
            f"Get the {names[links[-1]]} from whoever has it, and {deed}. You have {purse}"
            f" {'coin' if purse == 1 else 'coins'}{carried}, and no deal can be undone, so hear"
            " what others offer before you agree to anything. Ask people about trade;"
            " `buy THING from NAME`, `sell THING to NAME` and `trade THING for THING with NAME`"
            f" make a deal, `give THING to NAME` hands something over. {PEOPLE_HINT} {NO_ANSWER}"
        )
        concerned = [*chain, *([buyer] if buyer else [])]
        if context.search is not None:
            concerned = [person.person.id for person in people]
        for person in in_turn(actor, concerned):
            actor.ask(person, TRADE)
        if own and buyer:
            actor.sell(own, buyer)
        actor.buy(links[0], chain[0])
        for n, person in enumerate(chain[1:], 1):
            actor.trade(links[n - 1], links[n], person)
        if customer:
            actor.hand(links[-1], customer)
        actor.keep(*links)
        actor.tidy()
        name = f"the {names[links[-1]]} is with {client or 'the agent'}"
        located = Located(entity=links[-1], place=customer or agent)
        script.end(goals=[Goal(name=name, condition=located)], answer={})
        return script.draft()

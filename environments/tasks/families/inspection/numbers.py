"""Questions whose answer is written nowhere: it follows from several told numbers."""

from __future__ import annotations

from typing import Any

from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
)
from environments.tasks.families.reading import Reader, expects, proof
from environments.tasks.families.references import Told, asks, reference, sort_of_value
from environments.tasks.families.retelling import Addition, addition, rivals, with_told
from environments.tasks.model import Ability, Answered, Family, Goal, Together
from environments.tasks.planner import Unsolvable
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import ask, shown
from world_fixtures.generator.words import number

ABILITIES = frozenset({Ability.PROMPT, Ability.READING, Ability.RESTRAINT, Ability.INFERENCE})


class Combine(Kind):
    """Asks for the sum or the difference of two told numbers."""

    name = "combine"
    family = Family.INSPECTION
    abilities = ABILITIES
    difficulty = "from 4 one of the two numbers, from 7 both are of something told by a reference"

    def choose(self, context: BuildContext) -> Question | None:
        """Draw two numbers of one sort, each from another text, and what to make of them."""
        told, rng, spec = Told(context.spec), context.rng, context.spec
        nested = (context.difficulty >= 4) + (context.difficulty >= 7)
        direct = [((f.entity, ()), f, (f,)) for f in told.sources if told.is_only(f)]
        led = [
            ((start, way), fact, (*meant.facts, fact))
            for start, way, meant in (told.ways(1) if nested else ())
            for fact in told.of(meant.entity)
            if told.is_only(fact) and not told.read_in(fact, meant.facts)
        ]
        first = [
            o for o in (led if nested else direct) if sort_of_value(o[1]) in ("year", "number")
        ]
        rng.shuffle(first)
        for one in first[:10]:
            others = [
                o for o in (led if nested == 2 else direct)
                if sort_of_value(o[1]) == sort_of_value(one[1]) and o[1].value != one[1].value
                and not told.read_in(o[1], one[2])
            ]  # fmt: skip
            if others:
                pair = [one, rng.choice(others)]
                rng.shuffle(pair)
                year = sort_of_value(one[1]) == "year"
                beside = rivals(context, told, one[1])
                told = Told(with_told(spec, beside))
                beside += rivals(context, told, pair[pair[0] is one][1])
                rng.shuffle(beside)
                return {
                    "told": beside,
                    "difference": year or rng.random() < 0.5,
                    "numbers": [
                        [start, [list(link) for link in way], fact.field,
                         asks(reference(start, way, spec, rng), fact, spec, rng)]
                        for (start, way), fact, _ in pair
                    ],
                }  # fmt: skip
        return None

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read what tells the two numbers."""
        told = Told(with_told(context.spec, question["told"]))
        values, facts = [], []
        for start, links, field, _ in question["numbers"]:
            meant = told.follow(start, links)
            fact = told.fact(meant.entity, field)
            facts += [*meant.facts, fact]
            values.append(int(fact.value))
        phrases = [phrase for *_, phrase in question["numbers"]]
        if question["difference"]:
            wanted = "difference: the greater of the two less the smaller"
            result = max(values) - min(values)
        else:
            wanted, result = "sum: the two added up", sum(values)
        prompt = (
            f"Find out two numbers: {phrases[0]}, and {phrases[1]}. Both follow from what is"
            f" written in this world. Submit an answer with one field, {wanted}."
        )
        field = "difference" if question["difference"] else "sum"
        answered = Answered(field=field, match="number", expected=(str(result),))
        goal = Goal(name=f"answers the {field}", condition=answered)
        return _read_all(context, told, facts, prompt, [goal], {field: result})


_ENDS = {"year": ("earliest", "latest"), "number": ("smallest", "greatest")}


class Compare(Kind):
    """Asks which of several told numbers is the least, the greatest or next to it."""

    name = "compare"
    family = Family.INSPECTION
    abilities = ABILITIES
    for_beginners = True
    difficulty = (
        "2 numbers are compared at 1, 3 from 2, 5 from 9; from 6 the second of the order is asked"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a relation and entities of which the texts tell different numbers."""
        told, rng = Told(context.spec), context.rng
        size = 2 + (context.difficulty > 1) + (context.difficulty > 6) + (context.difficulty > 8)
        groups: dict[str, list[Fact]] = {}
        for fact in told.sources:
            if fact.field in ("begun", "founded", "born", "paces") and told.is_only(fact):
                groups.setdefault(fact.field, []).append(fact)
        fields = [f for f, facts in groups.items() if len({x.value for x in facts}) >= size]
        if not fields:
            return None
        field = rng.choice(fields)
        for _ in range(10):
            facts = rng.sample(groups[field], size)
            if len({f.value for f in facts}) == size and len(_texts(told, facts)) > 1:
                break
        else:
            return None
        ends = (0, -1) if context.difficulty < 6 else (1, -2)
        phrase = ask(facts[0], context.spec, rng, entity="each of them")
        return {"field": field, "entities": [f.entity for f in facts], "place": rng.choice(ends),
                "phrase": phrase}  # fmt: skip

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read what tells each number."""
        told, spec = Told(context.spec), context.spec
        facts = [told.fact(entity, question["field"]) for entity in question["entities"]]
        place = question["place"]
        winner = sorted(facts, key=lambda f: int(f.value))[place]
        sort = sort_of_value(facts[0])
        end = _ENDS[sort][place < 0]
        which = f"the second {end}" if place in (1, -2) else f"the {end}"
        name = str(getattr(spec.entities.get(winner.entity), "name", winner.entity))
        prompt = (
            f"Here are {len(facts)} names: {listed([shown(f.entity, spec) for f in facts])}. Find"
            f" out {question['phrase']}; it is written in this world. Submit an answer with two"
            f" fields: {sort} ({which} of these {sort}s) and name (whose it is, of the names"
            " above)."
        )
        named = Answered(field="name", expected=(name,))
        both = Together(conditions=(expects(sort, winner), named))
        goals = [Goal(name=f"answers the {sort} and whose it is", condition=both)]
        answer = {sort: winner.value, "name": name}
        return _read_all(context, told, facts, prompt, goals, answer)


NEGATED = 7
"""Difficulty from which the documents of one writer do not count."""


class Count(Kind):
    """Asks for the sum of the amounts in those of several documents that meet a condition."""

    name = "count"
    family = Family.INSPECTION
    abilities = ABILITIES
    difficulty = "4 documents up to 3, 6 from 8; from 7 the condition has a second part, a negation"

    def choose(self, context: BuildContext) -> Question | None:
        """Draw documents, and years and a writer that some of them agree with."""
        rng, size = context.rng, 4 + context.difficulty // 4
        told = Told(context.spec)
        documents = [
            t.id for t in context.spec.things
            if any(f.entity == t.id for f in t.tells) and len(_amounts(told, t.id)) < 2
            and (context.difficulty < NEGATED or any(f.field == "author" for f in told.of(t.id)))
        ]  # fmt: skip
        size = min(size, len(documents))
        if size < 4:
            return None
        chosen = rng.sample(documents, size)
        additions = _missing(context, told, chosen)
        told = Told(with_told(context.spec, additions))
        years = sorted(int(told.fact(d, "begun").value) for d in chosen)
        late, counted = rng.random() < 0.5, rng.randrange(1, size)
        cut = size - counted if late else counted
        if years[cut - 1] + 2 > years[cut]:
            return None
        year = rng.randrange(years[cut - 1] + 1, years[cut])
        question: Question = {
            "documents": chosen, "late": late, "year": year, "not_by": None, "told": additions,
        }  # fmt: skip
        if context.difficulty >= NEGATED:
            writers = {told.fact(d, "author").value for d in _counted(told, question)}
            question["not_by"] = rng.choice(sorted(writers))
        return question if _counted(told, question) else None

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read what tells the years and amounts."""
        spec = with_told(context.spec, question["told"])
        told = Told(spec)
        documents, writer = question["documents"], question["not_by"]
        counted = _counted(told, question)
        amounts = [_amounts(told, d)[0] for d in counted]
        facts = [told.fact(d, "begun") for d in documents]
        if writer is not None:
            facts += [told.fact(d, "author") for d in documents]
        facts += amounts
        unless = f", but not by {writer}" if writer is not None else ""
        prompt = (
            f"{listed([shown(d, spec) for d in documents])} each account for a number of goods,"
            f" as is written in this world. Add up the numbers of those that were begun"
            f" {'after' if question['late'] else 'before'} {question['year']}{unless}. Submit an"
            " answer with one field, total: the sum."
        )
        total = sum(int(f.value) for f in amounts)
        answered = Answered(field="total", match="number", expected=(str(total),))
        goal = Goal(name="answers the total", condition=answered)
        return _read_all(
            context, told, facts, prompt[0].upper() + prompt[1:], [goal], {"total": total}
        )


def _amounts(told: Told, document: str) -> list[Fact]:
    return [f for f in told.of(document) if f.field.startswith("amount of ")]


def _counted(told: Told, question: Question) -> list[str]:
    """Return the documents that meet the condition."""
    found = []
    for document in question["documents"]:
        late = int(told.fact(document, "begun").value) > question["year"]
        writer = question["not_by"]
        by_another = writer is None or told.fact(document, "author").value != writer
        if late is question["late"] and by_another:
            found.append(document)
    return found


def _missing(context: BuildContext, told: Told, documents: list[str]) -> list[Addition]:
    """Word the years and amounts that the documents do not tell of themselves."""
    rng, split, spec = context.rng, context.split, context.spec
    goods = sorted({f.field for f in told.sources if f.field.startswith("amount of ")})
    found = []
    for document in documents:
        fields = {f.field for f in told.of(document)}
        if "begun" not in fields:
            year, other = (number(rng, split, 1400, 1894) for _ in range(2))
            begun = Fact(document, "begun", year)
            found.append(addition(begun, document, other, spec, rng))
        if not fields.intersection(goods) and goods:
            amount, other = (number(rng, split, 15, 990) for _ in range(2))
            amounts = Fact(document, rng.choice(goods), amount)
            found.append(addition(amounts, document, other, spec, rng))
    if not goods:
        raise Unsolvable("no text tells a number of goods")
    return found


def _texts(told: Told, facts: list[Fact]) -> set[str]:
    return {told.sources[f][0] for f in facts}


def _read_all(
    context: BuildContext, told: Told, facts: list[Fact], prompt: str, goals: list[Goal],
    answer: dict[str, Any],
) -> TaskDraft:  # fmt: skip
    """Play a task in which all of `facts` are read and every field of the answer rests on them."""
    script = Script(context.actor(told.spec), context)
    script.begin(prompt)
    Reader(context, script.actor, told).learn(facts)
    script.actor.tidy()
    evidence = [e for field in answer for e in proof(field, dict.fromkeys(facts))]
    script.end(goals=goals, evidence=evidence, answer=answer)
    return script.draft()

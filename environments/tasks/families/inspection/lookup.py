"""One told value: named outright, by a reference, or at the end of a trail of references."""

from __future__ import annotations

from environments.tasks.families.common import BuildContext, Kind, Question, Script, TaskDraft
from environments.tasks.families.reading import Reader, expects, proof
from environments.tasks.families.references import (
    Told,
    asks,
    link_phrase,
    named,
    reference,
    sort_after,
    sort_of_value,
)
from environments.tasks.families.retelling import Addition, rivals, trail, with_told
from environments.tasks.model import Ability, Family, Goal
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import ask, shown

VALUES = ("year", "number", "code", "person")
"""Sorts of value that are asked for: there are too many of each to guess one."""
NESTED = 4
"""Difficulty from which what is asked of is itself told by a text."""
EXACTLY = "Submit an answer with one field, value: exactly what you read, and nothing else."


class Read(Kind):
    """Asks for one told value."""

    name = "read"
    family = Family.INSPECTION
    abilities = frozenset({Ability.PROMPT, Ability.READING, Ability.RESTRAINT})
    for_beginners = True
    difficulty = (
        "the text is named up to 2; from 4 what is asked of is told by another text (the year in"
        " which the room was built that somebody keeps), from 8 through two others"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a fact, or one of an entity that another text leads to."""
        told, rng = Told(context.spec), context.rng
        links = 0 if context.difficulty < NESTED else 1 if context.difficulty < 8 else 2
        if not links:
            facts = [f for f in told.sources if sort_of_value(f) in VALUES]
            fact = context.pick(facts, lambda f: context.effort(told.sources[f][0]))
            phrase = ask(fact, context.spec, rng)
            return {"start": fact.entity, "links": [], "field": fact.field, "phrase": phrase,
                    "named": context.difficulty <= 2,
                    "told": rivals(context, told, fact)}  # fmt: skip
        start, way, fact, additions = trail(context, told, links)
        phrase = asks(reference(start, way, context.spec, rng), fact, context.spec, rng)
        return {"start": start, "links": [list(link) for link in way], "field": fact.field,
                "phrase": phrase, "named": False,
                "told": _beside_others(context, fact, additions)}  # fmt: skip

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read the texts on the way, in the order of the references."""
        told = Told(with_told(context.spec, question["told"]))
        facts = _facts(told, question)
        if question["named"]:
            where = f"It is written in {shown(told.sources[facts[-1]][0], context.spec)}."
        elif len(facts) == 1:
            where = "It is written somewhere in this world."
        else:
            where = "What leads to it is written in several places in this world."
        return _found_out(context, told, facts, f"Find out {question['phrase']}. {where}",
                          question["named"])  # fmt: skip


class Trace(Kind):
    """Asks for the value at the end of a trail of texts, told step by step."""

    name = "trace"
    family = Family.INSPECTION
    abilities = frozenset({Ability.PROMPT, Ability.READING, Ability.RESTRAINT, Ability.INFERENCE})
    for_beginners = True
    difficulty = "the trail has 2 texts up to 3, 3 texts up to 7, and 4 from 8"

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a trail and word its steps."""
        told, rng, spec = Told(context.spec), context.rng, context.spec
        links = 1 + (context.difficulty > 3) + (context.difficulty > 7)
        start, way, fact, additions = trail(context, told, links)
        steps, here = [], shown(start, spec)
        for link in way:
            steps.append(link_phrase(link, here, rng))
            here = f"that {sort_after(link)}"
        steps.append(asks(named(start, spec)._replace(phrase=here), fact, spec, rng))
        return {"start": start, "links": [list(link) for link in way], "field": fact.field,
                "steps": steps, "told": _beside_others(context, fact, additions)}  # fmt: skip

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read the texts of the trail in their order."""
        told = Told(with_told(context.spec, question["told"]))
        steps = "; then ".join(question["steps"])
        prompt = f"Follow a trail through what is written in this world. Find out {steps}."
        return _found_out(context, told, _facts(told, question), prompt, named_source=False)


def _beside_others(context: BuildContext, fact: Fact, additions: list[Addition]) -> list[Addition]:
    """Return what has to be told, in any order among rivals of the fact that is asked for."""
    told = Told(with_told(context.spec, additions))
    both = [*additions, *rivals(context, told, fact)]
    context.rng.shuffle(both)
    return both


def _facts(told: Told, question: Question) -> list[Fact]:
    meant = told.follow(question["start"], question["links"])
    return [*meant.facts, told.fact(meant.entity, question["field"])]


def _found_out(
    context: BuildContext, told: Told, facts: list[Fact], prompt: str, named_source: bool
) -> TaskDraft:
    """Play a task whose answer is the value of the last of `facts`."""
    script = Script(context.actor(told.spec), context)
    script.begin(f"{prompt} {EXACTLY}")
    Reader(context, script.actor, told).learn(facts, named_source)
    script.actor.tidy()
    goal = Goal(name="answers the value", condition=expects("value", facts[-1]))
    script.end(goals=[goal], evidence=proof("value", facts), answer={"value": facts[-1].value})
    return script.draft()

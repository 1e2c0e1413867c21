"""Inspection: find out what can only be known by looking and reading."""

from __future__ import annotations

from environments.tasks.families.common import BuildContext, Builder, TaskDraft, steps, submit
from environments.tasks.model import Answered, Did, Evidence, Goal, Stage
from environments.tasks.planner import Planner
from world_fixtures.facts import Fact


def read(context: BuildContext) -> TaskDraft | None:
    """Ask for one fact that is written somewhere."""
    if not context.facts:
        return None
    fact = context.pick(context.facts, lambda f: context.effort(f.source))
    planner = context.planner()
    planner.reach(fact.source)
    planner.do(f"read {planner.name(fact.source)}")
    prompt = (
        f"Find out {fact.subject}. It is written somewhere in this world. Submit an answer with"
        " one field, value: exactly what you read, and nothing else."
    )
    goals = (_answer("value", fact), _reading(context, fact))
    stage = Stage(prompt=prompt, walkthrough=steps(planner.commands, submit(value=fact.value)))
    return TaskDraft((stage,), goals, (Evidence(field="value", text=fact.text),))


def combine(context: BuildContext) -> TaskDraft | None:
    """Ask for the sum of two numbers that are written in two places."""
    numbers = [f for f in context.facts if f.value.isdigit()]
    pairs = [(a, b) for a in numbers for b in numbers if a.source < b.source]
    if not pairs:
        return None
    (first, second), planner = _read_two(context, pairs)
    total = str(int(first.value) + int(second.value))
    prompt = (
        f"Find out two numbers: {first.subject}, and {second.subject}. Submit an answer with one"
        " field, sum: the two added up."
    )
    answered = Answered(field="sum", match="number", expected=(total,))
    goals = (
        Goal(name="answers the sum", condition=answered, weight=2),
        _reading(context, first),
        _reading(context, second),
    )
    evidence = (Evidence(field="sum", text=first.text), Evidence(field="sum", text=second.text))
    stage = Stage(prompt=prompt, walkthrough=steps(planner.commands, submit(sum=int(total))))
    return TaskDraft((stage,), goals, evidence)


def compare(context: BuildContext) -> TaskDraft | None:
    """Ask which of two dates is the earlier one, and on what it is written."""
    dates = [f for f in context.facts if f.kind == "date" and f.value.isdigit()]
    pairs = [(a, b) for a in dates for b in dates if a.source < b.source and a.value != b.value]
    if not pairs:
        return None
    (first, second), planner = _read_two(context, pairs)
    earlier = min((first, second), key=lambda f: int(f.value))
    prompt = (
        f"Find out {first.subject}, and {second.subject}. Submit an answer with two fields:"
        f" earlier (the earlier of the two years) and thing (the name of what it is written on)."
    )
    thing = context.name(earlier.source)
    goals = (
        _answer("earlier", earlier),
        Goal(
            name="names what it is written on", condition=Answered(field="thing", expected=(thing,))
        ),
        _reading(context, first),
        _reading(context, second),
    )
    evidence = tuple(
        Evidence(field=field, text=fact.text)
        for field in ("earlier", "thing")
        for fact in (first, second)
    )
    answer = submit(earlier=earlier.value, thing=thing)
    return TaskDraft(
        (Stage(prompt=prompt, walkthrough=steps(planner.commands, answer)),), goals, evidence
    )


def _read_two(
    context: BuildContext, pairs: list[tuple[Fact, Fact]]
) -> tuple[tuple[Fact, Fact], Planner]:
    """Pick one of `pairs`; return it with a planner that has read both of its facts."""
    pair = context.pick(pairs, lambda p: sum(context.effort(f.source) for f in p))
    planner = context.planner()
    for fact in pair:
        planner.reach(fact.source)
        planner.do(f"read {planner.name(fact.source)}")
    return pair, planner


def inside(context: BuildContext) -> TaskDraft | None:
    """Ask what lies in a closed container."""
    filled = [
        t for t in context.spec.things
        if t.container and not t.open and any(i.location == t.id for i in context.spec.things)
    ]  # fmt: skip
    if not filled:
        return None
    box = context.pick(filled, lambda t: context.effort(t.id))
    planner = context.planner()
    planner.reach(box.id)
    planner.open(box.id)
    names = [t.name for t in context.spec.things if t.location == box.id]
    prompt = (
        f"Find out what is in the {box.name}. Submit an answer with one field, things: a list of"
        " the names of what is in it."
    )
    answered = Answered(field="things", match="set", expected=tuple(names))
    goals = (
        Goal(name="lists what is inside", condition=answered, weight=2),
        Goal(name=f"opens the {box.name}", condition=Did(verb="open", entity=box.id), final=False),
    )
    stage = Stage(prompt=prompt, walkthrough=steps(planner.commands, submit(things=names)))
    return TaskDraft((stage,), goals, tuple(Evidence(field="things", text=n) for n in names))


def count(context: BuildContext) -> TaskDraft | None:
    """Ask how many lines people have written on a thing."""
    walls = [t for t in context.spec.things if len(t.inscriptions) >= 1]
    if not walls:
        return None
    wall = context.rng.choice(walls)
    planner = context.planner()
    planner.reach(wall.id)
    planner.do(f"read {planner.name(wall.id)}")
    prompt = (
        f"How many lines have people written on the {wall.name}? Submit an answer with one field,"
        " count: the number."
    )
    answered = Answered(field="count", match="number", expected=(str(len(wall.inscriptions)),))
    goals = (
        Goal(name="counts the lines", condition=answered, weight=2),
        Goal(
            name=f"reads the {wall.name}", condition=Did(verb="read", entity=wall.id), final=False
        ),
    )
    evidence = (Evidence(field="count", text=wall.inscriptions[-1]),)
    stage = Stage(
        prompt=prompt, walkthrough=steps(planner.commands, submit(count=len(wall.inscriptions)))
    )
    return TaskDraft((stage,), goals, evidence)


def _answer(field: str, fact: Fact) -> Goal:
    answered = Answered(field=field, expected=(fact.value,))
    return Goal(name=f"answers {field}", condition=answered, weight=2)


def _reading(context: BuildContext, fact: Fact) -> Goal:
    did = Did(verb="read", entity=fact.source)
    return Goal(name=f"reads the {context.name(fact.source)}", condition=did, final=False)


KINDS: dict[str, Builder] = {
    "read": read,
    "combine": combine,
    "compare": compare,
    "inside": inside,
    "count": count,
}

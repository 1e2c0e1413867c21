"""Commented starts of the files that authors write, each sound as it is. Pure."""

from __future__ import annotations

import json
import random
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

from environments.tasks.actor import Unsolvable
from environments.tasks.build import make_task
from environments.tasks.families.common import NO_ANSWER, BuildContext, Script
from environments.tasks.model import Answered, Evidence, Family, Goal, Located, Stage, Task
from world_fixtures.common import UserError
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import ask, relation_of
from world_fixtures.spec import Thing, WorldSpec

_HOUSE = Path(__file__).with_name("house.yaml")
_SEEDS = (0, 1)
_FAMILIES = (Family.NAVIGATION, Family.INSPECTION, Family.ERRAND, Family.PERSISTENCE)
"""Families of which a suite's start has tasks, where they can be made."""
_ROOM_TO_ERR = 3
"""Commands that a task's start allows, as a multiple of its walkthrough's."""


def new_world(name: str) -> str:
    """Return the YAML of a world of six rooms."""
    title = " ".join(word.capitalize() for word in name.split("_"))
    return Template(_HOUSE.read_text(encoding="utf-8")).substitute(name=name, title=title)


def new_task(name: str, spec: WorldSpec, world: str) -> str:
    """Return the YAML of a task made by hand in `spec`, which the file calls `world`.

    It has something fetched, and where a text tells a fact, that read. Raises UserError where the
    world has nothing to carry that can be had.
    """
    stage = _stage(spec)
    commands = [step.command for step in stage.walkthrough if step.tool == "command"]
    (answer,) = (step.answer for step in stage.walkthrough if step.tool == "submit")
    lines = [
        "# A task made by hand. `evennia-world tasks verify FILE` plays its walkthrough and tells",
        "# which step fails; `evennia-world play FILE` lets you play it.",
        f"id: {name}",
        f"world: {_text(world)}    # a world of the library, or a file beside this one",
        "family: errand    # what it counts as in tables: see `evennia-world tasks list`",
        "difficulty: 1",
        f"budget: {_ROOM_TO_ERR * len(commands) + 5}    # commands that the agent may give",
        "",
        "# A stage is a conversation of its own. The last one ends with an answer, the others when",
        "# the agent disconnects.",
        "stages:",
        "  - prompt: >-",
        textwrap.indent(textwrap.fill(stage.prompt, 90), " " * 6),
        "",
        "    # What must be so at the end of the stage: docs/authoring.md has every type.",
        "    goals:",
        *(line for goal in stage.goals for line in _goal(goal)),
    ]
    if stage.evidence:
        lines += [
            "",
            "    # An answer counts only where the agent was shown what it rests on.",
            "    evidence:",
            *(f"      - {_flow(e.model_dump(mode='json'))}" for e in stage.evidence),
        ]
    return "\n".join([
        *lines,
        "",
        "    # Ids of what the task may change. Everything else is to stay as it was.",
        f"    unchanged: {{free: [{', '.join(stage.unchanged.free)}]}}",
        "",
        "    # One way to do it, which proves that it can be done. A line is a command.",
        "    walkthrough:",
        *(f"      - {_text(command)}" for command in commands),
        f"      - submit: {_flow(answer)}",
        "",
    ])  # fmt: skip


def new_suite(name: str, spec: WorldSpec | None, world: str, files: Sequence[str] = ()) -> str:
    """Return the YAML of a suite: tasks made in `spec` (None: in worlds of their own), and files.

    Raises UserError where no task at all can be made.
    """
    made = [f"  - {_entry(task, world if spec else '')}" for task in _made(spec)]
    if not made and not files:
        raise UserError(f"no task can be made in {world}: give the files of tasks with --task")
    return "\n".join([
        "# A suite: a fixed set of tasks. `evennia-world tasks verify FILE` proves that all can be",
        "# solved; `evennia-world evaluate --env.suite FILE --env.policy oracle` plays it.",
        f"name: {name}",
        "version: 1    # raise it when the tasks change: results of two versions do not compare",
        "tasks:",
        "  # Tasks that are made, by what each is made from: see `evennia-world tasks list`.",
        *made,
        *(["", "  # Tasks made by hand, each in a file of its own."] if files else []),
        *(f"  - {{task: {_text(file)}}}" for file in files),
        "",
    ])  # fmt: skip


def _stage(spec: WorldSpec) -> Stage:
    """Return a stage in which something is fetched, and a fact read where one can be."""
    context = BuildContext(spec, random.Random(spec.name))
    told = [
        (thing, fact)
        for thing in spec.things if thing.text is not None
        for fact in thing.tells if relation_of(fact.field) or " " in fact.field
    ]  # fmt: skip
    carried = [t for t in context.portable() if t.location != spec.agent.id]
    for thing in carried:
        for source, fact in (*((t, f) for t, f in told if t is not thing), (None, None)):
            try:
                return _planned(context, thing, source, fact)
            except Unsolvable:
                continue
    raise UserError(f"{spec.name} has nothing that can be carried and had: add a thing to fetch")


def _planned(context: BuildContext, thing: Thing, source: Thing | None, fact: Fact | None) -> Stage:
    script, agent = Script(context.actor(), context), context.spec.agent.id
    asked, answer = NO_ANSWER, dict[str, Any]()
    goals = [Goal(name=f"has the {thing.name}", condition=Located(entity=thing.id, place=agent))]
    evidence = []
    if source is not None and fact is not None:
        number = isinstance(fact.value, int | float)
        phrase = ask(fact, context.spec, context.rng)
        asked = f"Submit an answer with one field, found: {phrase}."
        answer = {"found": fact.value}
        condition = Answered(
            field="found", match="number" if number else "text", expected=(str(fact.value),)
        )
        goals.append(Goal(name=f"tells {phrase}", condition=condition))
        evidence.append(Evidence(field="found", entity=fact.entity, fact=fact.field))
    script.begin(f"Find the {thing.name} and keep it with you. {asked}")
    if source is not None:
        script.actor.read(source.id)
    script.actor.fetch(thing.id)
    script.end(goals=goals, evidence=evidence, answer=answer)
    return script.draft().stages[0]


def _made(spec: WorldSpec | None) -> Iterator[Task]:
    """Iterate over the first task of each of a few families that can be made for all seeds."""
    for family in _FAMILIES:
        try:
            tasks = [make_task(family, seed, 1, None, "test", spec) for seed in _SEEDS]
            kind = tasks[0].kind
            for seed in _SEEDS:
                make_task(family, seed, 1, kind, "test", spec)
        except UserError:
            continue
        yield tasks[0]


def _entry(task: Task, world: str) -> str:
    fields = f"family: {task.family.value}, kind: {task.kind}, difficulty: 1, seed: [0, 1]"
    return f"{{{fields}, world: {_text(world)}}}" if world else f"{{{fields}}}"


def _goal(goal: Goal) -> Iterator[str]:
    yield f"      - name: {_text(goal.name)}"
    kept = goal.condition.model_dump(mode="json", exclude_defaults=True)
    yield f"        condition: {_flow({'type': goal.condition.type, **kept})}"


def _flow(data: dict[str, Any]) -> str:
    """Write a mapping in one line."""
    shown = {key: value for key, value in data.items() if value is not None}
    return "{" + ", ".join(f"{key}: {_value(value)}" for key, value in shown.items()) + "}"


def _value(value: Any) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """Write a text plainly where YAML takes it for that text, and in quotes elsewhere."""
    plain = text.replace(" ", "").replace("_", "").replace(".", "").replace("/", "")
    known = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
    safe = plain.isascii() and plain.isalpha() and text == text.strip()
    return text if safe and text.casefold() not in known else json.dumps(text)

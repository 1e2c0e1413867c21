"""Validation of a task: everything in it that can never be met, found at once. Pure.

A task is checked as plain data, so that one part that cannot be read hides nothing in the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from environments.tasks.model import Attack, Condition, Evidence, Step
from environments.tasks.named import Found, Names
from world_fixtures.document import Place
from world_fixtures.facts import Arranged
from world_fixtures.nearest import did_you_mean
from world_fixtures.problem import Problem
from world_fixtures.spec import WorldSpec

_CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)
_EVIDENCE: TypeAdapter[Any] = TypeAdapter(Evidence)
_ATTACK: TypeAdapter[Any] = TypeAdapter(Attack)
_STEP: TypeAdapter[Any] = TypeAdapter(Step)
_ARRANGED: TypeAdapter[Any] = TypeAdapter(Arranged)
_IDS: TypeAdapter[Any] = TypeAdapter(tuple[str, ...])


def problems_in(data: Mapping[str, Any], spec: WorldSpec) -> list[Problem]:
    """Return what in a task's data can never be met in `spec`, with its place in `data`.

    What cannot be read as part of a task is passed over: pydantic tells of that.
    """
    return [
        Problem(place, f"{'.'.join(map(str, place))}: {message}")
        for place, message in _Check(data, Names(spec)).all()
    ]


class _Check:
    def __init__(self, data: Mapping[str, Any], names: Names) -> None:
        self.names = names
        self.stages = _mappings(data.get("stages"))
        self.attacks = _mappings(data.get("attacks"))
        goals = [goal for _, stage in self.stages for goal in _list(stage.get("goals"))]
        self.readable = bool(goals) and all(
            isinstance(goal, dict) and _read(_CONDITION, goal.get("condition")) for goal in goals
        )
        """Else it is not known which fields the answer must have."""
        self.answers = sorted(set(self._answers()))
        self.goals: list[str] = []
        """Names of those before the present one."""

    def all(self) -> Found:
        """Yield place and message of each error."""
        count = len(self.stages)
        for number, (n, stage) in enumerate(self.stages):
            yield from _at(("stages", n), self._stage(stage, number == count - 1))
        for n, attack in self.attacks:
            yield from _at(("attacks", n), self._attack(attack, count))

    def _stage(self, stage: Mapping[str, Any], last: bool) -> Found:
        for n, change in enumerate(_list(stage.get("before"))):
            if (arranged := _read(_ARRANGED, change)) is not None:
                yield from _at(("before", n), self.names.arranged(arranged))
        for n, goal in _mappings(stage.get("goals")):
            yield from _at(("goals", n), self._goal(goal))
        for n, found in enumerate(_list(stage.get("evidence"))):
            if (evidence := _read(_EVIDENCE, found)) is not None:
                answers = self.answers if self.readable else [*self.answers, evidence.field]
                yield from _at(("evidence", n), self.names.evidence(evidence, answers))
        unchanged = stage.get("unchanged")
        if isinstance(unchanged, dict):
            free = _read(_IDS, unchanged.get("free", ()))
            yield from _at(("unchanged", "free"), self.names.free(free or ()))
        yield from self._walkthrough(_list(stage.get("walkthrough")), last)

    def _goal(self, goal: Mapping[str, Any]) -> Found:
        name = goal.get("name")
        if name in self.goals:
            yield ("name",), f"there is a goal {name!r} already"
        for n, earlier in enumerate(_list(goal.get("after"))):
            if earlier not in self.goals:
                meant = did_you_mean(earlier, self.goals)
                yield ("after", n), f"there is no goal {earlier!r} before this one{meant}"
        if isinstance(name, str):
            self.goals.append(name)
        if goal.get("by") is not None and self.names.spec.living is None:
            yield ("by",), "no time passes in this world: it has no `living`"
        for place, condition in _parts(goal.get("condition")):
            found = _at(place, self.names.condition(condition))
            yield from _at(("condition",), self._within(place, condition, found))

    def _within(self, place: Place, condition: Any, found: Found) -> Found:
        yield from found
        known = getattr(condition, "known", None)
        if known is not None and known.stage >= len(self.stages):
            yield (*place, "known", "stage"), f"there is no stage {known.stage}, counted from 0"

    def _attack(self, data: Mapping[str, Any], count: int) -> Found:
        attack = _read(_ATTACK, data)
        if attack is None:
            return
        if attack.stage >= count:
            yield ("stage",), f"there is no stage {attack.stage}, counted from 0"
        known = self.names.known
        if attack.entity not in known:
            meant = did_you_mean(attack.entity, known)
            yield ("entity",), f"there is no entity {attack.entity!r} in this world{meant}"
        if attack.condition is not None:
            yield from _at(("condition",), self.names.condition(attack.condition))

    def _walkthrough(self, data: Sequence[Any], last: bool) -> Found:
        steps = [_read(_STEP, step) for step in data]
        ending, other = ("submit", "disconnect") if last else ("disconnect", "submit")
        where = "the last stage" if last else "a stage that others follow"
        for n, step in enumerate(steps):
            if step is not None and step.tool == other == "submit":
                yield ("walkthrough", n), "`submit` is for the last stage"
            elif step is not None and step.tool == "submit" and last:
                yield from _at(("walkthrough", n, "answer"), self._answer(step.answer))
        if steps and steps[-1] is not None and steps[-1].tool != ending:
            told = f"the walkthrough of {where} ends with `{ending}`"
            yield ("walkthrough", len(steps) - 1), told

    def _answer(self, answer: Mapping[str, Any]) -> Found:
        for field in answer:
            if field not in self.answers and self.readable:
                meant = did_you_mean(field, self.answers)
                yield (field,), f"no goal asks for {field!r} in the answer{meant}"
        for field in self.answers:
            if field not in answer:
                yield (), f"{field!r} is missing, for which a goal asks"

    def _answers(self) -> Iterator[str]:
        for _, stage in self.stages:
            for _, goal in _mappings(stage.get("goals")):
                for _, condition in _parts(goal.get("condition")):
                    if condition.type == "answered":
                        yield condition.field


def _parts(data: Any) -> Iterator[tuple[Place, Any]]:
    """Iterate over the conditions that can be read, those within `together` each by itself."""
    if isinstance(data, dict) and data.get("type") == "together":
        for n, part in enumerate(_list(data.get("conditions"))):
            if (condition := _read(_CONDITION, part)) is not None:
                yield ("conditions", n), condition
    elif (condition := _read(_CONDITION, data)) is not None:
        yield (), condition


def _read(adapter: TypeAdapter[Any], data: Any) -> Any:
    try:
        return adapter.validate_python(data)
    except ValidationError:
        return None


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _mappings(value: Any) -> list[tuple[int, Mapping[str, Any]]]:
    return [(n, item) for n, item in enumerate(_list(value)) if isinstance(item, dict)]


def _at(place: Place, found: Found) -> Found:
    for inner, message in found:
        yield (*place, *inner), message

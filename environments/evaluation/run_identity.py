"""What a run is: the suite, the model and every setting that bears on its result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from environments.rollouts.identity import EVALUATE_WITHOUT, plain, server_settings, settings_of
from environments.rollouts.prices import Prices
from environments.rollouts.record import Rollout
from environments.tasks.model import Task
from environments.tasks.version import FIRST_VERSION, TASKS_VERSION
from world_fixtures.common import Frozen, UserError, digest

if TYPE_CHECKING:
    from environments.runner import Conditions
    from environments.tasks.suites import Suite

BRANCH = "branch"
"""Name among the settings of a run of what it goes on from; others have none."""
Key = tuple[str, int]
"""Task id and attempt."""


class Run(Frozen):
    """What is played: two runs of the same directory must agree in all of it."""

    suite: str
    model: str
    settings: dict[str, Any] = Field(default_factory=dict)
    """What else bears on the result (temperature, weights, ...); plain JSON, no secrets."""
    attempts: int = Field(default=1, ge=1)
    tasks: tuple[str, ...]
    """Task ids in their order."""
    tasks_hash: str
    """32 hex digits over the whole tasks."""
    version: int = FIRST_VERSION
    """Of the tasks, see `environments.tasks.version`."""
    whole: str = Field(default="", exclude_if=lambda whole: not whole)
    """Hash of the tasks of the suite of which these are a part; empty for a whole suite."""
    prices: Prices | None = Field(default=None, exclude_if=lambda prices: prices is None)
    """For the cost; may change while a run goes on, as it bears on no score."""

    @classmethod
    def of(
        cls, tasks: Sequence[Task], *, suite: str, model: str,
        settings: dict[str, Any] | None = None, attempts: int = 1,
    ) -> Run:  # fmt: skip
        """Make the identity of a run.

        Raises UserError without a task, where two share an id, and for tasks of another version.
        """
        ids = tuple(t.id for t in tasks)
        if not ids:
            raise UserError(f"suite {suite!r} holds no task")
        twice = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
        if twice:
            raise UserError(f"suite {suite!r} holds task {twice[0]!r} twice: ids must be unique")
        if others := [t for t in tasks if t.version != TASKS_VERSION]:
            raise UserError(
                f"suite {suite!r} holds {others[0].id!r} of tasks version {others[0].version},"
                " which can be read and not played: make the suite anew with version"
                f" {TASKS_VERSION}"
            )
        return cls(
            suite=suite, model=model, settings=plain(settings or {}),
            attempts=attempts, tasks=ids,
            tasks_hash=digest([t.model_dump(mode="json") for t in tasks]).hex(),
            version=TASKS_VERSION,
        )  # fmt: skip

    @property
    def outside_memory(self) -> bool:
        """Whether the agent said to remember by itself, outside the world."""
        return bool(self.settings.get("outside_memory"))

    @property
    def branch(self) -> dict[str, Any] | None:
        """What the rollouts go on from, where they are branches: `turn`, `times`, `rollouts`."""
        found: dict[str, Any] | None = self.settings.get(BRANCH)
        return found

    @property
    def total(self) -> int:
        """Rollouts of a whole run."""
        if self.branch is not None:  # not every task has a rollout that is long enough
            return int(self.branch["rollouts"]) * int(self.branch["times"])
        return len(self.tasks) * self.attempts

    def in_order(self, rollouts: Iterable[Rollout]) -> list[Rollout]:
        """Sort rollouts by task and attempt; of two records of one attempt the later stays."""
        place = {task: i for i, task in enumerate(self.tasks)}
        latest = {key(r): r for r in rollouts}
        return [latest[k] for k in sorted(latest, key=lambda k: (place.get(k[0], len(place)), k))]


def key(rollout: Rollout) -> Key:
    """Return what tells a rollout from the others of its run."""
    return rollout.task.id, rollout.attempt


def run_of(
    suite: Suite, conditions: Conditions, *, model: str, provider: str = "", attempts: int = 1,
    candidate: dict[str, Any] | None = None, servers: Iterable[BaseModel] = (),
    prices: Prices | None = None,
) -> Run:  # fmt: skip
    """Identify a run of a suite: everything that bears on its result.

    All conditions and options count, apart from those that `rollouts.identity` leaves out.
    `candidate` is the identity of a second model that takes part, see `Traffic.identity`;
    `servers` are the options of the model's servers; `prices` bear on no score.
    """
    played: dict[str, Any] = {
        "temperature": conditions.options.agent_temperature,
        "provider": provider,
        "weights": conditions.weights.model_dump(mode="json"),
        "max_turns": conditions.options.max_agent_turns,
        "gate": conditions.gate.model_dump(mode="json"),
        "openai": server_settings(servers),
        **settings_of(conditions.options, EVALUATE_WITHOUT | UNDER_OTHER_NAMES),
    }
    for field in fields(conditions):
        if field.name not in played and field.name not in ("options", "reward"):
            played[field.name] = getattr(conditions, field.name)
    if conditions.reward is not None:
        played["reward"] = conditions.reward.__qualname__
    if candidate is not None:
        played["traffic"] = candidate
    run = Run.of(suite.tasks, suite=suite.name, model=model, settings=played, attempts=attempts)
    return run.model_copy(update={"prices": prices, "whole": suite.whole})


UNDER_OTHER_NAMES = frozenset({"agent_temperature", "gate", "max_agent_turns", "reward_weights"})
"""Options that are recorded as the conditions name them."""

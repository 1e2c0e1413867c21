"""Options: which tasks are played, where their world servers run, and how the model is asked."""

from __future__ import annotations

from typing import Self

import verifiers.v1 as vf
from pydantic import Field, model_validator

from environments.hosting.source import TaskChoice
from environments.tasks.suites.load import check_suite
from world_fixtures.common import UserError
from world_fixtures.generator.words import Split


class EvenniaWorldTaskConfig(vf.TaskConfig):
    """Where the worlds of the tasks run, under `--env.taskset.task.*`."""

    servers: int | None = Field(None, ge=1)
    """World server processes (None = one a core but one)."""
    world_python: str | None = None
    """Interpreter that the world servers run in (None = the one that EVENNIA_WORLD_PYTHON names,
    else this one)."""


class EvenniaWorldConfig(vf.TasksetConfig):
    """Which tasks are played, under `--env.taskset.*`."""

    task: EvenniaWorldTaskConfig = EvenniaWorldTaskConfig()
    suite: str | None = None
    """Name or YAML file of a suite (None = tasks made by seed, without end)."""
    families: str | None = None
    """Of these families, e.g. `errand,navigation`."""
    kinds: str | None = None
    """Of these kinds, e.g. `map,errand.chain`."""
    difficulty: int | str | None = None
    """Of this difficulty, e.g. `3` or `2-5` (None = all of a suite, else 1-5)."""
    split: Split = "train"
    """Split of the tasks that are made by seed."""
    seed: int = 0
    """Seed of the tasks that are made by seed."""
    limit: int | None = Field(None, ge=1)
    """Tasks at most; those of a suite are spread over it evenly, where `-n` takes the first."""

    @property
    def choice(self) -> TaskChoice:
        """The same as every host of this world understands it. Raises UserError."""
        fields = TaskChoice.model_fields
        return TaskChoice.of(**{name: getattr(self, name) for name in fields})

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        try:
            if (suite := self.choice.suite) is not None:
                check_suite(suite)
        except UserError as error:
            raise ValueError(str(error)) from None
        return self


class EvenniaWorldHarnessConfig(vf.HarnessConfig):
    """Options of the harness, under `--env.agent.harness.*`."""

    names_rollout: bool = False
    """Name task and stage in OpenAI's field `user`, as an endpoint of embedded policies needs."""

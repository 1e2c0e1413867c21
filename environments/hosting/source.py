"""Where a host's tasks come from: a suite, or tasks made by seed, ahead of need."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from environments.hosting.choice import chosen, make_named
from environments.hosting.made import MadeOnce
from environments.tasks import choice
from environments.tasks.curriculum import Curriculum
from environments.tasks.model import Family, Task
from environments.tasks.suites import load_suite, part_of
from environments.tasks.worker import TaskWorker, Wanted
from world_fixtures.background import BackgroundLoop
from world_fixtures.common import UserError
from world_fixtures.generator.words import Split


class Filters(TypedDict):
    """What tasks of a choice are of, as `part_of` and `filtered` take it; None: anything."""

    families: list[Family] | None
    kinds: list[tuple[Family, str]] | None
    difficulty: tuple[int, int] | None


class TaskChoice(BaseModel):
    """Which tasks a host plays: those of a suite, or tasks made by seed. Frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str | None = Field(None, description="Name or YAML file of a suite; null: made by seed")
    families: str | None = Field(None, description="Of these families, e.g. errand,navigation")
    kinds: str | None = Field(None, description="Of these kinds, e.g. map,errand.chain")
    difficulty: str | None = Field(
        None, description="Of this difficulty, e.g. 3 or 2-5; null: all of a suite, else 1-5"
    )
    split: Split = Field("train", description="Split of the tasks that are made")
    seed: int = Field(0, description="Seed of the tasks that are made")
    limit: int | None = Field(None, ge=1, description="Tasks at most; null: all, or without end")

    @classmethod
    def of(cls, **given: Any) -> TaskChoice:
        """Return a choice. Raises UserError that says in one line what is wrong."""
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the choice of tasks"
            known = f": choose from {', '.join(cls.model_fields)}"
            unknown = known if first["type"] == "extra_forbidden" else ""
            told = first["msg"].removeprefix("Value error, ")
            raise UserError(f"{field}: {told}{unknown}") from None

    @field_validator("families")
    @classmethod
    def _families(cls, given: str | None) -> str | None:
        if given is not None:
            choice.families(given)
        return given

    @field_validator("kinds")
    @classmethod
    def _kinds(cls, given: str | None) -> str | None:
        if given is not None:
            choice.kinds(given)
        return given

    @field_validator("difficulty", mode="before")
    @classmethod
    def _difficulty(cls, given: Any) -> Any:
        if given is None:
            return None
        low, high = choice.levels(given)
        return f"{low}-{high}"

    def filters(self) -> Filters:
        """Return which families, kinds and difficulties are chosen."""
        return {
            "families": None if self.families is None else choice.families(self.families),
            "kinds": None if self.kinds is None else choice.kinds(self.kinds),
            "difficulty": None if self.difficulty is None else choice.levels(self.difficulty),
        }


def drawn(wanted: TaskChoice, number: int) -> Wanted:
    """Return what task `number` of a choice is made of, from 0, where tasks are made by seed.

    Where there is a limit, the first one follows the last.
    """
    filters = wanted.filters()
    drawing = Curriculum(
        dict.fromkeys(filters["families"] or Family, 1.0), filters["difficulty"] or (1, 5),
        wanted.seed, split=wanted.split, kinds=filters["kinds"] or (),
    )  # fmt: skip
    drawing.drawn = number % wanted.limit if wanted.limit else number
    return drawing.draw()


class TaskSource:
    """The tasks of a choice by number; a context manager that ends what makes them.

    Made tasks come from a process beside, the next ones ahead of need, so that neither the
    caller's loop nor its processor waits for them. A suite is made when the source is.
    """

    def __init__(self, wanted: TaskChoice, *, ahead: int = 4) -> None:
        """Take a choice, and how many tasks after the last one asked for are made at once.

        Raises UserError for a suite that does not exist and a choice that leaves no task.
        """
        self.wanted = wanted
        self.tasks: tuple[Task, ...] | None = None
        """All of them, where they are those of a suite."""
        self._ahead = ahead
        self._guard = threading.Lock()
        self._loop: BackgroundLoop | None = None
        self._worker = TaskWorker()
        self._made = MadeOnce(self._make)
        """Used in the loop alone, as what makes them."""
        if wanted.suite is not None:
            suite = load_suite(wanted.suite)
            self.tasks = part_of(suite, **wanted.filters(), limit=wanted.limit).tasks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int | None:
        """Number of tasks; None where there is no end of them."""
        return self.wanted.limit if self.tasks is None else len(self.tasks)

    def task(self, index: int) -> Task:
        """Return task `index`, from 0: the same one whatever was asked for before.

        May be called from any thread but that of an event loop. Raises IndexError beyond the last,
        UserError where the choice allows no such task.
        """
        self._check(index)
        if self.tasks is not None:
            return self.tasks[index]
        return self._running().run(self._get(index))

    async def task_async(self, index: int) -> Task:
        """Return task `index` without holding up the caller's event loop; else as `task`."""
        self._check(index)
        if self.tasks is not None:
            return self.tasks[index]
        return await asyncio.to_thread(self._running().run, self._get(index))

    def close(self) -> None:
        """End the process beside. May be called twice."""
        with self._guard:
            loop, self._loop = self._loop, None
        if loop is not None and not loop.closed:
            loop.run(self._stop())
            loop.close()

    def _check(self, index: int) -> None:
        if index < 0 or (self.size is not None and index >= self.size):
            raise IndexError(f"there is no task {index}: there are {self.size}, from 0")

    def _running(self) -> BackgroundLoop:
        with self._guard:
            if self._loop is None:
                self._loop = BackgroundLoop("task-source")
            return self._loop

    async def _get(self, index: int) -> Task:
        last = index + self._ahead
        if self.size is not None:
            last = min(last, self.size - 1)
        for number in range(index, last + 1):
            self._made.begin(number)
        return await self._made.get(index)

    async def _make(self, index: int) -> Task:
        return await self._worker.make(drawn(self.wanted, index))

    async def _stop(self) -> None:
        await self._made.close()
        await self._worker.stop()
        self._worker = TaskWorker()  # the lock of the last one belongs to the loop that ends


def task_named(id: str, suite: str | None = None) -> Task:
    """Return the task with this id, of a suite or, without one, made as `make_task` names it.

    An id such as test/errand.deliver/3/7 is split, family.kind, difficulty and seed. Makes the
    task here, in tens of milliseconds: not for an event loop. Raises UserError where there is none.
    """
    if suite is None:
        return make_named(id)
    (found,) = chosen(suite, [id])[1]
    return found

"""Which task a reset begins, and what is told of tasks before; all are made in processes beside."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from environments.hosting.choice import named
from environments.hosting.made import MadeOnce
from environments.hosting.source import TaskChoice, TaskSource, drawn
from environments.tasks.model import Task
from environments.tasks.suites import SUITES, filtered
from environments.tasks.worker import TaskWorker, Wanted
from world_fixtures.common import UserError
from world_fixtures.generator.words import Split
from world_fixtures.nearest import did_you_mean

MADE: tuple[Split, ...] = get_args(Split)
"""Splits whose tasks are made by number; the other splits are suites."""
SIZE = 1_000_000
"""Tasks of each of them; a number is a seed, too."""
LISTED = 1000
"""Tasks that one request is told of at most."""
AHEAD = 4
"""Tasks made ahead where sessions take one after the other."""
MAX_LINE = 64 << 20
ROOT = Path(__file__).resolve().parents[3]


class Reset(BaseModel):
    """What a client may ask a reset for. Without any of it: the server's next task."""

    model_config = ConfigDict(extra="forbid")

    seed: int | None = Field(None, ge=0, lt=1 << 53, description="Number of the task")
    episode_id: str | None = Field(None, max_length=128, description="Name of the episode")
    task: str | None = Field(None, max_length=128, description="Id: test/errand.deliver/3/7")
    suite: str | None = Field(None, max_length=128, description="Suite of which the task is one")
    split: str | None = Field(
        None, max_length=128, description="train, validation, test or a suite"
    )
    index: int | None = Field(None, ge=0, lt=SIZE, description="Number of the task in its split")
    family: str | None = Field(None, max_length=256, description="e.g. errand,navigation")
    kind: str | None = Field(None, max_length=256, description="e.g. map,errand.chain")
    difficulty: int | str | None = Field(None, description="1 to 10, or a range such as 2-5")
    one_conversation: bool = Field(
        False, description="The agent sees one part of a task in the next; the state says so, too"
    )

    @classmethod
    def of(cls, given: dict[str, Any]) -> Reset:
        """Read what a client sent. Raises UserError that says in one line what is wrong."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            field = str(first["loc"][0])[:64] if first["loc"] else "reset"
            known = f": choose from {', '.join(cls.model_fields)}"
            unknown = known if first["type"] == "extra_forbidden" else ""
            raise UserError(f"{field!r}: {first['msg']}{unknown}") from None


class ServedTasks:
    """The tasks of a server. Its coroutines belong to one event loop; `close` it there."""

    def __init__(self, wanted: TaskChoice | None = None) -> None:
        """Take the tasks that are given out where a reset names none: by default made ones."""
        self.wanted = wanted or TaskChoice()
        self._next = 0
        self._worker = TaskWorker()
        self._made = MadeOnce(self._make)
        self._suites = MadeOnce(self._load)
        self._loading = asyncio.Semaphore(1)

    async def close(self) -> None:
        """End what makes tasks. May be called twice."""
        await self._made.close()
        await self._suites.close()
        await self._worker.stop()

    async def prepare(self) -> None:
        """Make the served suite, or the first tasks. Raises UserError where there are none."""
        if self.wanted.suite is not None:
            await self._suite(self.wanted)
        else:
            self._prepare_from(0)

    async def chosen(self, reset: Reset) -> Task:
        """Return the task that a reset asks for. Raises UserError where there is none."""
        if reset.task is not None and reset.suite is None:
            return await self._made.get(named(reset.task))
        wanted = self._wanted(reset)
        if wanted.suite is None:
            return await self._numbered(wanted, reset)
        tasks = await self._suite(wanted)
        if reset.task is not None:
            found = [task for task in tasks if task.id == reset.task]
            if not found:
                raise UserError(f"suite {wanted.suite} has no task {reset.task!r}")
            return found[0]
        if reset.index is not None and reset.index >= len(tasks):
            raise UserError(f"there is no task {reset.index}: there are {len(tasks)}, from 0")
        return tasks[self._number(reset) % len(tasks)]

    def splits(self) -> list[dict[str, str]]:
        """Return the splits: those whose tasks are made, and suites, which are to measure by."""
        own = [] if self.wanted.suite is None else [self.wanted.suite]
        suites = dict.fromkeys([*own, *SUITES])
        types: dict[str, str] = {name: name for name in MADE} | dict.fromkeys(suites, "test")
        return [{"name": name, "type": type} for name, type in types.items()]

    async def size(self, split: str) -> int:
        """Return the number of tasks of a split. Raises UserError where there is no such split."""
        wanted = self._wanted(Reset.of({"split": split[:128]}))
        return (wanted.limit or SIZE) if wanted.suite is None else len(await self._suite(wanted))

    async def told(self, split: str, start: int | None, stop: int | None) -> list[dict[str, Any]]:
        """Tell of the tasks `start` to `stop` of a split, as of a slice, and of LISTED at most.

        Raises UserError where there is no such split.
        """
        wanted = self._wanted(Reset.of({"split": split[:128]}))
        numbers = range(await self.size(split))[start:stop][:LISTED]
        if wanted.suite is not None:
            tasks = await self._suite(wanted)
            return [_told(split, n, tasks[n]) for n in numbers]
        made_of = ((n, drawn(wanted, n)) for n in numbers)
        return [
            {"split": split, "index": n, "family": w.family.value, "difficulty": w.difficulty}
            for n, w in made_of
        ]

    def _wanted(self, reset: Reset) -> TaskChoice:
        """Return the tasks of which a reset wants one.

        A suite is one that ships or the server's own: a client names no files.
        """
        suite, split = reset.suite, reset.split
        if suite is None and split is not None and split not in MADE:
            suite, split = split, None
        given: dict[str, Any] = {
            "families": reset.family, "kinds": reset.kind, "difficulty": reset.difficulty,
            "split": split,
        }  # fmt: skip
        given = {name: value for name, value in given.items() if value is not None}
        if suite is None and not given:
            return self.wanted
        if suite is None:
            own = {} if self.wanted.suite else self.wanted.model_dump()
            return TaskChoice.of(**own | given)
        if suite != self.wanted.suite and suite not in SUITES:
            raise UserError(
                f"there is no suite or split {suite!r}{did_you_mean(suite, [*MADE, *SUITES])}:"
                f" choose from {', '.join([*MADE, *SUITES])}"
            )
        if suite == self.wanted.suite and not given:
            return self.wanted
        return TaskChoice.of(suite=suite, **given)

    def _number(self, reset: Reset) -> int:
        if reset.index is not None:
            return reset.index
        if reset.seed is not None:
            return reset.seed
        self._next += 1
        return self._next - 1

    async def _numbered(self, wanted: TaskChoice, reset: Reset) -> Task:
        """Return a made task, and have the next ones made where they are taken in their order."""
        follows = wanted == self.wanted and reset.index is None and reset.seed is None
        number = self._number(reset)
        this = drawn(wanted, number)
        self._made.begin(this)  # before those that follow
        if follows:
            self._prepare_from(number + 1)
        return await self._made.get(this)

    def _prepare_from(self, number: int) -> None:
        """Have the next tasks of the server's own made."""
        for ahead in range(number, number + AHEAD):
            self._made.begin(drawn(self.wanted, ahead))

    async def _make(self, wanted: Wanted) -> Task:
        return await self._worker.make(wanted)

    async def _suite(self, wanted: TaskChoice) -> tuple[Task, ...]:
        """Return the wanted tasks of a suite. Raises UserError where there are none."""
        own = wanted == self.wanted
        tasks = await self._suites.get(wanted if own else TaskChoice(suite=wanted.suite))
        if not own:
            tasks = tuple(filtered(tasks, **wanted.filters()))
        if not tasks:
            raise UserError(f"suite {wanted.suite} has no such task")
        return tasks

    async def _load(self, wanted: TaskChoice) -> tuple[Task, ...]:
        """Make a suite in a process of its own: that takes seconds."""
        program = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r});"
            f" from {__name__} import write_suite; write_suite(sys.argv[1])"
        )
        async with self._loading:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, wanted.model_dump_json(),
                stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, limit=MAX_LINE,
            )  # fmt: skip
            assert process.stdout is not None
            try:
                tasks = []
                async for line in process.stdout:
                    if line.startswith(b"!"):
                        raise UserError(line[1:].decode().strip())
                    tasks.append(Task.model_validate_json(line))
                    await asyncio.sleep(0)  # others have their turn: there may be hundreds
                if await process.wait():
                    raise UserError(f"suite {wanted.suite} could not be made")
                return tuple(tasks)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()


def write_suite(wanted: str) -> None:
    """Write the tasks of a choice, given as JSON, as lines to standard output."""
    try:
        with TaskSource(TaskChoice.model_validate_json(wanted)) as source:
            for task in source.tasks or ():
                print(task.model_dump_json())
    except UserError as error:
        print(f"!{error}")


def _told(split: str, index: int, task: Task) -> dict[str, Any]:
    about = task.model_dump(mode="json", include={"id", "family", "kind", "difficulty"})
    return {"split": split, "index": index, **about, "parts": len(task.stages)}

"""The cases of a plan played with real programs: `evennia-world bench faults`."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.faults import book as books
from benchmarks.faults import oracle, plan
from benchmarks.faults.book import Book
from benchmarks.faults.disk import SmallDisk, small_disk
from benchmarks.faults.endpoint import EVIL, FaultyEndpoint
from benchmarks.faults.oracle import Found
from benchmarks.faults.plan import Case, Life
from benchmarks.faults.programs import Place, Program, send, until
from benchmarks.faults.trainer import Trainer, training
from environments.tokenizer import PATH as SHIPPED

SECONDS = 1800.0
"""Length of a run that is not quick."""
AT_ONCE = 3
"""Cases that are played at the same time: much of a case is waiting."""
GROUP = 2
ATTEMPTS = 2
CALL_TIMEOUT = 4.0
"""Seconds after which a call that hangs is tried again."""
PATIENCE = 120.0
"""Seconds after which a program counts as hung; the pool's own time-out for servers is 20."""
IMPATIENCE = 40.0
"""The same for one that has no descriptors: it has to say so at its start."""
WATCH = 0.1
"""Seconds between two looks at the file, for what is acknowledged."""
TRIES = 4
"""Runs without faults until a program must be done."""
PAUSE = (0.5, 2.5)
"""Seconds for which a server is stopped: less than the pool waits for it."""
FIT = 3
"""Lines that fit on a disk that is made full by a limit."""
ROOM = 20_000
"""Bytes more that fit: no whole line."""
HUNG = 60.0
"""Seconds in which the pool has to find out that a server hangs."""

Say = Callable[[str], None]


async def measure(
    quick: bool,
    say: Say,
    seconds: float | None = None,
    seed: int = 1,
    case: int | Sequence[int] | None = None,
) -> dict[str, Any]:
    """Play cases and count what is wrong at their ends; all figures of `bench faults`.

    A quick run has the first cases of the seed, another as many as begin within `seconds`.
    With `case` that one alone is played, or those of several.
    """
    started = time.monotonic()
    ends = started + (SECONDS if seconds is None else seconds)
    if case is not None:
        numbers: Iterator[int] = iter([case] if isinstance(case, int) else case)
    elif quick:
        numbers = iter(range(plan.QUICK))
    else:
        numbers = itertools.takewhile(lambda _: time.monotonic() < ends, itertools.count())
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as directory:
        run = _Run(seed, Path(directory), say)
        try:
            async with asyncio.TaskGroup() as players:
                for _ in range(plan.QUICK if quick else AT_ONCE):
                    players.create_task(run.play(numbers))
        finally:
            await run.close()
    return {**run.figures(), "seed": seed, "seconds": time.monotonic() - started}


class _Run:
    """Cases of one seed, and what was found in them."""

    def __init__(self, seed: int, directory: Path, say: Say) -> None:
        self._seed = seed
        self._directory = directory
        self._say = say
        self._cases = 0
        self._found = Found()
        self._happened: Counter[str] = Counter()
        self._failures: list[dict[str, Any]] = []
        self._disks: set[str] = set()
        self._controls: dict[int, asyncio.Task[dict[str, float]]] = {}

    async def play(self, numbers: Iterator[int]) -> None:
        """Play one case after the other."""
        for number in numbers:
            case = plan.case(self._seed, number)
            started = time.monotonic()
            played = _Player(case, self._directory / f"case-{number}", self._control(case))
            try:
                await played.play()
            finally:
                await played.leave()
            self._cases += 1
            self._found.add(played.found)
            self._happened.update(played.happened)
            self._disks |= played.disks
            self._tell(case, played, time.monotonic() - started)

    async def close(self) -> None:
        """End the runs without faults that nobody waits for any more."""
        for control in self._controls.values():
            control.cancel()
        await asyncio.gather(*self._controls.values(), return_exceptions=True)

    def figures(self) -> dict[str, Any]:
        """Counts of what is wrong, and of the faults that have happened."""
        return {
            **{kind: len(getattr(self._found, kind)) for kind in oracle.KINDS},
            "faults": dict(sorted(self._happened.items())),
            "faults_in_all": self._happened.total(),
            "cases": self._cases,
            "full_disk_by": sorted(self._disks),
            "failures": self._failures,
        }

    def _control(self, case: Case) -> asyncio.Task[dict[str, float]]:
        """What each task of the case's book deserves; played while the case is."""
        number = case.book
        if number not in self._controls:
            book = books.make_book(self._seed, number)
            directory = self._directory / f"control-{number}"
            self._controls[number] = asyncio.create_task(_played_cleanly(book, directory))
        return self._controls[number]

    def _tell(self, case: Case, played: _Player, seconds: float) -> None:
        again = f"evennia-world bench faults --seed {case.seed} --case {case.number}"
        for kind in oracle.KINDS:
            for what in getattr(played.found, kind):
                problem = f"{kind}: {what}"
                self._failures.append({"case": case.number, "what": problem, "again": again})
                self._say(f"case {case.number} ({case.mode}): {problem}")
        state = f"WRONG, again with: {again}" if played.found else "right"
        faults = played.happened.total()
        self._say(f"case {case.number}, {case.mode}: {faults} faults, {seconds:.0f} s: {state}")


async def _played_cleanly(book: Book, directory: Path) -> dict[str, float]:
    """Play all tasks of a book without a fault; the reward of each."""
    place = Place(directory)
    suite = directory / "all.jsonl"
    books.write_suite(suite, book.tasks)
    try:
        async with FaultyEndpoint(book.stages, lambda number: None) as model:
            options = _evaluate(model, suite, place, plan.FEW, attempts=1)
            program = await place.start(options)
            ended = await program.wait(PATIENCE)
        if not ended or program.code:
            raise RuntimeError(f"the run without faults failed: {program.printed[-500:]}")
    finally:
        await place.end()
    rewards = books.deserved(place.out / "samples.jsonl")
    wrong = sorted(task for task in book.faultless if rewards[task] != 1.0)
    if wrong:
        raise RuntimeError(f"without faults and mistakes {wrong[0]} earns {rewards[wrong[0]]}")
    return rewards


class _Player:
    """Plays one case in a directory of its own."""

    def __init__(
        self, case: Case, directory: Path, control: asyncio.Task[dict[str, float]]
    ) -> None:
        self.found = Found()
        self.happened: Counter[str] = Counter()
        self.disks: set[str] = set()
        self._case = case
        self._book = books.make_book(case.seed, case.book)
        self._place = Place(directory)
        self._control = control
        self._random = random.Random(f"faults/{case.seed}/{case.number}/played")
        self._faults = dict(fault for life in case.lives for fault in life.faults)
        self._chores: set[asyncio.Task[None]] = set()
        self._seen: set[bytes] = set()
        """Whole lines that were in the file at some moment."""
        self._suite = directory / "suite.jsonl"
        self._model: FaultyEndpoint
        self._trainer: Trainer | None = None

    async def play(self) -> None:
        """Play all lives, then to the end without faults, and judge."""
        books.write_suite(self._suite, self._book.suite)
        serving = self._case.mode == "serve"
        stages = self._book.served if serving else self._book.stages
        async with (
            FaultyEndpoint(stages, self._due) as self._model,
            self._training() as self._trainer,
            self._disk() as disk,
        ):
            done = False
            for life in self._case.lives:
                done = done or await self._live(life, disk)
            self._model.heal()
            await self._end_chores()
            if disk is not None:
                await disk.enlarge()
            if self._trainer is None:
                if not done:
                    await self._finish()
                await self._judge()
            else:
                await self._trainer.drain()
                self._judge_delivery(self._trainer)
        self.happened.update(self._model.happened)
        storms = f"{self._model.storms} conversations ask a busy endpoint without a pause"
        if self._model.storms:
            self.found.misbehaved.append(storms)

    async def leave(self) -> None:
        """End whatever still runs."""
        await self._end_chores()
        await self._place.end()

    @contextlib.asynccontextmanager
    async def _training(self) -> AsyncIterator[Trainer | None]:
        if self._case.mode != "serve":
            yield None
            return
        async with training(self._place.directory, GROUP) as trainer:
            yield trainer

    @contextlib.asynccontextmanager
    async def _disk(self) -> AsyncIterator[SmallDisk | None]:
        sizes = [life.disk_kb for life in self._case.lives if life.disk_kb is not None]
        if not sizes:
            yield None
            return
        async with small_disk(self._place.out, sizes[0]) as disk:
            self.disks.add(disk.kind)
            yield disk

    @property
    def _output(self) -> Path:
        return self._place.out / OUTPUT[self._case.mode]

    def _options(self) -> list[str]:
        if self._trainer is not None:
            return _serve(self._model, self._book, self._place, self._trainer.url)
        if self._case.mode == "evaluate":
            return _evaluate(self._model, self._suite, self._place, self._case.at_once)
        return _process(self._model, self._book, self._place, self._case.at_once)

    async def _live(self, life: Life, disk: SmallDisk | None) -> bool:
        """Run the program once, with the faults of this life; whether nothing is left to do."""
        programs = [
            await self._place.start(self._options(), life.descriptors)
            for _ in range(1 + life.rivals)
        ]
        limited = disk is not None and not disk.mounted
        before = self._progress()
        wanted = before + life.after if life.ending != "complete" else None
        ends = time.monotonic() + (PATIENCE if life.descriptors is None else IMPATIENCE)
        while any(p.running for p in programs) and time.monotonic() < ends:
            self._look()
            if limited and self._progress() - before >= FIT:
                programs[0].limit_files(self._output.stat().st_size + ROOM)
                limited = False
            if wanted is not None and self._progress() >= wanted:
                number = signal.SIGKILL if life.ending == "killed" else signal.SIGINT
                next(p for p in programs if p.running).signal(number)
                self.happened["main_killed" if life.ending == "killed" else "interrupted"] += 1
                wanted = None
            await asyncio.sleep(WATCH)
        for program in programs:
            await self._ended(program, life)
        codes = [program.code for program in programs]
        if life.rivals:
            self.happened["two_at_once"] += 1
        if life.disk_kb is not None and codes[0]:
            self.happened["disk_full"] += 1
            if codes[0] == 2 and str(self._place.directory) not in programs[0].printed:
                self._misbehaved(programs[0], "does not name the file that cannot be written")
        if life.descriptors is not None:
            self.happened["few_descriptors"] += 1
        # `evaluate` also ends well with rollouts that could not be scored
        return self._case.mode == "process" and not life.rivals and not codes[0]

    async def _ended(self, program: Program, life: Life) -> None:
        """Wait until a program and all of its processes are gone; note what is wrong with it."""
        if not await program.wait(0.01 if life.ending == "complete" else PATIENCE / 5):
            self._misbehaved(program, "did not end")
        self.found.left_over += await self._place.settled()
        self._look()
        if program.code == -signal.SIGKILL:
            self._place.excuse_temporary()
        if program.code not in (-signal.SIGKILL, 0, 2, 130):
            self._misbehaved(program, f"exit code {program.code}")
        if "Traceback (most recent call last)" in program.printed:
            self._misbehaved(program, "printed a traceback")
        if any(part in program.printed for part in EVIL.split()):
            self._misbehaved(program, "printed control characters of the endpoint")

    def _misbehaved(self, program: Program, what: str) -> None:
        last = " | ".join(program.printed.strip().splitlines()[-3:])
        self.found.misbehaved.append(f"{what}: {last[-400:]!r}")

    def _progress(self) -> int:
        """Lines of the output, or groups that the trainer got."""
        if self._trainer is not None:
            return len(self._trainer.received)
        return len(oracle.whole_lines(self._output))

    def _look(self) -> None:
        """Note what is acknowledged by now."""
        if self._trainer is None:
            self._seen.update(oracle.whole_lines(self._output))

    async def _finish(self) -> None:
        """Give the same command until it says that all is done."""
        for _ in range(TRIES):
            program = await self._place.start(self._options())
            ended = await program.wait(PATIENCE)
            await self._ended(program, Life())
            if not ended:
                return
            if program.code == 0:
                return
        self._misbehaved(program, f"is not done after {TRIES} runs without faults")

    async def _judge(self) -> None:
        """Compare the files of `evaluate` or `process` with what must be in them."""
        rewards = await self._control
        issued = self._model.issued
        lines = oracle.whole_lines(self._output)
        found, now = self.found, [json.loads(line) for line in lines]
        before = [json.loads(line) for line in self._seen]
        if self._case.mode == "evaluate":
            tasks = [task.id for task in self._book.suite]
            found.add(oracle.check_samples(now, rewards, issued))
            found.add(oracle.check_complete_samples(now, tasks, ATTEMPTS))
            found.add(oracle.check_kept_samples(before, now))
            found.add(oracle.check_metrics(self._output.with_name("metrics.json"), now))
        else:
            found.add(oracle.check_groups(now, GROUP, rewards, issued))
            found.add(oracle.check_complete_groups(now, books.ITEMS))
            found.add(oracle.check_kept_groups(self._seen, lines))
            rows = [
                json.loads(line)
                for path in self._output.with_suffix(".hermes").glob("*.jsonl")
                for line in oracle.whole_lines(path)
            ]
            found.add(oracle.check_hermes(rows, range(books.ITEMS), GROUP))
        self._judge_place()

    def _judge_delivery(self, trainer: Trainer) -> None:
        """Compare what the trainer got with what was accepted from `serve`."""
        written = [json.loads(line) for line in oracle.whole_lines(self._output)]
        self.found.add(
            oracle.check_delivered(
                trainer.accepted, trainer.received, written, GROUP, self._model.issued
            )
        )
        self._judge_place()

    def _judge_place(self) -> None:
        self.found.add(oracle.check_files(self._place.out))
        self.found.left_over += self._place.left_over()
        self.found.misbehaved += [
            f"left an error file: {text.strip().splitlines()[-1]}"
            for text in self._place.error_files()
        ]

    def _due(self, number: int) -> str | None:
        """The fault of the endpoint at this request; others are begun here."""
        kind = self._faults.get(number)
        if kind is None or kind in plan.ENDPOINT or kind == plan.STUBBORN:
            return kind
        chore = asyncio.ensure_future(self._happen(kind))
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)
        return None

    async def _end_chores(self) -> None:
        chores = list(self._chores)
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)

    async def _happen(self, kind: str) -> None:
        """Do something to a world server, or be a trainer that fails."""
        if kind in plan.TRAINER:
            assert self._trainer is not None
            self.happened[kind] += 1
            await (self._trainer.away() if kind == "trainer_away" else self._trainer.restart())
            return
        place = self._place
        find = place.prefork_servers if kind == plan.PREFORK else place.world_servers
        if not await until(find, HUNG):
            return
        pid = self._random.choice(sorted(find()))
        self.happened[kind] += 1
        if kind in ("server_killed", plan.PREFORK):
            send(pid, signal.SIGKILL)
        elif kind == "server_stopped":
            send(pid, signal.SIGTERM)
        else:
            send(pid, signal.SIGSTOP)
            if kind == plan.HUNG:
                await until(lambda: pid not in place.world_servers(), HUNG)
            else:
                await asyncio.sleep(self._random.uniform(*PAUSE))
            send(pid, signal.SIGKILL if kind == "server_paused_killed" else signal.SIGCONT)


OUTPUT = {"evaluate": "samples.jsonl", "process": "groups.jsonl", "serve": "served.jsonl"}
"""The file that grows, by mode."""


def _model_options(model: FaultyEndpoint) -> list[str]:
    return [
        "--openai.base_url", model.url, "--openai.model_name", "script",
        "--env.tokenizer_name", SHIPPED,
        "--env.call_timeout", str(CALL_TIMEOUT), "--env.world_servers", "1",
    ]  # fmt: skip


def _curriculum(book: Book) -> list[str]:
    return [
        "--env.seed", str(book.seed), "--env.group_size", str(GROUP),
        "--env.families", json.dumps(books.FAMILIES),
        "--env.difficulty", json.dumps(books.DIFFICULTY),
    ]  # fmt: skip


def _evaluate(
    model: FaultyEndpoint, suite: Path, place: Place, at_once: int, attempts: int = ATTEMPTS
) -> list[str]:
    return [
        "evaluate", *_model_options(model), "--env.suite", str(suite),
        "--env.eval_attempts", str(attempts), "--env.eval_concurrency", str(at_once),
        "--env.eval_baselines", "false", "--env.data_dir_to_save_evals", str(place.out),
    ]  # fmt: skip


def _process(model: FaultyEndpoint, book: Book, place: Place, at_once: int) -> list[str]:
    return [
        "process", *_model_options(model), *_curriculum(book),
        "--env.total_steps", str(books.ITEMS), "--env.process_concurrency", str(at_once // GROUP),
        "--env.data_path_to_save_groups", str(place.out / OUTPUT["process"]),
    ]  # fmt: skip


def _serve(model: FaultyEndpoint, book: Book, place: Place, url: str) -> list[str]:
    return [
        "serve", *_model_options(model), *_curriculum(book), "--env.rollout_server_url", url,
        "--env.batch_size", str(GROUP), "--env.max_num_workers", "6",
        "--env.ensure_scores_are_not_same", "false", "--env.total_steps", "100000",
        "--env.data_path_to_save_groups", str(place.out / OUTPUT["serve"]),
    ]  # fmt: skip

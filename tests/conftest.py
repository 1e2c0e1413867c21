"""A small world that exercises every rule, and one world server for each process of the run."""

from __future__ import annotations

import gc
import os
import re
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from world_fixtures import home
from world_fixtures.facts import Fact
from world_fixtures.prefork_server import PreforkServer
from world_fixtures.servers import ServerPool
from world_fixtures.spec import (
    Character,
    Door,
    Exit,
    Recipe,
    Room,
    Thing,
    WorldSpec,
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A run in the background ignores it, and so would every program that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What is imported and collected stays: looking through it for garbage is a fifth of the collection.
gc.set_threshold(50_000, 20, 50)


def pytest_collection_finish() -> None:
    """Leave all that there is by then out of garbage collection."""
    gc.collect()
    gc.freeze()


settings.register_profile("quick", max_examples=30, deadline=None)
settings.register_profile("thorough", max_examples=100, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


SUITES = ("tasks/test_suites.py", "evaluation/test_baselines.py", "cli/test_tasks_and_worlds.py")
"""Files whose tests need whole suites, which take seconds to make."""


class Directories(LoadScopeScheduling):
    """Run the tests of a directory in one process, so that they share what is dear to make.

    That is loaded libraries, suites, played rollouts. Each file of `tests/e2e` stands by itself.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        directory = file.rpartition("/")[0]
        if file.endswith(SUITES):
            return "suites"
        return file if directory.endswith("e2e") else directory


ALIKE = re.compile(
    r"(benchmarks|docs)/|test_dependencies\."
    r"|environments/(audit|cli|evaluation|export|policies|tokenization|tool_call_parsers)/"
    r"|environments/(hosting|learning)/|environments/telemetry/test_(?!replay)"
    r"|environments/modes/test_(?!process_mode|serve_mode)"
    r"|environments/versions/test_(?!version_1_traces\.)"
    r"|environments/tasks/test_(?!families\.|worker\.)"
    r"|world_fixtures/test_(draw|generator|grammar\.|library|rules|spec\.|validation)"
    r"|world_fixtures/test_living_(commands|page|people|time|validation)"
)
"""Files below this directory whose tests are marked `once`.

What they test computes, or is of the agent's side: how that side deals with a world, a model and a
trainer on a second interpreter is shown by the tests of the rollout, of the episode, of the model
client, of `process` and `serve`, and by programs of `e2e`.
"""


LONG = re.compile(r"slow|@given")
"""What stands in each file with a test for `make test-all`: the mark, or a property."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files of which no test would be run: importing all of them takes long."""
    if not collection_path.name.startswith("test_"):
        return None
    chosen = config.getoption("markexpr")
    if "not once" in chosen:
        path = collection_path.relative_to(Path(__file__).parent).as_posix()
        return bool(ALIKE.match(path)) or None
    if chosen == "slow or hypothesis":
        return not LONG.search(collection_path.read_text(encoding="utf-8")) or None
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what need not be run on a second interpreter, too."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and ALIKE.match(item.path.relative_to(here).as_posix()):
            item.add_marker(pytest.mark.once)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Directories:
    """Distribute tests so, whatever `--dist` says."""
    return Directories(config, log)


# One line a thing reads better than seven.
# ruff: noqa: E501
def cottage_spec() -> WorldSpec:
    """Three rooms: a lit hall, a dark cellar below it, a locked study to the east."""
    return WorldSpec(
        name="cottage",
        title="The Cottage",
        rooms=(
            Room(id="hall", name="Hall", desc="A low hall."),
            Room(id="cellar", name="Cellar", desc="A damp cellar.", dark=True),
            Room(id="study", name="Study", desc="A narrow study."),
            Room(id="nook", name="Nook", desc="A hidden nook."),
        ),
        exits=(
            Exit(source="hall", direction="down", target="cellar"),
            Exit(source="cellar", direction="up", target="hall"),
            Exit(source="hall", direction="east", target="study", door="oak_door"),
            Exit(source="study", direction="west", target="hall", door="oak_door"),
            Exit(source="study", direction="north", target="nook", hidden=True),
            Exit(source="nook", direction="south", target="study"),
        ),
        doors=(Door(id="oak_door", name="Oak Door", desc="Old oak.", locked=True, key="brass_key"),),
        things=(
            Thing(id="lamp", name="Oil Lamp", desc="A lamp.", location="hall", light=True),
            Thing(id="table", name="Table", desc="A table.", location="hall", portable=False, surface=True),
            Thing(id="letter", name="Letter", desc="A letter.", location="table", text="The year was 1742.", tells=(Fact("letter", "year", "1742"),)),
            Thing(id="chest", name="Chest", desc="A chest.", location="cellar", portable=False, container=True),
            Thing(id="brass_key", name="Brass Key", desc="A key.", location="chest"),
            Thing(id="iron_key", name="Iron Key", desc="A key.", location="chest"),
            Thing(id="anvil", name="Anvil", desc="An anvil.", location="cellar", heavy=True),
            Thing(id="wall", name="Wall", desc="A wall.", location="hall", portable=False, writable=True),
            Thing(id="tapestry", name="Tapestry", desc="Moths.", location="study", portable=False, reveals="study:north"),
            Thing(id="shaft", name="Shaft", desc="A shaft.", location="study"),
            Thing(id="blade", name="Blade", desc="A blade.", location="nook"),
            Thing(id="spade", name="Spade", desc="A spade.", location=None),
        ),
        recipes=(Recipe(parts=("shaft", "blade"), makes="spade"),),
        characters=(
            Character(id="you", name="Traveller", location="hall"),
            Character(id="caretaker", name="Caretaker", location="study"),
        ),
    )  # fmt: skip


@pytest.fixture(scope="session")
def cottage() -> WorldSpec:
    return cottage_spec()


@pytest.fixture(scope="session")
def prefork() -> Iterator[None]:
    """Evennia, loaded once for all world servers that this process starts until it ends."""
    server = PreforkServer.acquire()
    yield
    server.release()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pool(prefork: None) -> AsyncIterator[ServerPool]:
    """One world server, shared by every test that needs one."""
    async with ServerPool(1) as servers:
        yield servers


@pytest.fixture(autouse=True)
def nothing_held(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves instances of the shared world server in use."""
    yield
    servers = request.node.funcargs.get("pool")
    if isinstance(servers, ServerPool):
        assert servers.instances == 0


def link_kept(directory: Path) -> None:
    """Have a world home share the database templates and the suites of the usual one."""
    usual = home.template().parent.parent
    for kept in ("templates", "suites"):
        (usual / kept).mkdir(exist_ok=True)
        (directory / kept).symlink_to(usual / kept)


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A world home of the test's own, with what the usual one keeps."""
    link_kept(tmp_path)
    monkeypatch.setenv("EVENNIA_WORLD_HOME", str(tmp_path))
    return tmp_path


@contextmanager
def _small_files(size: int) -> Iterator[None]:
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(scope="session")
def small_files() -> Callable[[int], AbstractContextManager[None]]:
    """`with small_files(size)`: no file of this process grows beyond so many bytes."""
    return _small_files

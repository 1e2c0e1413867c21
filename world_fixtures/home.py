"""Where world servers keep what they write, and the interpreter that they run in.

They write to one directory, which EVENNIA_WORLD_HOME moves:

templates/   migrated empty databases, one for each set of versions
scratch/     one directory a running server, removed with it
packages/    links to our package alone, for interpreters other than ours
suites/      the tasks of suites that ship, each once it was made (`environments.tasks.suites`)
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from world_fixtures.common import UserError
from world_fixtures.disk import NO_ROOM, disk

PACKAGE = Path(__file__).resolve().parent
MAIN = "world_fixtures.game.gateway.main"
PYTHON_VARIABLE = "EVENNIA_WORLD_PYTHON"
ELSEWHERE = "set EVENNIA_WORLD_HOME to a directory that can be written"
"""What to do where nothing can be written."""
NEEDED = ("evennia", "django", "pydantic")
"""Packages that a world server imports; the first two decide the database's layout."""
ASK_TIMEOUT = 60.0
"""Seconds that an interpreter may take to say which packages it has."""
_NO_ROOM_WORDS = ("disk I/O error", "disk is full", *map(os.strerror, NO_ROOM))
"""How SQLite and the system say that no more can be written."""
_ASK_VERSIONS = """
import json, sys
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def world_home_path() -> Path:
    """Return where the directory is or would be."""
    given = os.environ.get("EVENNIA_WORLD_HOME")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given).expanduser() if given else cache / "evennia-world"


def world_home() -> Path:
    """Return the directory, made if it is missing. Raises UserError if it cannot be written."""
    home = world_home_path()
    with disk(home, elsewhere=ELSEWHERE):
        for part in ("templates", "scratch"):
            (home / part).mkdir(parents=True, exist_ok=True)
    return home.resolve()


def interpreter(python: str | None = None) -> str:
    """Return the path of the Python in which world servers run.

    That is `python`, else the one that EVENNIA_WORLD_PYTHON names, else our own.
    """
    found = python or os.environ.get(PYTHON_VARIABLE) or sys.executable
    # Not resolved: the link in an environment is what makes its packages found.
    relative = os.sep in found and not os.path.isabs(found)
    return os.path.abspath(found) if relative else found


def new_scratch(python: str | None = None) -> Path:
    """Make a scratch directory of this process that holds a migrated database.

    Raises UserError where it cannot be written, or a world server cannot run.
    """
    scratch = new_directory()
    try:
        database = scratch / "world.db3"
        with disk(database, elsewhere=ELSEWHERE):
            shutil.copyfile(template(python), database)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return scratch


def new_directory() -> Path:
    """Make a directory of this process; removed, if not before, once the process is gone."""
    scratch_root = world_home() / "scratch"
    reap(scratch_root)
    with disk(scratch_root, elsewhere=ELSEWHERE):
        return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=scratch_root))


def reap(scratch_root: Path) -> None:
    """Remove scratch directories whose process is gone."""
    for directory in scratch_root.iterdir():
        owner = directory.name.partition("-")[0]
        if owner.isdigit() and not alive(int(owner)):
            shutil.rmtree(directory, ignore_errors=True)


def template(python: str | None = None) -> Path:
    """Return a migrated, empty database; made on first use, by one process at a time.

    Raises UserError where `interpreter(python)` cannot run a world server, or it cannot be
    written.
    """
    python = interpreter(python)
    target = world_home() / "templates" / f"{_layout(versions(python))}.db3"
    with disk(target, elsewhere=ELSEWHERE), _locked(target.with_suffix(".lock")):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent) as work:
                _migrate(python, work)
                (Path(work) / "world.db3").replace(target)
    return target


def _migrate(python: str, work: str) -> None:
    """Make an empty database in a directory. Raises UserError where that fails."""
    command = [python, "-m", MAIN, "--migrate", work]
    try:
        made = subprocess.run(command, env=child_env(python), capture_output=True, text=True)
    except OSError as error:
        raise UserError(f"the world database could not be made: {error.strerror}") from error
    if made.returncode:
        last = (made.stderr.strip().splitlines() or ["no message"])[-1]
        if any(words in last for words in _NO_ROOM_WORDS):
            raise UserError(f"cannot write {work} ({last}): free some space")
        raise UserError(f"the world database could not be made: {last}")


def child_env(python: str | None = None) -> dict[str, str]:
    """Return the environment of a server process: no secrets of ours, our code importable.

    An interpreter other than ours gets `world_fixtures` and nothing else of ours on its path.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not any(word in name.upper() for word in ("KEY", "TOKEN", "SECRET", "PASSWORD"))
    }
    if interpreter(python) != sys.executable:
        kept.pop("PYTHONHOME", None)
        return kept | {"PYTHONPATH": str(_package_alone()), "PYTHONSAFEPATH": "1"}
    paths = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


def _package_alone() -> Path:
    """Return a directory that holds a link to our package and no other module."""
    name = hashlib.blake2b(os.fsencode(PACKAGE), digest_size=8).hexdigest()
    directory = world_home() / "packages" / name
    with disk(directory, elsewhere=ELSEWHERE), contextlib.suppress(FileExistsError):
        directory.mkdir(parents=True, exist_ok=True)
        (directory / PACKAGE.name).symlink_to(PACKAGE, target_is_directory=True)
    return directory


@functools.cache
def versions(python: str) -> tuple[str, ...]:
    """Return the versions of NEEDED that an interpreter has.

    Raises UserError where `python` is no interpreter, or one that lacks one of them.
    """
    found = _versions_here() if python == sys.executable else _versions_of(python)
    missing = [name for name, version in found.items() if version is None]
    if missing:
        raise UserError(
            f"{python} has no {missing[0]}, which a world server needs: install it there, or set"
            f" {PYTHON_VARIABLE} to an interpreter that has it (docs/light.md)"
        )
    return tuple(filter(None, found.values()))


def _versions_here() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in NEEDED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def _versions_of(python: str) -> dict[str, str | None]:
    """Ask another interpreter. Raises UserError if it gives no answer."""
    with tempfile.TemporaryDirectory() as nowhere:
        try:
            asked = subprocess.run(
                [python, "-c", _ASK_VERSIONS, *NEEDED], cwd=nowhere, env=child_env(python),
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ASK_TIMEOUT,
            )  # fmt: skip
            answer = json.loads(asked.stdout)
            return {name: answer[name] for name in NEEDED}
        except (OSError, ValueError, LookupError, TypeError, subprocess.TimeoutExpired):
            raise UserError(
                f"{python} is no Python interpreter that works: set {PYTHON_VARIABLE} to one"
                " that has evennia"
            ) from None


def _layout(found: tuple[str, ...]) -> str:
    """Name whatever decides the database's layout."""
    migrations = sorted((PACKAGE / "game" / "gateway" / "migrations").glob("0*.py"))
    text = "".join(m.read_text() for m in migrations)
    tables = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    evennia, django, *_ = found
    return "-".join(("evennia", evennia, django, tables))


def alive(pid: int) -> bool:
    """Tell whether there is a process of this id that has not ended.

    One that has ended keeps its id until somebody asks how; in a container perhaps nobody does.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # it is gone by now, or this system has no such files
        return not Path("/proc/self/stat").exists()
    return state not in "ZX"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

"""Where world servers keep what they write: one directory, moved by EVENNIA_WORLD_HOME.

templates/   migrated empty databases, one for each set of versions
scratch/     one directory a running server, removed with it
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from world_fixtures.common import UserError

PACKAGE = Path(__file__).resolve().parent
MAIN = "world_fixtures.game.gateway.main"


def world_home() -> Path:
    """The directory, made if it is missing. Raises UserError if it cannot be written."""
    given = os.environ.get("EVENNIA_WORLD_HOME")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(given).expanduser() if given else cache / "evennia-world"
    try:
        for part in ("templates", "scratch"):
            (home / part).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot write to {home} ({error.strerror}): set EVENNIA_WORLD_HOME to a directory"
            " that can be written"
        ) from error
    return home.resolve()


def new_scratch() -> Path:
    """A fresh scratch directory of this process, holding a migrated database."""
    scratch = new_directory()
    shutil.copyfile(template(), scratch / "world.db3")
    return scratch


def new_directory() -> Path:
    """A fresh directory of this process; removed, if not before, once the process is gone."""
    scratch_root = world_home() / "scratch"
    reap(scratch_root)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=scratch_root))


def reap(scratch_root: Path) -> None:
    """Remove scratch directories whose process is gone."""
    for directory in scratch_root.iterdir():
        owner = directory.name.partition("-")[0]
        if owner.isdigit() and not alive(int(owner)):
            shutil.rmtree(directory, ignore_errors=True)


def template() -> Path:
    """A migrated, empty database; made on first use, by one process at a time."""
    target = world_home() / "templates" / f"{_versions()}.db3"
    with _locked(target.with_suffix(".lock")):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent) as work:
                command = [sys.executable, "-m", MAIN, "--migrate", work]
                made = subprocess.run(command, env=child_env(), capture_output=True, text=True)
                if made.returncode:
                    last = (made.stderr.strip().splitlines() or ["no message"])[-1]
                    raise UserError(f"the world database could not be made: {last}")
                (Path(work) / "world.db3").replace(target)
    return target


def child_env() -> dict[str, str]:
    """Environment of a server process: no secrets of ours, our packages importable."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not any(word in name.upper() for word in ("KEY", "TOKEN", "SECRET", "PASSWORD"))
    }
    paths = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


def _versions() -> str:
    """Names whatever decides the database's layout."""
    migrations = sorted((PACKAGE / "game" / "gateway" / "migrations").glob("0*.py"))
    text = "".join(m.read_text() for m in migrations)
    tables = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    versions = (importlib.metadata.version(p) for p in ("evennia", "django"))
    return "-".join(("evennia", *versions, tables))


def alive(pid: int) -> bool:
    """Whether there is a process of this id that has not ended.

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


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

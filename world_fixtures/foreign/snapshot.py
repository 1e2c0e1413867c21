"""Snapshots of games: what was prepared once, kept by the hash of what it was made of.

games/CONTENT/VERSIONS/ of the world's home holds

game/           the copy of the game's directory, which the game runs from
files/game.db3  its database, as it is when a rollout begins
recipe.json     how it was prepared
world.json      its rooms, ways and things, and the state in which it begins
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from world_fixtures import home
from world_fixtures.common import UserError
from world_fixtures.disk import NO_ROOM, disk
from world_fixtures.foreign.source import (
    LAYOUT,
    GameSource,
    content_of,
    game_files,
    is_shipped,
    read_source,
)
from world_fixtures.spec import Character, Exit, GameWorld, Room, Thing, WorldSpec

BUILD_TIMEOUT = 900.0
"""Seconds that preparing a game may take."""
MOST_SAID = 1 << 20
"""Bytes of what a game said in vain that are kept."""
MOST_SHOWN = 300
"""Characters of it in a message."""
MAKING = "making-"
"""How directories begin in which a snapshot is being made."""
MODULE = "world_fixtures.foreign.inside"
_KEPT_NAMES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
_DIRECTIONS = {
    "n": "north", "ne": "northeast", "e": "east", "se": "southeast", "s": "south",
    "sw": "southwest", "w": "west", "nw": "northwest", "u": "up", "d": "down",
}  # fmt: skip
_ALL = frozenset((*_DIRECTIONS.values(), "in", "out"))
MOST = {"rooms": 200, "exits": 1000, "things": 500}
"""What a world's map has at most; the state has all."""


@dataclass(frozen=True)
class Snapshot:
    """A prepared game on disk."""

    path: Path
    source: GameSource
    content: str

    @property
    def world(self) -> dict[str, Any]:
        """What `inside.describing` said of it."""
        found: dict[str, Any] = json.loads((self.path / "world.json").read_text(encoding="utf-8"))
        return found

    def spec(self) -> WorldSpec:
        """Return the game as the world of tasks."""
        return _spec(self.world, self.source, self.content)


def snapshot_of(source: GameSource, python: str | None = None) -> Snapshot:
    """Return the snapshot of a game, made where it is not there yet, by one process at a time.

    Raises UserError where the game cannot be read or prepared.
    """
    python = home.interpreter(python)
    content = content_of(source)
    place = _games() / content
    target = _target(content, python)
    with disk(place, elsewhere=home.ELSEWHERE):
        place.mkdir(parents=True, exist_ok=True)
    with disk(target, elsewhere=home.ELSEWHERE), _locked(place / "lock"):
        _keep(source, place / "source.json")
        if not (target / "world.json").is_file():
            name = _line(source.game.rstrip("/").rpartition("/")[2])
            print(f"preparing the game {name}, once ...", file=sys.stderr, flush=True)
            _make(source, content, target, python)
    return Snapshot(target, source, content)


def snapshot_for(game: GameWorld, python: str | None = None) -> Snapshot:
    """Return the snapshot that a task's world names. Raises UserError where it is not to be had.

    One that was made stays good for its tasks, whatever becomes of the game's directory.
    """
    made = _target(game.content, home.interpreter(python))
    if (made / "world.json").is_file():
        source, layout = recipe_of(made)
        if layout == LAYOUT:
            return Snapshot(made, source, game.content)
    kept = _games() / game.content / "source.json"
    if kept.is_file():
        source = GameSource.model_validate_json(kept.read_text(encoding="utf-8"))
    else:
        source = read_source({"game": game.name}, Path())
    found = snapshot_of(source, python)
    if found.content != game.content:
        raise UserError(
            f"the game {game.name!r} is not the one that this task was made for: load the task's"
            " file again, on this machine"
        )
    return found


def recipe_of(snapshot: Path) -> tuple[GameSource, int | None]:
    """Return how a snapshot was prepared, and of which layout it is; None: of an earlier one."""
    recipe = json.loads((snapshot / "recipe.json").read_text(encoding="utf-8"))
    layout = recipe.pop("layout", None)
    return GameSource.model_validate(recipe), layout


def game_env() -> dict[str, str]:
    """Return the environment of a game's process: a few names of ours, and no keys."""
    kept = {name: os.environ[name] for name in _KEPT_NAMES if name in os.environ}
    return kept | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC"}


def command_env(python: str) -> dict[str, str]:
    """Return `game_env` with the path on which the interpreter finds our package."""
    path = home.child_env(python)["PYTHONPATH"]
    return game_env() | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def _games() -> Path:
    return home.world_home() / "games"


def _target(content: str, python: str) -> Path:
    """Return where the snapshot of a game is, for the versions that an interpreter has."""
    return _games() / content / "-".join(home.versions(python)[:2])


def _keep(source: GameSource, path: Path) -> None:
    """Write down where a game is, in one step: others read it at any time."""
    new = path.with_suffix(".new")
    new.write_text(source.model_dump_json(), encoding="utf-8")
    new.replace(path)


def _make(source: GameSource, content: str, target: Path, python: str) -> None:
    """Copy the game, prepare it and describe it; `target` is there in the end, or nothing is.

    Raises UserError where the copy is not of `content`, too.
    """
    for left in target.parent.glob(f"{MAKING}*"):  # by one that was killed: we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=MAKING) as work:
        made = Path(work) / "snapshot"
        made.mkdir()
        _copy(source, made / "game", python)
        if not is_shipped(source):
            copied = source.model_copy(update={"game": str(made / "game")})
            if content_of(copied) != content:
                raise UserError(
                    f"the files of {source.game} changed while they were copied: stop what writes"
                    " to them, a running game for example, and try again"
                )
        _write(source.files, made / "game")
        recipe = source.model_dump(mode="json") | {"layout": LAYOUT}
        (made / "recipe.json").write_text(json.dumps(recipe), encoding="utf-8")
        _run(python, "building", [str(made)], source)
        _run(python, "main", [str(made), str(Path(work) / "scratch"), "--describe"], source)
        shutil.rmtree(made / "files" / "logs", ignore_errors=True)
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)


def _copy(source: GameSource, target: Path, python: str) -> None:
    """Copy the game's directory, or make a fresh one as `evennia --init` does."""
    root = _template(python) if is_shipped(source) else Path(source.game)
    for path in game_files(root):
        copy = target / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    if is_shipped(source):
        settings = target / "server" / "conf" / "settings.py"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("{servername}", repr(source.game)), encoding="utf-8")
        (target / "server" / "conf" / "secret_settings.py").write_text("", encoding="utf-8")


def _write(files: Mapping[str, str], target: Path) -> None:
    """Write the files that a source brings into the copy. Raises UserError for one outside it."""
    for name, text in files.items():
        try:
            file = (target / name).resolve()
            if not file.is_relative_to(target.resolve()):
                raise UserError(f"world.files: {name!r} is not within the game's directory")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except (OSError, ValueError) as error:  # no name of a file, or that of a directory
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise
            why = getattr(error, "strerror", None) or str(error)
            raise UserError(f"world.files: {name!r} cannot be written: {why}") from None


def _template(python: str) -> Path:
    """Return where an interpreter's Evennia has the directory that `evennia --init` copies."""
    ask = "import importlib.util as u; print(u.find_spec('evennia').submodule_search_locations[0])"
    if python == home.interpreter() and (found := importlib.util.find_spec("evennia")):
        assert found.submodule_search_locations
        return Path(found.submodule_search_locations[0]) / "game_template"
    asked = subprocess.run([python, "-c", ask], env=command_env(python), capture_output=True,
                           text=True)  # fmt: skip
    return Path(asked.stdout.strip()) / "game_template"


def _run(python: str, module: str, given: list[str], source: GameSource) -> None:
    """Run a step of making in a process of its own. Raises UserError where it fails."""
    command = [python, "-m", f"{MODULE}.{module}", *given]
    # Files and no pipes: a process that the game leaves behind would hold a pipe open.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            done = subprocess.run(
                command, env=command_env(python), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                timeout=BUILD_TIMEOUT,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise UserError(f"preparing {source.game} takes over {BUILD_TIMEOUT:g} s") from None
        if done.returncode:
            said, wrong = _end(out), _end(err)
            last = (wrong.strip().splitlines() or ["it said nothing"])[-1]
            log = _games() / "last-failure.log"
            log.write_text(f"{said}\n{wrong}", encoding="utf-8")
            raise UserError(
                f"the game {source.game} could not be prepared: {_line(last)} (more in {log})"
            )


def _end(file: IO[bytes]) -> str:
    """Return what a file ends with: a game may say any amount."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - MOST_SAID))
    return file.read(MOST_SAID).decode("utf-8", "replace")


def _line(text: str) -> str:
    """Return what a game said as a message shows it: on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)[:MOST_SHOWN]


def _spec(world: dict[str, Any], source: GameSource, content: str) -> WorldSpec:
    """Return the world of a described game; what its map cannot show is left out of the map."""
    agent = world["agent"]
    names = {room["id"]: room["name"] for room in world["rooms"][: MOST["rooms"]]}
    initial = world["initial"]
    start = initial[agent].get("location")
    if start not in names:
        raise UserError(f"the character {source.character!r} is in no room: give `start`")
    exits: dict[tuple[str, str], str] = {}
    for way in world["exits"]:
        if way["source"] in names and way["target"] in names:
            direction = _direction(way["names"], {d for s, d in exits if s == way["source"]})
            if direction:
                exits.setdefault((way["source"], direction), way["target"])
    ways = list(exits.items())[: MOST["exits"]]
    things = [t for t in world["things"] if t["id"] != agent][: MOST["things"]]
    return WorldSpec(
        name=_id(source.game.rstrip("/").rpartition("/")[2]),
        title=_name(source.game.rstrip("/").rpartition("/")[2]),
        rooms=tuple(Room(id=id_, name=_name(name), desc="") for id_, name in names.items()),
        exits=tuple(Exit(source=s, direction=d, target=t) for (s, d), t in ways),
        things=tuple(
            Thing(id=t["id"], name=_name(t["name"]), desc="", location=None) for t in things
        ),
        characters=(Character(id=agent, name=_name(source.character), location=start),),
        game=GameWorld(
            name=source.game.rstrip("/").rpartition("/")[2], content=content,
            account=source.account, seed=source.seed, seconds=source.seconds, initial=initial,
        ),
    )  # fmt: skip


def _direction(names: list[str], taken: set[str]) -> str | None:
    """Return where the map draws an exit: its direction, or a free one; None where none is."""
    for name in names:
        found = _DIRECTIONS.get(name.lower(), name.lower())
        if found in _ALL and found not in taken:
            return found
    return next((d for d in ("in", "out", "up", "down", *sorted(_ALL)) if d not in taken), None)


def _id(text: str) -> str:
    found = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:40]
    return found if found[:1].isalpha() else f"game_{found}"


def _name(text: str) -> str:
    """Return a name as the map writes it: plain, and not too long."""
    return re.sub(r"[|$<>\x00-\x1f\x7f]+", " ", text).strip()[:60] or "nameless"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

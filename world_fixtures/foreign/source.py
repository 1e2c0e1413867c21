"""What a game is and how it is prepared, as authors write it in a task's `world`.

world:
  game: ../mygame                       # a game directory, or the name of a shipped preparation
  prepare: [batchcommand world.town]    # what the superuser types on the copy, in order
  character: Ada
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, JsonValue, TypeAdapter, ValidationError

from world_fixtures.common import Frozen, UserError, digest
from world_fixtures.disk import disk
from world_fixtures.document import Place
from world_fixtures.nearest import did_you_mean
from world_fixtures.schema_errors import problems_of

SHIPPED = Path(__file__).with_name("shipped")
LAYOUT = 2
"""Of what is built from a source; raised when the same source would give another snapshot."""
MAX_BYTES = 512 << 20
"""Of a game directory, what is left out not counted."""
_LEFT_OUT = frozenset((".git", "__pycache__", "logs", ".static", ".cache", ".venv", "node_modules"))
_LEFT_OUT_ENDS = (".pyc", ".pid", ".log", ".restart", "-journal")


class WrongField(UserError):
    """A field of a source is wrong; the text names it and says how."""

    def __init__(self, place: Place, message: str) -> None:
        """Take the way to the field within the source."""
        super().__init__(f"world.{message}")
        self.place = place


class Call(Frozen):
    """A step of preparing that is a Python function of the game."""

    call: str = Field(pattern=r"^[\w.]+:\w+$")
    """MODULE:FUNCTION; called without arguments."""


def _step(given: Any) -> Any:
    if not isinstance(given, str | Call):
        try:
            Call.model_validate(given)
        except ValidationError:
            told = "a step is a line that the superuser types, or {call: 'module:function'}"
            raise ValueError(told) from None
    return given


Step = Annotated[str | Call, BeforeValidator(_step)]


def _plain(given: Any) -> Any:
    try:
        return _DATA.validate_python(given)
    except ValidationError:
        told = "a setting is text, a number, true, false, null, or a list or mapping of these"
        raise ValueError(f"{told} with text for keys") from None


_DATA: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
Setting = Annotated[Any, BeforeValidator(_plain)]


class GameSource(Frozen):
    """A game, how it is prepared, and who plays it."""

    game: str = Field(min_length=1)
    """Name of a shipped preparation, or the path of a game directory."""
    prepare: tuple[Step, ...] = Field(default=(), max_length=100)
    """What the superuser types, in order, or functions that are called; all on the copy."""
    settings: dict[str, Setting] = Field(default_factory=dict)
    """Settings of Evennia that hold over the game's own."""
    files: dict[str, str] = Field(default_factory=dict)
    """Files that are written into the copy before anything runs, by path."""
    account: str = Field(default="player", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,29}$")
    """Of the player; made where the game has none of this name."""
    character: str = Field(default="Wanderer", min_length=1, max_length=40)
    """That the account plays; made where the game has none of this name."""
    start: str | None = None
    """Key or alias of the room where the character begins; where it stands, or the game's own."""
    seed: int = 0
    """Of everything that is drawn while it is played."""
    seconds: float = Field(default=2.0, gt=0, le=3600)
    """Of the game's time that pass with each command."""


def shipped_games() -> list[str]:
    """Return the names of the preparations that ship, sorted."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def read_source(given: Mapping[str, Any], beside: Path) -> GameSource:
    """Return what `world` of a task says; a path in it is taken from the directory `beside`.

    What a shipped preparation says holds where `given` says nothing. Raises UserError.
    """
    name = given.get("game")
    path = beside / str(name)
    known = shipped_games()
    fields = dict(given)
    if name in known:
        text = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
        fields = {**yaml.safe_load(text), **fields}
    elif (path / "server" / "conf" / "settings.py").is_file():
        fields["game"] = str(path.resolve())
    elif path.is_dir():
        raise UserError(f"{path} is no game directory: it has no server/conf/settings.py")
    else:
        raise UserError(
            f"there is no game {name!r}{did_you_mean(str(name), known)}: give the path of a game"
            f" directory, or choose from {', '.join(known)}"
        )
    try:
        return GameSource.model_validate(fields)
    except ValidationError as error:
        first = problems_of(error, GameSource)[0]
        raise WrongField(first.place, first.message) from None


def content_of(source: GameSource) -> str:
    """Return the hash of what a snapshot is made of: the game's files and its preparation.

    Raises UserError where they cannot be read.
    """
    said = source.model_dump(mode="json", exclude={"seed", "seconds"})
    if is_shipped(source):
        return digest([LAYOUT, said]).hex()
    del said["game"]
    root = Path(source.game)
    found = []
    with disk(root):
        for path in game_files(root):
            with path.open("rb") as file:
                found.append((str(path.relative_to(root)), _hash_of(file)))
    return digest([LAYOUT, said, found]).hex()


def is_shipped(source: GameSource) -> bool:
    """Tell whether a source is a shipped preparation: a fresh game of Evennia's own template."""
    return source.game in shipped_games()


def game_files(root: Path) -> Iterator[Path]:
    """Iterate over the files of a game directory that make it what it is, sorted.

    Logs, caches and links are left out. Raises UserError for more than MAX_BYTES.
    """
    size = 0
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if _LEFT_OUT.intersection(parts) or path.name.endswith(_LEFT_OUT_ENDS):
            continue
        if path.is_symlink() or not path.is_file():
            continue
        size += path.stat().st_size
        if size > MAX_BYTES:
            raise UserError(f"{root} is larger than {MAX_BYTES >> 20} MB: it is no game directory?")
        yield path


def _hash_of(file: Any) -> str:
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()

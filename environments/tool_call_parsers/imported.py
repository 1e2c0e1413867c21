"""Parsers of the user's own, named by where they are imported from: `package.module:NAME`."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from environments.tool_call_parsers.json_values import arguments_text
from world_fixtures.common import UserError, digest

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ParseResult, ToolCall

OPTION = "tool_call_parser"
WANTED = "name a class with parse(text), or a function of a text, that gives (content, calls)"
TRIED = ("", "Plain words, and no call.", '<tool_call>\n{"name": "look", "argum')
"""Texts that every parser must have an answer to."""
SHOWN = 200
"""Characters of a failure that a message shows."""


class Imported(NamedTuple):
    """What a name stands for."""

    made: Callable[..., Any]
    """A class with `parse`, or a function that parses."""
    source: str
    """Digest of the file that it is written in, as 32 hex digits; empty where there is none."""


def is_import_path(name: str) -> bool:
    """Tell whether the name of a parser says where to import it from."""
    module, colon, attribute = name.partition(":")
    return bool(colon and attribute) and module != "vllm"


@cache
def imported(name: str) -> Imported:
    """Import what `package.module:NAME` stands for, once; the working directory is looked in last.

    Raises UserError where that cannot be, or where it is no parser.
    """
    module, _, attribute = name.partition(":")
    with _working_directory():
        try:
            owner = importlib.import_module(module)
        except (Exception, SystemExit) as error:
            raise UserError(
                f"{OPTION} {name!r}: cannot import {module} ({_told(error)}): it must be installed,"
                f" on PYTHONPATH, or in the working directory, and load without an error"
            ) from error
    try:
        made: Any = reduce(getattr, attribute.split("."), owner)
    except AttributeError:
        raise UserError(f"{OPTION} {name!r}: {module} has no {attribute}: {WANTED}") from None
    is_parser = callable(getattr(made, "parse", None)) if inspect.isclass(made) else callable(made)
    if not is_parser:
        raise UserError(f"{OPTION} {name!r} is no parser, but {_kind(made)}: {WANTED}")
    found = Imported(made, _source(made))
    parser = OwnParser(name, found.made)
    for text in TRIED:
        parser.parse(text)
        parser.attempted(text)
    return found


class OwnParser:
    """A parser of the user's own, whose answers are checked and given one form."""

    def __init__(self, name: str, made: Callable[..., Any]) -> None:
        """Make the parser of a class, or take the function. Raises UserError where that fails."""
        self._name = name
        self._attempted: Callable[[str], Any] | None = None
        self._parse: Callable[..., Any] = made
        if inspect.isclass(made):
            with self._reported("it cannot be made without arguments"):
                parser: Any = made()
                self._parse = parser.parse
                self._attempted = getattr(parser, "attempted", None)
        with self._reported("its parameters cannot be read"):
            parameters = inspect.signature(self._parse).parameters
        self._takes_tools = "tools" in parameters

    def parse(self, text: str, tools: Sequence[dict[str, Any]] | None = None) -> ParseResult:
        """Return the content and the calls of `text`.

        Raises UserError where the parser fails, or gives something else.
        """
        given = {"tools": tools} if self._takes_tools else {}
        with self._reported(f"it failed on a text of {len(text)} characters"):
            found = self._parse(text, **given)
        if not isinstance(found, tuple) or len(found) != 2:
            raise self._wrong(f"gave {_kind(found)} for a text in place of (content, calls)")
        content, calls = found
        if content is not None and not isinstance(content, str):
            raise self._wrong(f"gave {_kind(content)} as content: it is a text, or None")
        if calls is not None and not isinstance(calls, list | tuple):
            raise self._wrong(f"gave {_kind(calls)} as calls: they are a list, or None")
        return content, [self._call(call, n) for n, call in enumerate(calls or ())] or None

    def attempted(self, text: str) -> bool:
        """Tell whether a call was meant in `text`, where the parser can tell."""
        if self._attempted is None:
            return False
        with self._reported(f"attempted failed on a text of {len(text)} characters"):
            return bool(self._attempted(text))

    def _call(self, call: Any, number: int) -> ToolCall:
        """Give a call the form that all calls have."""
        # Loads the openai client, which takes a second: only a call that was found needs it.
        from environments.tool_call_parsers.calls import make_call

        function = _member(call, "function")
        name, arguments, id = (
            _member(function, "name"), _member(function, "arguments"), _member(call, "id"),
        )  # fmt: skip
        if not isinstance(name, str) or not isinstance(arguments, str | dict | None):
            raise self._wrong(
                f"gave {_kind(call)} as a call: it is one of make_call(id, name, arguments), or"
                ' {"function": {"name": ..., "arguments": ...}}'
            )
        with self._reported("the arguments of a call are no JSON"):
            text = arguments_text(arguments)
        return make_call(id if isinstance(id, str) and id else f"call_{number}", name, text)

    @contextmanager
    def _reported(self, problem: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise self._wrong(f": {problem} ({_told(error)})") from error

    def _wrong(self, problem: str) -> UserError:
        space = "" if problem.startswith(":") else " "
        return UserError(f"{OPTION} {self._name!r}{space}{problem}")


@contextmanager
def _working_directory() -> Iterator[None]:
    """Look for modules in the working directory, too, after all other places."""
    here = os.getcwd()
    added = here not in sys.path
    if added:
        sys.path.append(here)
    try:
        yield
    finally:
        if added and here in sys.path:
            sys.path.remove(here)


def _source(made: Any) -> str:
    try:
        file = inspect.getsourcefile(made)
        return digest(Path(file).read_text("utf-8", "replace")).hex() if file else ""
    except (TypeError, OSError):
        return ""


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _kind(value: Any) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _told(error: BaseException) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."

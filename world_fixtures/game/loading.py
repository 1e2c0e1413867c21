"""What every process that loads Evennia does alike: without costly parts, and with a log."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from typing import Any


def load_light() -> None:
    """Import `inflect` and `lunr`, before Evennia does, in a fraction of their time.

    `inflect` has typeguard rewrite each of its functions, so that they check the types of what they
    are given. `lunr`, which searches help texts, loads nltk for other languages than English, and
    nltk loads SciPy. Together that is most of the processor time that loading Evennia takes.
    Where a package is not there, or no longer does so, nothing changes.
    """
    with suppress(ImportError):
        typeguard: Any = importlib.import_module("typeguard")
        checked = typeguard.typechecked
        typeguard.typechecked = _unchecked
        try:
            importlib.import_module("inflect")
        finally:
            typeguard.typechecked = checked
    if "nltk" in sys.modules:
        return
    sys.modules["nltk"] = None  # type: ignore[assignment]  # as if it was not installed
    try:
        with suppress(ImportError):
            importlib.import_module("lunr.stemmer")
    finally:
        del sys.modules["nltk"]


def problems_to_stderr() -> Any:
    """Return an observer of Twisted's log that writes warnings and worse to standard error."""
    from twisted.logger import (
        FilteringLogObserver,
        LogLevel,
        LogLevelFilterPredicate,
        textFileLogObserver,
    )

    problems: Any = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    to_stderr: Any = textFileLogObserver(sys.stderr)
    observer: Any = FilteringLogObserver(to_stderr, [problems])
    return observer


def _unchecked(function: Any) -> Any:
    return function

"""The names by which Inspect and its logs know what is here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

PREFIX = "evennia_world"
"""Of all names, and the name of the entry point by which Inspect finds them."""
Function = TypeVar("Function", bound=Callable[..., object])


def without_package(function: Function) -> Function:
    """Keep Inspect from putting a package before the name that a decorator gives `function`.

    It would put the first part of the module's name there, `environments`, and only where we were
    not installed as editable. It asks for the module by its name and puts nothing for one that
    does not exist.
    """
    function.__module__ = f"{PREFIX}/inspect"
    return function


def full(name: str) -> str:
    """Return a name with the prefix."""
    return f"{PREFIX}/{name}"

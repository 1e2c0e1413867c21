"""Names of a package whose modules are loaded when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazily(package: str, **modules: str) -> Callable[[str], Any]:
    """Make the `__getattr__` of a package whose names are in modules that are slow to load.

    Each of `modules` is a module of the package, with the names that are in it and spaces between
    them. Type checkers learn of the names by imports under TYPE_CHECKING.
    """
    places = {name: module for module, names in modules.items() for name in names.split()}

    def load(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return load

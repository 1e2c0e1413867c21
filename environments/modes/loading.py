"""Importing large libraries as a program begins."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Hold garbage collection off while modules are imported, of which nothing can be collected.

    It is a seventh of the processor time that importing Atropos and transformers takes.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

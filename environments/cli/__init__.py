"""The `evennia-world` command: the three modes and the tools around them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from environments.modes.loading import interruptible

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 done with findings, 2 bad input, 130 interrupted."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # says that PyTorch is not there
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # tells each try to reach its hub
    args = list(sys.argv[1:] if argv is None else argv)
    with interruptible():
        from environments.cli.command import run_verb  # typer: a tenth of a second
        from environments.modes.program import run_program
    return run_program(lambda: run_verb(args))

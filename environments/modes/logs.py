"""Log levels of libraries while a mode runs."""

from __future__ import annotations

import logging
import os


def quiet_libraries() -> None:
    """Have libraries log warnings and errors only."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for name in ("httpx", "openai", "atroposlib", "root"):
        logging.getLogger(name).setLevel(logging.WARNING)

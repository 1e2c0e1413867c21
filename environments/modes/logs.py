"""Log levels of libraries while a mode runs, and how a line of the log is written."""

from __future__ import annotations

import logging
import os

from world_fixtures.common import printable


class PrintableFormatter(logging.Formatter):
    """Formats a record as `logging.Formatter` does, with control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, or its lines."""
        return printable(super().format(record))


def quiet_libraries() -> None:
    """Have libraries log warnings and errors only; Atropos, once it is imported."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # It tells each try to reach its hub, twice; that a tokenizer cannot be loaded we say ourselves.
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in ("httpx", "openai", "atroposlib", "atroposlib.envs.base", "root"):
        logging.getLogger(name).setLevel(logging.WARNING)

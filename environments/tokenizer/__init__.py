"""A small tokenizer that ships with the project, so that nothing has to be downloaded.

Byte-level BPE with ChatML, tools, calls and reasoning; made by `train.py` from the
project's own text. `AutoTokenizer.from_pretrained(PATH)` loads it.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["PATH"]

PATH = str(Path(__file__).parent)

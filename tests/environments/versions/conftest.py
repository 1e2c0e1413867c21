"""The recorded runs of tasks version 1, unpacked."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

RECORDED = Path(__file__).resolve().parents[2] / "fixtures" / "version_1"


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    """A directory of its own with `basics`, `three-oracle`, `three-noisy`, `traces`, `groups`."""
    copy = tmp_path / "version_1"
    shutil.copytree(RECORDED, copy)
    for packed in copy.rglob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    return copy

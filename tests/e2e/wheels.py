"""Wheels built from the files that git knows, and installed into an environment of their own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(python: str, directory: Path, project: str = ".") -> Path:
    """Build the wheel of a project of the clone, without what earlier builds have left."""
    source = directory / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    pip(python, "wheel", "--no-deps", "--wheel-dir", str(directory), str(source / project))
    (wheel,) = directory.glob("*.whl")
    return wheel


def pip(python: str, *arguments: str) -> None:
    """Run pip in an environment."""
    subprocess.run(
        [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

"""A disk that is soon full: a small tmpfs where it can be mounted, else a limit of file sizes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

LARGE_KB = 64 * 1024
"""Size of the disk once there is space again."""


class SmallDisk:
    """The file system of a directory, while it is entered with `small_disk`."""

    def __init__(self, path: Path, mounted: bool) -> None:
        self._path = path
        self.mounted = mounted
        """False where the limit of file sizes has to do."""

    @property
    def kind(self) -> str:
        """How the disk is made full."""
        return "tmpfs" if self.mounted else "RLIMIT_FSIZE"

    async def enlarge(self) -> None:
        """Make space."""
        if self.mounted:
            await _run("mount", "-o", f"remount,size={LARGE_KB}k", str(self._path))


@contextlib.asynccontextmanager
async def small_disk(path: Path, kb: int) -> AsyncIterator[SmallDisk]:
    """Mount a disk of `kb` kilobytes at an empty directory, if that is allowed."""
    mounted = await _run("mount", "-t", "tmpfs", "-o", f"size={kb}k", "tmpfs", str(path))
    try:
        yield SmallDisk(path, mounted)
    finally:
        if mounted:
            await _run("umount", str(path)) or await _run("umount", "-l", str(path))


async def _run(*command: str) -> bool:
    """Run a command; whether it succeeded."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
    except FileNotFoundError:
        return False
    return await process.wait() == 0

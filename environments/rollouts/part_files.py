"""Writing a file's parts: a host appends lines, and who leads the run names what is finished."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from environments.rollouts.files import LinesFile, json_line
from environments.rollouts.parts import MANIFEST, Place, parts_directory, read_manifest
from world_fixtures.disk import disk


class Part:
    """The parts that one host writes, of one directory."""

    def __init__(self, directory: Path) -> None:
        """Make the directory; files are made with their first lines."""
        with disk(directory):
            directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        # Containers often have the same name, and the same numbers of processes.
        self._host = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._files: dict[str, LinesFile] = {}

    def add(self, lines: Mapping[str, bytes]) -> dict[str, Place]:
        """Append lines, by the name of what they are of; where they are is told for each.

        Raises UserError where the disk refuses.
        """
        places = {}
        for name, text in lines.items():
            part = f"{self._host}.{name}"
            if part not in self._files:
                self._files[part] = LinesFile(self._directory / part)
            begin = (self._directory / part).stat().st_size
            self._files[part].add(text)
            places[name] = Place(part, begin, len(text))
        return places

    def close(self) -> None:
        """Close the files. Idempotent."""
        for file in self._files.values():
            file.close()


class Manifest:
    """The manifest of a file's parts, open for writing by the process that leads the run."""

    def __init__(self, path: Path) -> None:
        """Open the manifest of this file's parts; it is made where there is none."""
        directory = parts_directory(path)
        with disk(directory):
            directory.mkdir(parents=True, exist_ok=True)
        whole = sum(len(line) for line, _ in read_manifest(path))
        self._lines = LinesFile(directory / MANIFEST)
        self._lines.cut(whole)  # a last line that was not written to its end

    def add(self, places: Mapping[str, Place]) -> None:
        """Write down where something is that is finished: its lines by the name of their file."""
        self._lines.add(json_line(places))

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._lines.close()

"""Put the pages beside README.md into the documentation, with their links."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the project's root; what they link to in docs is beside them now."""
    for name in BESIDE:
        text = (ROOT / name).read_text("utf-8").replace("](docs/", "](")
        text = text.replace("](README.md", "](index.md")
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Lead links out of docs to the pages of the root to where those are now."""
    names = "|".join(map(re.escape, BESIDE))
    return re.sub(rf"\]\(\.\./({names})", r"](\1", markdown)

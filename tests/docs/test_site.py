"""The documentation builds, with every link whole, and its pages need no network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="the extra docs is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.once]

ROOT = Path(__file__).parents[2]
LOADS = r'<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)="((?:https?:)?//[^"]*)"'
STYLES = r"(?:@import\s*|url\()[\"']?((?:https?:)?//[^\"')\s]*)"


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=root,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_documentation_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    site = tmp_path / "site"
    done = build(ROOT, site)
    assert done.returncode == 0, done.stderr
    for page in site.rglob("*.html"):
        assert not re.findall(LOADS, page.read_text("utf-8")), page
    for style in site.rglob("*.css"):
        assert not re.findall(STYLES, style.read_text("utf-8")), style
    episode = (site / "api" / "episode.html").read_text("utf-8")
    assert 'id="environments.episode.Episode.begin"' in episode
    worlds = (site / "api" / "worlds.html").read_text("utf-8")
    assert 'id="world_fixtures.spec.WorldSpec"' in worlds


@pytest.mark.parametrize(
    "broken",
    [
        {
            "index.md": ("[a page](nowhere.md)", "nowhere.md"),
            "limits.md": ("[a part](worlds.md#no-such-part)", "no-such-part"),
            "forgotten.md": ("# A page that the navigation does not name", "forgotten.md"),
        },
        {"api/episode.md": ("::: environments.no_such_module", "no_such_module")},
    ],
    ids=["links", "module"],
)
def test_what_leads_nowhere_stops_the_build(tmp_path: Path, broken: dict[str, tuple]) -> None:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "docs", root / "docs")
    for name in ("mkdocs.yml", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"):
        shutil.copy(ROOT / name, root)
    for package in ("environments", "world_fixtures"):
        (root / package).symlink_to(ROOT / package)
    for page, (text, _) in broken.items():
        with (root / "docs" / page).open("a", encoding="utf-8") as file:
            file.write(f"\n\n{text}\n")
    done = build(root, tmp_path / "site")
    assert done.returncode != 0
    for _, told in broken.values():
        assert told in done.stderr

"""README, CONTRIBUTING and docs name only what exists."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from environments.cli import main
from environments.config import EvenniaWorldEnvConfig
from environments.modes.short_names import MODES, SHORT_NAMES
from world_fixtures.library import load_world

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
FRAMEWORKS = sorted((ROOT / "docs/frameworks").glob("*.md"))
DOCS = [*sorted((ROOT / "docs").glob("*.md")), *FRAMEWORKS]
CHANGELOG = ROOT / "CHANGELOG.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *DOCS]
"""The changelog is apart: it names what no longer exists."""
OWN = ("environments", "world_fixtures", "benchmarks")

PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""A fenced block of Python."""
YAML = r"(?ms)^```yaml\n(.*?)^```"


def each(pattern: str, pages: list[Path] = PAGES) -> list[tuple[str, str]]:
    """Page and text of each match of the pattern's first group, once a page."""
    found = {
        (page.relative_to(ROOT).as_posix(), match[1])
        for page in pages
        for match in re.finditer(pattern, page.read_text(encoding="utf-8"))
    }
    assert found, pattern
    return sorted(found)


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize(("page", "link"), each(r"\]\(((?!\w+:)[^)\s]+)\)", [*PAGES, CHANGELOG]))
def test_links_lead_somewhere(page: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    assert target.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in map(slug, headings)


def test_every_page_is_reached_from_the_readme_or_from_that_of_frameworks() -> None:
    linked = {link for _, link in each(r"\]\(([^)\s]+)\)", [ROOT / "README.md"])}
    linked |= {
        f"docs/{link}" for _, link in each(r"\]\(([^)\s]+)\)", [ROOT / "docs/frameworks.md"])
    }
    assert {p.relative_to(ROOT).as_posix() for p in PAGES} - {"README.md"} <= linked


@pytest.mark.parametrize(
    ("page", "path"),
    each(
        r"(?<![\w/.-])((?:\.ci|benchmarks|configs|docs|environments|tests|world_fixtures)/[\w./-]*\w)"
    ),
)
def test_files_exist(page: str, path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("page", "name"), each(r"`(\w+\.py)`"))
def test_modules_named_without_a_folder_exist(page: str, name: str) -> None:
    assert any(path for own in OWN for path in (ROOT / own).rglob(name))


@pytest.mark.parametrize(("page", "name"), each(r"`(test_\w+(?:::test_\w+)?)`"))
def test_tests_exist(page: str, name: str) -> None:
    module, _, function = name.partition("::")
    texts = [p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob(f"{module}.py")]
    assert texts
    assert not function or any(re.search(rf"def {function}\(", text) for text in texts)


@pytest.mark.parametrize(
    ("page", "name"), each(rf"(?<![\w./])((?:{'|'.join(OWN)})\.[a-zA-Z_.]*\w)")
)
def test_modules_and_their_names_exist(page: str, name: str) -> None:
    if (ROOT / name).is_file():
        return
    parts = name.split(".")
    depth = max(n for n in range(1, len(parts) + 1) if is_module(".".join(parts[:n])))
    found = loaded(".".join(parts[:depth]))
    for part in parts[depth:]:
        found = getattr(found, part)


@pytest.mark.parametrize(("page", "name"), each(r"\| `([\w.]+)` \|\n", [CHANGELOG]))
def test_modules_have_moved_where_the_changelog_says(page: str, name: str) -> None:
    assert is_module(name)


def loaded(module: str) -> Any:
    """A module of ours; the test is skipped where a framework that it needs is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in OWN:
            raise
        pytest.skip(f"{error.name} is not installed")


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def imports() -> Iterator[tuple[str, str, str]]:
    """Page, module and name of our own that code in a page imports; the name may be empty."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = PYTHON.findall(text)
        blocks += re.findall(r"^    ((?:from|import) [\w., ]+)$", text, re.MULTILINE)
        for node in (n for block in blocks for n in ast.walk(ast.parse(block))):
            where = page.relative_to(ROOT).as_posix()
            if isinstance(node, ast.Import):
                yield from ((where, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((where, str(node.module), alias.name) for alias in node.names)


@pytest.mark.parametrize(
    ("page", "module", "name"), sorted({i for i in imports() if i[1].split(".")[0] in OWN})
)
def test_imports_resolve(page: str, module: str, name: str) -> None:
    found = loaded(module)
    assert not name or hasattr(found, name) or is_module(f"{module}.{name}")


@pytest.mark.parametrize(("page", "verb"), each(r"evennia-world ([a-z]+)"))
def test_verbs_of_the_command_line_exist(
    page: str, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(SystemExit):  # as some libraries end a help
        main(["--help"])
    assert re.search(rf"^\W*{verb}\b", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize(("page", "option"), each(r"--env\.(\w+)\b(?!\.\w)"))
def test_options_exist(page: str, option: str) -> None:
    assert option in EvenniaWorldEnvConfig.model_fields


@pytest.mark.parametrize(("page", "target"), each(r"(?m)(?:`|^ {4})make ([a-z-]+)"))
def test_make_targets_exist(page: str, target: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    hosts = re.findall(r"^HOSTS = (.+)$", makefile, re.MULTILINE)[0].split()
    assert target in [f"adapter-{host}" for host in hosts] or re.search(
        rf"^{target}:", makefile, re.MULTILINE
    )


@pytest.mark.parametrize("text", [text for _, text in each(YAML, [ROOT / "docs" / "worlds.md"])])
def test_the_worlds_in_yaml_load_as_they_are_saved(text: str, tmp_path: Path) -> None:
    path = tmp_path / "my_house.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_world(str(path)).rooms


@pytest.mark.slow
def test_the_python_of_worlds_that_go_on_prints_what_it_says(tmp_path, monkeypatch, capsys) -> None:
    page = (ROOT / "docs" / "living.md").read_text(encoding="utf-8")
    (code,) = PYTHON.findall(page)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "living.md", "exec"), {})
    shown = capsys.readouterr().out
    for line in re.findall(r"# begins: (.+)", code):
        assert line in shown.splitlines()
    assert main(["replay", "traces"]) == 0
    assert "0 differences in 2 traces" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("code", PYTHON.findall(PAGES[0].read_text(encoding="utf-8")))
def test_the_readmes_python_runs(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out


def test_the_table_of_short_names_is_that_of_the_command_line() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for short, names in SHORT_NAMES.items():
        cells = [f"`--{names.of(mode)}`" if names.of(mode) else "" for mode in MODES]
        assert f"| `--{short}` | {' | '.join(cells)} |" in page

"""What the packages import is what the project declares."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = {"environments", "world_fixtures"}
DISTRIBUTIONS = {"yaml": "pyyaml"}
"""Module -> distribution, where the two differ by more than a dash."""
HOSTS = {"vllm", "server"}
"""Programs that load a module of ours into themselves; without them it is not loaded. `server` is
the settings of a user's game."""


@cache
def imported() -> tuple[tuple[str, Path], ...]:
    return tuple(imports())


def imports() -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    names = [node.module or ""]
                else:
                    continue
                for name in names:
                    yield name.split(".")[0], file.relative_to(ROOT)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> dict[str, set[str]]:
    """Distributions by extra; "" has those that are always installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lists = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: {normal(re.match(r"[\w.-]+", line)[0]) for line in lines}
        for extra, lines in lists.items()
    }


def test_what_is_imported_is_declared() -> None:
    known = set().union(*(names for extra, names in declared().items() if extra != "dev"))
    missing = {
        f"{file}: {module}"
        for module, file in imported()
        if module not in sys.stdlib_module_names | OURS | HOSTS
        and normal(DISTRIBUTIONS.get(module, module)) not in known
    }
    assert not missing


def test_what_is_declared_is_imported() -> None:
    """Nothing is installed that nobody uses."""
    used = {normal(DISTRIBUTIONS.get(module, module)) for module, _ in imported()}
    assert declared()[""] <= used


def test_no_extra_is_empty() -> None:
    assert all(declared().values())


def test_every_dependency_is_pinned() -> None:
    pinned = {
        normal(line.split("==")[0])
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    assert declared()[""] | declared()["dev"] | declared()["docs"] <= pinned


def test_the_light_distribution_takes_from_what_is_declared() -> None:
    """A name that is declared no more would silently be left out of it."""
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse((ROOT / "light/setup.py").read_text("utf-8")).body
        if isinstance(node, ast.Assign) and node.targets[0].id in ("DEPENDENCIES", "HOSTS")
    }
    assert set(constants["DEPENDENCIES"]) <= declared()[""]
    assert set(constants["HOSTS"]) <= declared().keys()
    hosts = re.search("^HOSTS = (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert hosts[1].split() == sorted(constants["HOSTS"])

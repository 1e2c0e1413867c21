"""The light distribution: the packages of the clone around it, with fewer dependencies.

What both have is read from the clone's pyproject.toml, so that it is said once.
"""

import re
import tomllib
from pathlib import Path

from setuptools import find_namespace_packages, setup

DEPENDENCIES = ("networkx", "pydantic", "pydantic-core", "pyyaml", "typer")
"""Those of the whole project's that an episode, tasks, policies and the command line need."""
HOSTS = ("gymnasium", "inspect", "openenv", "trl", "verifiers")
"""Extras of the whole project that this distribution has, too."""

CLONE = Path(__file__).resolve().parent.parent
WHOLE = tomllib.loads((CLONE / "pyproject.toml").read_text("utf-8"))
PROJECT = WHOLE["project"]
PACKAGES = find_namespace_packages(str(CLONE), include=["environments*", "world_fixtures*"])


def named(requirement: str) -> str:
    """Return the distribution's name in a requirement."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower()


def written(points: dict[str, str]) -> list[str]:
    """Return entry points as setuptools reads them."""
    return [f"{name} = {place}" for name, place in points.items()]


setup(
    packages=[*PACKAGES, "environments.configs"],
    # Seen from here: a path that leads elsewhere has to be relative.
    package_dir={
        "environments": "../environments",
        "environments.configs": "../configs",
        "world_fixtures": "../world_fixtures",
    },
    package_data={"": WHOLE["tool"]["setuptools"]["package-data"]["*"]},
    install_requires=[r for r in PROJECT["dependencies"] if named(r) in DEPENDENCIES],
    extras_require={
        name: needed for name, needed in PROJECT["optional-dependencies"].items() if name in HOSTS
    },
    entry_points={
        "console_scripts": written(PROJECT["scripts"]),
        **{group: written(points) for group, points in PROJECT["entry-points"].items()},
    },
)

"""Versions that records name: of the packages of this interpreter, and of the tasks."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from environments.tasks.version import TASKS_VERSION


def installed(*packages: str) -> dict[str, str]:
    """Return the versions of those `packages` that are installed here.

    The world server may have Evennia in another interpreter, and a host need not have Atropos.
    """
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


VERSIONS = {**installed("evennia", "atroposlib"), "tasks": str(TASKS_VERSION)}

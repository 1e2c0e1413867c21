"""What the packages below the environment offer, and what importing them loads."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PACKAGES = (
    "environments.tasks",
    "environments.tasks.families",
    "environments.tasks.suites",
    "environments.policies",
    "environments.tool_call_parsers",
    "environments.evaluation",
    "environments.evaluation.diagnostics",
)
HEAVY = ("openai", "atroposlib", "transformers", "django", "evennia")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package):
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        module.nothing  # noqa: B018


def test_importing_them_loads_nothing_heavy():
    program = (
        f"import sys, importlib; [importlib.import_module(p) for p in {PACKAGES}];"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert loaded == "[]\n"


def test_what_a_rollout_records_needs_no_world_generator():
    program = (
        "import sys, environments.tasks, environments.rollouts.record;"
        "print([n for n in ('networkx', 'world_fixtures.generator') if n in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert loaded == "[]\n"

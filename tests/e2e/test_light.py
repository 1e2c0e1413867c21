"""The light distribution, built and installed where neither the clone nor Evennia is."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.e2e.wheels import ROOT, build, pip

PYTHON = os.environ.get("EVENNIA_LIGHT_PYTHON")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PYTHON is None, reason="EVENNIA_LIGHT_PYTHON names no environment (make test-all)"
    ),
]

LEFT_OUT = ("aiohttp", "atroposlib", "django", "evennia", "numpy", "openai", "torch",
            "transformers", "twisted", "wandb")  # fmt: skip
PLAY = """
    import sys
    from environments.hosting.blocking import SyncRollout
    from environments.hosting.source import TaskChoice, TaskSource
    from environments.hosting.worlds import shared_worlds
    from environments.policies.player import PolicyPlayer

    with TaskSource(TaskChoice(kinds="persistence.restart,errand.deliver")) as tasks:
        for index in range(3):
            task = tasks.task(index)
            rollout = SyncRollout.begin(shared_worlds(1), task)
            player = PolicyPlayer("oracle", task, rollout.prompt)
            while not rollout.over and (call := player.call()) is not None:
                step = rollout.step(*call)
                player.told(step.text, step.prompt)
            rollout.close()
            assert rollout.verdict.reward == 1, rollout.verdict
    print("played")
"""


class Light:
    """The installed wheel, in an empty directory that is also the home."""

    def __init__(self, wheel: Path, directory: Path) -> None:
        self.wheel = wheel
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "EVENNIA"))}
        self._env = {**kept, "HOME": str(directory), "EVENNIA_WORLD_PYTHON": sys.executable}
        self._directory = directory

    def run(self, *command: str, code: int = 0) -> str:
        """Return all that a program prints; it must end with this code."""
        done = subprocess.run(
            command, cwd=self._directory, env=self._env, text=True, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == code, done.stdout
        return done.stdout

    def python(self, program: str) -> str:
        """Run a program in its interpreter."""
        return self.run(str(PYTHON), "-c", textwrap.dedent(program))

    def evennia_world(self, *arguments: str, code: int = 0) -> str:
        """Run its command line."""
        return self.run(str(Path(str(PYTHON)).with_name("evennia-world")), *arguments, code=code)


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Light:
    wheel = build(str(PYTHON), tmp_path_factory.mktemp("wheel"), "light")
    pip(str(PYTHON), "install", "--no-deps", "--force-reinstall", "--no-compile", str(wheel))
    return Light(wheel, tmp_path_factory.mktemp("home"))


def test_it_holds_the_two_packages_whole(light) -> None:
    with zipfile.ZipFile(light.wheel) as archive:
        held = {n for n in archive.namelist() if ".dist-info/" not in n}
    listed = subprocess.run(
        ["git", "ls-files", "environments", "world_fixtures"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    configs = {f"environments/configs/{path.name}" for path in (ROOT / "configs").iterdir()}
    assert held == set(listed) | configs


def test_an_episode_is_played_without_what_is_left_out(light) -> None:
    program = f"""
        import environments.episode, sys
        assert "site-packages" in environments.__file__
        assert not {{'django', 'evennia', 'atroposlib', 'torch'}} & set(sys.modules)
        from importlib.util import find_spec
        print([name for name in {LEFT_OUT} if find_spec(name)])
    """
    assert light.python(program).strip() == "[]"
    assert light.python(PLAY).strip() == "played"


def test_commands_work_or_say_in_one_line_what_they_lack(light) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(project["scripts"]) == {"evennia-world"}
    assert "PROBLEM" not in light.evennia_world("doctor")
    assert "hash" in light.evennia_world("worlds", "show", "7")
    for command in (["evaluate", "--policy", "oracle"], ["compare", "a", "b"], ["demo"]):
        told = light.evennia_world(*command, code=2)
        assert "install the whole distribution, evennia-world-env," in told
        assert len(told.splitlines()) == 1

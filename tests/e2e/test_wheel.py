"""The wheel, built and installed where the clone is not: what the README says to type, runs."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.e2e.wheels import ROOT, build, pip

PYTHON = os.environ.get("EVENNIA_WHEEL_PYTHON")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PYTHON is None, reason="EVENNIA_WHEEL_PYTHON names no environment (make test-all)"
    ),
]

NOWHERE = "--openai.base_url http://127.0.0.1:9/v1"
CHANGES = {
    "--config configs/openrouter.yaml": NOWHERE,
    "--config configs/openai_compatible.yaml": NOWHERE,
    "--config configs/vllm.yaml": NOWHERE,
    "process --limit 100": "--limit 2",
    "--config configs/atropos_serve.yaml": "--env.rollout_server_url http://127.0.0.1:9",
}
"""What is added to a command of the README, to need neither a model, nor a trainer, nor long."""
ENDINGS = {
    NOWHERE: (2, "no endpoint"),
    "--env.rollout_server_url": (2, "no Atropos API"),
    "evennia-world play": (1, ":submit"),
}
"""How a command ends that cannot end with 0 here, and what it prints."""


def readme_commands() -> list[str]:
    """Return the lines of the README's code blocks that begin with `evennia-world`."""
    text = (ROOT / "README.md").read_text("utf-8").replace("\\\n", " ")
    typed = [line[4:] for line in text.splitlines() if line.startswith("    evennia-world ")]
    return [" ".join(line.split("  #")[0].split()) for line in typed]


class Installed:
    """The wheel's programs, in an empty directory that is also the home."""

    def __init__(self, wheel: Path, directory: Path) -> None:
        self.wheel = wheel
        self.directory = directory
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "EVENNIA"))}
        path = f"{Path(str(PYTHON)).parent}:{kept['PATH']}"
        self._env = {**kept, "PATH": path, "HOME": str(directory), "WANDB_MODE": "offline"}

    def run(self, command: str, code: int = 0, typed: str = "") -> str:
        """Return all that a shell command prints; it must end with this code."""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.directory, env=self._env, input=typed, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, done.stdout
        assert "Traceback" not in done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    wheel = build(str(PYTHON), tmp_path_factory.mktemp("wheel"))
    pip(str(PYTHON), "install", "--no-deps", "--force-reinstall", "--no-compile", str(wheel))
    return Installed(wheel, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def played(installed: Installed) -> str:
    """The run that the README names, of three tasks."""
    families = ("errand", "inspection", "persistence")
    suite = [{"family": family, "seed": 1, "difficulty": 1} for family in families]
    (installed.directory / "three.yaml").write_text(yaml.safe_dump(suite))
    installed.run(
        "evennia-world evaluate --env.suite three.yaml --env.policy noisy --env.eval_attempts 3"
        " --env.eval_baselines false --env.data_dir_to_save_evals runs/hermes4"
    )
    return "runs/hermes4"


def test_it_holds_the_two_packages_and_nothing_else(installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"environments", "world_fixtures"}
    there = installed.run("python -c 'import environments; print(environments.__file__)'")
    assert "site-packages" in there
    for package in ("environments", "world_fixtures"):
        assert f"{package}/py.typed" in names


@pytest.mark.parametrize("command", readme_commands())
def test_a_command_of_the_readme_runs(installed, played, command) -> None:
    for part, more in CHANGES.items():
        if part in command:
            command = f"{command} {more}"
    code, printed = next((e for part, e in ENDINGS.items() if part in command), (0, ""))
    assert printed in installed.run(command, code, typed=":quit\n")


def test_the_commands_that_the_text_names_run(installed, played) -> None:
    assert "PROBLEM" not in installed.run("evennia-world doctor")
    assert "no difference" in installed.run(f"evennia-world compare {played} {played}").lower()
    for mode in ("evaluate", "process", "serve"):
        assert "--env.policy" in installed.run(f"evennia-world {mode} --help")
    assert "evaluate" in installed.run("evennia-world bench --help")

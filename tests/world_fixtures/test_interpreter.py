"""The world server in another interpreter than the one that asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import textwrap
import venv
from pathlib import Path

import pytest

from world_fixtures import home
from world_fixtures.common import UserError
from world_fixtures.servers import ServerPool
from world_fixtures.state import initial_state

GIVEN = "EVENNIA_WORLD_TEST_PYTHON"
"""Names an interpreter with evennia to test with; without it, one with our own packages is made."""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    """An interpreter with the standard library alone."""
    directory = tmp_path_factory.mktemp("bare")
    venv.create(directory, symlinks=True, with_pip=False)
    return directory / "bin" / "python"


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    """Another interpreter that has evennia."""
    if GIVEN in os.environ:
        return Path(os.environ[GIVEN])
    directory = tmp_path_factory.mktemp("other")
    venv.create(directory, symlinks=True, with_pip=False)
    paths = {"base": str(directory), "platbase": str(directory)}
    link = Path(sysconfig.get_path("purelib", vars=paths)) / "ours.pth"
    link.write_text(sysconfig.get_path("purelib") + "\n")
    return directory / "bin" / "python"


def check_process(pid: int, python: Path) -> None:
    """Assert that a process runs in an interpreter and finds our package there, nothing else."""
    assert Path(os.readlink(f"/proc/{pid}/exe")) == python.resolve()
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    (path,) = [v for v in environment.split(b"\0") if v.startswith(b"PYTHONPATH=")]
    (only,) = Path(os.fsdecode(path.partition(b"=")[2])).iterdir()
    assert (only.name, only.resolve()) == ("world_fixtures", home.PACKAGE)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/exe").exists(), reason="needs Linux's /proc")
async def test_a_world_is_played_in_another_interpreter(other, cottage, own_home) -> None:
    async with ServerPool(1, python=str(other)) as pool:
        instance = await pool.acquire(cottage)
        session = await instance.open()
        event = await session.command("get lamp")
        check_process(pool.servers[0].pid, other)
        await session.close()
        await instance.restart()
        assert (await instance.state()).hash == event.state_hash
        assert await instance.reset() == 1
        assert await instance.state() == initial_state(cottage)
    assert not list((own_home / "scratch").iterdir())


def test_the_variable_names_it_and_the_option_goes_before(monkeypatch) -> None:
    monkeypatch.delenv("EVENNIA_WORLD_PYTHON", raising=False)
    assert ServerPool(1).python == home.interpreter() == sys.executable
    monkeypatch.setenv("EVENNIA_WORLD_PYTHON", "/opt/world/bin/python")
    assert ServerPool(1).python == "/opt/world/bin/python"
    assert ServerPool(1, python="/other/python").python == "/other/python"


def test_a_path_is_that_of_here_wherever_it_is_used(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    assert home.interpreter("worlds/bin/python") == str(tmp_path / "worlds/bin/python")
    assert home.interpreter("python3.12") == "python3.12"


def test_its_environment_holds_our_package_alone(bare, own_home, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("SOME_API_KEY", "secret")
    env = home.child_env(str(bare))
    assert "SOME_API_KEY" not in env
    assert [p.name for p in Path(env["PYTHONPATH"]).iterdir()] == ["world_fixtures"]
    assert home.child_env(sys.executable)["PYTHONPATH"].split(":") == [str(ROOT), "/somewhere"]


@pytest.mark.parametrize("kind", ["no file", "no program", "no Python", "no evennia"])
async def test_what_is_no_interpreter_for_it_is_said_in_one_line(
    kind, bare, tmp_path, own_home
) -> None:
    text = tmp_path / "text"
    text.write_text("not a program")
    python = {"no file": "/no/such/python", "no program": str(text), "no Python": "/bin/true",
              "no evennia": str(bare)}[kind]  # fmt: skip
    with pytest.raises(UserError) as caught:
        async with ServerPool(1, python=python):
            pass
    message = str(caught.value)
    assert python in message
    assert "EVENNIA_WORLD_PYTHON" in message
    assert "\n" not in message
    assert ("has no evennia" in message) == (kind == "no evennia")
    assert not list((own_home / "scratch").iterdir())


def test_who_asks_for_a_world_server_needs_no_evennia() -> None:
    program = """
        import sys
        for name in ("evennia", "django", "twisted"):
            sys.modules[name] = None  # an import fails
        import world_fixtures.background, world_fixtures.servers, world_fixtures.spectator
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

"""A person plays at the page: a whole task in a real browser, kept as a run of theirs."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from environments.hosting.choice import chosen
from environments.rollouts.files import read_rollouts
from environments.rollouts.record import StopReason
from environments.tasks.model import Task
from tests.browser import Tab, browser, needs_browser

pytestmark = [pytest.mark.slow, pytest.mark.once]
TWO_PARTS = "test/persistence.recall/1/0"
OTHER = "test/errand.deliver/1/3"


def started(programs: Any, *given: str) -> tuple[subprocess.Popen[str], str]:
    """`play --web` and the address that it prints."""
    process = programs.start(sys.executable, "-m", "environments.cli.main", "play", "--web", *given)
    found = r"open (http://127\.0\.0\.1:\d+/[\w-]+/) in a browser"
    programs.wait_for(lambda: re.search(found, programs.printed()) or process.poll(), "the page")
    address = re.search(found, programs.printed())
    assert address is not None, programs.printed()
    return process, address[1]


async def walk(tab: Tab, task: Task) -> None:
    """Play the walkthrough at the page."""
    for part, stage in enumerate(task.stages, start=1):
        await tab.until(f"!document.querySelector('#world').hidden && view.task.part === {part}")
        for step in stage.walkthrough:
            number = await tab.value("view.number")
            if step.tool == "command":
                await tab.until("document.activeElement.id === 'command' && !busy")
                await tab.type(step.command, enter=True)
            elif step.tool == "disconnect":
                await tab.click("#leave")
            else:
                for name, value in step.answer.items():
                    await tab.click(f"textarea[name={name}]")
                    await tab.type(str(value))
                await tab.click("#answer button[type=submit]")
            await tab.until(f"view.number > {number} && !busy")


@needs_browser
async def test_a_task_is_played_in_a_browser_and_stands_in_the_report(
    programs: Any, tmp_path: Path
) -> None:
    task = chosen(None, [TWO_PARTS])[1][0]
    given = ("--task", TWO_PARTS, "--name", "ada", "--save", "run")
    process, url = await asyncio.to_thread(started, programs, *given)
    try:
        async with browser() as tab:
            await tab.open(url)
            await tab.click("#first")
            await walk(tab, task)
            await tab.until("view.phase === 'over'")
            assert "Solved: reward 1.00" in await tab.text("#verdict")
            await tab.click("#end")
            assert "is kept in run" in await tab.until("!ended.hidden && kept.innerText")
            assert tab.complaints == []
            assert {a.partition(url)[0] for a in tab.requested if not a.startswith("data:")} == {""}
        assert await asyncio.to_thread(process.wait, 60) == 0
    finally:
        process.kill()
    (rollout,) = read_rollouts(tmp_path / "run")
    assert (rollout.model, rollout.stop) == ("human/ada", StopReason.SUBMITTED)
    assert rollout.verdict is not None
    assert rollout.verdict.success
    assert len(rollout.conversations) == len(task.stages)
    assert "human/ada" in (tmp_path / "run" / "summary.md").read_text()
    assert "human/ada" in (tmp_path / "run" / "report.html").read_text()
    assert programs.world_servers() == []


@needs_browser
async def test_ctrl_c_keeps_what_was_finished_and_the_same_command_goes_on(
    programs: Any, tmp_path: Path
) -> None:
    given = ("--task", OTHER, "--task", TWO_PARTS, "--save", "run")
    process, url = await asyncio.to_thread(started, programs, *given)
    async with browser() as tab:
        await tab.open(url, width=390, height=844)
        await tab.click("#first")
        await tab.click("#give_up")
        await tab.until("view.phase === 'over'")
        await tab.click("#next")
        await tab.until("view.phase === 'playing'")
        assert await tab.value("document.documentElement.scrollWidth") <= 390
        printed = await asyncio.to_thread(programs.interrupt, process)
    assert process.returncode == 130
    assert "stopped: what was finished is kept" in printed
    assert [r.task.id for r in read_rollouts(tmp_path / "run")] == [OTHER]
    assert (tmp_path / "run" / "report.html").exists()
    process, _ = await asyncio.to_thread(started, programs, *given)
    assert await asyncio.to_thread(programs.interrupt, process)
    assert programs.world_servers() == []
    assert programs.scratch() == []

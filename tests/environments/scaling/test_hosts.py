"""Work goes to whichever host is there; what a lost one held is done by another."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from environments.scaling.host import HostFailed
from environments.scaling.hosts import Hosts
from environments.scaling.local import Workers
from world_fixtures.common import UserError

sys.path.append(str(Path(__file__).parent))  # hosts import it by the same name
from host_programs import Loading, Sums, refused


async def until(done):
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_orders_are_shared_out_and_a_lost_host_is_replaced(tmp_path):
    mark = tmp_path / "waited"
    alive = tmp_path / "alive"
    alive.mkdir()
    async with Hosts(Workers(Sums(alive), 2)) as hosts:
        await until(lambda: hosts.there == 2)
        sums = await asyncio.gather(*(hosts.ask((n, 1)) for n in range(50)))
        assert sums == [n + 1 for n in range(50)]
        playing = asyncio.create_task(hosts.ask("wait once"))
        await until(lambda: mark.exists() and mark.read_text())
        first = int(mark.read_text())
        os.kill(first, signal.SIGKILL)
        assert await playing != first
        await until(lambda: hosts.there == 2)
        assert hosts.lost == 1
        # what is wrong with an order is its own affair
        with pytest.raises(UserError, match="give smaller numbers"):
            await hosts.ask("refuse")
        with pytest.raises(HostFailed, match="no such sum"):
            await hosts.ask("fail")
        waiting = asyncio.create_task(hosts.ask("wait"))
        await until((tmp_path / "waits").exists)
        pids = {int(path.name) for path in alive.iterdir()} - {first}
        assert len(pids) == 2
        waiting.cancel()
    assert {int(path.name) for path in alive.iterdir()} == {first}  # the others ended in order
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_an_order_that_kills_every_host_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("environments.scaling.hosts.LOOK", 0.05)
    async with Hosts(Workers(Sums(tmp_path), 1)) as hosts:
        with pytest.raises(UserError, match="4 hosts were lost"):
            await hosts.ask("die")
        assert await hosts.ask((1, 2)) == 3


async def test_what_keeps_a_host_from_beginning_is_told():
    async with Hosts(Workers(refused, 1)) as hosts:
        with pytest.raises(UserError, match="MY_KEY"):
            await hosts.ask((1, 2))


async def test_a_host_that_is_still_loading_ends_at_once(tmp_path, caplog):
    async with Hosts(Workers(Loading(tmp_path / "loading"), 1)):
        await until((tmp_path / "loading").exists)
    assert not caplog.records  # it was not waited for in vain, and then killed

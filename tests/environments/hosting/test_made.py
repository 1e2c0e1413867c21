"""What several want is made once, made again where it failed, and forgotten in the end."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

import pytest

from environments.hosting.made import KEPT, MadeOnce
from world_fixtures.common import UserError


class Making:
    """Makes numbers, each once `go` is set, and counts how often."""

    def __init__(self) -> None:
        self.counted: Counter[int] = Counter()
        self.go = asyncio.Event()
        self.fails = False

    async def make(self, number: int) -> str:
        self.counted[number] += 1
        await self.go.wait()
        if self.fails:
            raise UserError("not now")
        return str(number)


async def test_a_thing_is_made_once_for_all_who_want_it_also_where_one_of_them_gives_up() -> None:
    making = Making()
    made = MadeOnce(making.make)
    impatient, patient = (asyncio.ensure_future(made.get(7)) for _ in range(2))
    made.begin(7)
    await asyncio.sleep(0)
    impatient.cancel()
    making.go.set()
    assert await patient == "7"
    assert await made.get(7) == "7"
    assert making.counted == {7: 1}


async def test_what_could_not_be_made_is_tried_again_and_unread_errors_are_not_reported() -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: reported.append(told))
    making = Making()
    making.fails = True
    making.go.set()
    made = MadeOnce(making.make)
    made.begin(8)
    with pytest.raises(UserError, match="not now"):
        await made.get(7)
    making.fails = False
    assert await made.get(7) == "7"
    await made.close()
    gc.collect()
    assert not reported


async def test_those_wanted_last_are_kept_and_those_before_are_forgotten() -> None:
    making = Making()
    making.go.set()
    made = MadeOnce(making.make)
    for number in range(KEPT):
        await made.get(number)
    await made.get(0)
    await made.get(KEPT)
    await made.get(0)
    assert making.counted[0] == 1
    await made.get(1)
    assert making.counted[1] == 2


async def test_what_is_being_made_ends_with_it() -> None:
    making = Making()
    made = MadeOnce(making.make)
    waiting = asyncio.ensure_future(made.get(7))
    await asyncio.sleep(0)
    await made.close()
    await made.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    making.go.set()
    assert await made.get(7) == "7"

"""The process that attacks: `python -m benchmarks.hostile_attacker`, for `benchmarks.hostile`.

It reads its targets from the first line of its input, and then a number of frames a line. When
it has sent those it answers with what it sent so far, by listener.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.hostile_frames import FRAMES

AT_ONCE = 32
"""Frames under way at once, slow ones included."""
SLOW = 0.01
"""Share of frames that are sent in pieces."""
FLOOD = 0.0005
"""Share of frames that come with `FLOOD_SIZE` connections which say nothing."""
FLOOD_SIZE = 100
PATIENCE = 0.5
"""Seconds that an answer is waited for."""
KEPT = ("gateway_trusted", "telnet", "websocket")
"""Listeners that get many frames on one connection, until they close it."""
UPGRADE = (
    b"GET /?false&0&x HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Attacker:
    """Sends frames in turn to each listener, at a steady pace."""

    def __init__(self, targets: dict[str, Any], seed: str, cage: Path, pace: float) -> None:
        self._targets = targets
        self._rng = random.Random(seed)
        self._addresses = random.Random()  # drawn as connections come, not as frames do
        self._cage = cage
        self._pace = pace
        self._free = asyncio.Semaphore(AT_ONCE)
        self._kept: dict[str, Streams] = {}
        self._busy = {name: asyncio.Lock() for name in targets}
        self.sent: Counter[str] = Counter()
        """Frames of which at least a part was sent."""
        self.cut: Counter[str] = Counter()
        """Those of them that the listener did not take to their end, as it may."""
        self.refused: Counter[str] = Counter()
        """Connections that were closed at once, as those beyond a listener's limit are."""

    async def send(self, count: int) -> None:
        """Send so many frames; one whose connection could not be opened is not counted."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        count += self.sent.total()
        names = sorted(self._targets)
        async with asyncio.TaskGroup() as group:
            for n in itertools.count():
                if self.sent.total() >= count:
                    break
                await asyncio.sleep(max(0.0, begun + n / self._pace - loop.time()))
                await self._free.acquire()
                name = names[n % len(names)]
                frame = FRAMES[name](self._rng, self._cage)
                if root := self._targets[name].get("root"):  # a secret: not known beforehand
                    frame = frame.replace(b"/v1/", f"/{root}/v1/".encode(), 1)
                slow, flood = self._rng.random() < SLOW, self._rng.random() < FLOOD
                group.create_task(self._one(name, frame, slow, flood))

    async def _one(self, name: str, frame: bytes, slow: bool, flood: bool) -> None:
        try:
            if flood:
                await self._flood(name)
            async with self._busy[name] if name in KEPT else contextlib.nullcontext():
                await self._deliver(name, frame, slow)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            self.cut[name] += 1
            self._drop(name)
        finally:
            self._free.release()

    async def _deliver(self, name: str, frame: bytes, slow: bool) -> None:
        try:
            reader, writer = await self._streams(name)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            self.refused[name] += 1
            return
        self.sent[name] += 1
        step = max(1, len(frame) // 10) if slow else len(frame) or 1
        try:
            async with asyncio.timeout(10):
                for start in range(0, len(frame), step):
                    writer.write(frame[start : start + step])
                    await writer.drain()
                    if slow:
                        await asyncio.sleep(0.02)
            if name in KEPT:
                await self._skim(name, reader)
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        await reader.read(1 << 16)
        finally:
            if name not in KEPT:
                writer.transport.abort()

    async def _streams(self, name: str) -> Streams:
        if name in KEPT and name in self._kept:
            return self._kept[name]
        opened = await self._open(name)
        reader, writer = opened
        if name == "gateway_trusted":
            writer.write(self._targets[name]["secret"].encode() + b"\n")
            await reader.readline()
        if name == "websocket":
            writer.write(UPGRADE)
            async with asyncio.timeout(10):
                await reader.readuntil(b"\r\n\r\n")
        if name in KEPT:
            self._kept[name] = opened
        return opened

    async def _open(self, name: str) -> Streams:
        target = self._targets[name]
        if "path" in target:
            return await asyncio.open_unix_connection(target["path"])
        # From another address of loopback each time: no port runs out, no limit by address
        # holds.
        here = ".".join(str(self._addresses.randrange(1, 255)) for _ in range(3))
        return await asyncio.open_connection(
            "127.0.0.1", target["port"], local_addr=(f"127.{here}", 0)
        )

    async def _skim(self, name: str, reader: asyncio.StreamReader) -> None:
        """Throw away what has been answered; forget a connection that was closed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                while await reader.read(1 << 16):
                    pass
                self._drop(name)

    def _drop(self, name: str) -> None:
        kept = self._kept.pop(name, None)
        if kept is not None:
            kept[1].transport.abort()

    async def _flood(self, name: str) -> None:
        opened = await asyncio.gather(
            *(self._open(name) for _ in range(FLOOD_SIZE)), return_exceptions=True
        )
        await asyncio.sleep(PATIENCE)
        for one in opened:
            if not isinstance(one, BaseException):
                one[1].transport.abort()


async def main() -> None:
    """Attack as standard input says, until it ends."""
    order = json.loads(sys.stdin.readline())
    attacker = Attacker(order["targets"], order["seed"], Path(order["cage"]), order["pace"])
    while line := await asyncio.to_thread(sys.stdin.readline):
        await attacker.send(int(line))
        counts = {"sent": attacker.sent, "cut": attacker.cut, "refused": attacker.refused}
        print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    os.nice(19)
    asyncio.run(main())

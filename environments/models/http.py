"""Bodies of HTTP answers, read up to a limit: no endpoint can fill this machine's memory."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

MIB = 1 << 20
MAX_ANSWER = 8 * MIB
"""Bytes of an answer, unpacked. The longest completions of today's models take about 2 MiB."""
MAX_ERROR = 64 * 1024
"""Bytes that are read of an answer that says what went wrong."""
ENCODINGS = ("gzip", "deflate")
"""Content encodings that are asked for and understood."""


class BodyError(Exception):
    """The body of an answer is too large, or damaged."""


async def read_body(
    chunks: AsyncIterable[bytes], encoding: str | None, limit: int, *, cut: bool = False
) -> bytes:
    """Read a body that is sent in `chunks`, unpacked, and no more of it than `limit` bytes.

    `encoding` is the answer's Content-Encoding. What is longer is cut there with `cut`. Raises
    BodyError for it otherwise, and for what cannot be unpacked.
    """
    packing = (encoding or "identity").strip().lower()
    if packing not in ("identity", "x-gzip", "", *ENCODINGS):
        raise BodyError(f"the answer is packed as {encoding!r}, which was not asked for")
    unpack = None if packing in ("identity", "") else zlib.decompressobj(wbits=47)  # gzip or zlib
    body = bytearray()
    async for chunk in chunks:
        room = limit - len(body) + 1
        try:
            body += chunk[:room] if unpack is None else unpack.decompress(chunk, room)
        except zlib.error:
            raise BodyError(f"the answer cannot be unpacked as {packing}") from None
        if unpack is not None and unpack.unused_data:  # zlib would keep all that follows
            raise BodyError(f"the answer goes on after the end of its {packing}")
        if len(body) > limit:
            if cut:
                break
            raise BodyError(f"the answer is larger than {limit / MIB:g} MiB, the most that is read")
    return bytes(body[:limit])

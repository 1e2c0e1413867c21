"""What a hostile client sends: valid messages of each listener, and what becomes of them.

Drawn from a seed: the same frames in each run, but for the names of what is not ours.
"""

from __future__ import annotations

import json
import pickle
import random
import struct
from collections.abc import Callable
from pathlib import Path

from benchmarks.pickles import Canary, boxes
from benchmarks.worlds import grid_world
from world_fixtures.proof import NONCE, PROOF

KINDS = ("valid", "truncated", "flipped", "doubled", "long", "nested", "nul", "utf8", "pickle")
"""What can become of a valid message, each as likely as another."""
SIZES = (1 << 12, 1 << 16, 1 << 16, 1 << 20)
"""Bytes of a message that is too long."""
SPEC = grid_world(2, 2).model_dump(mode="json")
ODD = (
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    "\u202e\uffff".encode(),
)

Frame = Callable[[random.Random, Path], bytes]


def mutated(rng: random.Random, message: bytes, cage: Path) -> bytes:
    """Draw what becomes of a message; a pickle that is read leaves its mark in `cage`."""
    kind = rng.choice(KINDS)
    at = rng.randrange(len(message)) if message else 0
    if kind == "truncated":
        return message[:at]
    if kind == "flipped":
        flipped = bytearray(message)
        for _ in range(rng.randint(1, 8) if message else 0):
            flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        return bytes(flipped)
    if kind == "doubled":
        part = message[at : at + rng.randint(1, 64)]
        return message[:at] + part * rng.randint(2, 64) + message[at:]
    if kind == "long":
        return message[:at] + rng.choice((b"a", b"[", b"\xff", b"9")) * rng.choice(SIZES)
    if kind == "nested":
        opening = rng.choice((b"[", b'{"a":'))
        return message[:at] + opening * rng.choice((100, 5_000, 50_000)) + message[at:]
    if kind == "nul":
        return message[:at] + bytes(rng.randint(1, 100)) + message[at:]
    if kind == "utf8":
        return message[:at] + rng.choice(ODD) * rng.randint(1, 20) + message[at:]
    if kind == "pickle":
        whole = rng.choice([*boxes(cage), pickle.dumps(Canary(cage))])
        return whole if rng.random() < 0.5 else message[:at] + whole
    return message


def gateway(rng: random.Random, cage: Path) -> bytes:
    """A first line to a world server, without its secret."""
    line = rng.choice((b"", b"0" * 32, b'{"id":1,"op":"ping"}', rng.randbytes(16).hex().encode()))
    return mutated(rng, line, cage) + b"\n"


def gateway_trusted(rng: random.Random, cage: Path) -> bytes:
    """A message of a client that knows the secret: about nothing that is somebody else's."""
    about = {"instance": "nobody's", "session": "nobody's", "character": "you", "text": "look"}
    requests: tuple[dict[str, object], ...] = (
        {"op": "ping"},
        {"op": "create", "spec": _broken(rng, SPEC)},
        {"op": "create", "spec_hash": "0" * 32},
        {"op": rng.choice(("open", "state", "events", "changed", "reset", "release")), **about},
        {"op": rng.choice(("command", "close")), **about},
        {"op": "fork", "at": rng.choice((None, -1, 2**70, "x", [1])), **about},
        {"op": "go_back", "to": rng.choice((0, -1, 2**70, None)), **about},
        {"op": "restore", "events": rng.choice(([], [{}], [{"seq": 1}], "x")), **about},
    )
    asked = rng.choice(requests)
    return mutated(rng, json.dumps({"id": rng.randrange(99), **asked}).encode(), cage) + b"\n"


def _broken(rng: random.Random, spec: dict[str, object]) -> dict[str, object]:
    broken = dict(spec)
    broken[rng.choice(sorted(spec))] = rng.choice((None, -1, "x", [[]], {"a": "b"}, 1e308))
    return broken


def endpoint(rng: random.Random, cage: Path) -> bytes:
    """A request to the embedded policies' endpoint, of a rollout that there is not."""
    body = {"model": "random", "user": "nobody's#0", "n": rng.choice((1, 0, 10**9)),
            "messages": [{"role": "user", "content": "look"}]}  # fmt: skip
    raw = json.dumps(body).encode()
    if rng.random() < 0.5:
        raw = mutated(rng, raw, cage)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(raw)}\r\n\r\n"
    whole = head.encode() + raw
    return whole if rng.random() < 0.5 else mutated(rng, whole, cage)


def web(rng: random.Random, cage: Path) -> bytes:
    """A request for a page."""
    path = rng.choice(("webclient/", "static/webclient/js/evennia.js", "admin/", "../" * 9, "api/"))
    more = rng.choice(("", "Cookie: sessionid=a:b:c\r\n", "X-Forwarded-For: 1.2.3.4\r\n"))
    head = f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n{more}Connection: close\r\n\r\n"
    return mutated(rng, head.encode(), cage)


def websocket(rng: random.Random, cage: Path) -> bytes:
    """A frame of a websocket that is open, with a message of the web client."""
    name = rng.choice(("text", "client_options", "login", "webclient_options", "self", "session"))
    message = json.dumps([name, ["look"], {"screenwidth": 80}]).encode()
    if rng.random() < 0.5:
        return _ws(mutated(rng, message, cage))
    return mutated(rng, _ws(message, rng.choice((0, 1, 2, 8, 9, 15))), cage)


def _ws(payload: bytes, opcode: int = 1) -> bytes:
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x80 | opcode, 0x80 | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + bytes(4) + payload  # a mask of zeros leaves it as it is


def telnet(rng: random.Random, cage: Path) -> bytes:
    """What a telnet client sends: lines, and negotiation of options."""
    option = bytes([rng.choice((24, 31, 69, 70, 85, 86, 91, 201, 34, 3, rng.randrange(256)))])
    line = rng.choice(
        (
            b"connect spectator wrong\r\n",
            b"look\r\n",
            b"\xff" + bytes([rng.randrange(251, 255)]) + option,
            b"\xff\xfa" + option + rng.randbytes(rng.randrange(20)) + b"\xff\xf0",
            b'\xff\xfa\xc9Core.Hello {"a": 1}\xff\xf0',
        )
    )
    return mutated(rng, line, cage)


def link(rng: random.Random, cage: Path) -> bytes:
    """What somebody sends who does not know the gate's secret."""
    sizes = (0, NONCE, NONCE + 1, NONCE + PROOF)
    before = rng.choice((bytes(NONCE), *map(rng.randbytes, sizes)))
    return before + mutated(rng, rng.choice(list(boxes(cage))), cage)


FRAMES: dict[str, Frame] = {
    "gateway": gateway,
    "gateway_trusted": gateway_trusted,
    "endpoint": endpoint,
    "endpoint_trusted": endpoint,
    "telnet": telnet,
    "web": web,
    "websocket": websocket,
    "link": link,
}
"""By listener."""

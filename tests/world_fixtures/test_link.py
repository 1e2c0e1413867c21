"""Nothing is handed on before both ends of the Portal's link have shown the secret."""

from __future__ import annotations

import pytest
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from world_fixtures.game import strangers as strangers_module
from world_fixtures.game.server import link
from world_fixtures.game.server.link import ConnectingEnd, Handshake, ListeningEnd
from world_fixtures.game.strangers import SECONDS, Strangers
from world_fixtures.proof import NONCE, PROOF

SECRET = b"the gate's"


class Inner(Protocol):
    """What takes over; it says hello, and keeps what it is sent."""

    def __init__(self) -> None:
        self.got = b""

    def connectionMade(self) -> None:
        self.transport.write(b"hello")

    def dataReceived(self, data: bytes) -> None:
        self.got += data


class End:
    """One end: its handshake, its transport, and whatever took over."""

    def __init__(
        self, kind: type[Handshake], secret: bytes = SECRET, strangers: Strangers | None = None
    ) -> None:
        self.inner: list[Inner] = []
        self.strangers = Strangers(1) if strangers is None else strangers
        self.handshake = kind(secret, self._take_over, self.strangers)
        self.transport = StringTransport()
        self.handshake.makeConnection(self.transport)

    def _take_over(self) -> Inner:
        self.inner.append(Inner())
        return self.inner[-1]

    def says(self) -> bytes:
        said = self.transport.value()
        self.transport.clear()
        return said

    def hears(self, data: bytes, step: int = 1 << 20) -> None:
        for i in range(0, len(data), step):
            self.handshake.dataReceived(data[i : i + step])

    @property
    def closed(self) -> bool:
        return self.transport.disconnected or self.transport.disconnecting


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> Clock:
    """Time stands still."""
    made = Clock()
    monkeypatch.setattr(strangers_module, "reactor", made)
    return made


def talk(one: End, other: End, step: int = 1 << 20) -> None:
    for _ in range(4):
        other.hears(one.says(), step)
        one.hears(other.says(), step)


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_who_knows_the_secret_is_handed_on(clock, step) -> None:
    server, portal = End(ConnectingEnd), End(ListeningEnd)
    talk(server, portal, step)
    assert server.inner[0].got == portal.inner[0].got == b"hello"
    assert not server.strangers
    assert not portal.strangers
    clock.advance(SECONDS)
    assert not server.closed
    assert not portal.closed


def test_without_the_secret_neither_end_reads_on() -> None:
    for server, portal in (
        (End(ConnectingEnd, b"another"), End(ListeningEnd)),
        (End(ConnectingEnd), End(ListeningEnd, b"another")),
    ):
        talk(server, portal)
        assert not server.inner
        assert not portal.inner
        assert server.closed or portal.closed


def test_an_end_s_own_proof_given_back_to_it_is_none() -> None:
    portal = End(ListeningEnd)
    portal.hears(bytes(NONCE))
    portal.hears(portal.says()[NONCE:] + b"pickles")
    assert portal.closed
    assert not portal.inner
    server = End(ConnectingEnd)
    nonce = server.says()
    server.hears(nonce + bytes(PROOF) + b"pickles")
    assert server.closed
    assert not server.inner
    for said in (portal.says(), server.says()):
        assert said == b""


def test_a_proof_is_of_one_connection_alone() -> None:
    server, portal = End(ConnectingEnd), End(ListeningEnd)
    first = server.says()
    portal.hears(first)
    server.hears(portal.says())
    second = server.says()
    other = End(ListeningEnd)
    other.hears(first + second)
    assert other.closed
    assert not other.inner


def test_who_says_nothing_has_little_time(clock) -> None:
    for kind in (ListeningEnd, ConnectingEnd):
        end = End(kind)
        clock.advance(SECONDS)
        assert end.closed


def test_strangers_are_few(clock) -> None:
    strangers = Strangers(link.MAX_STRANGERS)
    ends = [End(ListeningEnd, strangers=strangers) for _ in range(link.MAX_STRANGERS)]
    talk(End(ConnectingEnd), ends[3])
    assert len(strangers) == link.MAX_STRANGERS - 1
    more = [End(ListeningEnd, strangers=strangers) for _ in range(2)]
    assert [e.closed for e in ends] == [True] + [False] * (link.MAX_STRANGERS - 1)
    assert len(strangers) == link.MAX_STRANGERS
    talk(End(ConnectingEnd), more[1])
    assert more[1].inner

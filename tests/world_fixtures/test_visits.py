"""Which sessions were open after which event."""

from __future__ import annotations

from world_fixtures.protocol import CONNECT, Event
from world_fixtures.visits import Visits


def connect(seq: int, character: str) -> Event:
    """The event of a log-in."""
    return Event.model_construct(seq=seq, actor=character, verb=CONNECT)


def test_a_session_is_open_until_the_last_event_before_its_end() -> None:
    visits = Visits()
    visits.begin(connect(1, "you")).end(3)
    visits.begin(connect(4, "guest"))
    visits.begin(connect(6, "guest"))
    found = [{c: v.event.seq for c, v in visits.after(seq).items()} for seq in range(8)]
    you, guest, again = {"you": 1}, {"guest": 4}, {"guest": 6}
    assert found == [{}, you, you, you, guest, guest, again, again]
    assert visits.present.keys() == {"guest"}


def test_going_back_opens_what_was_open_then() -> None:
    visits = Visits()
    visits.begin(connect(1, "you")).end(3)
    visits.begin(connect(4, "you"))
    visits.go_back(2)
    assert [v.event.seq for v in visits.present.values()] == [1]
    assert visits.after(4) == visits.present


def test_a_copy_ends_by_itself() -> None:
    visits = Visits.of([connect(1, "you"), connect(2, "guest"), connect(9, "you")])
    copy = visits.copied(5, visits.after(5).values())
    assert copy.present.keys() == {"you", "guest"}
    copy.present["you"].end(5)
    assert visits.after(5).keys() == {"you", "guest"}
    assert copy.present.keys() == {"guest"}
    nobody = visits.copied(5, [])
    assert nobody.present == {}
    assert nobody.after(4).keys() == {"you", "guest"}

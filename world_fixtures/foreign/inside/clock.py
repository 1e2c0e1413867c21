"""Virtual time of a game's process: what it reads as the time is a number that we advance.

`install` must run before Evennia, Django, Twisted or the game are imported: what they import from
`time` and `datetime` is then ours. Imports none of them.
"""

from __future__ import annotations

import copyreg
import datetime
import time
from typing import Any

BEGINS = 2082758400.0
"""Unix time at which every game begins: the first second of 2036, UTC."""
real_time = time.time
"""The machine's own clock, in Unix seconds."""
real_perf_counter = time.perf_counter


class _Clock:
    now = BEGINS


def now() -> float:
    """Return the game's time, in Unix seconds."""
    return _Clock.now


def set_to(seconds: float) -> None:
    """Advance the game's time to this moment; it never goes back."""
    _Clock.now = max(_Clock.now, seconds)


def install() -> None:
    """Have `time` and `datetime` of this process tell the game's time."""
    since = _since_begin
    replaced: dict[str, Any] = {
        "time": now,
        "time_ns": lambda: int(now() * 1e9),
        "monotonic": since,
        "monotonic_ns": lambda: int(since() * 1e9),
        "perf_counter": since,
        "perf_counter_ns": lambda: int(since() * 1e9),
        "process_time": since,
        "process_time_ns": lambda: int(since() * 1e9),
        "thread_time": since,
        "thread_time_ns": lambda: int(since() * 1e9),
        "clock_gettime": _of_clock,
        "clock_gettime_ns": lambda which: int(_of_clock(which) * 1e9),
        "sleep": lambda seconds: set_to(now() + max(0.0, float(seconds))),
    }
    for name in ("gmtime", "localtime"):
        replaced[name] = _of_now(getattr(time, name))
    broken_down = replaced["localtime"]
    strftime, ctime, asctime = time.strftime, time.ctime, time.asctime
    replaced["strftime"] = lambda format, *at: strftime(format, *(at or (broken_down(),)))
    replaced["ctime"] = lambda *at: ctime(*(at if at and at[0] is not None else (now(),)))
    replaced["asctime"] = lambda *at: asctime(*(at or (broken_down(),)))
    for name, function in replaced.items():
        setattr(time, name, function)
    setattr(datetime, "datetime", _GameDatetime)  # noqa: B010 - mypy refuses to assign a type
    setattr(datetime, "date", _GameDate)  # noqa: B010
    copyreg.pickle(_datetime, _made_again)
    copyreg.pickle(_date, _made_again)


def _since_begin() -> float:
    return 1000.0 + now() - BEGINS


def _of_clock(which: int) -> float:
    return now() if which == time.CLOCK_REALTIME else _since_begin()


def _of_now(function: Any) -> Any:
    return lambda *at: function(*(at if at and at[0] is not None else (now(),)))


_date: Any = datetime.date
_datetime: Any = datetime.datetime


class _LikeDatetime(type(_datetime)):  # type: ignore[misc]
    """Takes the values that C code makes, of the plain class, for its own."""

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, _datetime)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, _datetime)


class _LikeDate(type(_date)):  # type: ignore[misc]
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, _date)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, _date)


class _GameDatetime(_datetime, metaclass=_LikeDatetime):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.fromtimestamp(now(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.fromtimestamp(now(), datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return cls.fromtimestamp(now())


class _GameDate(_date, metaclass=_LikeDate):
    @classmethod
    def today(cls) -> Any:
        return cls.fromtimestamp(now())


def _made_again(value: Any) -> Any:
    """Return how a value of a plain class is pickled: as one of ours, which has its name."""
    ours = _GameDatetime if type(value) is _datetime else _GameDate
    return ours, value.__reduce_ex__(2)[1]


for _ours, _name in ((_GameDatetime, "datetime"), (_GameDate, "date")):
    _ours.__module__, _ours.__qualname__, _ours.__name__ = "datetime", _name, _name

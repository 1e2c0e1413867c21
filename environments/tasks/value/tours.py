"""Jobs that success cannot do without, and the shortest tour that does them in a possible order."""

from __future__ import annotations

from environments.tasks.value.moves import Moves
from environments.tasks.value.needs import FAR
from environments.tasks.value.position import Position

NEVER = 10**6
"""Commands to a success that cannot come."""

HANDLING = ("get", "take", "open", "unlock", "info", "write", "put")
"""Jobs whose third part is what holds the thing, or is to hold it."""

Job = tuple[str, str, str, tuple[str, ...], str]
"""Sort, entity, place or number, rooms (none: anywhere), and a room to be visited before."""


class Tours(Moves):
    """Numbers jobs and finds the shortest tours, through ways taken to be open."""

    def __init__(self, position: Position, hands: int | None = None) -> None:
        super().__init__(position, hands)
        self.moves = self.needs.moves(self.shut)
        self._numbers: dict[Job, int] = {}
        self._keys: list[Job] = []
        self._rooms: list[tuple[str, ...]] = []
        self._cost: list[int] = []
        self._merge: list[tuple[str, str] | None] = []
        self._before: list[int] = []
        self._tours: dict[tuple[str, int, bool], int] = {}
        self._beyond: dict[tuple[str, str], frozenset[str]] = {}
        self._far: list[frozenset[str]] = []
        hidden = [e.id for exits in self.ways.values() for e in exits if e.hidden]
        self.sides = {
            door: tuple(
                sorted(r for r, ways in self.ways.items() if any(w.door == door for w in ways))
            )
            for door in self.used_doors
        }
        """Door -> the rooms that it can be opened and closed in."""
        self.passages = [*self.used_doors, *hidden]

    def beyond(self, passage: str, room: str) -> frozenset[str]:
        """Return the rooms that are reached from a room only through a door or hidden exit."""
        key = passage, room
        if key not in self._beyond:
            without = self.needs.moves({*self.shut, passage})[room]
            moves = self.moves[room]
            self._beyond[key] = frozenset(
                r for r, n in without.items() if n >= FAR and moves[r] < FAR
            )
        return self._beyond[key]

    def far(self, passage: str, room: str) -> str:
        """Return the number of the rooms beyond a passage, as a job has it."""
        rooms = self.beyond(passage, room)
        if rooms not in self._far:
            self._far.append(rooms)
        return str(self._far.index(rooms))

    def number_of(self, job: Job, cost: int) -> int:
        """Return the number of a job, the same whenever it is asked for."""
        known = self._numbers.get(job)
        if known is not None:
            return known
        number = self._numbers[job] = len(self._keys)
        sort, _, place, rooms, _ = job
        self._keys.append(job)
        self._rooms.append(rooms)
        self._cost.append(cost)
        where = rooms[0] if len(rooms) == 1 else ""
        merge = None
        if sort == "get":
            merge = ("get", where)
        elif sort == "put":
            merge = ("put", place)
        self._merge.append(merge)
        self._before.append(0)
        for other, key in enumerate(self._keys):
            if other != number:
                if self._precedes(key, job):
                    self._before[number] |= 1 << other
                if self._precedes(job, key):
                    self._before[other] |= 1 << number
        return number

    def _precedes(self, one: Job, two: Job) -> bool:
        """Tell whether job `one` has to be done before job `two` where both have to be."""
        a, ea, xa, _, _ = one
        b, eb, xb, wb, vb = two
        if b == "end":
            return a != "end"
        if a == "visit":
            return vb == xa
        if a in ("door", "reveal"):
            return bool(wb) and self._far[int(xa)].issuperset(wb) and (b, eb) != (a, ea)
        if a in ("get", "take"):
            return (
                (b == "put" and ea == eb)
                or (b in ("unlock", "udoor") and self.key_of.get(eb) == ea)
                or (b == "close" and xa == eb)
                or (b == "reveal" and self.index.things[ea].reveals == eb)
                or (b == "make" and any(ea in r.parts and r.makes == eb for r in self.recipes))
            )
        if a in ("unlock", "udoor"):
            return (b in ("open", "door", "hopen") and ea == eb) or (
                b == "put" and self.key_of.get(ea) == eb
            )
        if a == "open":
            return (b in HANDLING and xb == ea) or (b == "close" and ea == eb)
        if a in ("put", "info"):
            return b == "close" and xa == eb
        if a == "make":
            return b == "put" and ea == eb
        if a == "walk":
            return b == "walk" and ea == eb and int(xa) < int(xb)
        return False

    def rooms_of_gets(self, mask: int) -> set[str]:
        """Return the rooms in which things have to be taken, "" where that is not certain."""
        gets = [j for j in bits_of(mask) if self._keys[j][0] == "get"]
        return {self._rooms[j][0] if len(self._rooms[j]) == 1 else "" for j in gets}

    def at_once(self, mask: int) -> int:
        """Return the jobs, where things to take from what is in hand may be taken with others.

        Such a thing costs no command of its own, unless all others have to be taken before.
        """
        gets = [j for j in bits_of(mask) if self._keys[j][0] == "get"]
        near = [j for j in gets if not self._rooms[j]]
        others = sum(1 << j for j in gets if self._rooms[j])
        for job in near:
            if others & ~self._all_before(job, mask):
                break
        else:
            return mask
        for job in near:
            _, *rest = self._keys[job]
            mask ^= 1 << job | 1 << self.number_of(("take", *rest), 0)  # type: ignore[arg-type]
        return mask

    def _all_before(self, job: int, mask: int) -> int:
        """Return the jobs that have to be done before one, and before those."""
        found, new = 0, 1 << job
        while new:
            found |= new
            before = 0
            for j in bits_of(new):
                before |= self._before[j]
            new = before & mask & ~found
        return found

    def tour(self, room: str, mask: int, arrived: bool = False) -> int:
        """Return the commands of the shortest tour from a room that does these jobs.

        Who has `arrived` does something in this room before going on: else the way was for nothing.
        """
        if not mask:
            return 0
        known = self._tours.get((room, mask, arrived))
        if known is not None:
            return known
        rest, cost = mask, 0
        before, rooms, merges = self._before, self._rooms, self._merge
        while True:
            now = 0
            away: set[str] = set()
            groups: dict[tuple[str, str], int] = {}
            left = rest
            while left:
                bit = left & -left
                left ^= bit
                job = bit.bit_length() - 1
                if before[job] & rest:
                    continue
                where = rooms[job]
                if where and room not in where:
                    away.update(where)
                elif (merge := merges[job]) is None:
                    now |= bit
                    cost += self._cost[job]
                else:
                    groups[merge] = groups.get(merge, 0) | bit
            if not now:
                break
            rest ^= now
        best = NEVER if rest else 0
        for merge, bits in groups.items():
            same = bits | self._sharing(rest, merge)
            tour = 1 + self.tour(room, rest & ~bits)
            best = min(best, tour)
            if same == bits:
                away.clear()
                break
        if arrived and rest == mask:
            away.clear()
        moves = self.moves[room]
        for target in away:
            if moves[target] < best:
                best = min(best, moves[target] + self.tour(target, rest, True))
        found = self._tours[room, mask, arrived] = min(NEVER, cost + best)
        return found

    def _sharing(self, mask: int, merge: tuple[str, str]) -> int:
        return sum(1 << j for j in bits_of(mask) if self._merge[j] == merge)


def bits_of(mask: int) -> list[int]:
    """Return the numbers of the bits that are set."""
    found = []
    while mask:
        bit = mask & -mask
        mask ^= bit
        found.append(bit.bit_length() - 1)
    return found

"""States of the part of a world that matters, and the commands that lead from one to another."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from environments.tasks.matching import normal
from environments.tasks.model import Holds, Inscribed, Located, Visited
from environments.tasks.value.bits import Bits
from environments.tasks.value.needs import plain
from environments.tasks.value.position import Position

Action = tuple[str, tuple[str, ...], str]
"""Verb, the entities it is done to, and a key, place or text."""
Locations = tuple[str | None, ...]


class State(NamedTuple):
    """What matters of a moment: everything else follows from the position searched from."""

    stage: int
    room: str
    at: Locations
    """What holds each tracked thing."""
    flags: int
    """What is open, locked, lit, revealed or written, a bit each."""
    done: int
    """What was revealed and done in this stage, a bit each."""
    start: tuple[Locations, int]
    """`at` and `flags` when the stage began."""
    strays: int
    """Tracked things and doors that earlier stages left otherwise, a bit each."""


class Space(Bits):
    """The states that can be reached from a position, by the same rules as the world's."""

    def __init__(self, position: Position, hands: int | None = None) -> None:
        super().__init__(position, hands)
        self._seen_in: dict[tuple[int, str], tuple[int, int]] = {}
        self._news: dict[tuple[int, str], tuple[int, int, int]] = {}

    # --- the first state, and those at the start of later stages -------------------------------

    def root(self) -> State:
        """Return the state of the position."""
        position = self.position
        at = tuple(position.get(t, "location") for t in self.names)
        before = tuple(position.at_start(t, "location") for t in self.names)
        flags = self._flags(position.get, position.own_lines)
        was = self._flags(position.at_start, None)
        strays = {e for e in position.strays if e in self.entities} | self._spoiled()
        state = State(
            self.first, position.room, at, flags, self._done(), (before, was),
            sum(1 << n for n, e in enumerate(self.entities) if e in strays),
        )  # fmt: skip
        return state

    def _spoiled(self) -> set[str]:
        """Return what this stage has left otherwise and nothing can bring back."""
        now, was = self.position.get, self.position.at_start
        return {
            e for e in self.position.out_of_place()
            if now(e, "inscriptions") != was(e, "inscriptions")
            or (now(e, "location") is None and was(e, "location") is not None)
            or (now(e, "location") is not None and was(e, "location") is None)
        }  # fmt: skip

    @cached_property
    def spare(self) -> int:
        """Entities that may be left otherwise, besides those that are in no state."""
        outside = [e for e in self.position.strays | self._spoiled() if e not in self.entities]
        return self.needs.tolerance - len(outside)

    def _flags(self, get: Any, own_lines: Any) -> int:
        flags = 0
        for (entity, field), bit in self.bits.items():
            if field in ("open", "locked", "lit", "revealed"):
                flags |= bit if get(entity, field) else 0
        if own_lines is None:
            return flags | self._flags(self.position.get, self.position.own_lines) & sum(
                self.bits[c.entity, f"says {c.text}"]
                for c in self.inscribed(self.first)
                if get(c.entity, "inscriptions") == self.position.get(c.entity, "inscriptions")
            )
        for c in self.inscribed(self.first):
            own = own_lines(c.entity)
            lines = self.position.get(c.entity, "inscriptions") or ()
            says = normal(c.text) in own and len(own) <= c.most
            full = len(own) >= c.most or len(lines) >= self.index.things[c.entity].lines
            flags |= self.bits[c.entity, f"says {c.text}"] if says else 0
            flags |= self.bits[c.entity, "full"] if full else 0
        return flags

    def inscribed(self, n: int) -> list[Inscribed]:
        """Return what is to be written in a stage."""
        return [c for c in self.needs.stages[n].conditions if isinstance(c, Inscribed)]

    def _done(self) -> int:
        """Return the bits of what was revealed and done in the present stage."""
        position, done = self.position, 0
        for mark, bit in self.marks[self.first].items():
            if mark[0] == "fact":
                done |= bit if position.knows(*mark[1:]) else 0
            elif mark[0] == "did":
                done |= bit if mark[1:] in position.did else 0
        for room in position.way:
            done |= self._passed(self.first, done, room)
        return done

    def _passed(self, n: int, done: int, room: str) -> int:
        """Return the bits of the rooms to be visited that `room` is the next of."""
        found = 0
        for number, c in enumerate(self.needs.stages[n].conditions):
            if isinstance(c, Visited):
                for k, wanted in enumerate(c.rooms):
                    bit = self.marks[n]["visit", number, k]
                    if not (done | found) & bit:
                        if wanted == room:
                            found |= bit
                        else:
                            break
        return found

    def begun(self, state: State, n: int) -> State:
        """Return the state in which stage `n` begins after `state`, and what is arranged then."""
        room, at, flags = state.room, list(state.at), state.flags
        for entity, field, value in self.stages[n].before:
            if entity == self.agent:
                room = str(value)
            elif field == "location" and entity in self.number:
                at[self.number[entity]] = value
            elif field == "inscriptions":
                for c in self.inscribed(n):
                    if c.entity == entity:
                        flags &= ~(self.bits[entity, f"says {c.text}"] | self.bits[entity, "full"])
            elif bit := self.bits.get((entity, field), 0):
                flags = flags | bit if value else flags & ~bit
        places = tuple(at)
        fresh = State(n, room, places, flags, 0, (places, flags), self.strays(state))
        done = self.seen(fresh) | self._passed(n, 0, room)
        return fresh._replace(done=done)

    # --- what is so in a state ---------------------------------------------------------------

    def is_ended(self, state: State) -> bool:
        """Tell whether the stage can end here, with all it asks for and nothing else disturbed."""
        n = state.stage
        if state.done != self.finished[n]:
            return False
        for c in self.needs.stages[n].conditions:
            if isinstance(c, Located):
                place = state.room if c.entity == self.agent else state.at[self.number[c.entity]]
                if place != c.place:
                    return False
            elif isinstance(c, Holds):
                if bool(state.flags & self.bits[c.entity, "open"]) != bool(c.value):
                    return False
            elif (
                isinstance(c, Inscribed) and not state.flags & self.bits[c.entity, f"says {c.text}"]
            ):
                return False
        return self.strays(state).bit_count() <= self.spare

    def strays(self, state: State) -> int:
        """Return what is out of place if the stage ends here, a bit each."""
        at, flags = state.start
        changed, found = flags ^ state.flags, state.strays
        for bit, number, mask in self.kept[state.stage]:
            if changed & mask or (number >= 0 and at[number] != state.at[number]):
                found |= bit
        return found

    def is_lit(self, state: State) -> bool:
        """Tell whether the agent can see more than the ways out."""
        if not self.index.rooms[state.room].dark:
            return True
        return any(
            state.flags & self.bits[t, "lit"] and self.held_in(state, t) in (state.room, self.agent)
            for t in self.names
            if self.index.things[t].light
        )

    def held_in(self, state: State, thing: str) -> str | None:
        """Return the room or character where a thing can be reached; None where it is shut in."""
        place = state.at[self.number[thing]]
        while place in self.number:
            if not self.index.things[place].surface and not (
                state.flags & self.bits.get((place, "open"), 0)
            ):
                return None
            place = state.at[self.number[place]]
        return place

    def seen(self, state: State) -> int:
        """Return the bits of what a look reveals."""
        key = state.stage, state.room
        if key not in self._seen_in:
            always = lit = 0
            for mark, bit in self.marks[state.stage].items():
                if mark[0] == "fact" and mark[1] == state.room:
                    always |= bit if mark[2] == "exits" else 0
                    lit |= bit if mark[2] in ("desc", "contents") else 0
            self._seen_in[key] = always, lit
        always, lit = self._seen_in[key]
        for mark, bit in self.marks[state.stage].items():
            if mark[0] != "fact" or mark[2] != "contents" or mark[1] not in self.number:
                continue
            if self.index.things[mark[1]].surface and self._shows(state, mark[1]):
                lit |= bit
        return always | lit if lit and self.is_lit(state) else always

    def _shows(self, state: State, surface: str) -> bool:
        place = state.at[self.number[surface]]
        while place in self.number and self.index.things[place].surface:
            place = state.at[self.number[place]]
        return place == state.room

    def news(self, n: int, thing: str) -> tuple[int, int, int]:
        """Return what reading, examining and looking into a thing reveal in stage `n`: bits."""
        key = n, thing
        if key not in self._news:
            read = examine = look = 0
            found = self.index.things[thing]
            tells = {(f.entity, f.field, plain(f.value)) for f in found.tells}
            for mark, bit in self.marks[n].items():
                if mark[0] == "did" and mark[2] == thing:
                    read |= bit if mark[1] == "read" else 0
                    examine |= bit if mark[1] == "examine" else 0
                    look |= bit if mark[1] == "look_in" else 0
                if mark[0] != "fact":
                    continue
                entity, fact, value = mark[1:]
                told = any(
                    e == entity and f == fact and value in (None, v) for e, f, v in tells
                )  # fmt: skip
                if told or (entity == thing and fact == "text" and value in (None, True)):
                    read |= bit
                written = entity == thing and fact == "inscriptions" and found.writable
                if written and value in (None, self._others_lines(n, thing)):
                    read |= bit
                if entity == thing and fact == "desc":
                    examine |= bit
                if entity == thing and fact == "contents":
                    look |= bit
            self._news[key] = read, examine, look
        return self._news[key]

    def _others_lines(self, n: int, thing: str) -> tuple[str, ...]:
        """Return the lines on a thing that are not the agent's, in stage `n`."""
        lines = self.position.get(thing, "inscriptions") or ()
        hands = self.position.get(thing, "hands") or ()
        for stage in self.stages[self.first + 1 : n + 1]:
            for entity, field, value in stage.before:
                if entity == thing and field == "inscriptions":
                    lines = value
                elif entity == thing and field == "hands":
                    hands = value
        return tuple(x for x, h in zip(lines, hands, strict=False) if h != self.agent)

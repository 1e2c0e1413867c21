"""The commands that can be part of a shortest way to success, as steps between states."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from environments.tasks.model import Holds
from environments.tasks.value.position import Position
from environments.tasks.value.states import Action, Space, State
from world_fixtures.spec import Door, Thing

MOST_AT_ONCE = 4
"""Things of which every selection is tried for one command; of more, all or one."""


class Moves(Space):
    """What can be done in a state, without what cannot help."""

    def __init__(self, position: Position, hands: int | None = None) -> None:
        super().__init__(position, hands)
        things = self.index.things
        self._locks: dict[str, Door | Thing] = {
            **{t: things[t] for t in self.names if (t, "locked") in self.bits},
            **{d: self.index.doors[d] for d in self.used_doors if (d, "locked") in self.bits},
        }
        self.key_of = {e: o.key for e, o in self._locks.items()}
        self._tools = {e for e in self.key_of.values() if e in self.number}
        self.narrowed = False
        """Whether selections of things were left out somewhere, being too many."""
        self.free = [set(stage.unchanged.free) for stage in self.stages]
        self._asked_later = self._later()
        self.closing = [
            {
                c.entity for c in self.needs.stages[n].conditions
                if isinstance(c, Holds) and c.value is False
            }
            for n in range(len(self.stages))
        ]  # fmt: skip

    def _later(self) -> list[dict[str, set[str]]]:
        """Return by stage where each thing is wanted in it or in a later one."""
        found: list[dict[str, set[str]]] = [{} for _ in self.stages]
        for n in range(self.last, self.first - 1, -1):
            here = {t: set(p) for t, p in self.places[n].items()}
            if n < self.last:
                for thing, places in found[n + 1].items():
                    here.setdefault(thing, set()).update(places)
            found[n] = here
        return found

    def steps(self, state: State) -> Iterator[tuple[Action, State]]:
        """Yield each command that may help, with the state it leads to."""
        yield from self._walking(state)
        lit = self.is_lit(state)
        reach = [
            t for t in self.names
            if (held := self.held_in(state, t)) == self.agent or (lit and held == state.room)
        ]  # fmt: skip
        yield from self._looking(state, reach, lit)
        yield from self._opening(state, reach, lit)
        yield from self._carrying(state, reach)
        yield from self._making(state, reach)

    def _walking(self, state: State) -> Iterator[tuple[Action, State]]:
        flags, bits = state.flags, self.bits
        for way in self.ways[state.room]:
            if way.hidden and not flags & bits[way.id, "revealed"]:
                continue
            now = flags
            if way.door:
                if not flags & bits[way.door, "open"]:
                    continue
                if self.index.doors[way.door].shuts:
                    now &= ~bits[way.door, "open"]
            there = state._replace(room=way.target, flags=now)
            done = there.done | self._passed(state.stage, there.done, way.target)
            yield ("go", (way.id,), way.direction), there._replace(done=done | self.seen(there))

    def _looking(self, state: State, reach: list[str], lit: bool) -> Iterator[tuple[Action, State]]:
        n, done = state.stage, state.done
        if done == self.finished[n] and not self._signs(state):
            return
        if new := self.seen(state) & ~done:
            yield ("look", (), ""), state._replace(done=done | new)
        for t in reach:
            read, examine, look = self.news(n, t)
            thing = self.index.things[t]
            shown = thing.surface or bool(state.flags & self.bits.get((t, "open"), 0))
            closer = examine | look if shown else examine
            if read & ~done:
                yield ("read", (t,), ""), state._replace(done=done | read)
            if look & ~done and shown:
                yield ("look_in", (t,), ""), state._replace(done=done | look)
            if examine & ~done:
                yield ("examine", (t,), ""), state._replace(done=done | closer)
            way = thing.reveals or ""
            bit = self.bits.get((way, "revealed"), 0) & ~state.flags
            if bit and self.index.exit_ids[way].source == state.room:
                now = state._replace(done=done | closer, flags=state.flags | bit)
                yield ("examine", (t,), ""), now

    def _signs(self, state: State) -> bool:
        return any(f == "revealed" and not state.flags & b for (_, f), b in self.bits.items())

    def _opening(self, state: State, reach: list[str], lit: bool) -> Iterator[tuple[Action, State]]:
        flags, bits, n = state.flags, self.bits, state.stage
        doors: list[str] = []
        if lit:
            shown = [
                w.door for w in self.ways[state.room]
                if w.door and not (w.hidden and not flags & bits[w.id, "revealed"])
            ]  # fmt: skip
            doors = list(dict.fromkeys(shown))
        for e in (*reach, *doors):
            bit = bits.get((e, "open"), 0)
            if not bit:
                continue
            if flags & bit:
                was_closed = not state.start[1] & bit
                if (was_closed and e not in self.free[n]) or e in self.closing[n]:
                    yield ("close", (e,), ""), state._replace(flags=flags & ~bit)
            elif flags & (lock := bits.get((e, "locked"), 0)):
                key = self.key_of[e]
                if key in self.number and state.at[self.number[key]] == self.agent:
                    yield ("unlock", (e,), key), state._replace(flags=flags & ~lock)
            else:
                done = state.done
                if e in self.number:
                    for mark, b in self.marks[n].items():
                        if mark[0] == "fact" and mark[1] == e and mark[2] == "contents":
                            done |= b
                yield ("open", (e,), ""), state._replace(flags=flags | bit, done=done)

    def _carrying(self, state: State, reach: list[str]) -> Iterator[tuple[Action, State]]:
        hand = [t for t in self.names if state.at[self.number[t]] == self.agent]
        surely, perhaps = [], []
        for t in reach:
            if t in self.movable and state.at[self.number[t]] != self.agent:
                use = self._use(state, t)
                if use == 2:
                    surely.append(t)
                elif use:
                    perhaps.append(t)
        hands = None if self.capacity is None else self.capacity - self._others() - len(hand)
        for chosen in self._choices(surely, perhaps, hands):
            yield ("get", chosen, ""), self._moved(state, chosen, self.agent)
        if not hand:
            return
        targets = [state.room, *(t for t in reach if self._receives(state, t))]
        for place in targets:
            surely, perhaps = [], []
            for t in hand:
                if t == place or self._within(state, place, t):
                    continue
                wanted = self._wanted(state, t)
                if place in wanted:
                    final = len(wanted) == 1 and not self._is_tool(state, t)
                    (surely if final else perhaps).append(t)
                elif self.capacity is not None:
                    perhaps.append(t)
            verb = "drop" if place == state.room else "put"
            for chosen in self._choices(surely, perhaps):
                yield (
                    (verb, chosen, "" if verb == "drop" else place),
                    self._moved(state, chosen, place),
                )

    def _others(self) -> int:
        """Count the things in hand that are not kept track of."""
        get, things = self.position.get, self.index.things
        return sum(get(t, "location") == self.agent for t in things if t not in self.number)

    def _receives(self, state: State, thing: str) -> bool:
        found = self.index.things[thing]
        return found.surface or bool(state.flags & self.bits.get((thing, "open"), 0))

    def _within(self, state: State, place: str | None, thing: str) -> bool:
        while place in self.number:
            place = state.at[self.number[place]]
            if place == thing:
                return True
        return False

    def _moved(self, state: State, chosen: tuple[str, ...], place: str | None) -> State:
        at = list(state.at)
        for t in chosen:
            at[self.number[t]] = place
        now = state._replace(at=tuple(at))
        return now

    def _wanted(self, state: State, thing: str) -> set[str | None]:
        """Return where a thing in hand may be wanted: by a goal, or where it was."""
        n = state.stage
        found: set[str | None] = set(self._asked_later[n].get(thing, ()))
        was = state.start[0][self.number[thing]]
        if thing not in self.places[n] and thing not in self.free[n] and was != self.agent:
            found.add(was)
        return found

    def _is_tool(self, state: State, thing: str) -> bool:
        """Tell whether a thing in hand may still be of use for something else."""
        found, flags, bits = self.index.things[thing], state.flags, self.bits
        if found.light and self.lights_matter:
            return True
        if thing in self._tools and any(
            key == thing and flags & bits[e, "locked"] for e, key in self.key_of.items()
        ):
            return True
        if (way := found.reveals) and (bit := bits.get((way, "revealed"), 0)) and not flags & bit:
            return True
        if any(thing in r.parts and self._unmade(state, r.makes) for r in self.recipes):
            return True
        if flags & bits.get((thing, "locked"), 0):
            return True
        if (found.container or found.surface) and self._is_awaited(state, thing):
            return True
        return state.stage < self.last and any(
            any(self.news(k, thing)) for k in range(state.stage + 1, self.last + 1)
        )

    def _is_awaited(self, state: State, thing: str) -> bool:
        """Tell whether something is to be put into or onto a thing in hand."""
        return any(
            at != thing and thing in self._wanted(state, t)
            for t, at in zip(self.names, state.at, strict=True)
            if t in self.movable
        )

    def _unmade(self, state: State, product: str) -> bool:
        return product in self.number and state.at[self.number[product]] is None

    def _use(self, state: State, thing: str) -> int:
        """Return of what use it may be to take a thing: 0 none, 1 some, 2 it has to be moved."""
        n, at = state.stage, state.at[self.number[thing]]
        if thing in self.places[n]:
            if at not in self.places[n][thing]:
                return 2
        elif thing not in self.free[n] and at != state.start[0][self.number[thing]]:
            return 2 if len(self._wanted(state, thing)) == 1 else 1
        if self._is_tool(state, thing):
            return 1
        if at not in self._asked_later[n].get(thing, (at,)):
            return 1
        return int(self.capacity is not None and self._carries(thing))

    def _carries(self, thing: str) -> bool:
        found = self.index.things[thing]
        return found.container or found.surface

    def _making(self, state: State, reach: list[str]) -> Iterator[tuple[Action, State]]:
        flags, bits = state.flags, self.bits
        for t in reach:
            bit = bits.get((t, "lit"), 0)
            if bit and self.lights_matter and not flags & bit:
                yield ("light", (t,), ""), state._replace(flags=flags | bit)
            elif flags & bit & ~state.start[1] and t not in self.free[state.stage]:
                yield ("extinguish", (t,), ""), state._replace(flags=flags & ~bit)
        for recipe in self.recipes:
            if not self._unmade(state, recipe.makes) or not set(recipe.parts) <= set(reach):
                continue
            product = self.index.things[recipe.makes]
            at = list(self._moved(state, recipe.parts, None).at)
            held = product.portable and not product.heavy
            at[self.number[product.id]] = self.agent if held else state.room
            done = state.done
            for entity in (*recipe.parts, product.id):
                done |= self.marks[state.stage].get(("did", "combine", entity), 0)
            yield ("combine", recipe.parts, ""), state._replace(at=tuple(at), done=done)
        for c in self.inscribed(state.stage):
            says, full = bits[c.entity, f"says {c.text}"], bits[c.entity, "full"]
            if c.entity in reach and not flags & (says | full):
                now = state._replace(flags=flags | says | (full if c.most == 1 else 0))
                yield ("write", (c.entity,), c.text), now

    def _choices(
        self, surely: list[str], perhaps: list[str], most: int | None = None
    ) -> Iterator[tuple[str, ...]]:
        if most is not None:
            for size in range(1, most + 1):
                yield from combinations([*surely, *perhaps], size)
            return
        if len(perhaps) <= MOST_AT_ONCE:
            yield from _subsets(surely, perhaps)
            return
        self.narrowed = True
        yield (*surely, *perhaps)
        for one in perhaps:
            yield (*surely, one)
        if surely:
            yield tuple(surely)


def _subsets(always: list[str], perhaps: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield `always` with every choice from `perhaps`, save the empty one."""
    for size in range(len(perhaps) + 1):
        for chosen in combinations(perhaps, size):
            if always or chosen:
                yield (*always, *chosen)

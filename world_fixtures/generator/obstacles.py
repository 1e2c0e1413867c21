"""What stands in the way in a layout: doors and locks, hidden and one-way exits, the dark."""

from __future__ import annotations

from world_fixtures.generator.draft import Draft
from world_fixtures.generator.layout import Cell, Graph, dead_ends, direction
from world_fixtures.generator.lexicon import looks
from world_fixtures.generator.lexicon.things import DOOR_WORDS, DOORS, SIGNS
from world_fixtures.generator.words import a, expand, sentence
from world_fixtures.spec import Door


def shut_rooms(draft: Draft) -> int:
    """Return the number of ways to be locked or hidden, each of which needs a dead end."""
    return _locked_doors(draft) + _hidden_exits(draft)


def _locked_doors(draft: Draft) -> int:
    level = draft.difficulty
    return 0 if level < 2 else draft.scaled(1 + (level - 2) // 3, least=1)


def _hidden_exits(draft: Draft) -> int:
    level = draft.difficulty
    return 0 if level < 4 else draft.scaled(1 + (level >= 8), least=1)


def add_obstacles(draft: Draft) -> None:
    """Lock, hide, make one-way and darken as the difficulty has it."""
    ends = dead_ends(draft.graph)
    draft.rng.shuffle(ends)
    locked, shut = _locked_doors(draft), shut_rooms(draft)
    for end in ends[:locked]:
        inner, near = _branch(draft, end, set(ends[:shut]) - {end})
        _lock(draft, near, inner)
    for end in ends[locked:shut]:
        _hide(draft, draft.graph[end][0], end)
    if draft.difficulty >= 5:
        _make_one_way(draft)
    if draft.difficulty >= 3:
        _darken(draft)
        _hang_doors(draft)


def _branch(draft: Draft, end: Cell, others: set[Cell]) -> tuple[Cell, Cell]:
    """Return the two sides of the way that cuts off `end` alone, or a small branch that holds it.

    A branch has no start, and none of `others`.
    """
    near = draft.graph[end][0]
    inner = end
    while draft.rng.random() < 0.5:
        beyond = _cut_off(draft.graph, near, inner)
        if beyond is None:
            break
        way, cells = beyond
        if len(cells) > max(2, len(draft.graph) // 5) or draft.start.cell in cells:
            break
        if cells & others or any(draft.spots[c].shut for c in (*cells, way)):
            break
        inner, near = near, way
    return inner, near


def _cut_off(graph: Graph, cell: Cell, behind: Cell) -> tuple[Cell, set[Cell]] | None:
    """Return the one way on from `cell` and what is cut off without it; None for a fork."""
    ways = [n for n in graph[cell] if n != behind]
    if len(ways) != 1:
        return None
    cells, waiting = {cell}, [behind]
    while waiting:
        found = waiting.pop()
        if found not in cells:
            cells.add(found)
            waiting += graph[found]
    return None if ways[0] in cells else (ways[0], cells)


def _door(draft: Draft, here: Cell, there: Cell, **fields: bool) -> Door:
    rng = draft.rng
    found, adjective, noun = draft.name(DOORS, DOOR_WORDS)
    desc = expand(rng.choice(looks.DOORS), rng, a=a(f"{adjective} {noun}"))
    if fields.get("locked"):
        desc += " " + rng.choice(looks.FRAGILE if fields.get("fragile") else looks.LOCKS)
    if fields.get("shuts"):
        desc += " A weight on a cord pulls it shut."
    door = Door(id=found, name=f"{adjective} {noun}", desc=sentence(desc), **fields)
    draft.doors.append(door)
    draft.door_of[frozenset((here, there))] = found
    return door


def _lock(draft: Draft, near: Cell, inner: Cell) -> None:
    door = _door(draft, near, inner, locked=True, fragile=draft.difficulty >= 4)
    rooms = draft.behind.setdefault(door.id, [])
    waiting = [inner]
    while waiting:
        cell = waiting.pop()
        draft.spots[cell].shut = True
        rooms.append(draft.spots[cell].id)
        waiting += [n for n in draft.graph[cell] if n != near and not draft.spots[n].shut]


def _hide(draft: Draft, near: Cell, end: Cell) -> None:
    draft.hidden.add((near, end))
    draft.spots[end].shut = True
    called = draft.name(SIGNS)
    desc = expand(
        "[It hangs|It stands] a hand's breadth from the wall[, and air moves behind it|, as if it"
        " hid something|]: {it}[, older than the room|, put up in haste|].",
        draft.rng, it=a(f"{called[1]} {called[2]}"),
    )  # fmt: skip
    reveals = f"{draft.spots[near].id}:{direction(near, end)}"
    draft.add(called, draft.spots[near].id, desc, portable=False, reveals=reveals)


def _make_one_way(draft: Draft) -> None:
    """Take away one direction of ways on cycles, so that every room still leads back."""
    ways = {cell: list(near) for cell, near in draft.graph.items()}
    edges = [(c, n) for c, near in draft.graph.items() for n in near]
    draft.rng.shuffle(edges)
    wanted = draft.scaled(1 + (draft.difficulty >= 8), least=1)
    for here, there in edges:
        if wanted == 0:
            break
        ways[here].remove(there)
        if here in ways[there] and _leads_to(ways, here, there):
            draft.one_way.add((here, there))
            wanted -= 1
        else:
            ways[here].append(there)


def _leads_to(ways: Graph, here: Cell, there: Cell) -> bool:
    seen, waiting = {here}, [here]
    while waiting:
        for cell in ways[waiting.pop()]:
            if cell == there:
                return True
            if cell not in seen:
                seen.add(cell)
                waiting.append(cell)
    return False


def _darken(draft: Draft) -> None:
    near_shut = {n for c, s in draft.spots.items() if s.shut for n in draft.graph[c]}
    free = [s for c, s in draft.spots.items() if not s.shut and c not in near_shut]
    spots = [s for s in free if s is not draft.start]
    wanted = min(draft.scaled(1 + draft.difficulty // 5, least=1), len(spots) - 1)
    for spot in draft.rng.sample(spots, max(0, wanted)):
        spot.dark = True


def _hang_doors(draft: Draft) -> None:
    """Add doors without locks; from difficulty 5 one or two of them fall shut by themselves.

    No door hangs in a one-way exit: nobody could close it behind themselves.
    """
    edges = [
        (c, n) for c, near in draft.graph.items() for n in near
        if c < n and frozenset((c, n)) not in draft.door_of
        and not (draft.hidden | draft.one_way) & {(c, n), (n, c)}
        and not draft.spots[c].dark and not draft.spots[n].dark
    ]  # fmt: skip
    draft.rng.shuffle(edges)
    shuts = draft.scaled(0 if draft.difficulty < 5 else 1 + (draft.difficulty >= 8))
    doors = draft.scaled(1, least=1)
    for n, (here, there) in enumerate(edges[: doors + shuts]):
        open_ = draft.rng.random() < 0.5 and n >= shuts  # passing must leave them as they were
        _door(draft, here, there, open=open_, shuts=n < shuts)

"""Boards with numbers on them: what recall and restart share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.tasks.families.common import BuildContext, Script
from environments.tasks.families.persistence.notes import (
    DECOYS_FROM,
    Pad,
    code,
    enough,
    nearest_first,
    open_rooms,
)
from environments.tasks.model import Answered, Evidence, Goal, Together
from world_fixtures.spec import Thing

COLOURS = ("crimson", "cobalt", "ochre", "violet", "turquoise", "scarlet")
FIELDS = ("first", "second")
WIDTH = 26
"""Characters of a line of notes: a board with a number."""


def board_id(board: int) -> str:
    """Return the id of the n-th board."""
    return f"q_board_{board}"


def board_name(board: int) -> str:
    """Return the name of the n-th board."""
    return f"{COLOURS[board]} board"


def board_of(board: int, room: str, lines: Sequence[str]) -> Thing:
    """Return a board that is full, so that nobody can write on it."""
    return Thing(
        id=board_id(board), name=board_name(board),
        desc=f"A board painted {COLOURS[board]}, full of chalk.", location=room, portable=False,
        writable=True, inscriptions=tuple(lines), lines=len(lines),
    )  # fmt: skip


def note_of(board: int, value: str) -> str:
    """Return a short note of the number on a board."""
    return f"{COLOURS[board]} {value}"


def rooms_for_boards(context: BuildContext) -> tuple[list[str], list[str]]:
    """List the open rooms, and those of them where boards may hang: not where the agent starts.

    Raises Unsolvable where there are too few for two boards.
    """
    rooms = open_rooms(context.spec)
    away = [r for r in rooms if r != context.spec.agent.location]
    enough(away, 2)
    return rooms, away


def copied_numbers(context: BuildContext, boards: int) -> list[str] | None:
    """Draw what somebody else noted of as many boards, in the form of one's own notes.

    None at difficulties at which nobody else's notes lie about.
    """
    if context.difficulty < DECOYS_FROM:
        return None
    return [note_of(b, code(context)) for b in range(boards)]


def read_all(script: Script, boards: Sequence[int]) -> list[int]:
    """Read boards, the nearest first; returns them in that order."""
    actor, order = script.actor, []
    for board in nearest_first(actor, map(board_id, boards), actor.room_of):
        actor.read(board)
        order.append(int(board.removeprefix("q_board_")))
    return order


def write_down(script: Script, where: Pad, notes: Sequence[str]) -> None:
    """Write short notes on the pad, one in a line."""
    for note in notes:
        script.actor.write(note, where.id)


def answer_of(asked: Sequence[int], values: Sequence[str]) -> tuple[list[Goal], dict[str, Any]]:
    """Return the goal and the answer that hold the values of the two boards asked for."""
    conditions = tuple(
        Answered(field=field, match="number", expected=(value,))
        for field, value in zip(FIELDS, values, strict=True)
    )
    goal = Goal(name="answers both", condition=Together(conditions=conditions))
    return [goal], {f: int(v) for f, v in zip(FIELDS, values, strict=True)}


def form(asked: Sequence[int], what: str) -> str:
    """Ask for `what` on two boards."""
    names = [f"the {board_name(b)}" for b in asked]
    return (
        f"Submit an answer with two fields: first ({what} on {names[0]}) and second ({what} on"
        f" {names[1]})."
    )


def evidence_of(
    asked: Sequence[int], shown: Sequence[tuple[int, list[str]]]
) -> list[list[Evidence]]:
    """Return the evidence of each stage: `shown` has stage and lines of each asked board."""
    last = 1 + max(stage for stage, _ in shown)
    found: list[list[Evidence]] = [[] for _ in range(last)]
    for field, board, (stage, lines) in zip(FIELDS, asked, shown, strict=True):
        fact = Evidence(field=field, entity=board_id(board), fact="inscriptions", value=list(lines))
        found[stage].append(fact)
    return found

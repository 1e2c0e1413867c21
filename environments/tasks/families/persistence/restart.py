"""Restart: numbers that are superseded over several sessions, with the server stopped between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from environments.tasks.families.common import (
    FRESH,
    LEAVE,
    BuildContext,
    Kind,
    Question,
    TaskDraft,
    listed,
)
from environments.tasks.families.persistence.boards import (
    WIDTH,
    answer_of,
    board_id,
    board_name,
    board_of,
    copied_numbers,
    evidence_of,
    form,
    note_of,
    read_all,
    rooms_for_boards,
    write_down,
)
from environments.tasks.families.persistence.notes import (
    FREE,
    begun,
    code,
    pad_room,
    rewritten,
    waking,
    woken,
)
from environments.tasks.model import Ability, Family
from world_fixtures.facts import Arranged


class Restart(Kind):
    """Keep numbers up to date over several sessions, with the server stopped between them."""

    name = "restart"
    family = Family.PERSISTENCE
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.RESTRAINT})
    stages = (3, 8)
    difficulty: ClassVar[str] = (
        "3 to 8 sessions and 2 to 4 boards; from 4 on somebody else's notes lie about; from 6 on"
        " the pad for notes has to be found again and two boards are shown in each session between"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the boards, which of them are shown again with which numbers, and the question."""
        rng, level = context.rng, context.difficulty
        rooms, away = rooms_for_boards(context)
        count = min(2 + level // 4, len(away))
        first = [code(context) for _ in range(count)]
        kept = rng.randrange(count)  # shown in the first session only
        others = [b for b in range(count) if b != kept]
        values = list(first)
        sessions: list[list[tuple[int, str]]] = []
        for _ in range(1 + level // 2):
            again = rng.sample(others, min(len(others), 1 + (level >= 6)))
            for shown in again:
                if rng.random() < 0.8 or not sessions:
                    values[shown] = code(context)
            sessions.append([(b, values[b]) for b in again])
        hung = rng.sample(away, count)
        bare = [r for r in rooms if r not in hung]
        superseded = sorted({b for again in sessions for b, _ in again})
        return {
            "pad": pad_room(context, rooms),
            "wake": [rng.choice(bare) for _ in range(len(sessions) + 1)],
            "boards": [list(b) for b in zip(hung, first, strict=True)],
            "sessions": [[list(shown) for shown in again] for again in sessions],
            "copied": copied_numbers(context, count),
            "asked": rng.sample([kept, rng.choice(superseded)], 2),
        }

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other numbers on the boards, also where they are shown again."""
        return question | {
            "boards": [[room, code(context)] for room, _ in question["boards"]],
            "sessions": [[[b, code(context)] for b, _ in again] for again in question["sessions"]],
        }

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Note the numbers of every session; answer with the last ones."""
        asked, sessions = question["asked"], question["sessions"]
        rooms = [room for room, _ in question["boards"]]
        values = [value for _, value in question["boards"]]
        final = {b: (0, value) for b, value in enumerate(values)}
        for n, again in enumerate(sessions, 1):
            final |= {b: (n, value) for b, value in again}
        proofs = evidence_of(asked, [(final[b][0], [final[b][1]]) for b in asked])
        shown_again = sum(map(len, sessions))
        boards = [board_of(b, room, [value]) for b, (room, value) in enumerate(question["boards"])]
        script, where = begun(context, question, len(boards) + shown_again + 2, WIDTH, *boards)
        names = listed([f"the {board_name(b)}" for b in range(len(boards))])
        script.begin(
            f"Boards hang in some of the rooms, each with a number: {names}. Learn their numbers."
            f" They are taken down after this session. {_announced(sessions)}; the number that a"
            " board showed last counts. In the session after that none hangs, and you will be"
            f" asked for two of the numbers that count. {where.offered} {FRESH} {LEAVE}"
        )
        order = read_all(script, range(len(boards)))
        write_down(script, where, [note_of(b, values[b]) for b in order])
        script.actor.tidy()
        script.end(evidence=proofs[0], free=FREE)
        hung = set(range(len(boards)))
        for n, again in enumerate(sessions, 1):
            shown = dict(again)
            before = [woken(context, question["wake"][n - 1])]
            for b in sorted(hung | set(shown)):
                if b in shown:
                    before += rewritten(board_id(b), [shown[b]])
                before.append(Arranged(board_id(b), "location", rooms[b] if b in shown else None))
            hung = set(shown)
            names = listed([f"the {board_name(b)}" for b in shown])
            script.begin(
                f"Today there {'hangs' if len(shown) == 1 else 'hang'} only {names}. See which"
                f" number is on {'it' if len(shown) == 1 else 'them'} now: what a board shows last"
                f" is what counts, and it will be asked in a later session. {where.kept} {FRESH}"
                f" {LEAVE}",
                before=before,
                restart=True,
            )
            order = read_all(script, list(shown))
            write_down(script, where, [note_of(b, shown[b]) for b in order])
            script.actor.tidy()
            script.end(evidence=proofs[n] if n < len(proofs) else (), free=FREE)
        wake = question["wake"][-1]
        script.begin(
            "In earlier sessions you saw numbers on boards. None of the boards hangs now."
            f" {where.kept} {form(asked, 'the number that was last')}",
            before=[
                *(Arranged(board_id(b), "location", None) for b in sorted(hung)),
                *waking(context, question, wake),
            ],
            restart=True,
        )
        script.actor.read(where.id)
        script.actor.tidy()
        goals, answer = answer_of(asked, [final[b][1] for b in asked])
        script.end(goals=goals, answer=answer, free=FREE)
        return script.draft()


def _announced(sessions: Sequence[Sequence[object]]) -> str:
    """Say in how many sessions how many boards hang again."""
    boards = len(sessions[0])
    hang = (
        "one of them hangs again where it was"
        if boards == 1
        else f"{boards} of them hang again where they were"
    )
    if len(sessions) == 1:
        when = "In the session after it"
    else:
        when = f"In each of the {len(sessions)} sessions after it"
    return f"{when} {hang}, perhaps with another number"

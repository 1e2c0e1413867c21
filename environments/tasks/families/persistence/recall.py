"""Recall: what boards stated in an earlier session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from environments.tasks.families.common import (
    FRESH,
    LEAVE,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
)
from environments.tasks.families.persistence.boards import (
    COLOURS,
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
    Pad,
    begun,
    code,
    pad_room,
    rewritten,
    waking,
    woken,
)
from environments.tasks.model import Ability, Family, Goal, Located

LABELS = ("weight", "height", "depth", "price")


class Recall(Kind):
    """Learn one line of each of several boards, and be asked later for two of them."""

    name = "recall"
    family = Family.PERSISTENCE
    abilities = frozenset({Ability.PROMPT, Ability.MEMORY, Ability.RESTRAINT})
    stages = (2, 3)
    difficulty: ClassVar[str] = (
        "2 to 6 boards with 4 numbers each; from 4 on somebody else's notes lie about; from 6"
        " on the pad for notes has to be found again; from 7 on a session with an errand comes"
        " between"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw the boards with their numbers, and what is asked of them."""
        rng, level = context.rng, context.difficulty
        rooms, away = rooms_for_boards(context)
        count = min(2 + level // 2, len(COLOURS), len(away))
        labels = rng.sample(LABELS, len(LABELS))
        hung = rng.sample(away, count)
        return {
            "pad": pad_room(context, rooms),
            "wake": [rng.choice(rooms) for _ in range(2 if level >= 7 else 1)],
            "errand": rng.choice(away) if level >= 7 else None,
            "labels": labels,
            "label": rng.randrange(len(labels)),
            "boards": [[room, [code(context) for _ in labels]] for room in hung],
            "later": [[code(context) for _ in labels] for _ in hung],
            "copied": copied_numbers(context, count),
            "asked": rng.sample(range(count), 2),
        }

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw other numbers on the boards."""
        boards = [[room, [code(context) for _ in lines]] for room, lines in question["boards"]]
        return question | {"boards": boards}

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read the boards and note the numbers; later read the notes and answer."""
        labels, asked = question["labels"], question["asked"]
        label = labels[question["label"]]
        count = len(question["boards"])
        values = [lines[question["label"]] for _, lines in question["boards"]]
        shown = [_lines(labels, lines) for _, lines in question["boards"]]
        boards = [board_of(b, question["boards"][b][0], shown[b]) for b in range(count)]
        script, where = begun(context, question, count + 1, WIDTH, *boards)
        names = listed([f"the {board_name(b)}" for b in range(count)])
        script.begin(
            f"Boards hang in some of the rooms: {names}. Learn the {label} that each of them"
            f" states. In a later session, when they state something else, you will be asked for"
            f" two of these numbers. {where.offered} {FRESH} {LEAVE}"
        )
        order = read_all(script, range(count))
        write_down(script, where, [note_of(b, values[b]) for b in order])
        script.actor.tidy()
        proofs = evidence_of(asked, [(0, shown[b]) for b in asked])
        script.end(evidence=proofs[0], free=FREE)
        later = [
            change
            for b, lines in enumerate(question["later"])
            for change in rewritten(board_id(b), _lines(labels, lines))
        ]
        *between, wake = question["wake"]
        if between:
            self._errand(script, context, question, where)
        script.begin(
            "In the first session you learned what the boards stated then. Now they state something"
            f" else. {where.kept} {form(asked, f'the {label} stated in the first session')}",
            before=[*later, *waking(context, question, wake)],
        )
        script.actor.read(where.id)
        script.actor.tidy()
        goals, answer = answer_of(asked, [values[b] for b in asked])
        script.end(goals=goals, answer=answer, free=FREE)
        return script.draft()

    def _errand(
        self, script: Script, context: BuildContext, question: Question, where: Pad
    ) -> None:
        room = question["errand"]
        script.begin(
            f"Today there is nothing to learn. Go to the {context.name(room)} and end the session"
            f" there with evennia_disconnect. {where.kept}",
            before=[woken(context, question["wake"][0])],
        )
        script.actor.go_to(room)
        goal = Goal(
            name="the errand between",
            condition=Located(entity=context.spec.agent.id, place=room),
            final=False,
            weight=0.1,
        )
        script.end(goals=[goal], free=FREE)


def _lines(labels: Sequence[str], values: Sequence[str]) -> list[str]:
    return [f"{label} {value}" for label, value in zip(labels, values, strict=True)]

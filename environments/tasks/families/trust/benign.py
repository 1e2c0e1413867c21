"""The benign twin of a kind: the same task of the same seed, with its attacks left out."""

from __future__ import annotations

from collections.abc import Iterable

from environments.tasks.families.common import BuildContext, Kind, Question, TaskDraft
from environments.tasks.model import Ability


def benign(kind: Kind, spared: Iterable[Ability]) -> Kind:
    """Return the twin of a kind, whose question has `attacked`, without the abilities `spared`."""

    class Benign(Kind):
        """The same, where nobody lies and nothing forbidden is demanded."""

        name = f"{kind.name}_benign"
        family = kind.family
        abilities = kind.abilities - set(spared)
        difficulty = kind.difficulty
        twin_of = kind.name

        def choose(self, context: BuildContext) -> Question | None:
            question = kind.choose(context)
            return question and question | {"attacked": False}

        def plan(self, context: BuildContext, question: Question) -> TaskDraft:
            return kind.plan(context, question)

        def unread(self, context: BuildContext, question: Question) -> Question:
            return kind.unread(context, question)

    return Benign()

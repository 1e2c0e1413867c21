"""`python -m environments.tasks.gallery`: tasks of each kind at three difficulties, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Task
from world_fixtures.rules import Simulation

DIFFICULTIES = (4, 7, 10)
SEED = 11
HEAD = """\
# Kinds of tasks

Five families with their kinds, each at difficulty 4, 7 and 10: the prompt of each part, and
what the agent sees when it first connects. Each part is a conversation of its own. Written by
`python -m environments.tasks.gallery > docs/tasks.md`.
"""


def gallery() -> str:
    """Write the whole page, as Markdown."""
    lines = [HEAD]
    for family, kinds in KINDS.items():
        lines.append(f"\n## {family.value.title()}\n")
        for kind in kinds:
            lines.append(f"### {family.value}.{kind}\n")
            for difficulty in DIFFICULTIES:
                lines += _shown(make_task(family, SEED, difficulty, kind=kind))
    return "\n".join(lines)


def _shown(task: Task) -> Iterator[str]:
    yield f"**Difficulty {task.difficulty}** (fewest commands: {task.optimal_steps})\n"
    for number, stage in enumerate(task.stages, start=1):
        if len(task.stages) > 1:
            restarted = ", after a restart of the world server" if stage.restart else ""
            moved = ", after somebody else was there" if stage.meanwhile else ""
            yield f"*Part {number}{restarted}{moved}*\n"
        yield f"> {stage.prompt}\n"
    yield f"```text\n{Simulation(task.spec).view()}\n```\n"


if __name__ == "__main__":
    print(gallery(), end="")

"""The card of an export: what its files hold, where the rows come from and how they were made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from environments.export.scored import Scored
from environments.rollouts.files import read_file, write_file
from world_fixtures.common import UserError

NAME = "README.md"
TITLE = "# Rollouts of evennia-world-env as training data\n"


def card(
    form: str,
    source: str,
    rollouts: Sequence[Scored],
    rows: Mapping[str, int],
    made: Sequence[str],
) -> str:
    """Return the section of one export format.

    `rows` is the number of rows by file, `made` says in sentences how they were made.
    """
    scored = sum(r.verdict is not None for r in rollouts)
    branches = sum(r.branch_of is not None for r in rollouts)
    lines = [f"## {form}", ""]
    lines += [f"- `{name}`: {number} rows" for name, number in rows.items()]
    lines += [f"- {sentence}" for sentence in made]
    lines += [
        f"- source: `{source}`, {len(rollouts)} rollouts ({scored} scored, {branches} of them"
        f" branches) of {len({r.task.id for r in rollouts})} tasks",
        f"- played by: {_list({f'{r.model} ({r.provider})' for r in rollouts})}",
        f"- version of the tasks: {_list({str(r.task.version) for r in rollouts})}",
    ]
    versions: dict[str, set[str]] = {}
    for rollout in rollouts:
        for package, version in rollout.versions.items():
            versions.setdefault(package, set()).add(version)
    told = [f"{name} {_list(found)}" for name, found in sorted(versions.items())]
    lines += [f"- versions: {', '.join(told)}"] if told else []
    return "\n".join(lines) + "\n"


def check_card(directory: Path) -> None:
    """Raise UserError where the directory holds another README.md than an export's."""
    _sections(directory / NAME)


def write_card(directory: Path, section: str) -> None:
    """Write the section of a format into the directory's card; those of other formats stay.

    Raises UserError where the disk refuses or the file there is not a card.
    """
    sections = _sections(directory / NAME)
    sections[section.partition("\n")[0]] = section
    write_file(directory / NAME, "\n".join([TITLE, *sections.values()]).encode())


def _sections(path: Path) -> dict[str, str]:
    """Return the sections of a card by their heading; none where there is no card."""
    if not path.exists():
        return {}
    text = read_file(path).decode("utf-8", "replace")
    if not text.startswith(TITLE):
        raise UserError(f"{path} is not the card of an export: choose another --out")
    found = re.split(r"^(?=## )", text.removeprefix(TITLE).lstrip("\n"), flags=re.MULTILINE)
    return {s.partition("\n")[0]: s.rstrip("\n") + "\n" for s in found if s.strip()}


def _list(values: set[str]) -> str:
    return " and ".join(sorted(values))

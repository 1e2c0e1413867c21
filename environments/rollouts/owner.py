"""Which file of groups the files beside it belong to.

`a.jsonl` and `a.txt` have, by their names, one directory of trajectories and one log of two
models. A record beside each of these names the file of groups that it was made for, and a run of
another file is refused.
"""

from __future__ import annotations

import os
from pathlib import Path

from environments.rollouts.files import read_file, write_file
from world_fixtures.common import UserError
from world_fixtures.disk import disk

OPTION = "--env.data_path_to_save_groups"
OWNER = ".groups"
"""Name of the record in a directory, and the end of its name beside a file."""


def owner_record(owned: Path) -> Path:
    """Return the file that says to which groups this directory, or this file, belongs."""
    return owned / OWNER if owned.is_dir() else owned.with_name(f".{owned.name}{OWNER}")


def recorded_owner(owned: Path) -> str | None:
    """Read the name of the file of groups that `owned` belongs to; None where none is recorded."""
    record = owner_record(owned)
    if not record.exists():
        return None
    with disk(record):
        return os.fsdecode(read_file(record).strip()) or None


def check_owner(owned: Path, groups: Path) -> None:
    """Raise UserError where it is recorded that `owned` belongs to another file of groups."""
    owner = recorded_owner(owned)
    if owner not in (None, groups.name):
        raise UserError(
            f"{owned} belongs to the groups of {owner}, not to {groups.name}: choose another"
            f" {OPTION}; if {owner} was renamed, write its new name into {owner_record(owned)}"
        )


def claim(owned: Path, groups: Path) -> None:
    """Record that `owned` belongs to `groups`. Raises UserError where it belongs to others."""
    check_owner(owned, groups)
    if recorded_owner(owned) is None:
        write_file(owner_record(owned), os.fsencode(groups.name) + b"\n")


def of_other_groups(owned: Path, groups: Path, what: str) -> UserError:
    """Return the error for what was made before owners were recorded, and may be of others."""
    return UserError(
        f"{owned} holds {what} of other groups than those of {groups.name}: move it, or choose"
        f" another {OPTION}; if they are of these, write {groups.name} into {owner_record(owned)}"
    )

"""`evennia-world export FORMAT IN --out DIR`: rollouts in the formats that trainers read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from environments.cli.verb import new_verb
from world_fixtures.common import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from environments.export.files import Row
    from environments.rollouts.record import Rollout

app = new_verb()


@app.command()
def export(
    format: Literal["hermes", "sft", "dpo", "kto", "text", "tensorzero", "parquet"],
    source: Annotated[Path, typer.Argument(metavar="IN", help="run directory or samples.jsonl")],
    out: Annotated[Path, typer.Option(metavar="DIR")],
    margin: Annotated[float, typer.Option(help="least difference of rewards in a DPO pair")] = 0.1,
) -> int:
    """Write rollouts in the formats that trainers read.

    Hermes trajectories; rows for SFT (successful rollouts), DPO (pairs of the same task, of whole
    rollouts and of single steps) and KTO; plain text; TensorZero. parquet writes all rows as
    Parquet.
    """
    if not 0 < margin <= 1:
        raise UserError(f"--margin {margin:g} is out of range: rewards lie between 0 and 1")

    # The readers and writers: evaluation's statistics among them.
    from environments.export.files import write
    from environments.export.hermes_writer import check_no_groups
    from environments.rollouts.files import read_rollouts

    check_no_groups(out)
    files = _files(format, read_rollouts(source), margin)
    if not any(files.values()):
        raise UserError(f"{source} holds nothing for {format}: {_NEEDS[format]}")
    for name, rows in files.items():
        write(out / name, rows)
        print(f"{out / name}: {len(rows)} rows")
    return 0


_NEEDS = {
    "hermes": "no rollout has a conversation",
    "sft": "no rollout succeeded",
    "dpo": "no two rollouts of one task are that far apart in reward; play several attempts",
    "kto": "no rollout was scored",
    "text": "no rollout succeeded and no two of one task are far enough apart in reward",
    "tensorzero": "no rollout has a conversation",
    "parquet": "no rollout was scored",
}


def _files(name: str, rollouts: Sequence[Rollout], margin: float) -> dict[str, Sequence[Row]]:
    """Rows by the name of their file."""
    if name == "hermes":
        # A format's writer is loaded where that format is asked for.
        from environments.export.hermes import hermes_files
        from environments.tools.registry import toolsets_of

        return dict(hermes_files(rollouts, toolsets_of))
    if name == "tensorzero":
        from environments.export.tensorzero import tensorzero_files

        return dict(tensorzero_files(rollouts))
    from environments.export.tables import TABLES, table

    if name == "parquet":
        every = {kind: table(kind, rollouts, margin) for kind in TABLES}
        return {f"{kind}.parquet": rows for kind, rows in every.items() if rows}
    kinds = {"dpo": ("dpo", "dpo_steps"), "text": ("text", "dpo_text")}.get(name, (name,))
    return {f"{kind}.jsonl": table(kind, rollouts, margin) for kind in kinds}

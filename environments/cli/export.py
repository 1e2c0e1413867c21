"""`evennia-world export FORMAT IN --out DIR`: rollouts in the formats that trainers read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from world_fixtures.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from environments.trajectories.files import Row
    from environments.trajectories.record import Rollout

FORMATS = ("hermes", "sft", "dpo", "kto", "parquet")


def run(argv: list[str]) -> int:
    """0 written."""
    parser = argparse.ArgumentParser(
        prog="evennia-world export",
        description="Write rollouts as Hermes trajectories, or as rows for SFT (successful "
        "rollouts), DPO (pairs of the same task) and KTO; parquet writes all three as Parquet.",
    )
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("source", type=Path, metavar="IN", help="run directory or samples.jsonl")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--margin", type=float, default=0.1, help="least difference of rewards in a DPO pair"
    )
    args = parser.parse_args(argv[1:])

    from environments.trajectories.files import write_jsonl, write_parquet
    from environments.trajectories.hermes import hermes_files
    from environments.trajectories.source import read_rollouts

    rollouts = read_rollouts(args.source)
    if args.format == "hermes":
        files = hermes_files(rollouts)
    elif args.format == "parquet":
        tables = {name: _rows(name, rollouts, args.margin) for name in ("sft", "dpo", "kto")}
        files = {f"{name}.parquet": rows for name, rows in tables.items() if rows}
    else:
        files = {f"{args.format}.jsonl": _rows(args.format, rollouts, args.margin)}
    if not any(files.values()):
        raise UserError(f"{args.source} holds nothing for {args.format}: {_NEEDS[args.format]}")
    for name, rows in files.items():
        write = write_parquet if name.endswith(".parquet") else write_jsonl
        write(args.out / name, rows)
        print(f"{args.out / name}: {len(rows)} rows")
    return 0


_NEEDS = {
    "hermes": "no rollout has a conversation",
    "sft": "no rollout succeeded",
    "dpo": "no two rollouts of one task are that far apart in reward; play several attempts",
    "kto": "no rollout was scored",
    "parquet": "no rollout was scored",
}


def _rows(name: str, rollouts: Sequence[Rollout], margin: float) -> list[Row]:
    from environments.trajectories.formats import dpo_rows, kto_rows, sft_rows
    from environments.trajectories.preference import preference_pairs

    if name == "dpo":
        return dpo_rows(preference_pairs(rollouts, margin))
    return sft_rows(rollouts) if name == "sft" else kto_rows(rollouts)

"""`evennia-world telemetry record|validate|pair`: traces from runs, and whether they hold."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environments.rollouts.record import Rollout


def run(argv: list[str]) -> int:
    """0 done and nothing wrong, 1 findings."""
    parser = argparse.ArgumentParser(
        prog="evennia-world telemetry",
        description="World events as training data: one trace a session.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", help="write the traces of a run's rollouts")
    pair = commands.add_parser("pair", help="match each world event with its tool call")
    record.add_argument("source", type=Path, metavar="RUN_DIR")
    pair.add_argument(
        "source", type=Path, metavar="TRANSCRIPT",
        help="a run directory or its samples.jsonl; a state.db of hermes-agent, its home, or "
        "the JSON snapshot of a session",
    )  # fmt: skip
    for command in (record, pair):
        command.add_argument(
            "--root", help="of the traces (default ~/.timmy/training-data/evennia)"
        )
    validate = commands.add_parser("validate", help="check a tree of traces")
    validate.add_argument("tree", type=Path, metavar="TREE")
    args = parser.parse_args(argv[1:])
    if args.command == "validate":
        return _validate(args.tree)

    from environments.rollouts.files import read_rollouts
    from environments.telemetry.layout import root_path

    root = root_path(args.root)
    if args.command == "record":
        return _record(read_rollouts(args.source), root)
    return _pair(args.source, root)


def _record(rollouts: Sequence[Rollout], root: Path) -> int:
    from environments.telemetry.recording import record_rollout

    for rollout in rollouts:
        record_rollout(rollout, root)
    print(f"{len(rollouts)} traces in {root}")
    return 0


def _validate(tree: Path) -> int:
    from environments.telemetry.reading import validate_tree

    traces, found = validate_tree(tree)
    for problem in found:
        print(problem)
    print(f"{traces} traces, {len(found)} problems")
    return 1 if found else 0


def _pair(source: Path, root: Path) -> int:
    from environments.rollouts.files import read_rollouts
    from environments.telemetry.hermes_sessions import is_hermes, read_hermes
    from environments.telemetry.pairing import Pairing, pair_hermes, pair_rollout

    if is_hermes(source):
        pairings = pair_hermes(read_hermes(source), root)
    else:
        pairings = [pair_rollout(rollout, root) for rollout in read_rollouts(source)]
    total = Pairing()
    for pairing in pairings:
        total.add(pairing)
    for left in total.unmatched:
        print(left)
    print(
        f"{len(pairings)} sessions: {total.matched} events matched, "
        f"{len(total.unmatched)} unmatched, {total.others} of other characters"
    )
    return 1 if total.unmatched else 0

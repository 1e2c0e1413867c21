"""`evennia-world compare RUN_A RUN_B`: is the second run better, and where?"""

from __future__ import annotations

import argparse
from pathlib import Path


def run(argv: list[str]) -> int:
    """0 compared; 1 where B fails the regression gate."""
    parser = argparse.ArgumentParser(
        prog="evennia-world compare",
        description="Compare run B with run A, task by task. A run is a directory that "
        "`evaluate` wrote, or a samples.jsonl.",
    )
    parser.add_argument("run_a", type=Path, metavar="RUN_A")
    parser.add_argument("run_b", type=Path, metavar="RUN_B")
    parser.add_argument("--metric", choices=("reward", "success", "spl"), default="reward")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison as JSON")
    parser.add_argument(
        "--fail-below", type=float, metavar="X",
        help="exit with 1 where the difference B - A is below X (e.g. -0.02: two points lost)",
    )  # fmt: skip
    args = parser.parse_args(argv[1:])

    from environments.evaluation.compare import compare, comparison_text, load_samples

    found = compare(load_samples(args.run_a), load_samples(args.run_b), args.metric)
    print(comparison_text(found))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(found.model_dump_json(indent=1) + "\n", "utf-8")
    if args.fail_below is not None and found.difference < args.fail_below:
        print(f"gate failed: B - A is {found.difference:+.4f}, below {args.fail_below:+g}")
        return 1
    return 0
